//! Whether an application may act for somebody: they are told which one, for what, and for how
//! long, and decide with one of two buttons.

pub(super) mod words;

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::{HeaderMap, StatusCode};
use kernel::html::escape;
use kernel::{Code, Problem, Purpose};
use oauth::authorization::{ACCESS_DENIED, Unproven};
use oauth::grants::{CODE_LIFE, CodeGrant};
use oauth::opaque::{self, RefreshToken};
use oauth::{RegisteredClient, Scopes};
use policy::{Permit as Proof, Role};
use serde::Deserialize;
use store::partners::{self, Partner};
use store::{grants, pushed_requests, staff, staff_sessions, tenants};
use utoipa::ToSchema;

use super::account::Own;
use super::asked::{self, Pending};
use super::authorize::unproven;
use super::page::{Page, PageAnswer};
use super::{html, stale};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};
use crate::oauth::client;
use crate::reply::Refused;

/// What somebody decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// The request, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,6144}$")]
    asked: String,
    /// Which button.
    decision: Decision,
}

/// Which button.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// The application may.
    Allow,
    /// It may not.
    Refuse,
}

/// The page to decide on.
#[utoipa::path(
    get, path = "/oauth/consent", operation_id = "consent.read", tag = "OAuth",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "consent.read", "error_form": "page"})))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    headers: HeaderMap,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    let pending = Pending::of(&api.asked, &headers, dossier.received_at);
    let pending = pending.ok_or_else(|| Problem::new(&OVER))?;
    let (partner, client) = known(&app, &api, (&permit, &pending), &dossier).await?;
    let scopes = grantable(&app, (&permit, &client), &pending.request.scopes)?;
    let view = app.store.view(&permit).await?;
    let account = staff::require(&view, own.user).await?;
    let (email, _) = account.person(&view)?;
    let agency = tenants::own(&view).await?;
    let target = &pending.request.back.redirect_uri;
    let asking = Asking {
        client: &partner.name,
        agency: &agency.name,
        email: email.open(Purpose::Answer),
        target,
        scopes: scopes.as_ref(),
    };
    let hidden = [
        html::hidden("form", &api.sign_in.key.form(&own.name())),
        html::hidden("asked", &pending.seal(&api.asked, &own.name())),
    ];
    let page = Page::new(StatusCode::OK, asking.page(&hidden.concat()));
    Ok(page.onward(oauth::redirect::form_target(target)))
}

/// Decides. The browser goes to the application with what was decided.
#[utoipa::path(
    post, path = "/oauth/consent", operation_id = "consent.give", tag = "OAuth",
    request_body(content = ConsentForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Decided")),
    extensions(("x-ringwall" = json!({
        "action": "consent.give", "error_form": "page", "body_max": 8192, "sensitive": "high"
    })))
)]
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<ConsentForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let now = dossier.received_at;
    let pending = Pending::open(&api.asked, &own.name(), &sent.asked, now).ok_or_else(stale)?;
    let (_, client) = known(&app, &api, (&permit, &pending), &dossier).await?;
    let scopes = grantable(&app, (&permit, &client), &pending.request.scopes)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    if let Some(reference) = pending.reference()
        && !pushed_requests::take(&mut tx, reference).await?
    {
        return Err(unproven(Unproven::Pushed));
    }
    let back = &pending.request.back;
    let answer = match (sent.decision, scopes) {
        (Decision::Allow, Some(scopes)) => {
            let code = opaque::Code::generate();
            let session = staff_sessions::require(&tx, own.user, own.session).await?;
            let grant = CodeGrant {
                client_id: client.client_id,
                tenant: client.tenant,
                subject: own.user.to_string(),
                scopes,
                redirect_uri: back.redirect_uri.clone(),
                challenge: pending.request.challenge.clone(),
                bound_to: pending.request.bound_to.clone(),
                auth_time: session.proven_at,
                phishing_resistant: session.phishing_resistant,
                vouched: session.provider.is_some(),
                family: RefreshToken::new_family(),
                expires_at: now.plus(CODE_LIFE),
            };
            grants::add_code(&mut tx, code.hash(&api.grant_key), &grant).await?;
            back.with_code(code.whole().expose(), &api.issuer)
        }
        (Decision::Refuse, _) | (_, None) => {
            back.with_error(ACCESS_DENIED.0, ACCESS_DENIED.1, &api.issuer)
        }
    };
    tx.commit(None).await?;
    Ok(Page::see(answer).with(asked::gone()))
}

/// The client as it is registered now, if it may still ask this, and is of the person's agency.
async fn known(
    app: &App,
    api: &Settings,
    (permit, pending): (&Proof, &Pending),
    dossier: &Dossier,
) -> Result<(Partner, RegisteredClient), Refused> {
    if permit.tenant() != Some(pending.tenant) {
        return Err(Problem::new(&ELSEWHERE).into());
    }
    let request = &pending.request;
    let found = partners::find(&app.store, &request.client_id, dossier.received_at).await?;
    let partner = found.ok_or_else(|| unproven(Unproven::Client))?;
    let client = client::registered(&partner, api.environment)?;
    let uris = &client.uses.redirect_uris;
    if !client.active || !client.uses.authorization_code {
        return Err(unproven(Unproven::Client));
    }
    if !uris.iter().any(|known| known.is(&request.back.redirect_uri)) {
        return Err(unproven(Unproven::Redirect));
    }
    Ok((partner, client))
}

/// What of the asked scopes the person and the application may both use; none when that is nothing.
fn grantable(
    app: &App,
    (permit, client): (&Proof, &RegisteredClient),
    asked: &Scopes,
) -> Result<Option<Scopes>, Refused> {
    let odd = || Problem::internal("a client of an unknown role or environment");
    let own = client.roles.iter().map(|role| role.parse::<Role>().map_err(|_| odd()));
    let own: Vec<Role> = own.collect::<Result<_, Problem>>()?;
    let environment = client.environment.parse().map_err(|_| odd())?;
    let roles: Vec<Role> = permit.caller().roles().collect();
    let between = app.policy.scopes_between(&roles, &own, (client.tenant, environment));
    let kept = asked.iter().filter(|scope| client.allowed.contains(scope));
    let kept: Vec<&str> = kept.filter(|scope| between.contains(scope)).collect();
    Ok(Scopes::parse(&kept.join(" ")).ok())
}

/// What the page says.
struct Asking<'a> {
    client: &'a str,
    agency: &'a str,
    email: &'a str,
    target: &'a str,
    scopes: Option<&'a Scopes>,
}

impl Asking<'_> {
    fn page(&self, hidden: &str) -> String {
        let title = format!("May {} act for you?", self.client);
        let what = match self.scopes {
            Some(scopes) => format!(
                "<h2>It wants to</h2><ul>{}</ul><p>For a day at most, and never more than you may \
                 yourself. It does not learn your password.</p>",
                words::list(scopes)
            ),
            None => "<p>It asks for nothing that both you and it may do.</p>".to_owned(),
        };
        let allow = match self.scopes {
            Some(_) => "<button name=\"decision\" value=\"allow\">Allow</button>",
            None => "",
        };
        let body = format!(
            "<dl><dt>Application</dt><dd>{}</dd><dt>Agency</dt><dd>{}</dd><dt>You</dt><dd>{}</dd>\
             </dl>{what}<form method=\"post\" action=\"/oauth/consent\">{hidden}\
             <div class=\"row\">{allow}<button class=\"plain\" name=\"decision\" \
             value=\"refuse\">Do not allow</button></div></form>\
             <p class=\"quiet\">Either way you go on to <code>{}</code>. Not you? \
             <a href=\"/staff\">Sign out</a> first.</p>",
            escape(self.client),
            escape(self.agency),
            escape(self.email),
            escape(self.target.split('?').next().unwrap_or_default()),
        );
        html::page(&title, false, &body)
    }
}

/// The request was decided, or nobody decided it in time.
pub(crate) const OVER: Code = Code {
    status: 404,
    name: "authorize.over",
    title: "There is nothing to decide",
    mend: "Go back to the application and start again. Cookies must be allowed.",
};
/// The person is of another agency than the application.
pub(crate) const ELSEWHERE: Code = Code {
    status: 403,
    name: "authorize.elsewhere",
    title: "This application belongs to another agency",
    mend: "Sign out, and sign in with your account at the agency that uses the application.",
};
