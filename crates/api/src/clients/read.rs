//! Reading client companies.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use http::HeaderMap;
use kernel::id::kinds::ClientCompany;
use serde::Deserialize;
use staffing::client::ClientStatus;
use store::clients::{self, Filter};
use utoipa::IntoParams;

use super::{ClientView, view};
use crate::Settings;
use crate::extract::{At, Facts, Permit, Query};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// Which client companies.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientQuery {
    /// Only those that stand here.
    status: Option<ClientStatus>,
    /// Only the one with this reference.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    external_ref: Option<String>,
}

/// List client companies, newest first.
#[utoipa::path(
    get, path = "/v1/clients", operation_id = "client.list", tag = "Clients",
    params(ClientQuery, Paging),
    responses((status = 200, description = "A page", body = Listed<ClientView>)),
    extensions(("x-ringwall" = json!({"action": "client.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<ClientQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let filter = Filter { status: query.status, external_ref: query.external_ref };
    let tenant = app.store.view(&permit).await?;
    let page = clients::list(&tenant, &filter, page).await?;
    let may = May::new(&app, &permit);
    let page = page.try_map(|client| view(&tenant, &client, &may))?;
    let (listed, next) = list.listed(page, "/v1/clients");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read a client company.
#[utoipa::path(
    get, path = "/v1/clients/{id}", operation_id = "client.read", tag = "Clients",
    params(("id" = String, Path, pattern = "^cli_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "The client company", body = ClientView),
        (status = 304, description = "You have this version"),
    ),
    extensions(("x-ringwall" = json!({"action": "client.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<ClientCompany>,
    headers: HeaderMap,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let client = clients::require(&tenant, id).await?;
    let shown = view(&tenant, &client, &May::new(&app, &permit))?;
    Ok(Reply::ok(&shown)?.version(client.version).unless_seen(&headers))
}
