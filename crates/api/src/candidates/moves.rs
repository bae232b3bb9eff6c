//! Moving candidates through their life.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::CandidateId;
use kernel::id::kinds::Candidate as CandidateKind;
use staffing::candidate::life::CandidateMove;
use staffing::event::CandidateEvent;
use store::candidates::{self, State as CandidateState, Step};

use super::{CandidateView, view};
use crate::checked::current;
use crate::extract::{At, Facts, IfMatch, Permit};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// Consider a candidate for jobs.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/activate", operation_id = "candidate.activate",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.activate"})))
)]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), CandidateMove::Activate).await
}

/// Consider a candidate for no job for now.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/rest", operation_id = "candidate.rest",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.activate"})))
)]
pub(crate) async fn rest(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), CandidateMove::Rest).await
}

/// Block a candidate.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/block", operation_id = "candidate.block",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.block"})))
)]
pub(crate) async fn block(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), CandidateMove::Block).await
}

/// Lift the block of a candidate.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/unblock", operation_id = "candidate.unblock",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.unblock"})))
)]
pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), CandidateMove::Unblock).await
}

/// Ask for a candidate to be erased.
#[utoipa::path(
    post, path = "/v1/candidates/{id}/request-erasure", operation_id = "candidate.request_erasure",
    tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As they are now", body = CandidateView)),
    extensions(("x-ringwall" = json!({"action": "candidate.request_erasure"})))
)]
pub(crate) async fn request_erasure(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), CandidateMove::RequestErasure).await
}

async fn make(
    app: &App,
    dossier: &Dossier,
    permit: &policy::Permit,
    (id, version): (CandidateId, i64),
    attempted: CandidateMove,
) -> Answer {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = candidates::require(&tx, id).await?;
    current(read.version, version)?;
    let state = CandidateState { status: read.status.apply(attempted)?, ..read.state() };
    let step =
        Step { event: CandidateEvent::of(attempted).name(), fields: vec!["status".to_owned()] };
    // Nothing personal is opened or sealed again for this.
    let candidate = candidates::save(&mut tx, &read, None, state, step).await?;
    let shown = view(&tx, &candidate, &May::new(app, permit))?;
    let reply = Reply::ok(&shown)?.version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
