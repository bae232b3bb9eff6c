//! A person's own passkeys: which there are, another one, one less.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::StatusCode;
use kernel::html::escape;
use kernel::{Code, PasskeyId, Problem, Purpose, Timestamp};
use policy::{Permit as Allowed, Role};
use serde::Deserialize;
use signin::short_agent;
use store::passkeys::{self, PASSKEYS_MAX, Passkey};
use store::staff::Account;
use store::{StoreError, TenantView, staff};
use utoipa::ToSchema;
use watch::{Authentication, Person};

use super::ask::Form;
use super::enrol::{Made, NOT_ACCEPTED};
use super::{Asked, enrolment_box};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};
use crate::may::May;
use crate::staff::account::{Own, moment};
use crate::staff::page::{Page, PageAnswer};
use crate::staff::sso::LOCAL_CLOSED;
use crate::staff::{SignIn, html};

/// Another passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAddForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The challenge, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    asked: String,
    /// `clientDataJSON`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    client_data: String,
    /// `attestationObject`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    attestation: String,
}

/// One passkey less.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyRemoveForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// Which one.
    passkey: PasskeyId,
}

/// A person's passkeys.
#[utoipa::path(
    get, path = "/staff/passkeys", operation_id = "staff.passkeys", tag = "Staff pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "passkey.list", "error_form": "page"})))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> PageAnswer {
    page((&app, &api.sign_in), &permit, dossier.received_at, (StatusCode::OK, &[])).await
}

/// Keeps another passkey. The first one asks for a fresh proof, and each one after it for a proof
/// by passkey: who phished a code gains no passkey beside the owner's.
#[utoipa::path(
    post, path = "/staff/passkeys", operation_id = "staff.add_passkey", tag = "Staff pages",
    request_body(content = PasskeyAddForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Added"),
        (status = 409, description = "Too many", body = String, content_type = "text/html"),
        (status = 412, description = "Changed", body = String, content_type = "text/html"),
        (status = 422, description = "Not so", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "passkey.add", "error_form": "page", "body_max": 16384, "sensitive": "high"
    })))
)]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<PasskeyAddForm>,
) -> PageAnswer {
    let (sign_in, own, now) = (&api.sign_in, Own::of(&permit)?, dossier.received_at);
    own.check(sign_in, &sent.form)?;
    let name = own.name();
    let made =
        Made { asked: &sent.asked, client_data: &sent.client_data, object: &sent.attestation };
    let made = made.judge((&app, sign_in), Asked::Another(&name), now).await?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, own.user).await?;
    // Only the provider says by what its people prove who they are.
    if account.provider.is_some() {
        return Err(Problem::new(&LOCAL_CLOSED).into());
    }
    if !passkeys::list(&tx, own.user).await?.is_empty() {
        May::new(&app, &permit).insist("passkey.add_another", &dossier)?;
    }
    // Of two first ones at once, the second has looked at what is no more.
    staff::hold(&mut tx, &account).await?;
    let label = short_agent(dossier.user_agent.as_deref().unwrap_or_default());
    let added = match made {
        Ok(passkey) => match passkeys::add(&mut tx, own.user, (passkey, &label)).await {
            Ok(id) => Ok(id),
            Err(StoreError::Taken(_)) => Err("passkey_taken"),
            Err(error) => return Err(error.into()),
        },
        Err(why) => Err(why),
    };
    match added {
        Ok(id) => {
            tx.commit(None).await?;
            noted(&dossier, &account, Ok(id.to_string()));
        }
        Err(why) => {
            // Dropped without a commit.
            drop(tx);
            noted(&dossier, &account, Err(why));
            let told = (StatusCode::UNPROCESSABLE_ENTITY, [NOT_ACCEPTED.to_owned()]);
            return page((&app, sign_in), &permit, now, (told.0, &told.1)).await;
        }
    }
    Ok(Page::see("/staff/passkeys"))
}

/// Takes a passkey away, and never the last one of who cannot do without.
#[utoipa::path(
    post, path = "/staff/passkeys/remove", operation_id = "staff.remove_passkey",
    tag = "Staff pages",
    request_body(content = PasskeyRemoveForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Removed"),
        (status = 409, description = "The last one", body = String, content_type = "text/html"),
        (status = 412, description = "Changed", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "passkey.remove", "error_form": "page", "body_max": 4096, "sensitive": "high"
    })))
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<PasskeyRemoveForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, own.user).await?;
    passkeys::remove(&mut tx, own.user, sent.passkey).await?;
    let is_needed = account.password.is_none() || account.roles.contains(&Role::SystemAdmin);
    if is_needed && passkeys::list(&tx, own.user).await?.is_empty() {
        return Err(Problem::new(&LAST_PASSKEY).into());
    }
    // Of two at once that would leave none, one is refused.
    staff::hold(&mut tx, &account).await?;
    tx.commit(None).await?;
    Ok(Page::see("/staff/passkeys"))
}

fn noted(dossier: &Dossier, account: &Account, added: Result<String, &'static str>) {
    dossier.attempted(Authentication {
        person: Some(Person { tenant: account.tenant, user: account.id }),
        credential: added.as_ref().ok().cloned(),
        ..Authentication::new("passkey_enrolment", added.map(drop))
    });
}

async fn page(
    (app, sign_in): (&App, &SignIn),
    permit: &Allowed,
    now: Timestamp,
    (status, errors): (StatusCode, &[String]),
) -> PageAnswer {
    let own = Own::of(permit)?;
    let view = app.store.view(permit).await?;
    let account = staff::require(&view, own.user).await?;
    let known = passkeys::list(&view, own.user).await?;
    let token = sign_in.key.form(&own.name());
    let may_change = known.is_empty() || permit.caller().is_phishing_resistant();
    let rows: String =
        known.iter().map(|passkey| row(passkey, may_change.then_some(&*token))).collect();
    let add = match may_change && known.len() < usize::try_from(PASSKEYS_MAX).unwrap_or(0) {
        true => add_box(sign_in, (&own, now), (&view, &account), &known, &token)?,
        false if may_change => String::new(),
        false => PROVE_FIRST.to_owned(),
    };
    let list = match known.is_empty() {
        true => "<p>You have none yet.</p>".to_owned(),
        false => format!("<ul class=\"sessions\">{rows}</ul>"),
    };
    let body = format!(
        "{}{INTRO}{list}{add}<p class=\"quiet\"><a href=\"/staff\">Back</a></p>",
        html::alert(errors)
    );
    Ok(Page::new(status, html::page("Your passkeys", !errors.is_empty(), &body)).with_script())
}

fn add_box(
    sign_in: &SignIn,
    (own, now): (&Own, Timestamp),
    (view, account): (&TenantView, &Account),
    known: &[Passkey],
    token: &str,
) -> Result<String, StoreError> {
    let (email, name) = account.person(view)?;
    let person = (
        own.user.as_bytes(),
        email.open(Purpose::Answer).as_str(),
        name.open(Purpose::Answer).as_str(),
    );
    let form = Form {
        action: "/staff/passkeys",
        token,
        button: "Add a passkey",
        intro: "<h2>Add one</h2>",
        fields: String::new(),
    };
    let name = own.name();
    Ok(enrolment_box(sign_in, (Asked::Another(&name), now), person, known, form))
}

fn row(passkey: &Passkey, token: Option<&str>) -> String {
    let used = passkey
        .used_at
        .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", moment(at)));
    let synced =
        if passkey.is_backup_eligible { "may be on several devices" } else { "on one device" };
    let remove = token.map(|token| {
        let id = html::hidden("passkey", &passkey.id.to_string());
        html::form("/staff/passkeys/remove", token, &id, "Remove")
    });
    format!(
        "<li><strong>{}</strong><br>\
         <span class=\"quiet\">{synced}, added {},<br>{used}</span>{}</li>",
        escape(&passkey.label),
        moment(passkey.created_at),
        remove.unwrap_or_default(),
    )
}

/// The last passkey of who signs in with nothing else, or administers.
pub(crate) const LAST_PASSKEY: Code = Code {
    status: 409,
    name: "staff.last_passkey",
    title: "You cannot do without this passkey",
    mend: "Add another passkey first, on another device. Then remove this one.",
};
const INTRO: &str = "<p>A passkey takes the place of password and code. It lives on your phone, \
                     computer or security key, and works on this site only.</p>";
const PROVE_FIRST: &str = "<p>To add or remove one, <a href=\"/staff/step-up\">prove again who \
                           you are</a> with a passkey that you have.</p>";
