//! Signing out, by the provider's word (OpenID Connect Back-Channel Logout 1.0) and of the provider
//! (RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::{Path, State};
use gate::{App, Dossier};
use http::header::CACHE_CONTROL;
use kernel::Problem;
use kernel::html::escape;
use oauth::{Between, SignedOut, named_key, verify_logout_token};
use serde::Deserialize;
use serde_json::json;
use store::{seen, staff_sessions};
use utoipa::ToSchema;
use watch::{Authentication, Person, Vouched};

use super::session::{self, end_all};
use super::{LOGOUT_TOKEN, NO_PROVIDER, Provider};
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::reply::{Answer, Refused, Reply};
use crate::staff::page::Page;
use crate::staff::{cookies, html};

/// A provider's word that somebody signed out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoutForm {
    /// The logout token.
    #[schema(max_length = 8192, pattern = "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$")]
    logout_token: String,
}

/// Take an identity provider's word that somebody signed out.
///
/// Their sessions that rest on the provider's end, on every node within two seconds.
#[utoipa::path(
    post, path = "/staff/login/logout/{provider}", operation_id = "staff.provider_logout",
    tag = "Staff pages",
    params(("provider" = String, Path, description = "The provider's name", max_length = 32,
        pattern = "^[a-z][a-z0-9-]*$")),
    request_body(content = LogoutForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed out", body = Object),
        (status = 400, description = "Not a good token")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "body_max": 16384, "sensitive": "high",
        "limits": [{ "name": "provider-logout", "by": ["address"], "max": 600, "window_s": 60 }]
    })))
)]
pub(crate) async fn by_provider(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Path(name): Path<String>,
    Body(sent): Body<LogoutForm>,
) -> Answer {
    let provider = api.sign_in.sso.provider(&name).ok_or_else(|| Problem::new(&NO_PROVIDER))?;
    let outcome = match verified(&app, provider, &sent.logout_token, &dossier).await? {
        Ok(out) => Ok(end((&app, &api), &dossier, provider, &out).await?),
        Err(why) => Err(why),
    };
    dossier.attempted(Authentication {
        person: outcome.ok().flatten(),
        vouched: Some(Vouched { issuer: provider.name.clone(), kid: None, acr: None, amr: None }),
        ..Authentication::new("logout_token", outcome.map(drop))
    });
    match outcome {
        Ok(_) => Ok(Reply::ok(&json!({}))?.with(CACHE_CONTROL, "no-store".to_owned())),
        Err(why) => Err(Problem::new(&LOGOUT_TOKEN).because(why).into()),
    }
}

async fn verified(
    app: &App,
    provider: &Provider,
    token: &str,
    dossier: &Dossier,
) -> Result<Result<SignedOut, &'static str>, Refused> {
    let Some(kid) = named_key(token) else { return Ok(Err("id_token_malformed")) };
    let Some(key) = provider.issuer.key(&kid).await else { return Ok(Err("id_token_unknown_key")) };
    let between = Between {
        issuer: provider.issuer.issuer(),
        client_id: &provider.client_id,
        algorithms: provider.issuer.algorithms(),
        now: dossier.received_at,
    };
    let out = match verify_logout_token(token, &key, &between) {
        Ok(out) => out,
        Err(error) => return Ok(Err(error.code())),
    };
    let is_first = seen::claim(&app.store, &out.claim).await?;
    Ok(if is_first { Ok(out) } else { Err("logout_token_replayed") })
}

/// By the session where one is named, else all that the person has.
async fn end(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    provider: &Provider,
    out: &SignedOut,
) -> Result<Option<Person>, Refused> {
    let mut found = None;
    for agency in provider.agencies() {
        match (&out.session, &out.subject) {
            (Some(sid), _) => {
                let Some(tenant) = session::tenant(app, agency, api.environment).await? else {
                    continue;
                };
                let hash = api.sign_in.key.provider_session(provider.issuer.issuer(), sid);
                let permit = app.policy.system(tenant.id, "sign-in");
                let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
                let ended = staff_sessions::end_vouched(&mut tx, &hash).await?;
                tx.commit(None).await?;
                ended.iter().for_each(|one| app.revocations.learn(one));
            }
            (None, Some(subject)) => {
                found = end_all((app, api), dossier, provider, (agency, subject)).await?.or(found);
            }
            (None, None) => {}
        }
    }
    Ok(found)
}

/// After a session ended here: the way out of the provider, where it has one.
pub(in crate::staff) fn onward(api: &Settings, name: &str, public_url: &str) -> Option<Page> {
    let provider = api.sign_in.sso.provider(name)?;
    let metadata = provider.issuer.known_metadata()?;
    let endpoint = metadata.end_session_endpoint.as_ref()?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &provider.client_id)
        .append_pair("post_logout_redirect_uri", &format!("{public_url}/staff/sign-in"))
        .finish();
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    let body = format!(
        "<p>You are signed out here. Your account with {} is still open in this browser.</p>\
         <p><a class=\"button\" href=\"{}\">Sign out there, too</a></p>\
         <p class=\"quiet\"><a href=\"/staff/sign-in\">Sign in again</a></p>",
        escape(&provider.label),
        escape(&format!("{endpoint}{joint}{query}")),
    );
    let page = html::page("You are signed out", false, &body);
    Some(Page::new(http::StatusCode::OK, page).with(cookies::no_session()))
}
