//! Signing in: agency, address and password first, then a code. Who does not exist is answered as
//! who mistyped, and after the same work.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use data_encoding::HEXLOWER;
use gate::{App, Dossier};
use http::{HeaderMap, StatusCode};
use kernel::{Email, Problem, Timestamp, random};
use serde::Deserialize;
use signin::{
    ACCOUNT, ADDRESS, FLOW_LIFE, Password, PasswordHash, Proven, SignInIndex, Ticket, acr,
};
use store::sign_in_delays;
use store::staff::{self, Account, Claimed, Status};
use utoipa::ToSchema;
use watch::{Assured, Authentication, Person};

use super::asked;
use super::cookies::{self, Visit};
use super::flow::Flow;
use super::html;
use super::page::{Page, PageAnswer};
use super::passkeys::{Asked, proof_box};
use super::second_factor::{self, Proof, Typed, wait_text};
use super::sso::login::buttons;
use super::{SignIn, may_enter, sessions};
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::reply::Refused;

/// Who somebody is, and their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The agency's short name.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+(-[A-Za-z0-9]+)* ?$")]
    agency: String,
    /// The person's e-mail address.
    #[schema(value_type = Email)]
    email: String,
    /// Their password.
    #[schema(
        min_length = 1,
        max_length = 128,
        format = "password",
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    password: String,
}

/// The second step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The sign-in, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    flow: String,
    /// A code of the authenticator app, or a recovery code.
    #[schema(min_length = 1, max_length = 32, pattern = "^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$")]
    code: String,
}

/// The page to sign in.
#[utoipa::path(
    get, path = "/staff/sign-in", operation_id = "staff.sign_in", tag = "Staff pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page"
    })))
)]
pub(crate) async fn show(
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
) -> Page {
    let door = Door {
        sign_in: &api.sign_in,
        headers: &headers,
        now: dossier.received_at,
        from: dossier.origin(),
    };
    door.page(StatusCode::OK, &[])
}

/// The first step: agency, address and password.
#[utoipa::path(
    post, path = "/staff/sign-in", operation_id = "staff.prove_password", tag = "Staff pages",
    request_body(content = SignInForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The next step", body = String, content_type = "text/html"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 429, description = "Too many", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page", "body_max": 4096,
        "sensitive": "high",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn prove_password(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<SignInForm>,
) -> PageAnswer {
    let sign_in = &api.sign_in;
    sign_in.is_open(dossier.origin())?;
    let visit = sign_in.visit(&headers, &sent.form)?;
    let now = dossier.received_at;
    let door = Door { sign_in, headers: &headers, now, from: dossier.origin() };
    let index = index(sign_in, &sent);
    let counted = sign_in.key.of_account(&index);
    let mut subjects = vec![(counted, ACCOUNT)];
    subjects.extend(dossier.origin().map(|from| (sign_in.key.of_address(from), ADDRESS)));
    if let Err(wait) = sign_in_delays::attempt(&app.store, &subjects, now).await? {
        attempted(&dossier, sign_in.method("password"), Who::Named(&index), Err("throttled"));
        return Ok(door.wait(wait));
    }
    let found = staff::find(&app.store, &index).await?;
    let proof = verify(&api, found.as_ref(), sent.password).await?;
    let who = found.as_ref().map_or(Who::Named(&index), |found| Who::Known(&found.account));
    attempted(&dossier, sign_in.method("password"), who, proof.map(|()| None));
    let (Some(found), Ok(())) = (found, proof) else {
        let text = "Agency, e-mail address or password is wrong.".to_owned();
        return Ok(door.page(StatusCode::FORBIDDEN, &[text]));
    };
    second_factor::forgive(&app, sign_in, &dossier, counted).await?;
    let until = now.plus(FLOW_LIFE).millis();
    let id = HEXLOWER.encode(&random::bytes::<16>());
    let flow = Flow { id, tenant: found.account.tenant, user: found.account.id, until };
    Ok(code_page(sign_in, &visit, &flow, StatusCode::OK, &[]))
}

/// The second step: a code.
#[utoipa::path(
    post, path = "/staff/sign-in/code", operation_id = "staff.prove_code", tag = "Staff pages",
    request_body(content = CodeForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in"),
        (status = 403, description = "Not so", body = String, content_type = "text/html"),
        (status = 429, description = "Too many", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({
        "action": "staff.sign_in", "access": "public", "error_form": "page", "body_max": 4096,
        "sensitive": "high",
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    })))
)]
pub(crate) async fn prove_code(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<CodeForm>,
) -> PageAnswer {
    let sign_in = &api.sign_in;
    sign_in.is_open(dossier.origin())?;
    let visit = sign_in.visit(&headers, &sent.form)?;
    let now = dossier.received_at;
    let door = Door { sign_in, headers: &headers, now, from: dossier.origin() };
    let Some(flow) = sign_in.open_flow(&visit.name(), &sent.flow, now) else {
        let text = "That took too long. Please start again.".to_owned();
        return Ok(door.page(StatusCode::FORBIDDEN, &[text]));
    };
    let typed = Typed::read(&sent.code);
    let person = Person { tenant: flow.tenant, user: flow.user };
    let subjects = second_factor::subjects(sign_in, &dossier, flow.user, Some(&flow.id));
    if let Err(wait) = sign_in_delays::attempt(&app.store, &subjects, now).await? {
        attempted(
            &dossier,
            sign_in.method(typed.method()),
            Who::Person(person, None),
            Err("throttled"),
        );
        return Ok(door.wait(wait));
    }
    let ticket = Ticket::generate();
    let (proof, session) = begin(&app, &api, &dossier, (&flow, &typed, &ticket)).await?;
    let proven = proof.map(|()| Some(typed.proven()));
    attempted(&dossier, sign_in.method(typed.method()), Who::Person(person, session), proven);
    if proof.is_err() {
        let text = "The code is wrong, or was used before. Each code works once.".to_owned();
        return Ok(code_page(sign_in, &visit, &flow, StatusCode::FORBIDDEN, &[text]));
    }
    let counted = sign_in.key.of_second_factor(flow.user.uuid().as_bytes());
    second_factor::forgive(&app, sign_in, &dossier, counted).await?;
    // The visit ends here: what was sealed for it can begin no second session.
    let page = Page::see(asked::next(&headers)).with(cookies::session(&ticket));
    Ok(page.with(cookies::no_visit()))
}

/// One transaction: the code is used up, and the session begins, or neither.
async fn begin(
    app: &App,
    api: &Settings,
    dossier: &Dossier,
    (flow, typed, ticket): (&Flow, &Typed, &Ticket),
) -> Result<(Proof, Option<String>), Refused> {
    let permit = app.policy.system(flow.tenant, "sign-in");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, flow.user).await?;
    let proof =
        second_factor::prove(&mut tx, &api.sign_in, &account, typed, dossier.received_at).await?;
    if proof.is_err() {
        return Ok((proof, None));
    }
    if !api.sign_in.welcomes(&account) {
        return Ok((Err("account_not_break_glass"), None));
    }
    let proven = (typed.proven(), ticket);
    let id = sessions::begin(&mut tx, (api, dossier), account, proven).await?;
    tx.commit(None).await?;
    Ok((Ok(()), Some(id.to_string())))
}

/// The same work whoever it is, and one answer for every reason.
pub(super) async fn verify(
    api: &Settings,
    found: Option<&Claimed>,
    password: String,
) -> Result<Proof, Refused> {
    let kept = found.and_then(|found| found.account.password.as_ref());
    let kept = kept.map(|text| PasswordHash::parse(text.expose())).transpose();
    let kept = kept.map_err(Problem::internal)?;
    let hash = kept.unwrap_or_else(|| PasswordHash::decoy().clone());
    let is_it = api
        .sign_in
        .slowly(move || Password::read(&password).ok().map(|typed| hash.verify(&typed)))
        .await?;
    let is_it = is_it.transpose().map_err(Problem::internal)?.unwrap_or(false);
    let Some(Claimed { account, environment }) = found else { return Ok(Err("account_unknown")) };
    Ok(match () {
        () if account.status != Status::Active => Err("account_inactive"),
        () if !is_it => Err("password_wrong"),
        () if !api.sign_in.welcomes(account) => Err("account_not_break_glass"),
        () if *environment != api.environment => Err("account_environment"),
        () if !may_enter(&account.roles, *environment) => Err("account_role"),
        () => Ok(()),
    })
}

/// Which account is named. A text that is no address names none, by the same way.
fn index(sign_in: &SignIn, sent: &SignInForm) -> SignInIndex {
    let agency = sent.agency.trim().to_lowercase();
    let email = sent.email.trim();
    let folded = Email::parse(email).map_or_else(|_| email.to_lowercase(), |email| email.folded());
    sign_in.key.index(&agency, &folded)
}

/// Who tried, as far as that is known.
pub(super) enum Who<'a> {
    /// An account that was named, whether there is one or not.
    Named(&'a SignInIndex),
    /// One that there is.
    Known(&'a Account),
    /// Somebody, and their session where one began.
    Person(Person, Option<String>),
    /// Nobody that we know of.
    Nobody,
}

/// Notes an attempt, and what it proved where that was two factors. Of an address that nobody has,
/// a part of its keyed hash is kept: enough to see that the same one is tried, and no more.
pub(super) fn attempted(
    dossier: &Dossier,
    method: &'static str,
    who: Who<'_>,
    outcome: Result<Option<Proven>, &'static str>,
) {
    let (person, credential) = match who {
        Who::Named(index) => {
            (None, Some(format!("account:{}", index.to_text().get(..16).unwrap_or_default())))
        }
        Who::Known(account) => (Some(Person { tenant: account.tenant, user: account.id }), None),
        Who::Person(person, session) => (Some(person), session),
        Who::Nobody => (None, None),
    };
    dossier.attempted(Authentication {
        person,
        credential,
        assured: outcome.ok().flatten().map(assured),
        ..Authentication::new(method, outcome.map(drop))
    });
}

/// A proof in the words of the audit trail.
pub(super) fn assured(proven: Proven) -> Assured {
    Assured { acr: acr(proven.is_phishing_resistant()), amr: proven.amr() }
}

/// The first page, in front of somebody.
pub(super) struct Door<'a> {
    pub(super) sign_in: &'a SignIn,
    pub(super) headers: &'a HeaderMap,
    pub(super) now: Timestamp,
    pub(super) from: Option<IpAddr>,
}

impl Door<'_> {
    /// The page to sign in, with what went wrong.
    pub(super) fn page(&self, status: StatusCode, errors: &[String]) -> Page {
        let sso = &self.sign_in.sso;
        let buttons = buttons(&sso.providers);
        if !sso.is_open_to(self.from) {
            let body = format!("{}{buttons}", html::alert(errors));
            return Page::new(status, html::page("Sign in", !errors.is_empty(), &body));
        }
        let visit = Visit::of_or_new(self.headers);
        let token = self.sign_in.key.form(&visit.name());
        let fields = first_fields(errors.is_empty() && !sso.is_used());
        let form = html::form("/staff/sign-in", &token, &fields, "Continue");
        let name = visit.name();
        let passkey = proof_box(self.sign_in, (Asked::SignIn(&name), self.now), &[], &token);
        let between = if sso.is_used() { EMERGENCY } else { "" };
        let body = format!("{}{buttons}{between}{form}{passkey}", html::alert(errors));
        let page = html::page("Sign in", !errors.is_empty(), &body);
        Page::new(status, page).with(visit.cookie()).with_script()
    }

    /// The same, for who has to wait.
    pub(super) fn wait(&self, wait: Duration) -> Page {
        let (seconds, text) = wait_text(wait);
        self.page(StatusCode::TOO_MANY_REQUESTS, &[text]).retry_after(seconds)
    }
}

/// Before the form of ours, where there are identity providers.
const EMERGENCY: &str = "<h2>Emergency access</h2><p>For when your organization's sign-in fails. \
                         Each use is reported.</p>";

fn first_fields(has_focus: bool) -> String {
    let focus = if has_focus { "autofocus " } else { "" };
    let fields = [
        html::field(
            "agency",
            "Agency",
            &format!(
                "{focus}autocomplete=\"organization\" autocapitalize=\"none\" spellcheck=\"false\" \
                 maxlength=\"64\""
            ),
            "The short name of your agency, such as acme.",
        ),
        html::field(
            "email",
            "E-mail address",
            "type=\"email\" autocomplete=\"username\" maxlength=\"254\"",
            "",
        ),
        html::field(
            "password",
            "Password",
            "type=\"password\" autocomplete=\"current-password\" maxlength=\"128\"",
            "",
        ),
    ];
    fields.concat()
}

fn code_page(
    sign_in: &SignIn,
    visit: &Visit,
    flow: &Flow,
    status: StatusCode,
    errors: &[String],
) -> Page {
    let fields = [
        html::hidden("flow", &sign_in.seal_flow(&visit.name(), flow)),
        code_field(errors.is_empty()),
    ];
    let token = sign_in.key.form(&visit.name());
    let form = html::form("/staff/sign-in/code", &token, &fields.concat(), "Sign in");
    let body = format!(
        "{}{form}<p class=\"quiet\"><a href=\"/staff/sign-in\">Start again</a></p>",
        html::alert(errors)
    );
    Page::new(status, html::page("Your code", !errors.is_empty(), &body))
}

/// The field for a code, on every page that asks for one.
pub(super) fn code_field(has_focus: bool) -> String {
    let focus = if has_focus { "autofocus " } else { "" };
    html::field(
        "code",
        "Code",
        &format!(
            "{focus}autocomplete=\"one-time-code\" autocapitalize=\"none\" spellcheck=\"false\" \
             maxlength=\"32\" class=\"code\""
        ),
        "Six digits from your authenticator app, or one of your recovery codes.",
    )
}
