//! The client companies that a candidate does not want to be shown to.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::{App, Dossier};
use kernel::id::kinds::{Candidate as CandidateKind, ClientCompany};
use kernel::{CandidateId, ClientCompanyId};
use policy::Permit as Proof;
use store::blocklists::{self, Turn};
use store::candidates;

use super::BlockedView;
use crate::Settings;
use crate::candidates::write::changeable;
use crate::checked::current;
use crate::extract::{At, Facts, IfMatch, Part, Permit};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// List the client companies that a candidate does not want to be shown to.
#[utoipa::path(
    get, path = "/v1/candidates/{id}/blocklist", operation_id = "candidate.blocklist",
    tag = "Candidates",
    params(("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"), Paging),
    responses((status = 200, description = "A page", body = Listed<BlockedView>)),
    extensions(("x-ringwall" = json!({"action": "candidate.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<CandidateKind>,
    RawQuery(raw): RawQuery,
) -> Answer {
    May::new(&app, &permit).insist("client.list", &dossier)?;
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let tenant = app.store.view(&permit).await?;
    let candidate = candidates::require(&tenant, id).await?;
    let page = blocklists::of_candidate(&tenant, id, page).await?.map(BlockedView::from);
    let (listed, next) = list.listed(page, &format!("/v1/candidates/{id}/blocklist"));
    Ok(Reply::ok(&listed)?.version(candidate.version).next_page(next))
}

/// Put a client company on a candidate's blocklist: they are ranked for none of its jobs.
#[utoipa::path(
    put, path = "/v1/candidates/{id}/blocklist/{client_id}",
    operation_id = "candidate.block_client", tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("client_id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 204, description = "It is on it")),
    extensions(("x-ringwall" = json!({"action": "candidate.block_client"})))
)]
pub(crate) async fn block(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, client): Part<CandidateKind, ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    turn(&app, &dossier, &permit, ((id, version), client), Turn::Block).await
}

/// Take a client company from a candidate's blocklist.
#[utoipa::path(
    delete, path = "/v1/candidates/{id}/blocklist/{client_id}",
    operation_id = "candidate.unblock_client", tag = "Candidates",
    params(
        ("id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("client_id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 204, description = "It is not on it any more")),
    extensions(("x-ringwall" = json!({"action": "candidate.block_client"})))
)]
pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, client): Part<CandidateKind, ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    turn(&app, &dossier, &permit, ((id, version), client), Turn::Unblock).await
}

async fn turn(
    app: &App,
    dossier: &Dossier,
    permit: &Proof,
    ((id, version), client): ((CandidateId, i64), ClientCompanyId),
    turn: Turn,
) -> Answer {
    May::new(app, permit).insist("client.list", dossier)?;
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = candidates::hold(&tx, id).await?;
    current(read.version, version)?;
    changeable(&read)?;
    let candidate = blocklists::by_candidate(&mut tx, &read, client, turn).await?;
    let reply = Reply::no_content().version(candidate.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
