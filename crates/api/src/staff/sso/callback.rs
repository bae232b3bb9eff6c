//! The way back from a provider.

use std::sync::Arc;

use axum::extract::{Path, State};
use gate::{App, Dossier};
use http::{HeaderMap, StatusCode};
use kernel::Problem;
use kernel::html::escape;
use oauth::Identity;
use serde::Deserialize;
use signin::Ticket;
use signin::federated::{Assured, granted};
use store::seen;
use watch::{Authentication, Person, Vouched};

use super::flow::{self, Flow};
use super::session::{self, Entered};
use super::{NO_PROVIDER, PROVIDER_AWAY, Provider, answered};
use crate::Settings;
use crate::extract::{Facts, Query};
use crate::reply::Refused;
use crate::staff::page::{Page, PageAnswer};
use crate::staff::{cookies, html};

/// What a provider sends a browser back with (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) iss: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// Somebody whom a provider vouches for, before anybody knows what that makes them.
pub(super) struct Known {
    pub(super) identity: Identity,
    pub(super) assured: Option<Assured>,
}

/// How a sign-in ended that nobody came out of, and who it was, as far as that is proven.
pub(super) struct Ended {
    pub(super) why: &'static str,
    pub(super) known: Option<Box<Known>>,
    pub(super) person: Option<Person>,
}

/// Back from the identity provider.
#[utoipa::path(
    get, path = "/staff/login/callback/{provider}", operation_id = "staff.login_callback",
    tag = "Staff pages",
    params(
        ("provider" = String, Path, description = "The provider's name", max_length = 32,
            pattern = "^[a-z][a-z0-9-]*$"),
        ("code" = Option<String>, Query, description = "The code", max_length = 4096),
        ("state" = Option<String>, Query, description = "As it was sent", max_length = 512),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207)", max_length = 2048),
        ("error" = Option<String>, Query, description = "Why there is no code", max_length = 128),
    ),
    responses(
        (status = 200, description = "Signed in", body = String, content_type = "text/html"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 503, description = "No answer", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page", "sensitive": "high",
        "open_query": true, "opaque": ["code", "state", "iss", "error"],
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn back(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(answer): Query<Answer>,
) -> PageAnswer {
    let provider = api.sign_in.sso.provider(&name).ok_or_else(|| Problem::new(&NO_PROVIDER))?;
    let flow = Flow::of(&api.sign_in, &headers, dossier.received_at);
    let ended = |why| Ended { why, known: None, person: None };
    let known = match check(&app, provider, flow.as_ref(), &answer).await? {
        Ok((flow, code)) => {
            let of = (flow, code, app.public_url.as_str());
            answered::redeem(provider, of, dossier.received_at).await
        }
        Err(why) => Err(why),
    };
    let (Some(flow), Ok(known)) = (&flow, &known) else {
        let why = known.err().unwrap_or("flow_unknown");
        return Ok(refused(&dossier, provider, ended(why)));
    };
    enter((&app, &api), &dossier, provider, (flow, known)).await
}

/// Whether it is the answer to what this browser asked, for the first time.
async fn check<'a>(
    app: &App,
    provider: &Provider,
    flow: Option<&'a Flow>,
    answer: &'a Answer,
) -> Result<Result<(&'a Flow, &'a str), &'static str>, Refused> {
    let Some(flow) = flow else { return Ok(Err("flow_unknown")) };
    if flow.provider != provider.name {
        return Ok(Err("flow_provider"));
    }
    if answer.state.as_deref() != Some(flow.state.as_str()) {
        return Ok(Err("state_wrong"));
    }
    if !seen::claim(&app.store, &flow.claim()).await? {
        return Ok(Err("flow_used"));
    }
    let metadata = provider.issuer.metadata().await;
    let metadata = metadata.map_err(|error| Problem::new(&PROVIDER_AWAY).because(error))?;
    // RFC 9207 §2.4: who promises to name itself is not believed without.
    let is_named = match &answer.iss {
        Some(iss) => iss == provider.issuer.issuer(),
        None => !metadata.names_itself,
    };
    Ok(match (&answer.code, &answer.error) {
        _ if !is_named => Err("issuer_wrong"),
        (_, Some(_)) => Err("provider_refused"),
        (Some(code), None) => Ok((flow, code)),
        (None, None) => Err("code_missing"),
    })
}

/// What somebody's groups make them decides where they get in.
async fn enter(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    provider: &Provider,
    (flow, known): (&Flow, &Known),
) -> PageAnswer {
    let all = granted(&provider.groups, &known.identity.groups);
    // Whoever lost a group is signed in nowhere by it any more.
    let left = session::leave((app, api), dossier, provider, (known, &all)).await?;
    let ended = |why, person| {
        let known =
            Some(Box::new(Known { identity: known.identity.clone(), assured: known.assured }));
        Ended { why, known, person }
    };
    let Some(assured) = known.assured else {
        return Ok(refused(dossier, provider, ended("one_factor", left)));
    };
    let chosen = match (&flow.agency, all.len()) {
        (_, 0) => return Ok(refused(dossier, provider, ended("group_unknown", left))),
        (None, 1) => all.first_key_value(),
        (None, _) => {
            unchosen(dossier, provider, known);
            return Ok(which(provider, all.keys()));
        }
        (Some(agency), _) => all.get_key_value(agency),
    };
    let Some((agency, roles)) = chosen else {
        return Ok(refused(dossier, provider, ended("agency_other", None)));
    };
    let ticket = Ticket::generate();
    let proven = (known, assured, agency.as_str(), roles.as_slice());
    match session::begin((app, api), dossier, (provider, flow), proven, &ticket).await? {
        Entered::In { person, session } => {
            let vouched = Some(vouched(provider, Some(known)));
            let credential = Some(session);
            dossier.attempted(Authentication {
                person: Some(person),
                credential,
                vouched,
                ..Authentication::new(METHOD, Ok(()))
            });
            let next = if flow.is_asked { "/oauth/consent" } else { "/staff" };
            Ok(hop(next)
                .with(cookies::session(&ticket))
                .with(flow::gone())
                .with(cookies::no_visit()))
        }
        Entered::Out { why, person } => Ok(refused(dossier, provider, ended(why, person))),
    }
}

/// The page for every failure but that somebody is of several agencies. Which it was, only the
/// audit trail says.
fn refused(dossier: &Dossier, provider: &Provider, ended: Ended) -> Page {
    let subject = ended.known.as_ref().map(|known| known.identity.subject.clone());
    dossier.attempted(Authentication {
        person: ended.person,
        credential: subject.map(|subject| format!("{}:{subject}", provider.name)),
        vouched: Some(vouched(provider, ended.known.as_deref())),
        ..Authentication::new(METHOD, Err(ended.why))
    });
    let text = "You were not let in. Your organization decides who may, and by which proof: ask \
                your administrator, or try again."
        .to_owned();
    let body = format!(
        "{}<p class=\"quiet\"><a href=\"/staff/sign-in\">Start again</a></p>",
        html::alert(&[text])
    );
    Page::new(StatusCode::FORBIDDEN, html::page("Sign in", true, &body)).with(flow::gone())
}

/// Who is of several agencies was let in nowhere yet.
fn unchosen(dossier: &Dossier, provider: &Provider, known: &Known) {
    dossier.attempted(Authentication {
        credential: Some(format!("{}:{}", provider.name, known.identity.subject)),
        vouched: Some(vouched(provider, Some(known))),
        ..Authentication::new(METHOD, Err("agency_unchosen"))
    });
}

fn vouched(provider: &Provider, known: Option<&Known>) -> Vouched {
    let amr = known.map(|known| known.identity.amr.join(" "));
    Vouched {
        issuer: provider.name.clone(),
        kid: None,
        acr: known.and_then(|known| known.identity.acr.clone()),
        amr: amr.filter(|amr| !amr.is_empty()),
    }
}

/// Somebody of several agencies chooses; the provider knows them, so it asks for nothing.
fn which<'a>(provider: &Provider, agencies: impl Iterator<Item = &'a String>) -> Page {
    let row = |agency: &String| {
        format!(
            "<p><a class=\"button\" href=\"/staff/login?provider={}&amp;agency={}\">{}</a></p>",
            escape(&provider.name),
            escape(agency),
            escape(agency)
        )
    };
    let rows: String = agencies.map(row).collect();
    let body = format!("<p>You work for several agencies. Which one is it now?</p>{rows}");
    Page::new(StatusCode::OK, html::page("Which agency?", false, &body)).with(flow::gone())
}

/// A page of ours that leads on by itself: our session cookie is strict, and does not come with
/// what another site led to.
fn hop(next: &'static str) -> Page {
    let page = html::page(
        "One moment",
        false,
        &format!(
            "<p>You are signed in.</p><p><a class=\"button\" href=\"{next}\">Continue</a></p>"
        ),
    );
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0; url={next}\"></head>");
    Page::new(StatusCode::OK, page.replacen("</head>", &refresh, 1))
}

/// How the audit trail names it.
const METHOD: &str = "oidc";
