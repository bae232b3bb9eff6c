//! Writing client companies.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::Purpose;
use kernel::id::kinds::ClientCompany;
use staffing::client::ClientDraft;
use staffing::merge::{changed_fields, merge};
use staffing::patch::ClientPatch;
use store::clients;

use super::{ClientView, view};
use crate::checked::{checked, current};
use crate::extract::{At, Body, Facts, IfMatch, Patch, Permit, parse};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// Write a client company down.
#[utoipa::path(
    post, path = "/v1/clients", operation_id = "client.create", tag = "Clients",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = ClientDraft,
    responses((status = 201, description = "It is written down", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.create"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<ClientDraft>,
) -> Answer {
    let draft = checked(draft, ClientDraft::check)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let client = clients::add(&mut tx, &draft).await?;
    let shown = view(&tx, &client, &May::new(&app, &permit))?;
    let location = format!("/v1/clients/{}", client.id);
    let reply = Reply::created(location, &shown)?.version(client.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Change a client company.
#[utoipa::path(
    patch, path = "/v1/clients/{id}", operation_id = "client.update", tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body(content(
        (ClientPatch = "application/merge-patch+json"), (ClientPatch = "application/json"))),
    responses((status = 200, description = "As it is now", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.update"})))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    IfMatch(version): IfMatch,
    Patch(patch): Patch,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = clients::require(&tx, id).await?;
    current(read.version, version)?;
    let may = May::new(&app, &permit);
    let before = read.draft(&tx, Purpose::Change)?.document(Purpose::Change);
    let mut after = before.clone();
    merge(&mut after, patch);
    let draft = checked(parse::<ClientDraft>(&after)?, ClientDraft::check)?;
    let fields = changed_fields(&before, &draft.document(Purpose::Change));
    let client = clients::save(&mut tx, &read, &draft, read.status, fields).await?;
    let reply = Reply::ok(&view(&tx, &client, &may)?)?.version(client.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
