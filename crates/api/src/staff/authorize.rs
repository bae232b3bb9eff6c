//! The authorization endpoint (RFC 6749 §3.1): where an application sends somebody whom it wants to
//! act for. It looks at no credentials; the page that it leads to does.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use gate::App;
use http::StatusCode;
use kernel::html::escape;
use kernel::{Code, Problem, Timestamp};
use oauth::authorization::{Asked, Unproven, Way};
use oauth::opaque::RequestUri;
use oauth::{AuthorizationRequest, RegisteredClient};
use store::{partners, pushed_requests};

use super::asked::{self, Pending};
use super::page::{Page, PageAnswer};
use crate::Settings;
use crate::extract::Facts;
use crate::oauth::client;
use crate::reply::Refused;

/// Ask a person for access.
///
/// The person signs in where they have not, and decides on our own page. Then the browser is sent
/// to `redirect_uri` with `code` or `error`, `state` and `iss` (RFC 9207). Where `client_id` and
/// `redirect_uri` are not those of a registered client it is sent nowhere.
#[utoipa::path(
    get, path = "/oauth/authorize", operation_id = "token.authorize", tag = "OAuth",
    params(
        ("client_id" = Option<String>, Query, description = "The client", max_length = 64,
            pattern = "^[A-Za-z][A-Za-z0-9_-]*$"),
        ("response_type" = Option<String>, Query, description = "`code`", max_length = 64,
            pattern = "^[a-z_ ]*$"),
        ("redirect_uri" = Option<String>, Query, description = "Where the answer goes: one of the \
            registered ones. An address of the person's own device may have any port.",
            max_length = 512),
        ("scope" = Option<String>, Query, description = "Scopes separated by spaces; all that the \
            client may have when left out", max_length = 4096, pattern = "^[A-Za-z0-9._: -]*$"),
        ("state" = Option<String>, Query, description = "Handed back as it is", max_length = 512),
        ("code_challenge" = Option<String>, Query, description = "A challenge (RFC 7636), required",
            max_length = 128, pattern = "^[A-Za-z0-9._~-]*$"),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`", max_length = 16,
            pattern = "^[A-Za-z0-9]*$"),
        ("dpop_jkt" = Option<String>, Query, description = "The thumbprint of the key that tokens \
            will be bound to (RFC 9449 §10)", max_length = 64, pattern = "^[A-Za-z0-9_-]*$"),
        ("request_uri" = Option<String>, Query, description = "The reference of a pushed request, \
            in place of all others but `client_id` (RFC 9126)", max_length = 128,
            pattern = "^[A-Za-z0-9._:/-]*$"),
    ),
    responses(
        (status = 200, description = "The way to our page", body = String,
            content_type = "text/html"),
        (status = 303, description = "The client is told an error")),
    extensions(("x-ringwall" = json!({
        "action": "token.authorize", "access": "public", "error_form": "page",
        "open_query": true,
        "opaque": ["redirect_uri", "state", "code_challenge", "dpop_jkt"],
        "limits": [{ "name": "authorize", "by": ["address"], "max": 120, "window_s": 900 }]
    })))
)]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    RawQuery(query): RawQuery,
) -> PageAnswer {
    let now = dossier.received_at;
    let asked = Asked::parse(query.unwrap_or_default().as_bytes());
    let asked = asked.map_err(|_| unproven(Unproven::Malformed))?;
    let client_id = asked.client_id().ok_or_else(|| unproven(Unproven::Client))?;
    let found = partners::find(&app.store, client_id, now).await?;
    let partner = found.ok_or_else(|| unproven(Unproven::Client))?;
    let client = client::registered(&partner, api.environment)?;
    if !client.active {
        return Err(unproven(Unproven::Client));
    }
    let (request, pushed) = match asked.request_uri() {
        Some(reference) => pushed(&app, &api, (&client, reference), now).await?,
        None => {
            let back = asked.back(&client).map_err(unproven)?;
            match asked.check(&client, (back.clone(), Way::Plain), &api.audience) {
                Ok(request) => (request, None),
                // Each client is registered by an operator: where it is registered the browser may
                // be sent (RFC 9700 §4.11.2).
                Err(error) => {
                    let (name, text) = (error.kind().name(), error.description());
                    return Ok(Page::see(back.with_error(name, text, &api.issuer)));
                }
            }
        }
    };
    let until = now.plus(Duration::from_secs(asked::SECONDS)).millis();
    let pending = Pending { request, tenant: client.tenant, pushed, until };
    let page = onward(&partner.name);
    Ok(Page::new(StatusCode::OK, page).with(pending.cookie(&api.asked)))
}

/// The request that a reference names, if it is the client's, in time, and nobody has decided it.
async fn pushed(
    app: &App,
    api: &Settings,
    (client, reference): (&RegisteredClient, &str),
    now: Timestamp,
) -> Result<(AuthorizationRequest, Option<[u8; 32]>), Refused> {
    let over = || unproven(Unproven::Pushed);
    let hash = RequestUri::parse(reference).ok_or_else(over)?.hash(&api.grant_key);
    let found = pushed_requests::find(&app.store, hash).await?.ok_or_else(over)?;
    if found.client_id != client.client_id || found.is_taken || now >= found.expires_at {
        return Err(over());
    }
    let request = serde_json::from_str(&found.request).map_err(Problem::internal)?;
    Ok((request, Some(hash.0)))
}

/// A page of ours that leads to the next one by itself: what another site led to brings no session,
/// since our cookies are strict. What our own page leads to does.
fn onward(client: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>One moment · \
         Ringwall</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">\
         <meta http-equiv=\"refresh\" content=\"0; url={CONSENT}\">\
         <link rel=\"stylesheet\" href=\"/staff/style.css\"></head><body><main>\
         <p class=\"brand\">Ringwall</p><h1>One moment</h1><p>{} asks whether it may act for \
         you.</p><p><a class=\"button\" href=\"{CONSENT}\">Continue</a></p></main></body></html>\n",
        escape(client)
    )
}

/// Told on a page, and sent nowhere.
pub(super) fn unproven(why: Unproven) -> Refused {
    Problem::new(&UNPROVEN).detail(why.to_string()).into()
}

/// Where people decide.
const CONSENT: &str = "/oauth/consent";

/// A request of nobody whom we know.
pub(crate) const UNPROVEN: Code = Code {
    status: 400,
    name: "authorize.unproven",
    title: "This link is not good",
    mend: "Go back to the application and start again. If that does not help, tell its makers.",
};
