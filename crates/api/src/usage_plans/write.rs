//! Writing usage plans. What cannot be meant is not taken: every fault is pointed at.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use gate::limits::UsageRule;
use kernel::id::kinds::UsagePlan as Kind;
use kernel::problem::INVALID;
use kernel::{FieldError, Line, Problem};
use serde::Deserialize;
use store::{StoreError, usage_plans};
use utoipa::ToSchema;

use super::{ASSIGNED, UsagePlanView, UsageRuleForm};
use crate::checked::current;
use crate::extract::{At, Body, Facts, IfMatch, Permit};
use crate::reply::{Answer, Refused, Reply};

/// A usage plan to write down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsagePlanDraft {
    /// What its administrators call it; once in an agency.
    name: Line<1, 64>,
    /// What it allows; all of it holds, beside the platform's limits.
    #[schema(min_items = 1, max_items = 8)]
    rules: Vec<UsageRuleForm>,
}

/// Write a usage plan down. It holds for whoever it is assigned to.
#[utoipa::path(
    post, path = "/v1/usage-plans", operation_id = "usage_plan.create", tag = "Usage plans",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = UsagePlanDraft,
    responses(
        (status = 201, description = "It is written down", body = UsagePlanView),
        (status = 409, description = "The name is taken, or there are as many as there may be"),
    ),
    extensions(("x-ringwall" = json!({"action": "usage_plan.write"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<UsagePlanDraft>,
) -> Answer {
    let name = draft.name.as_str().to_owned();
    let rules = checked(&app, draft.rules)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let plan = usage_plans::add(&mut tx, &name, rules).await?;
    let (location, version) = (format!("/v1/usage-plans/{}", plan.id), plan.version);
    let reply = Reply::created(location, &UsagePlanView::of(plan)?)?.version(version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Replace a usage plan's name and rules. Every node follows within two seconds; what was counted
/// stays counted.
#[utoipa::path(
    put, path = "/v1/usage-plans/{id}", operation_id = "usage_plan.update", tag = "Usage plans",
    params(
        ("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = UsagePlanDraft,
    responses(
        (status = 200, description = "As it is now", body = UsagePlanView),
        (status = 409, description = "The name is taken"),
    ),
    extensions(("x-ringwall" = json!({"action": "usage_plan.write"})))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
    IfMatch(version): IfMatch,
    Body(draft): Body<UsagePlanDraft>,
) -> Answer {
    let name = draft.name.as_str().to_owned();
    let rules = checked(&app, draft.rules)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = usage_plans::require(&tx, id).await?;
    current(read.version, version)?;
    let plan = usage_plans::save(&mut tx, &read, (&name, rules)).await?;
    let version = plan.version;
    let reply = Reply::ok(&UsagePlanView::of(plan)?)?.version(version);
    tx.commit(Some(&reply.stored())).await?;
    in_force(&app).await;
    Ok(reply)
}

/// Delete a usage plan that nobody has.
#[utoipa::path(
    delete, path = "/v1/usage-plans/{id}", operation_id = "usage_plan.delete",
    tag = "Usage plans",
    params(
        ("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "Somebody has it"),
    ),
    extensions(("x-ringwall" = json!({"action": "usage_plan.write"})))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
    IfMatch(version): IfMatch,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = usage_plans::hold(&tx, id).await?;
    current(read.version, version)?;
    match usage_plans::delete(&mut tx, &read).await {
        Err(StoreError::Closed) => return Err(Problem::new(&ASSIGNED).into()),
        done => done?,
    }
    let reply = Reply::no_content();
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// On this node at once, and on the others when they hear of it. One that cannot hear now does so
/// in a second.
pub(super) async fn in_force(app: &App) {
    if let Err(error) = app.usage.hear().await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "cannot read usage plans; trying again");
    }
}

/// The rules as they are kept.
fn checked(app: &App, rules: Vec<UsageRuleForm>) -> Result<String, Refused> {
    let rules: Vec<UsageRule> = rules.into_iter().map(UsageRule::from).collect();
    let faults = app.limits.lint(&rules);
    if !faults.is_empty() {
        let problem = faults.into_iter().fold(Problem::new(&INVALID), |problem, fault| {
            let pointer = format!("/rules{}", fault.pointer);
            problem.error(FieldError::new(pointer, fault.code, fault.detail))
        });
        return Err(problem.into());
    }
    Ok(serde_json::to_string(&rules).map_err(Problem::internal)?)
}
