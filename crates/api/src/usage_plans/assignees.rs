//! Who has a usage plan, and how much of it they have used.

use std::sync::Arc;

use axum::extract::{Path, State};
use gate::App;
use kernel::id::kinds::UsagePlan as Kind;
use kernel::problem::NOT_FOUND;
use kernel::{Problem, Timestamp, UsagePlanId};
use serde::Serialize;
use store::usage_plans;
use store::usage_plans::assignments;
use utoipa::ToSchema;

use super::write::in_force;
use crate::extract::{At, Facts, Permit};
use crate::limits::LimitView;
use crate::reply::{Answer, Refused, Reply};

/// Everybody who has a usage plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct Assignees {
    /// By their ids; at most 1000.
    data: Vec<AssigneeView>,
}

/// Who has a usage plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssigneeView {
    /// `client` or `api_key`.
    kind: &'static str,
    /// The client id, or the key's id.
    subject: String,
    /// Since when.
    since: Timestamp,
    /// How much of the plan's rules for all operations is left.
    usage: Vec<LimitView>,
}

/// List who has a usage plan, and how much of it is left.
#[utoipa::path(
    get, path = "/v1/usage-plans/{id}/assignees", operation_id = "usage_plan.assignees",
    tag = "Usage plans",
    params(("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "All of them", body = Assignees)),
    extensions(("x-ringwall" = json!({"action": "usage_plan.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let view = app.store.view(&permit).await?;
    usage_plans::require(&view, id).await?;
    let assigned = assignments::list(&view, id).await?;
    drop(view);
    let mut data = Vec::with_capacity(assigned.len());
    for one in assigned {
        let usage = app.limits.usage_of(&one.subject, one.tenant, dossier.received_ms()).await;
        data.push(AssigneeView {
            kind: one.kind.name(),
            subject: one.subject,
            since: one.changed_at,
            usage: usage.into_iter().map(LimitView::from).collect(),
        });
    }
    Reply::ok(&Assignees { data })
}

/// Give a client or an API key a usage plan, in place of the one that it had. A key without a plan
/// of its own has that of its client.
#[utoipa::path(
    put, path = "/v1/usage-plans/{id}/assignees/{subject}", operation_id = "usage_plan.assign",
    tag = "Usage plans",
    params(
        ("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("subject" = String, Path,
            pattern = "^(pc_[a-z0-9]{1,60}|key_[0-7][0-9a-hjkmnp-tv-z]{25})$"),
    ),
    responses(
        (status = 204, description = "It has the plan"),
        (status = 409, description = "As many have it as may"),
    ),
    extensions(("x-ringwall" = json!({"action": "usage_plan.assign"})))
)]
pub(crate) async fn assign(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Path((id, subject)): Path<(String, String)>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let plan = usage_plans::hold(&tx, named(&id)?).await?;
    assignments::assign(&mut tx, &plan, &subject).await?;
    let reply = Reply::no_content();
    tx.commit(Some(&reply.stored())).await?;
    in_force(&app).await;
    Ok(reply)
}

/// Take a usage plan from a client or an API key: the platform's limits hold for it again.
#[utoipa::path(
    delete, path = "/v1/usage-plans/{id}/assignees/{subject}",
    operation_id = "usage_plan.unassign", tag = "Usage plans",
    params(
        ("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("subject" = String, Path,
            pattern = "^(pc_[a-z0-9]{1,60}|key_[0-7][0-9a-hjkmnp-tv-z]{25})$"),
    ),
    responses((status = 204, description = "It has the plan no more")),
    extensions(("x-ringwall" = json!({"action": "usage_plan.assign"})))
)]
pub(crate) async fn unassign(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Path((id, subject)): Path<(String, String)>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let plan = usage_plans::hold(&tx, named(&id)?).await?;
    assignments::end(&mut tx, &plan, &subject).await?;
    let reply = Reply::no_content();
    tx.commit(Some(&reply.stored())).await?;
    in_force(&app).await;
    Ok(reply)
}

/// What is no id cannot be the id of anything.
fn named(id: &str) -> Result<UsagePlanId, Refused> {
    id.parse().map_err(|_| Problem::new(&NOT_FOUND).into())
}
