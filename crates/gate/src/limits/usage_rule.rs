//! A rule of a usage plan, as administrators write it: for each client or key that has the plan.

use counters::{Key, Per, Spec};
use serde::{Deserialize, Serialize};

/// A rule. One of four: `max` in `window_s`, `max` for each `per`, `per_second` with a `burst`, or
/// `at_once`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageRule {
    /// Its name, in headers and problems.
    pub name: String,
    /// For one operation, by its operationId or its method and path; for all where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// See [`Spec::max`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// See [`Spec::window_s`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// See [`Spec::per`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// See [`Spec::zone`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// See [`Spec::per_second`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// See [`Spec::burst`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// See [`Spec::at_once`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

impl UsageRule {
    /// The same, counted by what has the plan.
    #[must_use]
    pub fn spec(&self, by: Key) -> Spec {
        Spec {
            name: self.name.clone(),
            by: vec![by],
            max: self.max,
            window_s: self.window_s,
            per: self.per,
            zone: self.zone.clone(),
            per_second: self.per_second,
            burst: self.burst,
            at_once: self.at_once,
            // The defaults: how an outage is met is the operator's to say, not an agency's; and
            // what an agency sells is counted exactly.
            on_store_error: None,
            mode: None,
        }
    }
}
