//! What becomes of a token: revocation (RFC 7009) and introspection (RFC 7662).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::{Problem, Timestamp};
use oauth::{AboutToken, Claims, RegisteredClient};
use policy::Caller;
use serde::Serialize;
use serde_json::json;
use store::revocations::{self, Revocation, Revoked};
use utoipa::ToSchema;

use super::client;
use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::reply::{Answer, Refused, Reply};

/// A request about a token. Unknown parameters are ignored, and so is `token_type_hint`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the request is parsed by the oauth crate")]
pub(crate) struct AboutTokenForm {
    /// The token.
    #[schema(max_length = 8192, pattern = "^[A-Za-z][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$")]
    token: String,
    /// Not needed: no two kinds of our tokens look alike.
    #[schema(max_length = 64, pattern = "^[a-z_]+$")]
    token_type_hint: Option<String>,
    /// The client, where it does not authenticate by HTTP Basic.
    #[schema(max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
    client_id: Option<String>,
    /// The client's secret, where it is not sent by HTTP Basic.
    #[schema(max_length = 256, pattern = "^[A-Za-z][A-Za-z0-9_-]*$")]
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[schema(max_length = 128, pattern = "^[a-z][A-Za-z0-9:-]*$")]
    client_assertion_type: Option<String>,
    /// A JWT signed by a key of the client (RFC 7523).
    #[schema(max_length = 8192, pattern = "^ey[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){2}$")]
    client_assertion: Option<String>,
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
/// A client revokes its own. What is no token, or another client's, changes nothing and is
/// answered alike. No node takes the token two seconds later.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "token.revoke", tag = "OAuth",
    request_body(content = AboutTokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is not good any more, or never was",
        body = Object)),
    extensions(("x-ringwall" = json!({
        "action": "token.revoke", "access": "public", "error_form": "oauth", "body_max": 65536,
        "sensitive": "high"
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
    if let Some(claims) = own(&app, &request, asking.caller.id()) {
        end(&app, &dossier, &asking.caller, &claims).await?;
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
    let claims = own(&app, &request, asking.caller.id());
    let claims = claims.filter(|claims| !app.revocations.covers(claims));
    let answer =
        Introspection { active: claims.is_some(), says: claims.map(|claims| says(&claims)) };
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
    let registered = client::find(app, api, &request.client, now).await?;
    let registered: Option<&RegisteredClient> = registered.as_ref();
    let proven = client::prove(app, api, registered, &request.client, now).await;
    let credential = proven.as_ref().ok().map(|client| client.credential().to_owned());
    let proven = client::witnessed(dossier, &request.client, credential.as_deref(), proven)?;
    let caller = client::caller(&proven)?;
    Ok((request, Asking { caller }))
}

/// What the token says, if it is a good one of the client that asks.
fn own(app: &App, request: &AboutToken, client_id: &str) -> Option<Arc<Claims>> {
    let believed = app.tokens.believe(request.token.expose(), app.clock.as_ref()).ok()?;
    (believed.claims.client_id == client_id).then_some(believed.claims)
}

/// Commits the end of a token; this node knows it at once.
async fn end(
    app: &App,
    dossier: &Dossier,
    caller: &Arc<Caller>,
    claims: &Claims,
) -> Result<(), Refused> {
    let action = app.policy.action("token.revoke");
    let action = action.ok_or_else(|| Problem::internal("an unknown action"))?;
    let permit = app.policy.judge(caller, &action)?;
    let until = Timestamp::from_millis(claims.exp.saturating_mul(1000)).plus(LEEWAY);
    let one = Revocation {
        kind: Revoked::Token,
        subject: claims.jti.clone(),
        at: dossier.received_at,
        until,
    };
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    revocations::add(&mut tx, &one).await?;
    tx.commit(None).await?;
    app.revocations.learn(&one);
    Ok(())
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
        "token_type": if claims.cnf.is_some() { "DPoP" } else { "Bearer" },
        "tenant": claims.tenant,
    });
    if let (Some(cnf), Some(members)) = (&claims.cnf, says.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({ "jkt": cnf.jkt }));
    }
    says
}

/// Longer than verification forgives a clock.
const LEEWAY: Duration = Duration::from_secs(10);
