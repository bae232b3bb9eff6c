//! Reading matches.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::{App, Dossier};
use http::HeaderMap;
use kernel::id::kinds::Match as MatchKind;
use kernel::{CandidateId, JobId};
use matching::Points;
use policy::CallerKind;
use serde::{Deserialize, Serialize};
use staffing::matches::{self as life, Setting, Stage};
use store::matches::{self, Filter, Place};
use utoipa::{IntoParams, ToSchema};

use super::shown::{ExplainedMatch, MatchView, explained};
use crate::Settings;
use crate::extract::{At, Facts, Permit, Query};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// Which matches.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MatchQuery {
    /// Only those for this job.
    job_id: Option<JobId>,
    /// Only those of this candidate.
    candidate_id: Option<CandidateId>,
    /// Only those that have come this far.
    stage: Option<Stage>,
    /// Only those to whom every gate is open, or only the others.
    #[param(inline)]
    eligible: Option<Truth>,
    /// Only those with so many tenths of a point, or more.
    #[serde(default, deserialize_with = "crate::query::number")]
    #[param(minimum = 0, maximum = 1000)]
    min_score: Option<u32>,
}

/// A truth value in a query string.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
}

/// The life cycle of matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchLifeCycle {
    /// One row for each legal move.
    transitions: Vec<MatchLifeCycleRow>,
}

/// A legal move of a match.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchLifeCycleRow {
    /// The stage before.
    from: &'static str,
    /// The move's name, as URLs have it.
    #[serde(rename = "move")]
    name: &'static str,
    /// The stage after.
    to: &'static str,
    /// What must hold besides the stage.
    guard: Option<&'static str>,
    /// Who makes it: `recruiter`, `partner`, or `timer` for what follows by itself.
    who: &'static [&'static str],
}

/// List matches, the best first: eligible ones, then by points.
#[utoipa::path(
    get, path = "/v1/matches", operation_id = "match.list", tag = "Matches",
    params(MatchQuery, Paging),
    responses((status = 200, description = "A page", body = Listed<MatchView>)),
    extensions(("x-ringwall" = json!({"action": "match.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<MatchQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page::<Place>(&crate::query::parse::<Paging>(&raw)?)?;
    let filter = Filter {
        job_id: query.job_id,
        candidate_id: query.candidate_id,
        stage: query.stage,
        eligible: query.eligible.map(|eligible| eligible == Truth::True),
        min_score: query.min_score.map(|tenths| Points::new(tenths.saturating_mul(TENTH))),
    };
    let tenant = app.store.view(&permit).await?;
    let page = matches::list(&tenant, &filter, page).await?.map(MatchView::from);
    let (listed, next) = list.listed(page, "/v1/matches");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read a match with its reasons.
#[utoipa::path(
    get, path = "/v1/matches/{id}", operation_id = "match.read", tag = "Matches",
    params(("id" = String, Path, pattern = "^mat_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "The match", body = ExplainedMatch),
        (status = 304, description = "You have this version"),
    ),
    extensions(("x-ringwall" = json!({"action": "match.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<MatchKind>,
    headers: HeaderMap,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let found = matches::require(&tenant, id).await?;
    let version = found.version;
    let setting = setting(&permit, &dossier);
    let shown = explained(&tenant, found, &May::new(&app, &permit), setting)?;
    Ok(Reply::ok(&shown)?.version(version).unless_seen(&headers))
}

/// The life cycle of matches: which move leads from where to where, and who makes it.
#[utoipa::path(
    get, path = "/v1/matches/transitions", operation_id = "match.transitions", tag = "Matches",
    responses((status = 200, description = "The table", body = MatchLifeCycle)),
    extensions(("x-ringwall" = json!({"action": "match.read", "sensitive": "low"})))
)]
pub(crate) async fn transitions() -> Answer {
    let rows = life::published().map(|row| MatchLifeCycleRow {
        from: row.transition.from.as_str(),
        name: row.transition.name,
        to: row.transition.to.as_str(),
        guard: row.transition.guard,
        who: row.who,
    });
    Reply::ok(&MatchLifeCycle { transitions: rows.collect() })
}

/// Who moves, and when: what only a person may do is for those who signed in.
pub(super) fn setting<'a>(permit: &'a policy::Permit, dossier: &Dossier) -> Setting<'a> {
    let caller = permit.caller();
    let is_person = caller.kind() == CallerKind::Staff && caller.through().is_none();
    Setting { now: dossier.witness().scene.at, by: caller.id(), is_person }
}

/// In ten-thousandths of a point.
const TENTH: u32 = 1_000;
