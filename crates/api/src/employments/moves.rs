//! Moving employments through their life.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::id::kinds::Employment as EmploymentKind;
use kernel::{EmploymentId, FieldError, Problem, Purpose};
use serde::Deserialize;
use staffing::calendar::Date;
use staffing::employment::life::{EmploymentMove, EmploymentStatus, EndReason, Setting};
use staffing::event::EmploymentEvent;
use store::employments::{self, Changes, Employment, Step};
use store::{TenantTx, candidates};
use utoipa::ToSchema;

use super::shown::{EmploymentView, view};
use super::{own, refused};
use crate::checked::current;
use crate::extract::{At, Body, Facts, IfMatch, Permit};
use crate::may::May;
use crate::reply::{Answer, Refused, Reply};

/// When and why an employment ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offboard {
    /// Last day of work; no earlier than the first one.
    last_day: Date,
    /// Why.
    reason: EndReason,
}

/// Ask for an employment to be approved.
#[utoipa::path(
    post, path = "/v1/employments/{id}/submit", operation_id = "employment.submit",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::Submit).await
}

/// Approve an employment, which begins its onboarding: for recruiters.
#[utoipa::path(
    post, path = "/v1/employments/{id}/approve", operation_id = "employment.approve",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.approve"})))
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::Approve).await
}

/// Begin the work.
#[utoipa::path(
    post, path = "/v1/employments/{id}/activate", operation_id = "employment.activate",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::Activate).await
}

/// The worker goes on leave.
#[utoipa::path(
    post, path = "/v1/employments/{id}/start-leave", operation_id = "employment.start_leave",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn start_leave(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::StartLeave).await
}

/// The worker is back from leave.
#[utoipa::path(
    post, path = "/v1/employments/{id}/end-leave", operation_id = "employment.end_leave",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn end_leave(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::EndLeave).await
}

/// Go on after all: take the last day back.
#[utoipa::path(
    post, path = "/v1/employments/{id}/rescind", operation_id = "employment.rescind",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn rescind(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::Rescind).await
}

/// End an employment whose last day has come.
#[utoipa::path(
    post, path = "/v1/employments/{id}/end", operation_id = "employment.end",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::End).await
}

/// Cancel an employment that has not begun; an application only its own.
#[utoipa::path(
    post, path = "/v1/employments/{id}/cancel", operation_id = "employment.cancel",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), EmploymentMove::Cancel).await
}

/// Let an employment come to its end.
#[utoipa::path(
    post, path = "/v1/employments/{id}/offboard", operation_id = "employment.offboard",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = Offboard,
    responses((status = 200, description = "As it is now", body = EmploymentView)),
    extensions(("x-ringwall" = json!({"action": "employment.transition"})))
)]
pub(crate) async fn offboard(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
    Body(Offboard { last_day, reason }): Body<Offboard>,
) -> Answer {
    let made = EmploymentMove::Offboard { last_day, reason };
    make(&app, &dossier, &permit, (id, version), made).await
}

async fn make(
    app: &App,
    dossier: &Dossier,
    permit: &policy::Permit,
    (id, version): (EmploymentId, i64),
    made: EmploymentMove,
) -> Answer {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = employments::require(&tx, id).await?;
    current(read.version, version)?;
    if made == EmploymentMove::Cancel {
        own(permit, &read)?;
    }
    let (setting, lacks) = setting(&tx, &read).await?;
    let life = read.life.apply(made, setting).map_err(|illegal| {
        let errors = if made == EmploymentMove::Approve { lacks } else { Vec::new() };
        Refused::from(Problem { errors, ..Problem::from(illegal) })
    })?;
    let step = Step { event: EmploymentEvent::of(made).name(), fields: vec!["status".to_owned()] };
    let changes = Changes { life: Some(life), ..Changes::default() };
    let employment =
        employments::save(&mut tx, &read, changes, vec![step]).await.map_err(refused)?;
    let shown = view(&tx, &employment, &May::new(app, permit))?;
    let reply = Reply::ok(&shown)?.version(employment.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// What transitions need to know, and what the country's form lacks. The form is looked at, and
/// what it asks for opened, only where somebody may be about to approve.
async fn setting(tx: &TenantTx, read: &Employment) -> Result<(Setting, Vec<FieldError>), Refused> {
    let gist = read.gist()?;
    let candidate = candidates::require(tx, gist.candidate_id).await?;
    let is_waiting = read.life.status == EmploymentStatus::Submitted;
    let lacks = if is_waiting { read.draft(tx, Purpose::Change)?.lacks() } else { Vec::new() };
    let setting = Setting {
        now: tx.now(),
        start_date: gist.start_date,
        has_ground: candidate.consent.covers(tx.now()),
        has_form: lacks.is_empty(),
        has_tasks_done: gist.has_tasks_done(),
    };
    Ok((setting, lacks))
}
