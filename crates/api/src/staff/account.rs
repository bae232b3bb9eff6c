//! What a signed-in person sees of themselves: where they are signed in, and the way out.

use kernel::html::escape;
use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::StatusCode;
use kernel::{Problem, Purpose, SessionId, Timestamp, UserId};
use serde::Deserialize;
use store::staff_sessions::{self, Session};
use store::{staff, tenants};
use utoipa::ToSchema;

use super::page::{Page, PageAnswer};
use super::sso::logout;
use super::{SignIn, cookies, html, stale};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};
use crate::reply::Refused;

/// A form with a button and nothing else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ButtonForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
}

/// Which of one's sessions is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The session.
    #[schema(value_type = String, pattern = "^ses_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    session: SessionId,
}

/// Who is signed in, and by which session.
pub(super) struct Own {
    pub(super) user: UserId,
    pub(super) session: SessionId,
}

impl Own {
    /// From a permit, which says that it is a person; theirs is whatever they do here.
    pub(super) fn of(permit: &policy::Permit) -> Result<Self, Refused> {
        let caller = permit.caller();
        let odd = || Problem::internal("a person without a session");
        let session = caller.credential().and_then(|id| id.parse().ok()).ok_or_else(odd)?;
        Ok(Self { user: caller.id().parse().map_err(|_| odd())?, session })
    }

    /// What forms of this session are bound to.
    pub(super) fn name(&self) -> String {
        format!("session {}", self.session)
    }

    /// A form of this session.
    ///
    /// # Errors
    /// When it is another one's, or none.
    pub(super) fn check(&self, sign_in: &SignIn, form: &str) -> Result<(), Refused> {
        if sign_in.key.is_form(&self.name(), form) { Ok(()) } else { Err(stale()) }
    }
}

/// Where somebody is signed in.
#[utoipa::path(
    get, path = "/staff", operation_id = "staff.account", tag = "Staff pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "session.list", "error_form": "page"})))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    let view = app.store.view(&permit).await?;
    let account = staff::require(&view, own.user).await?;
    let (email, name) = account.person(&view)?;
    let left = match account.password.is_some() {
        true => {
            let left = staff::recovery_codes_left(&view, own.user).await?;
            format!("<dt>Codes left</dt><dd>{left}</dd>")
        }
        false => String::new(),
    };
    let agency = tenants::own(&view).await?;
    let now = dossier.received_at;
    let sessions = staff_sessions::list(&view, own.user).await?;
    let live = sessions.iter().filter(|session| is_live(session, &own, now));
    let token = api.sign_in.key.form(&own.name());
    let rows: String = live.map(|session| row(session, &own, &token)).collect();
    let roles: Vec<String> =
        account.roles.iter().map(|role| role.as_str().replace('_', " ")).collect();
    let body = format!(
        "<dl><dt>Name</dt><dd>{}</dd><dt>E-mail</dt><dd>{}</dd><dt>Agency</dt><dd>{}</dd>\
         <dt>Role</dt><dd>{}</dd>{left}</dl>\
         <h2>Where you are signed in</h2><ul class=\"sessions\">{rows}</ul>\
         <div class=\"row\">{}{}</div>\
         <p class=\"quiet\"><a href=\"/staff/passkeys\">Your passkeys</a>: sign in without a \
         password.<br><a href=\"/staff/applications\">Applications</a> that act for you.<br>\
         <a href=\"/staff/step-up\">Prove again who you are</a>: some actions \
         ask for a proof of the last 15 minutes.</p>",
        escape(name.open(Purpose::Answer)),
        escape(email.open(Purpose::Answer)),
        escape(&agency.name),
        escape(&roles.join(", ")),
        html::form("/staff/sign-out", &token, "", "Sign out"),
        html::form("/staff/sign-out-everywhere", &token, "", "Sign out everywhere"),
    );
    Ok(Page::new(StatusCode::OK, html::page("You are signed in", false, &body)))
}

/// Ends this session.
#[utoipa::path(
    post, path = "/staff/sign-out", operation_id = "staff.sign_out", tag = "Staff pages",
    request_body(content = ButtonForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed out here", body = String, content_type = "text/html"),
        (status = 303, description = "Signed out")),
    extensions(("x-ringwall" = json!({
        "action": "session.end", "error_form": "page", "body_max": 4096, "vital": true
    })))
)]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<ButtonForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let session = staff_sessions::require(&tx, own.user, own.session).await?;
    let ended = staff_sessions::end(&mut tx, own.user, own.session).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    let by_provider = session.provider.as_deref();
    let onward = by_provider.and_then(|name| logout::onward(&api, name, &app.public_url));
    Ok(onward.unwrap_or_else(|| Page::see("/staff/sign-in").with(cookies::no_session())))
}

/// Ends one session of the person, wherever it is.
#[utoipa::path(
    post, path = "/staff/sessions/end", operation_id = "staff.end_session", tag = "Staff pages",
    request_body(content = SessionForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Ended")),
    extensions(("x-ringwall" = json!({
        "action": "session.end", "error_form": "page", "body_max": 4096, "vital": true
    })))
)]
pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<SessionForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let ended = staff_sessions::end(&mut tx, own.user, sent.session).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Page::see("/staff"))
}

/// Ends every session of the person.
#[utoipa::path(
    post, path = "/staff/sign-out-everywhere", operation_id = "staff.sign_out_everywhere",
    tag = "Staff pages",
    request_body(content = ButtonForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Signed out")),
    extensions(("x-ringwall" = json!({
        "action": "session.end", "error_form": "page", "body_max": 4096, "vital": true
    })))
)]
pub(crate) async fn sign_out_everywhere(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<ButtonForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let ended = staff::sign_out_everywhere(&mut tx, own.user).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Page::see("/staff/sign-in").with(cookies::no_session()))
}

fn is_live(session: &Session, own: &Own, now: Timestamp) -> bool {
    let is_idle = now >= session.seen_at.plus(session.idle);
    now < session.expires_at && (!is_idle || session.id == own.session)
}

fn row(session: &Session, own: &Own, token: &str) -> String {
    let id = html::hidden("session", &session.id.to_string());
    let (mark, end) = match session.id == own.session {
        true => (" <span class=\"mark\">this one</span>", String::new()),
        false => ("", html::form("/staff/sessions/end", token, &id, "End it")),
    };
    let how = match (&session.provider, session.phishing_resistant) {
        (Some(_), _) => "your organization's account",
        (None, true) => "a passkey",
        (None, false) => "a code",
    };
    format!(
        "<li><strong>{}</strong>{mark}<br><span class=\"quiet\">signed in {},<br>\
         last proven by {how}, last seen {}</span>{end}</li>",
        escape(&session.agent),
        moment(session.created_at),
        moment(session.seen_at),
    )
}

/// To the minute, for people.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    format!("<time datetime=\"{text}\">{day} {time} UTC</time>")
}
