//! Moving client companies through their life.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::id::kinds::ClientCompany;
use kernel::{ClientCompanyId, Purpose};
use staffing::client::ClientMove;
use store::clients;

use super::{ClientView, view};
use crate::checked::current;
use crate::extract::{At, Facts, IfMatch, Permit};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// Start business with a client company.
#[utoipa::path(
    post, path = "/v1/clients/{id}/activate", operation_id = "client.activate", tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.activate"})))
)]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), ClientMove::Activate).await
}

/// Suspend business with a client company.
#[utoipa::path(
    post, path = "/v1/clients/{id}/hold", operation_id = "client.hold", tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.hold"})))
)]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), ClientMove::Hold).await
}

/// Take business up again.
#[utoipa::path(
    post, path = "/v1/clients/{id}/resume", operation_id = "client.resume", tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.activate"})))
)]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), ClientMove::Resume).await
}

/// Keep a client company for the records only.
#[utoipa::path(
    post, path = "/v1/clients/{id}/archive", operation_id = "client.archive", tag = "Clients",
    params(
        ("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = ClientView)),
    extensions(("x-ringwall" = json!({"action": "client.archive"})))
)]
pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), ClientMove::Archive).await
}

async fn make(
    app: &App,
    dossier: &Dossier,
    permit: &policy::Permit,
    (id, version): (ClientCompanyId, i64),
    attempted: ClientMove,
) -> Answer {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = clients::require(&tx, id).await?;
    current(read.version, version)?;
    let status = read.status.apply(attempted)?;
    let draft = read.draft(&tx, Purpose::Change)?;
    let fields = vec!["status".to_owned()];
    let client = clients::save(&mut tx, &read, &draft, status, fields).await?;
    let shown = view(&tx, &client, &May::new(app, permit))?;
    let reply = Reply::ok(&shown)?.version(client.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
