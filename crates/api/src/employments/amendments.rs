//! Changes of an employment's terms. They are part of it: each has its version and event.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::id::kinds::{Amendment as AmendmentKind, Employment as EmploymentKind};
use kernel::{AmendmentId, EmploymentId, Problem};
use policy::Permit as Proof;
use serde::Serialize;
use staffing::calendar::Date;
use staffing::employment::amendment::{
    Amendment, AmendmentDraft, Amendments, NOT_AMENDABLE, Proposal,
};
use staffing::employment::life::EmploymentStatus;
use staffing::event::EmploymentEvent;
use store::TenantTx;
use store::employments::{self, Changes, Employment, Step};
use utoipa::ToSchema;

use super::refused;
use crate::checked::current;
use crate::extract::{At, Body, Facts, IfMatch, Part, Permit};
use crate::reply::{Answer, Refused, Reply};

/// Every change of an employment's terms.
#[derive(Serialize, ToSchema)]
pub(crate) struct AmendmentList {
    /// In the order of their proposal.
    data: Vec<Amendment>,
}

/// List the changes of an employment's terms.
#[utoipa::path(
    get, path = "/v1/employments/{id}/amendments", operation_id = "employment.amendment_list",
    tag = "Employments",
    params(("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "All of them", body = AmendmentList)),
    extensions(("x-ringwall" = json!({"action": "employment.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let employment = employments::require(&tenant, id).await?;
    let list = AmendmentList { data: employment.amendments.all().to_vec() };
    Ok(Reply::ok(&list)?.version(employment.version))
}

/// Propose a change of an employment's terms.
#[utoipa::path(
    post, path = "/v1/employments/{id}/amendments", operation_id = "employment.amendment_propose",
    tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]+$"),
    ),
    request_body = AmendmentDraft,
    responses((status = 201, description = "It is proposed", body = Amendment)),
    extensions(("x-ringwall" = json!({"action": "employment.amend"})))
)]
pub(crate) async fn propose(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    IfMatch(version): IfMatch,
    Body(draft): Body<AmendmentDraft>,
) -> Answer {
    let (mut tx, read) = amendable(&app, &permit, &dossier, (id, version)).await?;
    let proposal = Proposal {
        id: AmendmentId::new(app.clock.as_ref()),
        by: tx.author().to_owned(),
        at: tx.now(),
        start_date: read.gist()?.start_date,
    };
    let new = proposal.id;
    let amendments = read.amendments.clone().propose(draft, proposal)?;
    let changes = Changes { amendments: Some(amendments), ..Changes::default() };
    let steps = vec![step(EmploymentEvent::AmendmentProposed)];
    let employment = employments::save(&mut tx, &read, changes, steps).await.map_err(refused)?;
    let location = format!("/v1/employments/{id}/amendments/{new}");
    let amendment = employment.amendments.require(new)?;
    let reply = Reply::created(location, amendment)?.version(employment.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Approve a change of terms: for recruiters. If its day has come it takes effect at once.
#[utoipa::path(
    post, path = "/v1/employments/{id}/amendments/{amendment_id}/approve",
    operation_id = "employment.amendment_approve", tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("amendment_id" = String, Path, pattern = "^amd_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = Amendment)),
    extensions(("x-ringwall" = json!({"action": "employment.approve"})))
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, amendment): Part<EmploymentKind, AmendmentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    let (tx, read) = amendable(&app, &permit, &dossier, (id, version)).await?;
    let approved = read.amendments.clone().approve(amendment, tx.now())?;
    let (amendments, effective) = approved.take_effect(Date(tx.now().date()));
    let mut steps = vec![step(EmploymentEvent::AmendmentApproved)];
    let mut terms = read.terms.clone();
    for change in &effective {
        change.apply(&mut terms);
        let event = EmploymentEvent::AmendmentEffective.name();
        steps.push(Step { event, fields: change.names() });
    }
    decide(tx, &read, (amendment, amendments), Some(terms), steps).await
}

/// Cancel a change of terms that is not in effect.
#[utoipa::path(
    post, path = "/v1/employments/{id}/amendments/{amendment_id}/cancel",
    operation_id = "employment.amendment_cancel", tag = "Employments",
    params(
        ("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("amendment_id" = String, Path, pattern = "^amd_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = Amendment)),
    extensions(("x-ringwall" = json!({"action": "employment.amend"})))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, amendment): Part<EmploymentKind, AmendmentKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    let (tx, read) = amendable(&app, &permit, &dossier, (id, version)).await?;
    let amendments = read.amendments.clone().cancel(amendment, tx.now())?;
    let steps = vec![step(EmploymentEvent::AmendmentCancelled)];
    decide(tx, &read, (amendment, amendments), None, steps).await
}

/// An employment whose terms are changed by amendments, in the version that the caller read.
async fn amendable(
    app: &App,
    permit: &Proof,
    dossier: &Dossier,
    (id, version): (EmploymentId, i64),
) -> Result<(TenantTx, Employment), Refused> {
    let tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = employments::require(&tx, id).await?;
    current(read.version, version)?;
    match read.life.status {
        EmploymentStatus::Onboarding
        | EmploymentStatus::Active
        | EmploymentStatus::OnLeave
        | EmploymentStatus::Offboarding => Ok((tx, read)),
        _ => Err(Problem::new(&NOT_AMENDABLE).into()),
    }
}

async fn decide(
    mut tx: TenantTx,
    read: &Employment,
    (id, amendments): (AmendmentId, Amendments),
    terms: Option<serde_json::Value>,
    steps: Vec<Step>,
) -> Answer {
    let changes = Changes { amendments: Some(amendments), terms, ..Changes::default() };
    let employment = employments::save(&mut tx, read, changes, steps).await.map_err(refused)?;
    let amendment = employment.amendments.require(id)?;
    let reply = Reply::ok(amendment)?.version(employment.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

fn step(event: EmploymentEvent) -> Step {
    Step { event: event.name(), fields: vec!["amendments".to_owned()] }
}
