//! Reading usage plans.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::id::kinds::UsagePlan as Kind;
use store::usage_plans;

use super::UsagePlanView;
use crate::Settings;
use crate::extract::{At, Facts, Permit};
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// List the agency's usage plans, newest first.
#[utoipa::path(
    get, path = "/v1/usage-plans", operation_id = "usage_plan.list", tag = "Usage plans",
    params(Paging),
    responses((status = 200, description = "A page", body = Listed<UsagePlanView>)),
    extensions(("x-ringwall" = json!({"action": "usage_plan.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let view = app.store.view(&permit).await?;
    let page = usage_plans::list(&view, page).await?.try_map(UsagePlanView::of)?;
    let (listed, next) = list.listed(page, "/v1/usage-plans");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read a usage plan.
#[utoipa::path(
    get, path = "/v1/usage-plans/{id}", operation_id = "usage_plan.read", tag = "Usage plans",
    params(("id" = String, Path, pattern = "^plan_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The plan", body = UsagePlanView)),
    extensions(("x-ringwall" = json!({"action": "usage_plan.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let view = app.store.view(&permit).await?;
    let plan = usage_plans::require(&view, id).await?;
    let version = plan.version;
    Ok(Reply::ok(&UsagePlanView::of(plan)?)?.version(version))
}
