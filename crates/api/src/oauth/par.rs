//! Pushed authorization requests (RFC 9126): asked by the client itself, before the browser is.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::Problem;
use oauth::authorization::{Asked, PUSHED_SECONDS, Way};
use oauth::opaque::RequestUri;
use oauth::{Authenticated, DpopError, OAuthError, OAuthErrorKind, Reason, Refused as NotGranted};
use serde::Serialize;
use store::pushed_requests;
use utoipa::ToSchema;

use super::client::{self, Stop, Tried};
use super::forms::client_form;
use super::token;
use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::may;
use crate::reply::{Answer, Reply};

client_form! {
    /// An authorization request. Unknown parameters are ignored (RFC 6749 §3.1).
    pub(crate) struct PushedForm {
        /// `code`.
        #[schema(max_length = 64, pattern = "^[a-z][a-z_ ]*$")]
        response_type: String,
        /// Where the answer goes: one of the registered ones.
        #[schema(
            max_length = 512,
            pattern = "^https://([a-z0-9-]+\\.)+[a-z][a-z0-9-]*(:[0-9]{1,4})?(/[A-Za-z0-9_-]*)*$"
        )]
        redirect_uri: String,
        /// A challenge (RFC 7636 §4.2).
        #[schema(max_length = 128, pattern = "^[A-Za-z0-9_-]{43}$")]
        code_challenge: String,
        /// `S256`.
        #[schema(max_length = 16, pattern = "^[A-Za-z0-9]+$")]
        code_challenge_method: String,
        /// Handed back as it is.
        #[schema(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
        state: Option<String>,
        /// Scopes separated by spaces; all that the client may have when left out.
        #[schema(
            max_length = 4096,
            pattern = "^[A-Za-z][A-Za-z0-9._:-]*( [A-Za-z][A-Za-z0-9._:-]*)*$"
        )]
        scope: Option<String>,
        /// The thumbprint of the key that tokens will be bound to (RFC 9449 §10).
        #[schema(max_length = 64, pattern = "^[A-Za-z0-9_-]{43}$")]
        dpop_jkt: Option<String>,
    }
}

/// A reference to a request that was pushed.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushedAnswer {
    /// What the browser brings to `/oauth/authorize`, beside `client_id`.
    request_uri: String,
    /// For how many seconds.
    expires_in: u64,
}

/// Push an authorization request.
///
/// The client proves who it is and says what it will ask a person for. The browser then brings the
/// reference only, and nobody on its way can change or read the request. Whoever is registered for
/// it, or held to FAPI 2.0, has to.
#[utoipa::path(
    post, path = "/oauth/par", operation_id = "token.push", tag = "OAuth",
    request_body(content = PushedForm, content_type = "application/x-www-form-urlencoded"),
    params(("DPoP" = Option<String>, Header, description = "A DPoP proof", max_length = 8192)),
    responses((status = 201, description = "The reference", body = PushedAnswer)),
    extensions(("x-ringwall" = json!({
        "action": "token.push", "access": "public", "error_form": "oauth", "body_max": 65536,
        "sensitive": "high",
        "opaque": ["redirect_uri", "state", "code_challenge", "dpop_jkt"],
        "limits": [{ "name": "token", "by": ["address"], "max": 60, "window_s": 900 }]
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn push(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Raw(form): Raw,
) -> Answer {
    let now = dossier.received_at;
    let read = oauth::parse_pushed(client::authorization(&headers), &form);
    let (proof, asked) = read.map_err(|error| client::unread(&dossier, error))?;
    let registered = client::find(&app, &api, &proof, now).await?;
    let proven = client::prove(&app, &api, registered.as_ref(), &proof, &dossier).await;
    let tried = Tried::of(registered.as_ref(), (&proof, &proven), &dossier);
    let outcome = match proven {
        Ok(client) => keep(&app, &api, (&client, &asked), (&dossier, &headers)).await,
        Err(stop) => Err(stop),
    };
    let reference = client::witnessed(&dossier, &proof, tried, outcome)?;
    let answer = PushedAnswer { request_uri: reference.whole(), expires_in: PUSHED_SECONDS };
    Ok(Reply::made(&answer)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

async fn keep(
    app: &App,
    api: &Settings,
    (client, asked): (&Authenticated<'_>, &Asked),
    (dossier, headers): (&Dossier, &HeaderMap),
) -> Result<RequestUri, Stop> {
    let refused = |error| NotGranted { error, reason: Reason::Request };
    let back = asked.back(client.client()).map_err(|_| refused(ADDRESS))?;
    let checked = asked.check(client.client(), (back, Way::Pushed), &api.audience);
    let mut request = checked.map_err(refused)?;
    let now = dossier.received_at;
    let profile = client.client().profile;
    let proven = token::bound_to((app, api), (headers, "/oauth/par"), profile, now).await?;
    // RFC 9449 §10.1: a proof names the key as well as the parameter does, and the same one.
    if let (Some(proven), Some(said)) = (&proven, &request.bound_to)
        && proven != said
    {
        return Err(NotGranted::from(DpopError::Token).into());
    }
    request.bound_to = proven.or(request.bound_to);
    let reference = RequestUri::generate();
    let caller = client::caller(client)?;
    let internal = |problem: Problem| Stop::Failed(problem.into());
    let permit = may::permit(app, dossier, (&caller, "token.push"))?;
    let text = serde_json::to_string(&request).map_err(|e| internal(Problem::internal(e)))?;
    let until = now.plus(Duration::from_secs(PUSHED_SECONDS));
    let hash = reference.hash(&api.grant_key);
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    pushed_requests::add(&mut tx, hash, (&request.client_id, &text), until).await?;
    tx.commit(None).await?;
    Ok(reference)
}

const ADDRESS: OAuthError = OAuthError::new(
    OAuthErrorKind::InvalidRequest,
    "expected a `redirect_uri` that is registered, and a `state` of up to 512 visible characters",
);
