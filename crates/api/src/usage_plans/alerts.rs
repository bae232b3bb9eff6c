//! What was told of the use of plans.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::{Timestamp, UsagePlanId};
use serde::Serialize;
use store::usage_plans::alerts::{self, Alert};
use utoipa::ToSchema;

use crate::Settings;
use crate::extract::{Facts, Permit};
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// That most of a usage plan's rule, or all of it, was used: told once in each of its periods.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageAlertView {
    /// Of which plan.
    usage_plan_id: UsagePlanId,
    /// The client id, or the key's id.
    subject: String,
    /// Of which rule.
    rule: String,
    /// How much of it, in per cent: 80 or 100.
    percent: i32,
    /// When the period ends.
    ends_at: Timestamp,
    /// When it was seen.
    at: Timestamp,
}

impl From<Alert> for UsageAlertView {
    fn from(alert: Alert) -> Self {
        let Alert { plan, subject, rule, percent, ends_at, at, .. } = alert;
        Self { usage_plan_id: plan, subject, rule, percent, ends_at, at }
    }
}

/// List what was told of the use of the agency's plans in the last 90 days, the latest first.
#[utoipa::path(
    get, path = "/v1/usage-alerts", operation_id = "usage_alert.list", tag = "Usage plans",
    params(Paging),
    responses((status = 200, description = "A page", body = Listed<UsageAlertView>)),
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
    let page = alerts::list(&view, page).await?.map(UsageAlertView::from);
    let (listed, next) = list.listed(page, "/v1/usage-alerts");
    Ok(Reply::ok(&listed)?.next_page(next))
}
