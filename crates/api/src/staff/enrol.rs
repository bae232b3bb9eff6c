//! Enrolling: somebody who was sent a link chooses a password and connects an authenticator app.
//!
//! Looking at a link does not use it up. Each look shows another secret, so whoever looked at the
//! link before its owner did knows nothing of what the owner connects.

use kernel::html::escape;
use std::sync::Arc;

use axum::extract::{Path, State};
use gate::{App, Dossier};
use http::{HeaderMap, StatusCode};
use kernel::{Problem, Purpose, Secret, Timestamp};
use policy::Role;
use serde::Deserialize;
use signin::{
    Password, PasswordFault, PasswordHash, PasswordRule, RECOVERY_CODES, RecoveryCode, Ticket,
    TotpCode, TotpSecret, qr_svg,
};
use store::staff::{self, Credentials, Enrolment, WithPassword};
use utoipa::ToSchema;
use watch::{Authentication, Person};

use super::cookies::Visit;
use super::html;
use super::page::{Page, PageAnswer};
use super::passkeys::{Asked, Form, enrolment_box};
use super::second_factor::Proof;
use super::{LINK_OVER, SignIn, may_enter, stale};
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::reply::Refused;

/// What somebody will sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The link's secret.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    link: String,
    /// What the page showed, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    setup: String,
    /// The new password.
    #[schema(
        min_length = 1,
        max_length = 128,
        format = "password",
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    password: String,
    /// The same again.
    #[schema(
        min_length = 1,
        max_length = 128,
        format = "password",
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    repeated: String,
    /// A code of the authenticator app.
    #[schema(min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$")]
    code: String,
}

/// Somebody in front of the page: whose link it is, and what is known of them.
pub(super) struct Invited {
    pub(super) enrolment: Enrolment,
    email: String,
    name: String,
    rule: PasswordRule,
}

/// The page to set up how somebody signs in.
#[utoipa::path(
    get, path = "/staff/enrol/{link}", operation_id = "staff.enrol", tag = "Staff pages",
    params(("link" = String, Path, pattern = "^[0-9a-f]{64}$")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.enrol", "access": "public", "error_form": "page", "sensitive": "high"
    })))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Path(link): Path<String>,
) -> PageAnswer {
    let (link, invited) = invited(&app, &api, &dossier, &link).await?;
    let visit = Visit::of_or_new(&headers);
    let secret = TotpSecret::generate();
    setup_page((&api.sign_in, dossier.received_at), &visit, (&link, &invited), &secret, &[])
}

/// Sets how somebody signs in.
#[utoipa::path(
    post, path = "/staff/enrol", operation_id = "staff.enrolled", tag = "Staff pages",
    request_body(content = EnrolForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Recovery codes", body = String, content_type = "text/html"),
        (status = 422, description = "Not so", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.enrol", "access": "public", "error_form": "page", "body_max": 8192,
        "sensitive": "high",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<EnrolForm>,
) -> PageAnswer {
    let sign_in = &api.sign_in;
    let visit = sign_in.visit(&headers, &sent.form)?;
    let (link, invited) = invited(&app, &api, &dossier, &sent.link).await?;
    let name = link.hash().to_text();
    let secret = sign_in.open_secret(&name, &sent.setup).ok_or_else(stale)?;
    let step =
        TotpCode::parse(&sent.code).and_then(|code| secret.step_of(&code, dossier.received_at));
    let chosen = choose(&api, &invited, &sent).await?;
    let (hash, step) = match (chosen, step) {
        (Ok(hash), Some(step)) => (hash, step),
        (chosen, step) => {
            attempted(&dossier, &invited, Err("enrolment_incomplete"));
            let wrong = "The code does not fit. Check the clock of your phone, and try the code \
                         that is shown now.";
            let code = step.is_none().then(|| wrong.to_owned());
            let errors: Vec<String> = chosen.err().into_iter().chain(code).collect();
            let at = (sign_in, dossier.received_at);
            return setup_page(at, &visit, (&link, &invited), &secret, &errors);
        }
    };
    let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES).map(|_| RecoveryCode::generate()).collect();
    let row = invited.enrolment.user.uuid();
    let of = |code| sign_in.key.of_recovery_code(code, row.as_bytes());
    let credentials = Credentials::Password(WithPassword {
        password: Secret::new(hash.to_text()),
        totp_secret: Secret::new(secret.bytes().to_vec()),
        totp_step: step,
        recovery_codes: codes.iter().map(of).collect(),
    });
    let permit = app.policy.system(invited.enrolment.tenant, "enrolment");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    if !staff::enrol(&mut tx, invited.enrolment.user, &link.hash(), credentials).await? {
        attempted(&dossier, &invited, Err("link_taken"));
        return Err(Problem::new(&LINK_OVER).into());
    }
    tx.commit(None).await?;
    attempted(&dossier, &invited, Ok(()));
    Ok(codes_page(&codes))
}

/// Whose link it is. Unknown, used up, too old and deactivated look the same.
pub(super) async fn invited(
    app: &App,
    api: &Settings,
    dossier: &Dossier,
    link: &str,
) -> Result<(Ticket, Invited), Refused> {
    let over = || {
        dossier.attempted(Authentication::new("enrolment", Err("link_over")));
        Problem::new(&LINK_OVER)
    };
    let link = Ticket::parse(link).ok_or_else(over)?;
    let found = staff::enrolment(&app.store, &link.hash(), dossier.received_at).await?;
    let enrolment = found.filter(|found| found.environment == api.environment).ok_or_else(over)?;
    let view = app.store.view(&app.policy.system(enrolment.tenant, "enrolment")).await?;
    let account = staff::require(&view, enrolment.user).await?;
    // Whoever has no role yet may enrol, and not sign in.
    let is_welcome = account.roles.is_empty() || may_enter(&account.roles, enrolment.environment);
    if account.status == staff::Status::Deactivated || !is_welcome {
        return Err(over().into());
    }
    let (email, name) = account.person(&view)?;
    // Who has no role yet may administer one day.
    let administers = account.roles.is_empty() || account.roles.contains(&Role::SystemAdmin);
    let rule = match administers {
        true => PasswordRule::ALONE,
        false => PasswordRule::WITH_SECOND_FACTOR,
    };
    let email = email.open(Purpose::Answer).clone();
    Ok((link, Invited { enrolment, email, name: name.open(Purpose::Answer).clone(), rule }))
}

/// The hash of a password that may be chosen, or what is wrong with it.
async fn choose(
    api: &Settings,
    invited: &Invited,
    sent: &EnrolForm,
) -> Result<Result<PasswordHash, String>, Refused> {
    if sent.password != sent.repeated {
        return Ok(Err("The two passwords are not the same.".to_owned()));
    }
    let (typed, rule) = (sent.password.clone(), invited.rule);
    let known = [&invited.email, &invited.name, &invited.enrolment.agency].map(String::clone);
    let work = move || {
        let known = known.each_ref().map(String::as_str);
        let password = Password::read(&typed)?;
        password.check(rule, &known)?;
        Ok(PasswordHash::of(&password))
    };
    let chosen: Result<_, PasswordFault> = api.sign_in.slowly(work).await?;
    match chosen {
        Ok(hash) => Ok(Ok(hash.map_err(Problem::internal)?)),
        Err(fault) => Ok(Err(format!("Choose another password: {fault}."))),
    }
}

pub(super) fn attempted(dossier: &Dossier, invited: &Invited, outcome: Proof) {
    let Enrolment { tenant, user, .. } = invited.enrolment;
    dossier.attempted(Authentication {
        person: Some(Person { tenant, user }),
        ..Authentication::new("enrolment", outcome)
    });
}

pub(super) fn setup_page(
    (sign_in, now): (&SignIn, Timestamp),
    visit: &Visit,
    (link, invited): (&Ticket, &Invited),
    secret: &TotpSecret,
    errors: &[String],
) -> PageAnswer {
    let agency = &invited.enrolment.agency;
    let url = secret.url(&format!("Ringwall {agency}"), &invited.email);
    let picture = qr_svg(&url, "QR code for your authenticator app");
    let picture = picture.map_err(Problem::internal)?;
    let focus = if errors.is_empty() { "autofocus " } else { "" };
    let least = invited.rule.chars_min;
    let new = format!(
        "type=\"password\" autocomplete=\"new-password\" minlength=\"{least}\" maxlength=\"128\""
    );
    let hint = format!(
        "At least {least} characters. A few words that nobody would put together are best; \
         spaces and any other characters are welcome."
    );
    let fields = [
        html::hidden("link", link.whole().expose()),
        html::hidden("setup", &sign_in.seal_secret(&link.hash().to_text(), secret)),
        "<h2>1. Choose a password</h2>".to_owned(),
        // Password managers file the password under this name.
        format!(
            "<input class=\"away\" type=\"text\" autocomplete=\"username\" value=\"{}\" readonly \
             tabindex=\"-1\" aria-hidden=\"true\">",
            escape(&invited.email)
        ),
        html::field("password", "Password", &format!("{focus}{new}"), &hint),
        html::field("repeated", "Password again", &new, ""),
        "<h2>2. Connect an authenticator app</h2><p>Take a picture of this code with an \
         authenticator app on your phone.</p>"
            .to_owned(),
        format!("<div class=\"qr\">{picture}</div>"),
        format!(
            "<details><summary>No camera? Type this key instead</summary><p><code \
             class=\"key\">{}</code></p><p class=\"hint\">Time-based, six digits.</p></details>",
            secret.to_text()
        ),
        "<h2>3. Show that it works</h2>".to_owned(),
        html::field(
            "code",
            "Code that the app shows",
            "inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"7\" class=\"code\"",
            "",
        ),
    ];
    let token = sign_in.key.form(&visit.name());
    let form = html::form("/staff/enrol", &token, &fields.concat(), "Finish");
    let passkey = passkey_box((sign_in, now), visit, (link, invited));
    let body = format!(
        "{}<p>{}, this sets up how you sign in to <strong>{}</strong> as \
         <strong>{}</strong>.</p>{passkey}{form}",
        html::alert(errors),
        escape(&invited.name),
        escape(agency),
        escape(&invited.email),
    );
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = html::page("Set up your sign-in", !errors.is_empty(), &body);
    Ok(Page::new(status, page).with(visit.cookie()).with_script())
}

/// The other way: nothing to remember and nothing to type.
fn passkey_box(
    (sign_in, now): (&SignIn, Timestamp),
    visit: &Visit,
    (link, invited): (&Ticket, &Invited),
) -> String {
    let token = sign_in.key.form(&visit.name());
    let form = Form {
        action: "/staff/enrol/passkey",
        token: &token,
        button: "Use a passkey",
        intro: "<h2>With a passkey</h2><p>Nothing to remember, and no other site can ask for it. \
                Your phone, computer or security key keeps it. Without one at hand, use a password \
                and an app, as below.</p>",
        fields: html::hidden("link", link.whole().expose()),
    };
    let (name, of) = (visit.name(), link.hash().to_text());
    let asked = (Asked::Enrolment(&name, &of), now);
    let user = invited.enrolment.user;
    let person = (user.as_bytes(), invited.email.as_str(), invited.name.as_str());
    enrolment_box(sign_in, asked, person, &[], form)
}

fn codes_page(codes: &[RecoveryCode]) -> Page {
    let list: String =
        codes.iter().map(|code| format!("<li><code>{}</code></li>", code.to_text())).collect();
    let body = format!(
        "<p>You can sign in from now on. Keep these recovery codes where you keep what must not \
         be lost: if your phone is gone, one of them takes the place of a code. Each works once. \
         <strong>They are not shown again.</strong></p><ol class=\"codes\">{list}</ol>\
         <p><a class=\"button\" href=\"/staff/sign-in\">Go to sign in</a></p>"
    );
    Page::new(StatusCode::OK, html::page("Your recovery codes", false, &body))
}
