//! The candidates whom a client company does not want to see.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::{App, Dossier};
use kernel::id::kinds::{Candidate as CandidateKind, ClientCompany};
use kernel::{CandidateId, ClientCompanyId};
use policy::Permit as Proof;
use store::blocklists::{self, Turn};
use store::{candidates, clients};

use super::BlockedView;
use crate::Settings;
use crate::candidates::write::changeable;
use crate::checked::current;
use crate::extract::{At, Facts, IfMatch, Part, Permit};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// List the candidates whom a client company does not want to see.
#[utoipa::path(
    get, path = "/v1/clients/{id}/blocklist", operation_id = "client.blocklist", tag = "Clients",
    params(("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"), Paging),
    responses((status = 200, description = "A page", body = Listed<BlockedView>)),
    extensions(("x-ringwall" = json!({"action": "client.read"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    RawQuery(raw): RawQuery,
) -> Answer {
    May::new(&app, &permit).insist("candidate.list", &dossier)?;
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let tenant = app.store.view(&permit).await?;
    let client = clients::require(&tenant, id).await?;
    let page = blocklists::of_client(&tenant, id, page).await?.map(BlockedView::from);
    let (listed, next) = list.listed(page, &format!("/v1/clients/{id}/blocklist"));
    Ok(Reply::ok(&listed)?.version(client.version).next_page(next))
}

/// Put a candidate on a client company's blocklist: they are ranked for none of its jobs.
///
/// They are still listed in a ranking, with the closed gate. Who is there already stays there.
#[utoipa::path(
    put, path = "/v1/clients/{id}/blocklist/{candidate_id}", operation_id = "client.block",
    tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("candidate_id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 204, description = "They are on it")),
    extensions(("x-ringwall" = json!({"action": "client.block"})))
)]
pub(crate) async fn block(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, candidate): Part<ClientCompany, CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    turn(&app, &dossier, &permit, ((id, version), candidate), Turn::Block).await
}

/// Take a candidate from a client company's blocklist.
#[utoipa::path(
    delete, path = "/v1/clients/{id}/blocklist/{candidate_id}", operation_id = "client.unblock",
    tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("candidate_id" = String, Path, pattern = "^cand_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 204, description = "They are not on it any more")),
    extensions(("x-ringwall" = json!({"action": "client.block"})))
)]
pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Part(id, candidate): Part<ClientCompany, CandidateKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    turn(&app, &dossier, &permit, ((id, version), candidate), Turn::Unblock).await
}

async fn turn(
    app: &App,
    dossier: &Dossier,
    permit: &Proof,
    ((id, version), candidate): ((ClientCompanyId, i64), CandidateId),
    turn: Turn,
) -> Answer {
    // Also the candidate changes: who may not see them does not learn that they are there.
    May::new(app, permit).insist("candidate.list", dossier)?;
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let candidate = candidates::hold(&tx, candidate).await?;
    let read = clients::require(&tx, id).await?;
    current(read.version, version)?;
    changeable(&candidate)?;
    let client = blocklists::by_client(&mut tx, &read, &candidate, turn).await?;
    let reply = Reply::no_content().version(client.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
