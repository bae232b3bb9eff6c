//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use kernel::{Problem, RequestId};
use oauth::{
    ClientSecret, Granted, Issuance, Refused as NotGranted, RegisteredClient, Scopes, SecretHash,
    TokenRequest, TokenResponse,
};
use policy::Environment;
use store::partners::{self, Partner};
use utoipa::ToSchema;
use watch::Authentication;

use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::reply::{Answer, Refused, Reply};

/// A token request. Unknown parameters are ignored (RFC 6749 §3.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the request is parsed by the oauth crate")]
pub(crate) struct TokenForm {
    /// `client_credentials`.
    #[schema(max_length = 64)]
    grant_type: String,
    /// Scopes separated by spaces; all that the client may have when left out.
    #[schema(max_length = 4096)]
    scope: Option<String>,
    /// The audience of the token (RFC 8707); only this API.
    #[schema(max_length = 2048)]
    resource: Option<String>,
}

/// A token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the oauth crate writes the answer")]
pub(crate) struct TokenAnswer {
    /// The access token (RFC 9068).
    access_token: String,
    /// `Bearer`.
    token_type: String,
    /// Seconds until it ends.
    expires_in: u64,
    /// The scopes that it was granted, separated by spaces.
    scope: String,
}

/// Get an access token.
///
/// Authenticate with HTTP Basic: the client id and the client secret.
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "token.issue", tag = "OAuth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = TokenAnswer)),
    extensions(("x-ringwall" = json!({
        "action": "token.issue", "access": "public", "error_form": "oauth", "body_max": 65536,
        "sensitive": "high"
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
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let request = oauth::parse_token_request(authorization, &form)?;
    let registered = partners::find(&app.store, &request.client_id, dossier.received_at).await?;
    let client = registered.as_ref().map(|partner| client(partner, api.environment)).transpose()?;
    let jti = RequestId::new(app.clock.as_ref()).to_string();
    let issuance = Issuance {
        issuer: &api.issuer,
        audience: &api.audience,
        jti: &jti,
        now: dossier.received_at,
    };
    let outcome = oauth::grant(client.as_ref(), &request, &api.peppers, &issuance);
    dossier.attempted(attempt(&request, &outcome));
    let granted = outcome.map_err(|refused| refused.error)?;
    let token =
        TokenResponse::mint(&api.signing_key, &granted.claims).map_err(Problem::internal)?;
    Ok(Reply::ok(&token)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

fn attempt(request: &TokenRequest, outcome: &Result<Granted, NotGranted>) -> Authentication {
    Authentication {
        method: "client_secret_basic",
        client_id: Some(request.client_id.clone()),
        credential: outcome.as_ref().ok().map(|granted| granted.credential.clone()),
        outcome: outcome.as_ref().map(|_| ()).map_err(|refused| refused.reason.code()),
    }
}

/// A stored partner, as the protocol knows it.
fn client(partner: &Partner, environment: Environment) -> Result<RegisteredClient, Refused> {
    let odd = |_| Problem::internal("a stored partner that is none");
    let secrets = partner.secrets.iter().map(|secret| {
        let hash = SecretHash::from_bytes(&secret.hash);
        Ok(ClientSecret { id: secret.id.clone(), hash: hash.map_err(|_| odd(()))?, expires: None })
    });
    Ok(RegisteredClient {
        client_id: partner.client_id.clone(),
        tenant: partner.tenant,
        environment: partner.environment.clone(),
        roles: vec![partner.role.to_string()],
        allowed: Scopes::parse(&partner.scopes).map_err(|_| odd(()))?,
        active: partner.active && partner.environment == environment.as_str(),
        secrets: secrets.collect::<Result<_, Problem>>()?,
    })
}
