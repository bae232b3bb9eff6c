//! The way to a provider.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use data_encoding::BASE64URL_NOPAD;
use gate::App;
use http::{HeaderMap, StatusCode};
use kernel::html::escape;
use kernel::{Problem, Timestamp, random};
use oauth::ProviderMetadata;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::{NO_PROVIDER, PROVIDER_AWAY, Provider};
use crate::Settings;
use crate::extract::{Facts, Query};
use crate::staff::page::{Page, PageAnswer};
use crate::staff::{asked, html};

/// Through whom, and for which agency.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    agency: Option<String>,
    #[serde(default)]
    fresh: Option<String>,
}

/// Sign in with an organization's account.
///
/// Sends the browser to the identity provider; where there are several, a page asks which. Where
/// the sign-in leads no parameter says.
#[utoipa::path(
    get, path = "/staff/login", operation_id = "staff.login", tag = "Staff pages",
    params(
        ("provider" = Option<String>, Query, description = "The provider's name", max_length = 32,
            pattern = "^[a-z][a-z0-9-]*$"),
        ("agency" = Option<String>, Query, description = "The agency's short name, for people of \
            several", max_length = 64, pattern = "^[a-z0-9-]+$"),
        ("fresh" = Option<String>, Query, description = "`true`: prove anew who you are",
            max_length = 4, pattern = "^true$"),
    ),
    responses(
        (status = 200, description = "Which provider?", body = String, content_type = "text/html"),
        (status = 303, description = "To the provider"),
        (status = 404, description = "No such one", body = String, content_type = "text/html"),
        (status = 503, description = "No answer", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> PageAnswer {
    let sso = &api.sign_in.sso;
    let provider = match (&wanted.provider, sso.providers.as_slice()) {
        (Some(name), _) => sso.provider(name),
        (None, [only]) => Some(only),
        (None, []) => None,
        (None, several) => return Ok(choice(several)),
    };
    let provider = provider.ok_or_else(|| Problem::new(&NO_PROVIDER))?;
    let metadata = provider.issuer.metadata().await;
    let metadata = metadata.map_err(|error| Problem::new(&PROVIDER_AWAY).because(error))?;
    let flow = flow(&wanted, provider, &headers, dossier.received_at);
    let target = target(provider, &metadata, &flow, &app.public_url);
    Ok(Page::see(target).with(flow.cookie(&api.sign_in)))
}

fn flow(wanted: &Wanted, provider: &Provider, headers: &HeaderMap, now: Timestamp) -> Flow {
    Flow {
        provider: provider.name.clone(),
        state: fresh(),
        nonce: fresh(),
        verifier: fresh(),
        agency: wanted.agency.clone(),
        is_asked: asked::is_any(headers),
        is_fresh: wanted.fresh.is_some(),
        before: flow::session_of(headers),
        until: now.plus(Duration::from_secs(flow::LIFE_S)).millis(),
    }
}

/// OpenID Connect Core §3.1.2.1, with PKCE (RFC 7636) always.
fn target(
    provider: &Provider,
    metadata: &ProviderMetadata,
    flow: &Flow,
    public_url: &str,
) -> String {
    let hash = digest(&SHA256, flow.verifier.as_bytes());
    let max_age = if flow.is_fresh { 0 } else { provider.max_age_s };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &provider.callback(public_url))
        .append_pair("scope", &provider.scope)
        .append_pair("state", &flow.state)
        .append_pair("nonce", &flow.nonce)
        .append_pair("code_challenge", &BASE64URL_NOPAD.encode(hash.as_ref()))
        .append_pair("code_challenge_method", "S256")
        .append_pair("max_age", &max_age.to_string());
    if !provider.acr_values.is_empty() {
        query.append_pair("acr_values", &provider.acr_values);
    }
    let endpoint = &metadata.authorization_endpoint;
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{joint}{}", query.finish())
}

fn choice(providers: &[Provider]) -> Page {
    let body = format!("<p>Which account do you have?</p>{}", buttons(providers));
    Page::new(StatusCode::OK, html::page("Sign in", false, &body))
}

/// A way to each provider.
pub(in crate::staff) fn buttons(providers: &[Provider]) -> String {
    let button = |provider: &Provider| {
        format!(
            "<p><a class=\"button\" href=\"/staff/login?provider={}\">Sign in with {}</a></p>",
            escape(&provider.name),
            escape(&provider.label)
        )
    };
    providers.iter().map(button).collect()
}

fn fresh() -> String {
    BASE64URL_NOPAD.encode(&random::bytes::<32>())
}
