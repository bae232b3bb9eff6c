//! What the policy said: about a request, and about what its handler asked besides.

use std::sync::Arc;

use policy::{Action, Caller, Permit, Refusal};

/// How the policy decided.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Was it allowed?
    pub allowed: bool,
    /// If not: why, as a stable word.
    pub reason: Option<&'static str>,
    /// Ids of the policies that decided.
    pub policies: Vec<String>,
}

/// An answer to a further question: may they also do this?
#[derive(Clone, Debug)]
pub(crate) struct Further {
    /// Who was asked about.
    pub(crate) caller: Arc<Caller>,
    /// The action that was asked about.
    pub(crate) action: String,
    /// The answer.
    pub(crate) decided: Decided,
}

impl Further {
    pub(crate) fn new(
        caller: &Arc<Caller>,
        action: &Action,
        judged: &Result<Permit, Refusal>,
    ) -> Self {
        let action = action.name().to_owned();
        Self { caller: Arc::clone(caller), action, decided: Decided::from(judged) }
    }
}

impl From<&Result<Permit, Refusal>> for Decided {
    fn from(judged: &Result<Permit, Refusal>) -> Self {
        let (policies, reason) = match judged {
            Ok(permit) => (permit.policies(), None),
            Err(refusal) => (&*refusal.policies, Some(refusal.reason.name())),
        };
        let policies = policies.iter().map(ToString::to_string).collect();
        Self { allowed: reason.is_none(), reason, policies }
    }
}
