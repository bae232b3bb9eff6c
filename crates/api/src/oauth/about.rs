//! What becomes of a token: revocation (RFC 7009) and introspection (RFC 7662).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::{App, Believed, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::Timestamp;
use oauth::grants::Family;
use oauth::opaque::RefreshToken;
use oauth::{AboutToken, Claims};
use policy::{Caller, Permit};
use serde::Serialize;
use serde_json::json;
use store::grants;
use store::revocations::{self, Revocation, Revoked};
use utoipa::ToSchema;

use super::client::{self, Tried};
use super::forms::client_form;
use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::may;
use crate::reply::{Answer, Refused, Reply};

client_form! {
    /// A request about a token. Unknown parameters are ignored, and so is `token_type_hint`.
    pub(crate) struct AboutTokenForm {
        /// The token.
        #[schema(max_length = 8192, pattern = "^[A-Za-z][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$")]
        token: String,
        /// Not needed: no two kinds of our tokens look alike.
        #[schema(max_length = 64, pattern = "^[a-z_]+$")]
        token_type_hint: Option<String>,
    }
}

/// What a token is worth. Nothing but `active` when it is worth nothing to the one who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether the token is good, and the asking client's own.
    active: bool,
    /// Who issued it, for whom, to whom, until when, with which scopes (RFC 7662 §2.2).
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    says: Option<serde_json::Value>,
}

/// Revoke a token.
///
/// A client revokes its own; with a refresh token everything that the person granted with it. What
/// is no token, or another client's, changes nothing and is answered alike. No node takes the token
/// two seconds later.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "token.revoke", tag = "OAuth",
    request_body(content = AboutTokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is not good any more, or never was",
        body = Object)),
    extensions(("x-ringwall" = json!({
        "action": "token.revoke", "access": "public", "error_form": "oauth", "body_max": 65536,
        "sensitive": "high", "vital": true
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Raw(form): Raw,
) -> Answer {
    let (request, asking) = asking(&app, &api, (&dossier, &headers, &form)).await?;
    let permit = may::permit(&app, &dossier, (&asking.caller, "token.revoke"))?;
    if let Some(family) = family(&app, &api, &permit, &request).await? {
        let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
        let ended = grants::end(&mut tx, &family.id).await?;
        tx.commit(None).await?;
        app.revocations.learn(&ended);
    } else if let Some(own) = own(&app, &request, asking.caller.id()).await {
        let claims = own.claims;
        end(&app, &dossier, &permit, &claims).await?;
    }
    Ok(Reply::ok(&json!({}))?.with(CACHE_CONTROL, "no-store".to_owned()))
}

/// Ask what a token is worth.
///
/// A client asks about its own tokens; another client's are as good as none.
#[utoipa::path(
    post, path = "/oauth/introspect", operation_id = "token.introspect", tag = "OAuth",
    request_body(content = AboutTokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is worth", body = Introspection)),
    extensions(("x-ringwall" = json!({
        "action": "token.introspect", "access": "public", "error_form": "oauth",
        "body_max": 65536, "sensitive": "high"
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn introspect(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Raw(form): Raw,
) -> Answer {
    let (request, asking) = asking(&app, &api, (&dossier, &headers, &form)).await?;
    let permit = may::permit(&app, &dossier, (&asking.caller, "token.introspect"))?;
    let says = match family(&app, &api, &permit, &request).await? {
        Some(family) => family.is_live(dossier.received_at).then(|| granted(&api, &family)),
        None => own(&app, &request, asking.caller.id())
            .await
            .filter(|own| !app.revocations.covers(own))
            .map(|own| says(&own.claims)),
    };
    let answer = Introspection { active: says.is_some(), says };
    Ok(Reply::ok(&answer)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

/// A client that proved who it is.
struct Asking {
    caller: Arc<Caller>,
}

async fn asking(
    app: &App,
    api: &Settings,
    (dossier, headers, form): (&Dossier, &HeaderMap, &[u8]),
) -> Result<(AboutToken, Asking), Refused> {
    let now = dossier.received_at;
    let request = oauth::parse_about_token(client::authorization(headers), form);
    let request = request.map_err(|error| client::unread(dossier, error))?;
    let known = client::recall(app, api, &request.client, now).await?;
    let proven = client::prove_known(app, api, known.as_ref(), &request.client, dossier).await;
    let registered = known.as_ref().map(|known| known.client.as_ref());
    let tried = Tried::of(registered, (&request.client, &proven), dossier);
    let proven = client::witnessed(dossier, &request.client, tried, proven)?;
    let caller = client::caller(&proven)?;
    Ok((request, Asking { caller }))
}

/// What the token says, if it is a good one of the client that asks.
async fn own(app: &App, request: &AboutToken, client_id: &str) -> Option<Believed> {
    let believed = app.tokens.believe(request.token.expose(), app.clock.as_ref()).await.ok()?;
    (believed.claims.client_id == client_id).then_some(believed)
}

/// The grant whose refresh token this is, the good one, if it is the asking client's.
async fn family(
    app: &App,
    api: &Settings,
    permit: &Permit,
    request: &AboutToken,
) -> Result<Option<Family>, Refused> {
    let Some(token) = RefreshToken::parse(request.token.expose()) else { return Ok(None) };
    let found = grants::find(&app.store.view(permit).await?, token.family()).await?;
    let own = found.filter(|family| family.client_id == permit.caller().id());
    Ok(own.filter(|family| family.current == token.hash(&api.grant_key)))
}

/// Commits the end of a token; this node knows it at once.
async fn end(
    app: &App,
    dossier: &Dossier,
    permit: &Permit,
    claims: &Claims,
) -> Result<(), Refused> {
    let until = Timestamp::from_millis(claims.exp.saturating_mul(1000)).plus(LEEWAY);
    let one = Revocation {
        kind: Revoked::Token,
        subject: claims.jti.clone(),
        at: dossier.received_at,
        until,
    };
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    revocations::add(&mut tx, &one).await?;
    tx.commit(None).await?;
    app.revocations.learn(&one);
    Ok(())
}

/// What a refresh token is worth (RFC 7662 §2.2).
fn granted(api: &Settings, family: &Family) -> serde_json::Value {
    json!({
        "iss": api.issuer,
        "sub": family.subject,
        "client_id": family.client_id,
        "exp": family.expires_at.seconds(),
        "scope": family.scopes,
        "tenant": family.tenant,
    })
}

fn says(claims: &Claims) -> serde_json::Value {
    let mut says = json!({
        "iss": claims.iss,
        "sub": claims.sub,
        "aud": claims.aud,
        "client_id": claims.client_id,
        "jti": claims.jti,
        "iat": claims.iat,
        "exp": claims.exp,
        "scope": claims.scope,
        "token_type": claims.token_type(),
        "tenant": claims.tenant,
    });
    let Some(members) = says.as_object_mut() else { return says };
    if let Some(cnf) = &claims.cnf {
        members.insert("cnf".to_owned(), json!(cnf));
    }
    if let Some(person) = &claims.person {
        members.insert("auth_time".to_owned(), json!(person.auth_time));
        members.insert("acr".to_owned(), json!(person.acr));
    }
    says
}

/// Longer than verification forgives a clock.
const LEEWAY: Duration = Duration::from_secs(10);
