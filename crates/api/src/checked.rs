//! What handlers check before they write.

use kernel::problem::INVALID;
use kernel::{FieldError, Problem};
use store::StoreError;

use crate::reply::Refused;

/// A draft whose rules between members hold.
///
/// # Errors
/// A 422 that points at each member that breaks one.
pub(crate) fn checked<D>(draft: D, check: impl Fn(&D) -> Vec<FieldError>) -> Result<D, Refused> {
    let errors = check(&draft);
    if errors.is_empty() {
        return Ok(draft);
    }
    Err(Problem { errors, ..Problem::new(&INVALID) }.into())
}

/// The caller has read the version that is about to change (RFC 9110 §13.1.1).
///
/// # Errors
/// A 412 with the present entity tag.
pub(crate) fn current(present: i64, read: i64) -> Result<(), Refused> {
    if present == read { Ok(()) } else { Err(StoreError::Stale { current: present }.into()) }
}
