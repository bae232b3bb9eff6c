//! Proving again who one is, for what policies keep for those who did so just now (RFC 9470).

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::StatusCode;
use kernel::Timestamp;
use kernel::html::escape;
use serde::Deserialize;
use signin::Ticket;
use store::sign_in_delays;
use store::{StoreError, passkeys, staff};
use utoipa::ToSchema;
use watch::Person;

use super::account::Own;
use super::page::{Page, PageAnswer};
use super::passkeys::{Asked, proof_box};
use super::second_factor::{self, Proof, Typed, wait_text};
use super::sign_in::{Who, attempted, code_field};
use super::{SignIn, cookies, html, sessions};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};
use crate::reply::Refused;

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// A code of the authenticator app, or a recovery code.
    #[schema(min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$")]
    code: String,
}

/// The page to prove again who one is.
#[utoipa::path(
    get, path = "/staff/step-up", operation_id = "staff.step_up", tag = "Staff pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "session.step_up", "error_form": "page"})))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> PageAnswer {
    page(&app, &api.sign_in, (&permit, dossier.received_at), (StatusCode::OK, &[])).await
}

/// Proves again who one is. The session gets a new name, and ends when it would have.
#[utoipa::path(
    post, path = "/staff/step-up", operation_id = "staff.stepped_up", tag = "Staff pages",
    request_body(content = StepUpForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Proven"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 429, description = "Too many", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "session.step_up", "error_form": "page", "body_max": 4096, "sensitive": "high"
    })))
)]
pub(crate) async fn prove(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<StepUpForm>,
) -> PageAnswer {
    let (sign_in, own) = (&api.sign_in, Own::of(&permit)?);
    own.check(sign_in, &sent.form)?;
    let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
    let who = |session| Who::Person(Person { tenant, user: own.user }, session);
    let typed = Typed::read(&sent.code);
    let subjects = second_factor::subjects(sign_in, &dossier, own.user, None);
    if let Err(wait) = sign_in_delays::attempt(&app.store, &subjects, dossier.received_at).await? {
        attempted(&dossier, sign_in.method(typed.method()), who(None), Err("throttled"));
        let (seconds, text) = wait_text(wait);
        let text = [text];
        let told = (StatusCode::TOO_MANY_REQUESTS, text.as_slice());
        let page = page(&app, sign_in, (&permit, dossier.received_at), told).await?;
        return Ok(page.retry_after(seconds));
    }
    let ticket = Ticket::generate();
    let (proof, session) = renew(&app, &api, (&dossier, &permit), (&own, &typed, &ticket)).await?;
    let proven = proof.map(|()| Some(typed.proven()));
    attempted(&dossier, sign_in.method(typed.method()), who(session), proven);
    if proof.is_err() {
        let text = ["The code is wrong, or was used before. Each code works once.".to_owned()];
        let told = (StatusCode::FORBIDDEN, text.as_slice());
        return page(&app, sign_in, (&permit, dossier.received_at), told).await;
    }
    let counted = sign_in.key.of_second_factor(own.user.uuid().as_bytes());
    second_factor::forgive(&app, sign_in, &dossier, counted).await?;
    Ok(Page::see("/staff").with(cookies::session(&ticket)))
}

/// One transaction: the code is used up, the old session ends, and a new one takes its place.
async fn renew(
    app: &App,
    api: &Settings,
    (dossier, permit): (&Dossier, &policy::Permit),
    (own, typed, ticket): (&Own, &Typed, &Ticket),
) -> Result<(Proof, Option<String>), Refused> {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let account = staff::require(&tx, own.user).await?;
    let now = dossier.received_at;
    let proof = second_factor::prove(&mut tx, &api.sign_in, &account, typed, now).await?;
    if proof.is_err() {
        return Ok((proof, None));
    }
    let proven = (typed.proven(), ticket);
    let (id, ended) = sessions::renew(&mut tx, (api, own), account, proven).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok((Ok(()), Some(id.to_string())))
}

/// What somebody may prove themselves with: their passkeys, and a code where they have any.
pub(super) async fn page(
    app: &App,
    sign_in: &SignIn,
    (permit, now): (&policy::Permit, Timestamp),
    (status, errors): (StatusCode, &[String]),
) -> PageAnswer {
    let own = Own::of(permit)?;
    let view = app.store.view(permit).await?;
    let account = staff::require(&view, own.user).await?;
    let known = passkeys::list(&view, own.user).await?;
    let (name, token) = (own.name(), sign_in.key.form(&own.name()));
    let passkey = match known.is_empty() {
        true => String::new(),
        false => proof_box(sign_in, (Asked::StepUp(&name), now), &known, &token),
    };
    let code = match account.password.is_some() {
        true => format!(
            "<p>If you have just used the code that your app shows, wait for the next one.</p>{}",
            html::form("/staff/step-up", &token, &code_field(errors.is_empty()), "Prove it")
        ),
        false => String::new(),
    };
    let provider = match &account.provider {
        Some(name) => format!(
            "<p><a class=\"button\" href=\"/staff/login?provider={}&amp;fresh=true\">Prove it to \
             your organization</a></p>",
            escape(name)
        ),
        None => String::new(),
    };
    let body = format!(
        "{}<p>Some actions ask for a proof of the last 15 minutes, and some for one by \
         passkey.</p>{provider}{passkey}{code}<p class=\"quiet\"><a href=\"/staff\">Back</a></p>",
        html::alert(errors)
    );
    let title = "Prove again who you are";
    Ok(Page::new(status, html::page(title, !errors.is_empty(), &body)).with_script())
}
