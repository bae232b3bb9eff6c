//! Further questions to the policy, about parts of a resource that the request's permit does not
//! cover by itself.

use gate::App;
use policy::Permit;

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
}
