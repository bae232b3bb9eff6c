//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::{Problem, RequestId, Secret, Timestamp};
use oauth::{
    Authenticated, Claims, Confirmation, DpopError, GrantRequest, Issuance, Profile, ProofOf,
    Refused as NotGranted, TokenRequest, TokenResponse, verify_proof,
};
use store::revocations::Revoked;
use store::seen;
use utoipa::ToSchema;

use super::client::{self, Stop, Tried};
use super::forms::client_form;
use super::granted;
use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::reply::{Answer, Refused, Reply};

client_form! {
    /// A token request. Unknown parameters are ignored (RFC 6749 §3.2).
    pub(crate) struct TokenForm {
        /// `client_credentials`, `authorization_code` or `refresh_token`.
        #[schema(max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9._:-]*$")]
        grant_type: String,
        /// Scopes separated by spaces; all that may be had when left out.
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
        /// A code that a person's consent gave (RFC 6749 §4.1.3).
        #[schema(max_length = 64, pattern = "^ac_[a-z2-7]{52}$")]
        code: Option<String>,
        /// What the code's challenge was made from (RFC 7636 §4.5).
        #[schema(max_length = 128, pattern = "^[A-Za-z0-9_-]{43,128}$")]
        code_verifier: Option<String>,
        /// Where the code was sent to; when it is sent, the same.
        #[schema(
            max_length = 512,
            pattern = "^https://([a-z0-9-]+\\.)+[a-z][a-z0-9-]*(:[0-9]{1,4})?(/[A-Za-z0-9_-]*)*$"
        )]
        redirect_uri: Option<String>,
        /// A refresh token (RFC 6749 §6).
        #[schema(max_length = 128, pattern = "^rt_[a-z2-7]{26}_[a-z2-7]{52}$")]
        refresh_token: Option<String>,
    }
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
    /// What gets the next one, once: for tokens that a person granted.
    refresh_token: Option<String>,
}

/// Get an access token.
///
/// By `client_credentials` for what the client does for itself; by `authorization_code`, and then
/// by `refresh_token`, for what it does for a person who agreed at `/oauth/authorize`. A refresh
/// token is good once, and each answer has the next one; who lost an answer may repeat the request
/// within ten seconds.
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
        "sensitive": "high", "opaque": ["redirect_uri", "code_verifier"],
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
    let request = oauth::parse_token_request(client::authorization(&headers), &form);
    let request = request.map_err(|error| client::unread(&dossier, error))?;
    let desk = Desk { path: "/oauth/token", is_for_first_parties: false };
    exchange((&app, &api), (&dossier, &headers), &request, &desk).await
}

/// Where tokens are asked for.
pub(crate) struct Desk {
    /// Its path, as DPoP proofs name it.
    pub(crate) path: &'static str,
    /// Whether it serves an agency's own clients only.
    pub(crate) is_for_first_parties: bool,
}

/// The answer to a request for a token of a client that has not proven who it is.
pub(crate) async fn exchange(
    (app, api): (&App, &Settings),
    (dossier, headers): (&Dossier, &HeaderMap),
    request: &TokenRequest,
    desk: &Desk,
) -> Answer {
    let now = dossier.received_at;
    let known = known(app, api, request, now).await?;
    let proven = client::prove_known(app, api, known.as_ref(), &request.client, dossier).await;
    let registered = known.as_ref().map(|known| known.client.as_ref());
    let mut tried = Tried::of(registered, (&request.client, &proven), dossier);
    let read_at = known.as_ref().map_or(now, |known| known.read_at);
    let asked = Asked { request, read_at };
    let outcome = match proven {
        Ok(client) => {
            grant((app, api), (&client, &asked), (dossier, headers), (desk, &mut tried)).await
        }
        Err(stop) => Err(stop),
    };
    let given = client::witnessed(dossier, &request.client, tried, outcome)?;
    given.reply(app, now)
}

/// A request, and when its client was read.
struct Asked<'a> {
    request: &'a TokenRequest,
    read_at: Timestamp,
}

/// What people granted is stepped through with the client as it is now.
async fn known(
    app: &App,
    api: &Settings,
    request: &TokenRequest,
    now: Timestamp,
) -> Result<Option<client::Known>, Refused> {
    if matches!(request.grant, GrantRequest::ClientCredentials) {
        return client::recall(app, api, &request.client, now).await;
    }
    client::look_up(app, api, &request.client, now).await
}

/// What a token is to say, and what gets the next one.
pub(crate) struct Given {
    pub(super) claims: Claims,
    pub(super) refresh: Option<Secret<String>>,
}

impl Given {
    /// The tokens themselves.
    ///
    /// # Errors
    /// When this node cannot tell which key signs now, or signing fails.
    pub(crate) fn reply(self, app: &App, now: Timestamp) -> Answer {
        let key = app.signing.signer(now)?;
        let claims = after_revocations(app, self.claims);
        let token = TokenResponse::mint(&key, &claims).map_err(Problem::internal)?;
        let refresh_token = self.refresh.map(|token| token.expose().clone());
        // Issued when the client was read: that may be a moment ago.
        let left = claims.exp.saturating_sub(now.seconds());
        let expires_in = token.expires_in.min(left);
        let token = TokenResponse { refresh_token, expires_in, ..token };
        Ok(Reply::ok(&token)?.with(CACHE_CONTROL, "no-store".to_owned()))
    }
}

fn after_revocations(app: &App, claims: Claims) -> Claims {
    let since = |kind, subject| app.revocations.since(kind, subject);
    let of_client = since(Revoked::Client, &claims.client_id);
    let of_person = since(Revoked::Staff, &claims.sub);
    claims.issued_after(of_client.into_iter().chain(of_person))
}

async fn grant(
    (app, api): (&App, &Settings),
    (client, asked): (&Authenticated<'_>, &Asked<'_>),
    (dossier, headers): (&Dossier, &HeaderMap),
    (desk, tried): (&Desk, &mut Tried),
) -> Result<Given, Stop> {
    let request = asked.request;
    if desk.is_for_first_parties && !client.client().uses.first_party {
        return Err(NotGranted::GRANT_NOT_ALLOWED.into());
    }
    let now = dossier.received_at;
    let bound_to = confirmed((app, api), client, (dossier, headers), desk.path).await?;
    let thumbprint = bound_to.as_ref().map(|bound_to| bound_to.thumbprint().to_owned());
    tried.bound_to = thumbprint.or_else(|| tried.bound_to.take());
    let jti = RequestId::new(app.clock.as_ref()).to_string();
    let issuance = Issuance {
        issuer: &api.issuer,
        audience: &api.audience,
        jti: &jti,
        now,
        bound_to: bound_to.as_ref(),
    };
    match request.grant {
        GrantRequest::ClientCredentials => {
            let issuance = Issuance { now: asked.read_at, ..issuance };
            let claims = oauth::grant(client, request, &issuance)?.claims;
            Ok(Given { claims, refresh: None })
        }
        GrantRequest::Code { .. } | GrantRequest::Login { .. } | GrantRequest::Refresh { .. } => {
            granted::give(app, api, (client, request, tried), (dossier, &issuance)).await
        }
    }
}

/// What the token is bound to: the key of a DPoP proof, or else a certificate.
pub(crate) async fn confirmed(
    (app, api): (&App, &Settings),
    client: &Authenticated<'_>,
    (dossier, headers): (&Dossier, &HeaderMap),
    path: &str,
) -> Result<Option<Confirmation>, Stop> {
    let profile = client.client().profile;
    match bound_to((app, api), (headers, path), profile, dossier.received_at).await? {
        Some(key) => Ok(Some(Confirmation::Key(key))),
        None => certificate(client, dossier),
    }
}

/// The certificate that the token is bound to (RFC 8705 §3): whenever the client proved itself by
/// it, or is registered so.
fn certificate(
    client: &Authenticated<'_>,
    dossier: &Dossier,
) -> Result<Option<Confirmation>, Stop> {
    if !client.by_certificate() && !client.client().certificate_bound {
        return Ok(None);
    }
    let shown = dossier.certificate().filter(|shown| shown.holds(dossier.received_at));
    let shown = shown.ok_or(NotGranted::NOT_BOUND)?;
    Ok(Some(Confirmation::Certificate(shown.thumbprint().to_owned())))
}

/// The key that a DPoP proof was signed with (RFC 9449 §5), where one is sent.
pub(super) async fn bound_to(
    (app, api): (&App, &Settings),
    (headers, path): (&HeaderMap, &str),
    profile: Profile,
    now: Timestamp,
) -> Result<Option<String>, Stop> {
    let mut proofs = headers.get_all("dpop").iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        let several = headers.contains_key("dpop");
        let refused = || Stop::Refused(NotGranted::from(DpopError::Malformed));
        return if several { Err(refused()) } else { Ok(None) };
    };
    let url = format!("{}{path}", api.issuer);
    let of = ProofOf { method: "POST", url: &url, token: None, nonce: None, now };
    let proof = verify_proof(proof.to_str().unwrap_or_default(), &of).map_err(NotGranted::from)?;
    proof.check(profile).map_err(NotGranted::from)?;
    if !seen::claim(&app.store, &proof.claim).await? {
        return Err(NotGranted::from(DpopError::Replayed).into());
    }
    Ok(Some(proof.thumbprint))
}
