//! Moving matches through their stages. Who is turned down is turned down by a person.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::id::kinds::Match as MatchKind;
use kernel::{EmploymentId, MatchId};
use serde::Deserialize;
use staffing::event::MatchEvent;
use staffing::matches::{MatchMove, ReinstateReason, Setting, TurnDownReason};
use store::matches::{self, Note, Step};
use utoipa::ToSchema;

use super::read::setting;
use super::shown::MatchView;
use crate::checked::current;
use crate::extract::{At, Body, Facts, IfMatch, Permit};
use crate::reply::{Answer, Reply};

/// Which employment followed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placement {
    /// An employment of the same candidate.
    employment_id: EmploymentId,
}

/// Why somebody is turned down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TurnDown {
    /// Why.
    reason: TurnDownReason,
    /// What else there is to say. Personal; only people who decide read it.
    #[schema(
        value_type = String, required = false, max_length = 2000,
        pattern = "^[^\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]*$"
    )]
    note: Option<Note>,
}

/// Why somebody who was rejected is considered again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reinstatement {
    /// Why.
    reason: ReinstateReason,
    /// What else there is to say. Personal; only people who decide read it.
    #[schema(
        value_type = String, required = false, max_length = 2000,
        pattern = "^[^\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]*$"
    )]
    note: Option<Note>,
}

/// Worth a closer look.
#[utoipa::path(
    post, path = "/v1/matches/{id}/shortlist", operation_id = "match.shortlist", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn shortlist(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Shortlist, None).await
}

/// Show the candidate to the client.
#[utoipa::path(
    post, path = "/v1/matches/{id}/submit", operation_id = "match.submit", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Submit, None).await
}

/// Talks with the client begin.
#[utoipa::path(
    post, path = "/v1/matches/{id}/interview", operation_id = "match.interview", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn interview(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Interview, None).await
}

/// The client makes an offer.
#[utoipa::path(
    post, path = "/v1/matches/{id}/offer", operation_id = "match.offer", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn offer(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Offer, None).await
}

/// The candidate accepts the offer.
#[utoipa::path(
    post, path = "/v1/matches/{id}/accept", operation_id = "match.accept", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Accept, None).await
}

/// The candidate does not want it.
#[utoipa::path(
    post, path = "/v1/matches/{id}/withdraw", operation_id = "match.withdraw", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Withdraw, None).await
}

/// An employment follows.
#[utoipa::path(
    post, path = "/v1/matches/{id}/place", operation_id = "match.place", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = Placement,
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.transition"})))
)]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
    Body(asked): Body<Placement>,
) -> Answer {
    make(&app, (&dossier, &permit), (id, version), MatchMove::Place(asked.employment_id), None)
        .await
}

/// Turn somebody down before the client sees them: for people.
#[utoipa::path(
    post, path = "/v1/matches/{id}/dismiss", operation_id = "match.dismiss", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = TurnDown,
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.reject"})))
)]
pub(crate) async fn dismiss(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
    Body(asked): Body<TurnDown>,
) -> Answer {
    make(
        &app,
        (&dossier, &permit),
        (id, version),
        MatchMove::Dismiss(asked.reason),
        asked.note.as_ref(),
    )
    .await
}

/// Turn somebody down whom the client has seen: for people.
#[utoipa::path(
    post, path = "/v1/matches/{id}/reject", operation_id = "match.reject", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = TurnDown,
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.reject"})))
)]
pub(crate) async fn reject(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
    Body(asked): Body<TurnDown>,
) -> Answer {
    make(
        &app,
        (&dossier, &permit),
        (id, version),
        MatchMove::Reject(asked.reason),
        asked.note.as_ref(),
    )
    .await
}

/// Consider somebody again after a rejection: for people.
#[utoipa::path(
    post, path = "/v1/matches/{id}/reinstate", operation_id = "match.reinstate", tag = "Matches",
    params(
        ("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = Reinstatement,
    responses((status = 200, description = "As it is now", body = MatchView)),
    extensions(("x-ringwall" = json!({"action": "match.reject"})))
)]
pub(crate) async fn reinstate(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    IfMatch(version): IfMatch,
    Body(asked): Body<Reinstatement>,
) -> Answer {
    make(
        &app,
        (&dossier, &permit),
        (id, version),
        MatchMove::Reinstate(asked.reason),
        asked.note.as_ref(),
    )
    .await
}

async fn make(
    app: &App,
    (dossier, permit): (&Dossier, &policy::Permit),
    (id, version): (MatchId, i64),
    made: MatchMove,
    note: Option<&Note>,
) -> Answer {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = matches::require(&tx, id).await?;
    current(read.version, version)?;
    let setting = Setting { now: tx.now(), ..setting(permit, dossier) };
    let life = read.life.apply(made, setting)?;
    let step = Step { event: MatchEvent::of(made).name(), fields: &["stage"] };
    let moved = matches::save(&mut tx, &read, life, note, step).await?;
    let version = moved.version;
    let reply = Reply::ok(&MatchView::from(moved))?.version(version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
