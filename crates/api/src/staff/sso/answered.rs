//! From a code to somebody whom the provider vouches for.

use data_encoding::BASE64;
use kernel::Timestamp;
use oauth::{Between, Sought, named_key, sign_assertion, verify_id_token};
use serde::Deserialize;

use super::callback::Known;
use super::flow::Flow;
use super::{Provider, ProviderProof};

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

/// Redeems a code (OpenID Connect Core §3.1.3) and checks what comes.
///
/// # Errors
/// With the reason for the audit trail.
pub(super) async fn redeem(
    provider: &Provider,
    (flow, code, public_url): (&Flow, &str, &str),
    now: Timestamp,
) -> Result<Known, &'static str> {
    let tokens = exchange(provider, (flow, code, public_url), now).await?;
    let kid = named_key(&tokens.id_token).ok_or("id_token_malformed")?;
    let key = provider.issuer.key(&kid).await.ok_or("id_token_unknown_key")?;
    let between = Between {
        issuer: provider.issuer.issuer(),
        client_id: &provider.client_id,
        algorithms: provider.issuer.algorithms(),
        now,
    };
    let sought = Sought {
        nonce: &flow.nonce,
        max_age_s: if flow.is_fresh { FRESH_S } else { provider.max_age_s },
        access_token: tokens.access_token.as_deref(),
        groups_claim: &provider.groups_claim,
    };
    let identity = verify_id_token(&tokens.id_token, &key, &between, &sought);
    let identity = identity.map_err(|error| error.code())?;
    let assured = provider.assurance.judge(identity.acr.as_deref(), &identity.amr);
    Ok(Known { identity, assured })
}

async fn exchange(
    provider: &Provider,
    of: (&Flow, &str, &str),
    now: Timestamp,
) -> Result<Tokens, &'static str> {
    let metadata = provider.issuer.metadata().await.map_err(|_| "provider_away")?;
    let (form, authorization) = request(provider, of, now)?;
    let outside = provider.issuer.outside();
    let answered = outside.send(&metadata.token_endpoint, form, authorization.as_deref()).await;
    let answered = answered.map_err(|_| "provider_away")?;
    match answered.status {
        200 => serde_json::from_slice(&answered.body).map_err(|_| "answer_malformed"),
        500.. => Err("provider_away"),
        _ => Err("code_refused"),
    }
}

/// The form, and what stands in `Authorization`.
fn request(
    provider: &Provider,
    (flow, code, public_url): (&Flow, &str, &str),
    now: Timestamp,
) -> Result<(String, Option<String>), &'static str> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &provider.callback(public_url))
        .append_pair("code_verifier", &flow.verifier);
    let authorization = match &provider.proof {
        ProviderProof::Secret(secret) => Some(basic(&provider.client_id, secret.expose())),
        ProviderProof::Key(key) => {
            let issuer = provider.issuer.issuer();
            let assertion = sign_assertion(key, &provider.client_id, issuer, now);
            form.append_pair("client_id", &provider.client_id)
                .append_pair("client_assertion_type", oauth::assertion::ASSERTION_TYPE)
                .append_pair("client_assertion", &assertion.map_err(|_| "assertion_unsigned")?);
            None
        }
    };
    Ok((form.finish(), authorization))
}

/// RFC 6749 §2.3.1: both parts are form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

/// Who was to prove anew who they are did so while they were with the provider.
const FRESH_S: i64 = 600;
