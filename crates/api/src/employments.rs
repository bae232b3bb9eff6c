//! Employments: engagements of workers. What is sensitive is masked here, and shown by
//! [`reveal`] alone.

pub(crate) mod amendments;
pub(crate) mod forms;
pub(crate) mod moves;
pub(crate) mod read;
pub(crate) mod reveal;
pub(crate) mod shown;
pub(crate) mod write;

use kernel::{Code, Problem};
use policy::{CallerKind, Permit};
use store::StoreError;
use store::employments::Employment;

use crate::reply::Refused;

/// What an application may do to its own employments only.
///
/// # Errors
/// When an application did not write this employment down itself.
fn own(permit: &Permit, employment: &Employment) -> Result<(), Refused> {
    let caller = permit.caller();
    let is_application = caller.kind() == CallerKind::Client || caller.through().is_some();
    if is_application && caller.client_or_id() != employment.created_by {
        return Err(Problem::new(&NOT_OWN).into());
    }
    Ok(())
}

/// The store's refusals in the words of employments.
fn refused(error: StoreError) -> Refused {
    match error {
        StoreError::Taken("candidate_id") => Problem::new(&CONCURRENT).into(),
        other => other.into(),
    }
}

/// Somebody else's employment is not an application's to cancel or reveal.
pub(crate) const NOT_OWN: Code = Code {
    status: 403,
    name: "employments.not_own",
    title: "The application did not write this employment down",
    mend: "Leave this to the application that did, or to a recruiter.",
};
/// One worker, one client, one contract at a time.
pub(crate) const CONCURRENT: Code = Code {
    status: 409,
    name: "employments.concurrent",
    title: "The worker is active for this client already",
    mend: "End the other employment first, or set `concurrent_ok` if both are meant to run.",
};
