//! Further questions to the policy, about parts of a resource that the request's permit does not
//! cover by itself.

use gate::App;
use kernel::{Code, FieldError, Problem};
use policy::Permit;

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

    /// They may do this in the permit's tenant.
    ///
    /// # Errors
    /// The policy's refusal.
    pub(crate) fn insist(&self, action: &str) -> Result<(), Refused> {
        let policy = &self.app.policy;
        let tenant = self.permit.tenant();
        let (Some(tenant), Some(action)) = (tenant, policy.action(action)) else {
            return Err(Problem::internal("a question that no policy knows").into());
        };
        policy.judge_in(self.permit.caller(), &action, tenant)?;
        Ok(())
    }

    /// Writing takes the right to read: nobody sets a confidential member blindly.
    ///
    /// # Errors
    /// When the member is written and the caller may not read it.
    pub(crate) fn write_confidential(
        &self,
        action: &str,
        is_written: bool,
        member: &str,
    ) -> Result<(), Refused> {
        if !is_written || self.does(action) {
            return Ok(());
        }
        let detail = "expected none: this member is for recruiters, to read and to write";
        let error = FieldError::new(format!("/{member}"), "confidential", detail);
        Err(Problem::new(&CONFIDENTIAL).error(error).into())
    }
}

/// A confidential member from a caller who may not see it.
pub(crate) const CONFIDENTIAL: Code = Code {
    status: 403,
    name: "auth.member_confidential",
    title: "You may not write a member that you may not read",
    mend: "Leave out the members that `errors` points at, or ask a recruiter to write them.",
};
