//! Proof that the policies allowed something.

use std::sync::Arc;

use kernel::TenantId;

use crate::{Action, Caller};

/// Proof that the policies allow a caller an action in a tenant.
///
/// INVARIANT: made by [`crate::Engine`] only, after the policies said yes, or for the system with
/// a stated reason.
#[derive(Clone, Debug)]
pub struct Permit {
    caller: Arc<Caller>,
    action: Action,
    tenant: Option<TenantId>,
    policies: Arc<[Arc<str>]>,
}

impl Permit {
    pub(crate) fn new(
        caller: Arc<Caller>,
        action: Action,
        tenant: Option<TenantId>,
        policies: Arc<[Arc<str>]>,
    ) -> Self {
        Self { caller, action, tenant, policies }
    }

    /// Who may.
    #[must_use]
    pub const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// What they may.
    #[must_use]
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Where they may; none for what belongs to no tenant.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    /// The ids of the policies that said yes, sorted; none for the system.
    #[must_use]
    pub fn policies(&self) -> &[Arc<str>] {
        &self.policies
    }
}
