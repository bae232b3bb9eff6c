//! How often the caller may call, and how much of that is left.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use gate::limits::{Asker, PlanInForce, Stand};
use kernel::{Problem, UsagePlanId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Facts;
use crate::reply::{Answer, Reply};

/// The limits of a caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Each that counts their requests. Operations may have narrower ones of their own: the answer
    /// to each request names all that it was charged.
    data: Vec<LimitView>,
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

/// One limit.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitView {
    /// As `RateLimit-Policy` and the member `violated-policies` of a refusal call it.
    name: String,
    /// How many requests are allowed.
    max: u32,
    /// In any window of so many seconds; null where the days, weeks or months of a calendar count.
    window_s: Option<u64>,
    /// How many are left.
    remaining: u32,
    /// In how many seconds there will be more.
    reset_s: u64,
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
    let stands = app.limits.standing(&asker, dossier.received_ms()).await;
    let plan = app.limits.plan_in_force(&asker).map(PlanView::from);
    Reply::ok(&Limits { data: stands.into_iter().map(LimitView::from).collect(), plan })
}

impl From<PlanInForce> for PlanView {
    fn from(plan: PlanInForce) -> Self {
        let PlanInForce { id, name, version } = plan;
        Self { id, name, version }
    }
}

impl From<Stand> for LimitView {
    fn from(stand: Stand) -> Self {
        let Stand { name, count: max, window_s, remaining, reset_s } = stand;
        Self { name, max, window_s, remaining, reset_s }
    }
}
