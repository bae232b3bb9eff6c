//! Issuers of access tokens that are not ours, and what we make of their tokens.
//!
//! A token's own `iss`, which nothing proves yet, chooses among those that are configured. Nothing
//! is ever asked for by what a token says: where keys are, the configuration says. What is believed
//! becomes the claims of a token of ours, so that all that follows (revocation, binding, limits,
//! policies, audit) is the same for both.

mod mapping;

use std::fmt::Write;
use std::sync::Arc;

use issuers::Issuer;
use kernel::{Clock, Code, Problem};
use oauth::claims::{PHISHING_RESISTANT, TWO_FACTORS};
use oauth::outside::OutsideJws;
use oauth::{
    Claims, Delegation, ForeignKey, OutsideError, OutsideRules, OutsideToken, TokenError, outside,
};
use policy::{Environment, Role};
use signin::federated::Assured;
use tokio::sync::Semaphore;
use watch::{Authentication, Vouched};

pub use mapping::{
    Application, Grants, Mapped, Mapping, RoleRow, TenantClaim, Unmapped, client_id,
    is_of_applications, is_of_people, person_id,
};

/// An issuer whose access tokens are believed, and what they are worth here.
pub struct TrustedIssuer {
    /// Its name for operators, which stands before each name that it gives.
    pub name: String,
    /// Its keys.
    pub issuer: Arc<Issuer>,
    /// What its tokens are held to.
    pub rules: OutsideRules,
    /// What they mean.
    pub mapping: Mapping,
}

/// All of them.
pub struct TrustedIssuers {
    all: Vec<Waited>,
    environment: Environment,
}

pub(crate) struct Waited {
    pub(crate) trusted: TrustedIssuer,
    /// Places for requests that wait for keys.
    places: Semaphore,
}

/// A good token, in our words.
pub(crate) struct Taken {
    pub(crate) claims: Claims,
    pub(crate) kid: String,
    pub(crate) vouched: Vouched,
}

/// A token that is not believed, and what is known of it.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub why: OutsideDisbelief,
    vouched: Vouched,
    client: Option<String>,
    credential: Option<String>,
}

/// Why a token of another issuer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideDisbelief {
    /// The token itself.
    #[error(transparent)]
    Token(#[from] OutsideError),
    /// What it says means nothing here.
    #[error(transparent)]
    Unmapped(#[from] Unmapped),
    /// The issuer has no such key.
    #[error("the issuer has no key of this name")]
    UnknownKey,
    /// The issuer does not say which keys it has.
    #[error("the issuer does not answer, and the key is not known")]
    Silent,
    /// As many requests as may wait for the issuer's keys are waiting.
    #[error("enough requests wait for the issuer's keys")]
    Busy,
}

impl OutsideDisbelief {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Unmapped(unmapped) => unmapped.code(),
            Self::UnknownKey => "unknown_key",
            Self::Silent => "issuer_silent",
            Self::Busy => "issuer_busy",
        }
    }
}

impl From<OutsideDisbelief> for Problem {
    fn from(why: OutsideDisbelief) -> Self {
        let problem = match why {
            // Whether it is good nobody can tell; that is no fault of the token.
            OutsideDisbelief::Silent | OutsideDisbelief::Busy => {
                Self::new(&SILENT).header("retry-after", "5")
            }
            OutsideDisbelief::Token(OutsideError::Expired) => Self::from(TokenError::Expired),
            // The caller learns no more than of any other bad token.
            _ => Self::from(TokenError::Signature),
        };
        problem.because(why)
    }
}

impl Refused {
    /// What the audit trail says of it.
    #[must_use]
    pub fn attempt(&self) -> Authentication {
        Authentication {
            client_id: self.client.clone(),
            credential: self.credential.clone(),
            vouched: Some(self.vouched.clone()),
            ..Authentication::new(METHOD, Err(self.why.reason()))
        }
    }
}

impl TrustedIssuers {
    /// None: our own tokens are the only ones.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Vec::new(), Environment::Production)
    }

    /// These, for the environment that is served.
    #[must_use]
    pub fn new(all: Vec<TrustedIssuer>, environment: Environment) -> Self {
        let all = all.into_iter();
        let places = || Semaphore::new(WAITING_MAX);
        Self { all: all.map(|trusted| Waited { trusted, places: places() }).collect(), environment }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedIssuer> {
        self.all.iter().map(|waited| &waited.trusted)
    }

    /// The one that a token says it is of.
    pub(crate) fn claimed(&self, token: &str) -> Option<&Waited> {
        if self.all.is_empty() {
            return None;
        }
        let claimed = outside::claimed_issuer(token)?;
        self.all.iter().find(|waited| waited.trusted.rules.issuer == claimed)
    }

    /// What a token of this issuer says, in our words.
    pub(crate) async fn believe(
        &self,
        of: &Waited,
        token: &str,
        clock: &dyn Clock,
    ) -> Result<Taken, Box<Refused>> {
        let trusted = &of.trusted;
        let mut seen = Seen::of(&trusted.name);
        let jws = OutsideJws::parse(token, trusted.rules.kind);
        let jws = jws.map_err(|error| seen.refused(error.into()))?;
        seen.vouched.kid = Some(jws.kid().to_owned());
        let key = of.key(jws.kid()).await.map_err(|why| seen.refused(why))?;
        let token = jws.verify(&key, &trusted.rules, clock.now());
        let token = token.map_err(|error| seen.refused(error.into()))?;
        seen.proven(&token);
        let mapped = trusted.mapping.map(&trusted.name, &token, self.environment);
        let mapped = mapped.map_err(|unmapped| seen.refused(unmapped.into()))?;
        let claims = claims(trusted, token, mapped, self.environment);
        // No key of ours has such a name, and no other issuer's.
        let kid = format!("{}:{}", trusted.name, jws.kid());
        Ok(Taken { claims, kid, vouched: seen.vouched })
    }

    /// What operators count: how often keys were asked for, in vain, and how old they are.
    pub(crate) fn write_metrics(&self, out: &mut String) {
        if self.all.is_empty() {
            return;
        }
        let mut write = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Issuer) -> String| {
            let suffix = if kind == "counter" { "_total" } else { "" };
            // Writing to a string cannot fail.
            let _infallible = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for trusted in self.iter() {
                let (issuer, value) = (&trusted.name, value(&trusted.issuer));
                let _infallible = writeln!(out, "{name}{suffix}{{issuer=\"{issuer}\"}} {value}");
            }
        };
        write("ringwall_issuer_fetches", "counter", FETCHES_HELP, &|issuer| {
            issuer.tally().fetches.to_string()
        });
        write("ringwall_issuer_fetch_failures", "counter", FAILURES_HELP, &|issuer| {
            issuer.tally().failures.to_string()
        });
        write("ringwall_issuer_keys_age_seconds", "gauge", AGE_HELP, &|issuer| {
            issuer.keys_age().map_or_else(|| "NaN".to_owned(), |age| age.as_secs().to_string())
        });
    }
}

impl Waited {
    /// The key of a name. One that is not known is asked for, at most every ten seconds, while few
    /// wait: whoever sends unknown names holds up no more than these.
    async fn key(&self, kid: &str) -> Result<Arc<ForeignKey>, OutsideDisbelief> {
        let issuer = &self.trusted.issuer;
        if let Some(key) = issuer.known_key(kid) {
            return Ok(key);
        }
        let Ok(_place) = self.places.try_acquire() else { return Err(OutsideDisbelief::Busy) };
        match issuer.key(kid).await {
            Some(key) => Ok(key),
            None if issuer.is_silent() => Err(OutsideDisbelief::Silent),
            None => Err(OutsideDisbelief::UnknownKey),
        }
    }
}

/// What is known of a token so far.
struct Seen {
    vouched: Vouched,
    client: Option<String>,
    credential: Option<String>,
}

impl Seen {
    fn of(name: &str) -> Self {
        let vouched = Vouched { issuer: name.to_owned(), kid: None, acr: None, amr: None };
        Self { vouched, client: None, credential: None }
    }

    fn proven(&mut self, token: &OutsideToken) {
        let name = &self.vouched.issuer;
        self.client = Some(mapping::client_id(name, &token.client));
        self.credential = Some(mapping::client_id(name, &token.id));
        self.vouched.acr.clone_from(&token.acr);
        self.vouched.amr = Some(token.amr.join(" ")).filter(|amr| !amr.is_empty());
    }

    fn refused(&mut self, why: OutsideDisbelief) -> Box<Refused> {
        Box::new(Refused {
            why,
            vouched: self.vouched.clone(),
            client: self.client.take(),
            credential: self.credential.take(),
        })
    }
}

/// The claims of a token of ours that would mean the same.
fn claims(
    trusted: &TrustedIssuer,
    token: OutsideToken,
    mapped: Mapped,
    environment: Environment,
) -> Claims {
    let name = &trusted.name;
    let client_id = mapping::client_id(name, &token.client);
    let words = |roles: &[Role]| roles.iter().map(ToString::to_string).collect();
    let person = mapped.person.as_ref().map(|person| Delegation {
        grant_id: format!("{name}:"),
        // Who does not say when they proved it did so long ago.
        auth_time: token.auth_time.unwrap_or(0),
        acr: acr(person.assured).to_owned(),
        client_roles: words(&mapped.client_roles),
    });
    Claims {
        iss: trusted.rules.issuer.clone(),
        sub: mapped.person.as_ref().map_or_else(|| client_id.clone(), |p| p.user.to_string()),
        aud: token.audience,
        client_id,
        jti: mapping::client_id(name, &token.id),
        iat: token.iat,
        exp: token.exp,
        scope: mapped.scopes,
        tenant: mapped.tenant,
        env: environment.to_string(),
        roles: mapped.person.map_or_else(|| words(&mapped.client_roles), |p| words(&p.roles)),
        person,
        cnf: token.cnf,
    }
}

const fn acr(assured: Assured) -> &'static str {
    if assured.is_phishing_resistant { PHISHING_RESISTANT } else { TWO_FACTORS }
}

/// What the audit trail says when a token is taken that was not seen a moment ago.
#[must_use]
pub(crate) fn taken(claims: &Claims, vouched: &Vouched) -> Authentication {
    let user = claims.person.as_ref().and_then(|_| claims.sub.parse().ok());
    Authentication {
        client_id: Some(claims.client_id.clone()),
        tenant: Some(claims.tenant),
        person: user.map(|user| watch::Person { tenant: claims.tenant, user }),
        credential: Some(claims.jti.clone()),
        bound_to: claims.cnf.as_ref().map(|cnf| cnf.thumbprint().to_owned()),
        vouched: Some(vouched.clone()),
        ..Authentication::new(METHOD, Ok(()))
    }
}

/// How it was tried, in the audit trail.
const METHOD: &str = "trusted_issuer";
/// So many requests at once wait for keys of an issuer.
const WAITING_MAX: usize = 16;
const FETCHES_HELP: &str = "How often a trusted issuer was asked for its keys";
const FAILURES_HELP: &str = "How often it did not answer with keys";
const AGE_HELP: &str = "How long ago its keys came; NaN while they never did";

/// The problems that this makes.
pub(crate) const CODES: &[&Code] = &[&SILENT];

/// The issuer of a token does not say which keys it has.
pub const SILENT: Code = Code {
    status: 503,
    name: "auth.issuer_silent",
    title: "The issuer of the access token does not answer, so the token cannot be checked",
    mend: "Try again after `Retry-After` seconds; nothing was changed.",
};
