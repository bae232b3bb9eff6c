//! Reading candidates.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use kernel::id::kinds::Candidate as CandidateKind;
use serde::Deserialize;
use staffing::candidate::life::CandidateStatus;
use staffing::skill::SkillId;
use store::candidates::{self, Filter};
use store::page::Page;
use utoipa::IntoParams;

use super::{CandidateView, view};
use crate::Settings;
use crate::contact::ContactQuery;
use crate::extract::{At, Body, Facts, Permit, Query};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::query::OneOrMany;
use crate::reply::{Answer, Reply};

/// Which candidates. Nothing personal stands in a URL: for that there is the search.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CandidateQuery {
    /// Only those that stand here.
    status: Option<CandidateStatus>,
    /// Has this skill, by id; several mean any of them.
    #[serde(default)]
    #[param(value_type = Vec<SkillId>, max_items = 50)]
    skill: OneOrMany<String>,
    /// Only the one with this reference.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    external_ref: Option<String>,
}

/// List candidates, newest first.
#[utoipa::path(
    get, path = "/v1/candidates", operation_id = "candidate.list", tag = "Candidates",
    params(CandidateQuery, Paging),
    responses((status = 200, description = "A page", body = Listed<CandidateView>)),
    extensions(("x-ringwall" = json!({"action": "candidate.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<CandidateQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let filter = Filter {
        status: query.status,
        skills: query.skill.into(),
        external_ref: query.external_ref,
    };
    let tenant = app.store.view(&permit).await?;
    let may = May::new(&app, &permit);
    let page = candidates::list(&tenant, &filter, page).await?;
    let page = page.try_map(|candidate| view(&tenant, &candidate, &may))?;
    let (listed, next) = list.listed(page, "/v1/candidates");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read a candidate.
#[utoipa::path(
    get, path = "/v1/candidates/{id}", operation_id = "candidate.read", tag = "Candidates",
    params(("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "The candidate", body = CandidateView),
        (status = 304, description = "You have this version"),
    ),
    extensions(("x-ringwall" = json!({"action": "candidate.read", "sensitive": "high"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    headers: HeaderMap,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let candidate = candidates::require(&tenant, id).await?;
    let shown = view(&tenant, &candidate, &May::new(&app, &permit))?;
    Ok(Reply::ok(&shown)?.version(candidate.version).unless_seen(&headers))
}

/// Find candidates by an exact e-mail address or telephone number.
#[utoipa::path(
    post, path = "/v1/candidates/search", operation_id = "candidate.search", tag = "Candidates",
    request_body = ContactQuery,
    responses((status = 200, description = "Who has it", body = Listed<CandidateView>)),
    extensions(("x-ringwall" = json!({
        "action": "candidate.search", "sensitive": "high", "body_max": 4096
    })))
)]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(query): Body<ContactQuery>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let may = May::new(&app, &permit);
    let items = candidates::search(&tenant, &query.into()).await?;
    let page = Page { items, next: None::<()> };
    let page = page.try_map(|candidate| view(&tenant, &candidate, &may))?;
    let (listed, _) = List::new(&api.cursors, &dossier, "").listed(page, "");
    Reply::ok(&listed)
}
