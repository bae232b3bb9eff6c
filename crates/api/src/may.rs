//! Further questions to the policy, about parts of a resource that the request's permit does not
//! cover by itself.

use std::sync::Arc;

use gate::{App, Dossier};
use kernel::{Code, FieldError, Problem};
use policy::{Caller, Permit};

use crate::reply::Refused;

/// What a caller may do besides what was permitted.
pub(crate) struct May<'a> {
    app: &'a App,
    permit: &'a Permit,
}

impl<'a> May<'a> {
    /// Questions about the caller of a permit.
    #[must_use]
    pub(crate) const fn new(app: &'a App, permit: &'a Permit) -> Self {
        Self { app, permit }
    }

    /// May they do this in the permit's tenant? Doubt is no.
    #[must_use]
    pub(crate) fn does(&self, action: &str) -> bool {
        let Some(tenant) = self.permit.tenant() else { return false };
        let action = self.app.policy.action(action);
        action.is_some_and(|action| {
            self.app.policy.judge_in(self.permit.caller(), &action, tenant).is_ok()
        })
    }

    /// They may do this in the permit's tenant. The audit trail shows that it was asked, and what
    /// the answer was.
    ///
    /// # Errors
    /// The policy's refusal.
    pub(crate) fn insist(&self, action: &str, dossier: &Dossier) -> Result<(), Refused> {
        let policy = &self.app.policy;
        let tenant = self.permit.tenant();
        let (Some(tenant), Some(action)) = (tenant, policy.action(action)) else {
            return Err(Problem::internal("a question that no policy knows").into());
        };
        let judged = policy.judge_in(self.permit.caller(), &action, tenant);
        dossier.asked_further(self.permit.caller(), &action, &judged);
        judged?;
        Ok(())
    }

    /// Writing takes the right to read: nobody sets a confidential member blindly.
    ///
    /// # Errors
    /// When the member is written and the caller may not read it.
    pub(crate) fn write_confidential(
        &self,
        (action, member): (&str, &str),
        is_written: bool,
        dossier: &Dossier,
    ) -> Result<(), Refused> {
        if !is_written || self.insist(action, dossier).is_ok() {
            return Ok(());
        }
        let detail = "expected none: this member is for recruiters, to read and to write";
        let error = FieldError::new(format!("/{member}"), "confidential", detail);
        Err(Problem::new(&CONFIDENTIAL).error(error).into())
    }
}

/// What allows an application that proved itself an endpoint's action. The entry about its proof
/// stands for what it may; what it may not leaves an entry of its own.
///
/// # Errors
/// The policy's refusal.
pub(crate) fn permit(
    app: &App,
    dossier: &Dossier,
    (caller, action): (&Arc<Caller>, &str),
) -> Result<Permit, Refused> {
    let action = app.policy.action(action);
    let action = action.ok_or_else(|| Problem::internal("a question that no policy knows"))?;
    let judged = app.policy.judge(caller, &action);
    if judged.is_err() {
        dossier.asked_further(caller, &action, &judged);
    }
    Ok(judged?)
}

/// A confidential member from a caller who may not see it.
pub(crate) const CONFIDENTIAL: Code = Code {
    status: 403,
    name: "auth.member_confidential",
    title: "You may not write a member that you may not read",
    mend: "Leave out the members that `errors` points at, or ask a recruiter to write them.",
};
