//! Signing in through an application of the agency's own: it takes password and code from the
//! person, and gets what the code grant would give it. No other application ever may.
//!
//! The same counting, the same work and the same silence as on the pages (`sign_in.rs`).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::{Code, Email, Problem, RequestId, Secret, random};
use oauth::grants::{CODE_LIFE, CodeGrant};
use oauth::opaque::{self, RefreshToken};
use oauth::pkce::Challenge;
use oauth::{
    Authenticated, ClientProof, Confirmation, GrantRequest, Issuance, JtiClaim,
    Refused as NotGranted, Said, Scopes, TokenRequest, may_ask,
};
use serde::{Deserialize, Serialize};
use signin::{ACCOUNT, ADDRESS, FLOW, FLOW_LIFE};
use store::staff::Account;
use store::{grants, seen, sign_in_delays, staff, tenants};
use utoipa::ToSchema;
use watch::{Authentication, Person};

use super::flow::Flow;
use super::second_factor::{self, Proof, Typed};
use super::sign_in::{assured, verify};
use super::sso::LOCAL_CLOSED;
use crate::Settings;
use crate::extract::{Body, Facts};
use crate::oauth::client::{self, Stop, Tried};
use crate::oauth::forms::client_body;
use crate::oauth::granted;
use crate::oauth::token::{self, Desk, Given, TokenAnswer};
use crate::reply::{Answer, Refused, Reply};

/// One of the two steps of a login.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LoginStep {
    /// First, who somebody is, and their password.
    Password(LoginPassword),
    /// Then a code.
    Code(LoginCode),
}

impl LoginStep {
    /// How the client says who it is.
    fn said(&self) -> Said<'_> {
        match self {
            Self::Password(step) => step.said(),
            Self::Code(step) => step.said(),
        }
    }

    /// How the audit trail names what the person proves.
    fn method(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Code(step) => Typed::read(&step.code).method(),
        }
    }
}

client_body! {
    /// Who somebody is, and their password. The agency is the application's.
    pub(crate) struct LoginPassword {
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
}

client_body! {
    /// A code for a login whose password was right.
    pub(crate) struct LoginCode {
        /// The login, as the first step gave it.
        #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
        login: String,
        /// A code of the authenticator app, or a recovery code.
        #[schema(
            min_length = 1,
            max_length = 32,
            pattern = "^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$"
        )]
        code: String,
        /// Scopes separated by spaces; all that both may when left out.
        #[schema(
            max_length = 4096,
            pattern = "^[A-Za-z][A-Za-z0-9._:-]*( [A-Za-z][A-Za-z0-9._:-]*)*$"
        )]
        scope: Option<String>,
    }
}

client_body! {
    /// A refresh token.
    pub(crate) struct LoginRefresh {
        /// The token that the last answer gave.
        #[schema(max_length = 128, pattern = "^rt_[a-z2-7]{26}_[a-z2-7]{52}$")]
        refresh_token: String,
        /// Scopes separated by spaces; all that were granted when left out.
        #[schema(
            max_length = 4096,
            pattern = "^[A-Za-z][A-Za-z0-9._:-]*( [A-Za-z][A-Za-z0-9._:-]*)*$"
        )]
        scope: Option<String>,
    }
}

/// What a step gives.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a schema only")]
pub(crate) enum LoginAnswer {
    /// The password was right.
    Next(LoginNext),
    /// So was the code.
    Tokens(TokenAnswer),
}

/// A login that waits for a code.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginNext {
    /// The login, for the second step. It is good for this client only.
    login: String,
    /// Seconds until it ends.
    expires_in: u64,
}

/// Sign somebody in through an application of the agency's own.
///
/// In two steps: e-mail address and password give a `login`, and that with a code gives tokens, the
/// same as the code grant gives. A login takes one right code, five at most, and five minutes. For
/// applications that are registered as first-party only; whoever else wants to act for people sends
/// them to `/oauth/authorize`, and so does everybody where an identity provider vouches for people.
/// With a `DPoP` proof in the second step the tokens are bound to its key.
#[utoipa::path(
    post, path = "/v1/auth/login", operation_id = "login.prove", tag = "Login",
    request_body = LoginStep,
    params(("DPoP" = Option<String>, Header, description = "A DPoP proof", max_length = 8192)),
    responses(
        (status = 200, description = "The next step, or the tokens", body = LoginAnswer),
        (status = 400, description = "Not for this client, or not so"),
        (status = 401, description = "The client did not prove who it is"),
        (status = 403, description = "Not so")),
    extensions(("x-ringwall" = json!({
        "action": "token.issue", "access": "public", "body_max": 16384, "sensitive": "high",
        "opaque": ["login", "code"],
        "limits": [{ "name": "sign-in", "by": ["address"], "max": 60, "window_s": 900 }]
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<LoginStep>,
) -> Answer {
    let proof = prove_by(&dossier, &headers, sent.said())?;
    let registered = client::find(&app, &api, &proof, dossier.received_at).await?;
    let proven = client::prove(&app, &api, registered.as_ref(), &proof, &dossier).await;
    let tried = Tried::of(registered.as_ref(), (&proof, &proven), &dossier);
    let first_party = proven.and_then(|client| match client.client().uses.first_party {
        true => Ok(client),
        false => Err(NotGranted::GRANT_NOT_ALLOWED.into()),
    });
    let client = match first_party {
        Ok(client) => client,
        Err(stop) => return client::witnessed(&dossier, &proof, tried, Err(stop)),
    };
    let login = Login { app: &app, api: &api, dossier: &dossier, client };
    if !api.sign_in.takes_logins() {
        login.attempted(sent.method(), Tried::default(), Err("local_closed"));
        return Err(Problem::new(&LOCAL_CLOSED).into());
    }
    match sent {
        LoginStep::Password(step) => login.password(step).await,
        LoginStep::Code(step) => login.code(&headers, proof, step).await,
    }
}

/// Get the next token of somebody who signed in.
///
/// The refresh token is good once, and each answer has the next one; who lost an answer may repeat
/// the request within ten seconds.
#[utoipa::path(
    post, path = "/v1/auth/refresh", operation_id = "login.refresh", tag = "Login",
    request_body = LoginRefresh,
    params(("DPoP" = Option<String>, Header, description = "A DPoP proof", max_length = 8192)),
    responses(
        (status = 200, description = "The tokens", body = TokenAnswer),
        (status = 400, description = "Not for this client, or the token is not good"),
        (status = 401, description = "The client did not prove who it is")),
    extensions(("x-ringwall" = json!({
        "action": "token.issue", "access": "public", "body_max": 16384, "sensitive": "high",
        "limits": [{ "name": "token", "by": ["address"], "max": 60, "window_s": 900 }]
    }))),
    security(("client_basic" = []))
)]
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Body(sent): Body<LoginRefresh>,
) -> Answer {
    let client = prove_by(&dossier, &headers, sent.said())?;
    let scope = scopes(sent.scope.as_deref())?;
    let grant = GrantRequest::Refresh { token: Secret::new(sent.refresh_token) };
    let request = TokenRequest { client, grant, scope, resource: None };
    let desk = Desk { path: "/v1/auth/refresh", is_for_first_parties: true };
    token::exchange((&app, &api), (&dossier, &headers), &request, &desk).await
}

fn prove_by(
    dossier: &Dossier,
    headers: &HeaderMap,
    said: Said<'_>,
) -> Result<ClientProof, Refused> {
    let proof = ClientProof::of(client::authorization(headers), said);
    proof.map_err(|error| client::unread(dossier, error))
}

fn scopes(text: Option<&str>) -> Result<Option<Scopes>, Refused> {
    let parsed = text.map(Scopes::parse).transpose();
    parsed.map_err(|_| NotGranted::SCOPE_NOT_ALLOWED.error.into())
}

/// A login through a client that proved who it is.
struct Login<'a> {
    app: &'a App,
    api: &'a Settings,
    dossier: &'a Dossier,
    client: Authenticated<'a>,
}

impl Login<'_> {
    async fn password(&self, sent: LoginPassword) -> Answer {
        let (sign_in, now) = (&self.api.sign_in, self.dossier.received_at);
        let permit = granted::permit(self.app, &self.client, self.dossier).map_err(failed)?;
        let agency = {
            let view = self.app.store.view(&permit).await?;
            tenants::own(&view).await?
        };
        let email = sent.email.trim();
        let folded =
            Email::parse(email).map_or_else(|_| email.to_lowercase(), |email| email.folded());
        let index = sign_in.key.index(agency.slug.as_str(), &folded);
        let counted = sign_in.key.of_account(&index);
        let mut subjects = vec![(counted, ACCOUNT)];
        let from = self.dossier.origin();
        subjects.extend(from.map(|from| (sign_in.key.of_address(from), ADDRESS)));
        let named = format!("account:{}", index.to_text().get(..16).unwrap_or_default());
        if let Err(wait) = sign_in_delays::attempt(&self.app.store, &subjects, now).await? {
            self.attempted("password", unknown(named), Err("throttled"));
            return Err(too_many(wait));
        }
        let found = staff::find(&self.app.store, &index).await?;
        let proof = verify(self.api, found.as_ref(), sent.password).await?;
        let account = found.map(|found| found.account);
        let who = account.as_ref().map_or_else(|| unknown(named), |known| known_as(person(known)));
        self.attempted("password", who, proof);
        let (Some(account), Ok(())) = (account, proof) else {
            return Err(Problem::new(&REFUSED).into());
        };
        second_factor::forgive(self.app, sign_in, self.dossier, counted).await?;
        let id = HEXLOWER.encode(&random::bytes::<16>());
        let until = now.plus(FLOW_LIFE).millis();
        let flow = Flow { id, tenant: account.tenant, user: account.id, until };
        let login = sign_in.seal_login(&self.client.client().client_id, &flow);
        let next = LoginNext { login, expires_in: FLOW_LIFE.as_secs() };
        Ok(Reply::ok(&next)?.with(CACHE_CONTROL, "no-store".to_owned()))
    }

    async fn code(&self, headers: &HeaderMap, proof: ClientProof, sent: LoginCode) -> Answer {
        let (sign_in, now) = (&self.api.sign_in, self.dossier.received_at);
        let client_id = &self.client.client().client_id;
        let typed = Typed::read(&sent.code);
        let flow = sign_in.open_login(client_id, &sent.login, now);
        let Some(flow) = flow else {
            self.attempted(typed.method(), Tried::default(), Err("login_over"));
            return Err(Problem::new(&OVER).into());
        };
        let person = Person { tenant: flow.tenant, user: flow.user };
        let counted = sign_in.key.of_flow(&flow.id);
        if sign_in_delays::failures(&self.app.store, &counted).await? > FLOW.free {
            self.attempted(typed.method(), known_as(person), Err("login_over"));
            return Err(Problem::new(&OVER).into());
        }
        let subjects = second_factor::subjects(sign_in, self.dossier, flow.user, Some(&flow.id));
        if let Err(wait) = sign_in_delays::attempt(&self.app.store, &subjects, now).await? {
            self.attempted(typed.method(), known_as(person), Err("throttled"));
            return Err(too_many(wait));
        }
        let mut tried = known_as(person);
        let asked = (proof, sent.scope.as_deref());
        let outcome = self.grant(headers, asked, (&flow, &typed), &mut tried).await;
        let told = match &outcome {
            Ok(_) => Ok(()),
            Err(Halt::Unproven(why)) => Err(*why),
            Err(Halt::Stopped(Stop::Refused(refused))) => Err(refused.reason.code()),
            Err(Halt::Stopped(Stop::Failed(_))) => Err("failed"),
        };
        let proven = typed.proven();
        tried.assured = outcome.is_ok().then(|| assured(proven));
        self.attempted(typed.method(), tried, told);
        match outcome {
            Ok(given) => {
                let counted = sign_in.key.of_second_factor(flow.user.uuid().as_bytes());
                second_factor::forgive(self.app, sign_in, self.dossier, counted).await?;
                given.reply(self.app, self.dossier.received_at)
            }
            Err(Halt::Unproven("login_over")) => Err(Problem::new(&OVER).into()),
            Err(Halt::Unproven(_)) => Err(Problem::new(&REFUSED).into()),
            Err(Halt::Stopped(stop)) => Err(failed(stop)),
        }
    }

    /// The code grant without a browser: the person's code is used up with the transaction that
    /// writes ours, and ours is redeemed at once.
    async fn grant(
        &self,
        headers: &HeaderMap,
        (proof, scope): (ClientProof, Option<&str>),
        (flow, typed): (&Flow, &Typed),
        tried: &mut Tried,
    ) -> Result<Given, Halt> {
        let now = self.dossier.received_at;
        let parts = (self.app, self.api);
        let bound_to = token::confirmed(parts, &self.client, (self.dossier, headers), PATH).await?;
        tried.bound_to = bound_to.as_ref().map(|bound_to| bound_to.thumbprint().to_owned());
        let jti = RequestId::new(self.app.clock.as_ref()).to_string();
        let issuance = Issuance {
            issuer: &self.api.issuer,
            audience: &self.api.audience,
            jti: &jti,
            now,
            bound_to: bound_to.as_ref(),
        };
        let code = opaque::Code::generate();
        let verifier = BASE64URL_NOPAD.encode(&random::bytes::<32>());
        let challenge = Challenge::of(&verifier);
        let grant =
            GrantRequest::Login { code: code.whole().clone(), verifier: Secret::new(verifier) };
        let scope = scopes(scope)?;
        let request = TokenRequest { client: proof, grant, scope, resource: None };
        may_ask(self.client.client(), &request, &issuance)?;
        self.write((flow, typed), &request, (&code, challenge), &issuance).await?;
        // What was sealed for this login begins no second one.
        let until = kernel::Timestamp::from_millis(flow.until);
        let hash = self.api.sign_in.key.of_flow(&format!("{} is used", flow.id));
        if !seen::claim(&self.app.store, &JtiClaim { hash, until }).await? {
            return Err(Halt::Unproven("login_over"));
        }
        let by = (&self.client, &request, tried);
        Ok(granted::give(self.app, self.api, by, (self.dossier, &issuance)).await?)
    }

    async fn write(
        &self,
        (flow, typed): (&Flow, &Typed),
        request: &TokenRequest,
        (code, challenge): (&opaque::Code, Challenge),
        issuance: &Issuance<'_>,
    ) -> Result<(), Halt> {
        let (client, now) = (self.client.client(), issuance.now);
        let permit = self.app.policy.system(flow.tenant, "sign-in");
        let mut tx = self.app.store.tenant(&permit, &self.dossier.witness()).await?;
        let account = staff::require(&tx, flow.user).await?;
        let proof = second_factor::prove(&mut tx, &self.api.sign_in, &account, typed, now).await?;
        proof.map_err(Halt::Unproven)?;
        let asked = request.scope.as_ref().unwrap_or(&client.allowed);
        if !asked.is_subset(&client.allowed) {
            return Err(NotGranted::SCOPE_NOT_ALLOWED.into());
        }
        let scopes = granted::both(self.app, (&account.roles, client), asked)
            .map_err(|_| NotGranted::SCOPE_NOT_ALLOWED)?;
        let grant = CodeGrant {
            client_id: client.client_id.clone(),
            tenant: client.tenant,
            subject: flow.user.to_string(),
            scopes,
            redirect_uri: String::new(),
            challenge,
            bound_to: issuance.bound_to.and_then(Confirmation::key).map(ToOwned::to_owned),
            auth_time: now,
            phishing_resistant: false,
            vouched: false,
            family: RefreshToken::new_family(),
            expires_at: now.plus(CODE_LIFE),
        };
        grants::add_code(&mut tx, code.hash(&self.api.grant_key), &grant).await?;
        Ok(tx.commit(None).await?)
    }

    /// Notes an attempt of a person, or of whom was named, through this client.
    fn attempted(&self, method: &'static str, tried: Tried, outcome: Proof) {
        let client = self.client.client();
        let credential = tried.credential.or_else(|| Some(self.client.credential().to_owned()));
        self.dossier.attempted(Authentication {
            client_id: Some(client.client_id.clone()),
            tenant: Some(client.tenant),
            person: tried.person,
            credential,
            bound_to: tried.bound_to,
            assured: tried.assured,
            ..Authentication::new(method, outcome)
        });
    }
}

/// An attempt of somebody.
fn known_as(person: Person) -> Tried {
    Tried { person: Some(person), ..Tried::default() }
}

/// One of whoever was named.
fn unknown(named: String) -> Tried {
    Tried { credential: Some(named), ..Tried::default() }
}

/// Why a second step gives nothing.
enum Halt {
    /// The person did not prove who they are.
    Unproven(&'static str),
    /// The protocol refuses, or something of ours failed.
    Stopped(Stop),
}

impl<E: Into<Stop>> From<E> for Halt {
    fn from(stop: E) -> Self {
        Self::Stopped(stop.into())
    }
}

fn person(account: &Account) -> Person {
    Person { tenant: account.tenant, user: account.id }
}

fn failed(stop: Stop) -> Refused {
    match stop {
        Stop::Refused(refused) => refused.error.into(),
        Stop::Failed(failed) => failed,
    }
}

fn too_many(wait: Duration) -> Refused {
    let seconds = wait.as_secs().saturating_add(1).to_string();
    Problem::new(&WAIT).header("retry-after", seconds).into()
}

const PATH: &str = "/v1/auth/login";

/// Not who they say they are; nothing more is told.
pub(crate) const REFUSED: Code = Code {
    status: 403,
    name: "login.refused",
    title: "The e-mail address, password or code is wrong",
    mend: "Ask the person again; a code works once. Unknown people are answered as who mistyped.",
};
/// A login that takes no code any more.
pub(crate) const OVER: Code = Code {
    status: 403,
    name: "login.over",
    title: "This login is over",
    mend: "Start again with address and password. A login takes five codes and five minutes.",
};
/// Guessing is slowed.
pub(crate) const WAIT: Code = Code {
    status: 429,
    name: "login.wait",
    title: "Too many attempts",
    mend: "`Retry-After` says for how many seconds this person, or this address, has to wait.",
};
