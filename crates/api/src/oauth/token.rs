//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::{Problem, RequestId, Timestamp};
use oauth::{
    Authenticated, DpopError, Granted, Issuance, ProofOf, Refused as NotGranted, TokenRequest,
    TokenResponse, verify_proof,
};
use store::seen;
use utoipa::ToSchema;

use super::client::{self, Stop};
use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::reply::{Answer, Reply};

/// A token request. Unknown parameters are ignored (RFC 6749 §3.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the request is parsed by the oauth crate")]
pub(crate) struct TokenForm {
    /// `client_credentials`.
    #[schema(max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9._:-]*$")]
    grant_type: String,
    /// Scopes separated by spaces; all that the client may have when left out.
    #[schema(
        max_length = 4096,
        pattern = "^[A-Za-z][A-Za-z0-9._:-]*( [A-Za-z][A-Za-z0-9._:-]*)*$"
    )]
    scope: Option<String>,
    /// The audience of the token (RFC 8707); only this API.
    #[schema(
        max_length = 2048,
        pattern = "^https://([a-z0-9-]+\\.)+[a-z][a-z0-9-]*(:[0-9]{1,4})?(/[A-Za-z0-9_-]*)*$"
    )]
    resource: Option<String>,
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

/// A token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the oauth crate writes the answer")]
pub(crate) struct TokenAnswer {
    /// The access token (RFC 9068).
    access_token: String,
    /// `Bearer`, or `DPoP` for a token that is bound to a key.
    token_type: String,
    /// Seconds until it ends.
    expires_in: u64,
    /// The scopes that it was granted, separated by spaces.
    scope: String,
}

/// Get an access token.
///
/// Authenticate in exactly one way: the client id and secret by HTTP Basic, the same in the form,
/// or a client assertion that a registered key of the client signed. With a `DPoP` proof (RFC
/// 9449) the token is bound to the key of the proof.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "token.issue", tag = "OAuth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    params(("DPoP" = Option<String>, Header, description = "A DPoP proof", max_length = 8192)),
    responses((status = 200, description = "The token", body = TokenAnswer)),
    extensions(("x-ringwall" = json!({
        "action": "token.issue", "access": "public", "error_form": "oauth", "body_max": 65536,
        "sensitive": "high",
        "limits": [{ "name": "token", "by": ["address"], "max": 60, "window_s": 900 }]
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Raw(form): Raw,
) -> Answer {
    let now = dossier.received_at;
    let request = oauth::parse_token_request(client::authorization(&headers), &form);
    let request = request.map_err(|error| client::unread(&dossier, error))?;
    let registered = client::find(&app, &api, &request.client, now).await?;
    let proven = client::prove(&app, &api, registered.as_ref(), &request.client, now).await;
    let credential = proven.as_ref().ok().map(|client| client.credential().to_owned());
    let outcome = match proven {
        Ok(client) => grant(&app, &api, (&client, &request), &headers, now).await,
        Err(stop) => Err(stop),
    };
    let granted = client::witnessed(&dossier, &request.client, credential.as_deref(), outcome)?;
    let token =
        TokenResponse::mint(&api.signing_key, &granted.claims).map_err(Problem::internal)?;
    Ok(Reply::ok(&token)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

async fn grant(
    app: &App,
    api: &Settings,
    (client, request): (&Authenticated<'_>, &TokenRequest),
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Granted, Stop> {
    let bound_to = bound_to(app, api, headers, now).await?;
    let jti = RequestId::new(app.clock.as_ref()).to_string();
    let issuance = Issuance {
        issuer: &api.issuer,
        audience: &api.audience,
        jti: &jti,
        now,
        bound_to: bound_to.as_deref(),
    };
    Ok(oauth::grant(client, request, &issuance)?)
}

/// The key that a DPoP proof was signed with (RFC 9449 §5), where one is sent.
async fn bound_to(
    app: &App,
    api: &Settings,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<String>, Stop> {
    let mut proofs = headers.get_all("dpop").iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        let several = headers.contains_key("dpop");
        let refused = || Stop::Refused(NotGranted::from(DpopError::Malformed));
        return if several { Err(refused()) } else { Ok(None) };
    };
    let url = format!("{}/oauth/token", api.issuer);
    let of = ProofOf { method: "POST", url: &url, token: None, nonce: None, now };
    let proof = verify_proof(proof.to_str().unwrap_or_default(), &of).map_err(NotGranted::from)?;
    if !seen::claim(&app.store, &proof.claim).await? {
        return Err(NotGranted::from(DpopError::Replayed).into());
    }
    Ok(Some(proof.thumbprint))
}
