//! Usage plans: what partners may use. Administrators write them and assign them to clients and
//! API keys; `GET /v1/limits` shows a partner its own.

pub(crate) mod alerts;
pub(crate) mod assignees;
pub(crate) mod read;
pub(crate) mod write;

use gate::limits::{Per, UsageRule};
use kernel::{Code, Problem, Timestamp, UsagePlanId};
use serde::{Deserialize, Serialize};
use store::usage_plans::UsagePlan;
use utoipa::ToSchema;

use crate::reply::Refused;

/// A rule of a usage plan, counted for each client or API key that has the plan. One of four:
/// `max` in any `window_s` seconds; `max` for each `per`; `per_second` evenly, with a `burst`; or
/// `at_once`, which each node counts for itself.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageRuleForm {
    /// Its name, in `RateLimit-Policy` and problems. A rule named `client` takes the place of the
    /// platform's.
    #[schema(pattern = "^[a-z0-9._-]{1,64}$", max_length = 64)]
    name: String,
    /// For one operation: its operationId, or its method and path. For all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[A-Za-z0-9 ._/{}-]{1,120}$", max_length = 120)]
    operation: Option<String>,
    /// How many requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000_000)]
    max: Option<u32>,
    /// In any window of so many seconds: never more, wherever it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 2_678_400)]
    window_s: Option<u32>,
    /// In each day, week or month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    per: Option<UsagePeriod>,
    /// The time zone of `per`, as the IANA database names it; UTC when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[A-Za-z0-9+_/-]{1,64}$", max_length = 64)]
    zone: Option<String>,
    /// Requests a second, evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000)]
    per_second: Option<u32>,
    /// After so many at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000_000)]
    burst: Option<u32>,
    /// Requests that are at work at once, on each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 100_000)]
    at_once: Option<u32>,
}

/// A calendar's period.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UsagePeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

/// A usage plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsagePlanView {
    /// Its id.
    id: UsagePlanId,
    /// What its administrators call it.
    name: String,
    /// What it allows; all of it holds, beside the platform's limits.
    rules: Vec<UsageRuleForm>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
    /// Counts its changes from 1.
    version: i64,
}

impl UsagePlanView {
    fn of(plan: UsagePlan) -> Result<Self, Refused> {
        let rules = serde_json::from_str::<Vec<UsageRule>>(&plan.rules);
        let rules = rules.map_err(Problem::internal)?;
        Ok(Self {
            id: plan.id,
            name: plan.name,
            rules: rules.into_iter().map(UsageRuleForm::from).collect(),
            created_by: plan.created_by,
            created_at: plan.created_at,
            updated_at: plan.updated_at,
            version: plan.version,
        })
    }
}

impl From<UsageRule> for UsageRuleForm {
    fn from(rule: UsageRule) -> Self {
        let UsageRule { name, operation, max, window_s, per, zone, per_second, burst, at_once } =
            rule;
        let per = per.map(UsagePeriod::from);
        Self { name, operation, max, window_s, per, zone, per_second, burst, at_once }
    }
}

impl From<Per> for UsagePeriod {
    fn from(per: Per) -> Self {
        match per {
            Per::Day => Self::Day,
            Per::Week => Self::Week,
            Per::Month => Self::Month,
        }
    }
}

impl From<UsageRuleForm> for UsageRule {
    fn from(form: UsageRuleForm) -> Self {
        Self {
            name: form.name,
            operation: form.operation,
            max: form.max,
            window_s: form.window_s,
            per: form.per.map(Per::from),
            zone: form.zone,
            per_second: form.per_second,
            burst: form.burst,
            at_once: form.at_once,
        }
    }
}

impl From<UsagePeriod> for Per {
    fn from(period: UsagePeriod) -> Self {
        match period {
            UsagePeriod::Day => Self::Day,
            UsagePeriod::Week => Self::Week,
            UsagePeriod::Month => Self::Month,
        }
    }
}

/// A plan that somebody has.
pub(crate) const ASSIGNED: Code = Code {
    status: 409,
    name: "usage_plans.assigned",
    title: "The usage plan is assigned",
    mend: "Take it from its assignees first: `GET /v1/usage-plans/{id}/assignees` names them.",
};
