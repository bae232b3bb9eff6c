//! How often the caller may call, and how much of that is left.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use gate::limits::{Asker, AtOnce, PlanInForce, Stand};
use kernel::{Problem, UsagePlanId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Facts;
use crate::reply::{Answer, Reply};
use crate::usage_plans::UsagePeriod;

/// The limits of a caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Each that counts their requests: first those for all operations, then those of some. The
    /// answer to each request names all that it was charged.
    data: Vec<LimitView>,
    /// How many requests of the agency's callers may be at work at once; absent for nobody in
    /// particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at_once: Option<AtOnceView>,
    /// The usage plan that the client or its API key has; absent where none was assigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<PlanView>,
}

/// A usage plan that somebody has.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Its id.
    id: UsagePlanId,
    /// What its administrators call it.
    name: String,
    /// Its version.
    version: i64,
}

/// How many requests may be at work at once, on the node that answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct AtOnceView {
    /// As the member `violated-policies` of a refusal calls it.
    name: &'static str,
    /// How many.
    max: u32,
    /// How many more.
    remaining: u32,
}

/// One limit: `max` in any `window_s` seconds, or for each `per`, or at work `at_once` on the node
/// that answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitView {
    /// As `RateLimit-Policy` and the member `violated-policies` of a refusal call it.
    name: String,
    /// The operations whose requests it counts, by method and path; absent where it counts all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operations: Vec<String>,
    /// How many requests are allowed.
    max: u32,
    /// In any window of so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    window_s: Option<u64>,
    /// In each day, week or month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    per: Option<UsagePeriod>,
    /// The time zone of `per`, as the IANA database names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    zone: Option<String>,
    /// `true` where it counts requests at work, on each node for itself; absent for all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at_once: Option<bool>,
    /// How many are left.
    remaining: u32,
    /// In how many seconds there will be more; absent where that depends on when requests end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reset_s: Option<u64>,
}

/// How often may I call, and how much of that is left?
///
/// Asking is a request like any other and counted as one.
#[utoipa::path(
    get, path = "/v1/limits", operation_id = "limit.read", tag = "Operating",
    responses((status = 200, description = "The limits", body = Limits)),
    extensions(("x-ringwall" = json!({"action": "limit.read", "access": "optional"})))
)]
pub(crate) async fn read(State(app): State<Arc<App>>, Facts(dossier): Facts) -> Answer {
    let tenant = dossier.caller().and_then(|caller| caller.tenant());
    let tenant = tenant.map(|tenant| tenant.to_string());
    let Some(asker) = Asker::of(&dossier, tenant.as_deref()) else {
        return Err(Problem::internal("limits asked without origin or operation").into());
    };
    let stands = app.limits.standing(&asker, dossier.moment()).await;
    let plan = app.limits.plan_in_force(&asker).map(PlanView::from);
    let at_once = app.limits.at_once(&asker).map(AtOnceView::from);
    let data = stands.into_iter().map(LimitView::from).collect();
    Reply::ok(&Limits { data, at_once, plan })
}

impl From<PlanInForce> for PlanView {
    fn from(plan: PlanInForce) -> Self {
        let PlanInForce { id, name, version } = plan;
        Self { id, name, version }
    }
}

impl From<AtOnce> for AtOnceView {
    fn from(at_once: AtOnce) -> Self {
        let AtOnce { name, max, remaining } = at_once;
        Self { name, max, remaining }
    }
}

impl From<Stand> for LimitView {
    fn from(stand: Stand) -> Self {
        let Stand { name, operations, count: max, window_s, per, remaining, reset_s } = stand;
        let (per, zone) = per.unzip();
        let per = per.map(UsagePeriod::from);
        let at_once = reset_s.is_none().then_some(true);
        Self { name, operations, max, window_s, per, zone, at_once, remaining, reset_s }
    }
}
