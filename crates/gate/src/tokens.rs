//! Whose access tokens are believed, and which ones were checked a moment ago.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Clock, Timestamp};
use oauth::claims::PHISHING_RESISTANT;
use oauth::{Claims, Delegation, Expect, TokenError, Verified};
use policy::{Caller, ClientFacts, Environment, Role, StaffFacts};
use quick_cache::sync::Cache;
use store::StoreError;
use watch::{Authentication, Person, Vouched};

use crate::signing::Signing;
use crate::trusted::{self, Refused, Taken, TrustedIssuers};

/// Verifies access tokens. A token that was verified within the last 30 seconds costs a hash.
pub struct Tokens {
    signing: Arc<Signing>,
    issuer: String,
    audience: String,
    trusted: TrustedIssuers,
    seen: Cache<[u8; 32], Seen>,
}

/// A good token. Whether it was revoked is another question, which is asked each time.
#[derive(Clone, Debug)]
pub struct Believed {
    /// Who it speaks for.
    pub caller: Arc<Caller>,
    /// What it says.
    pub claims: Arc<Claims>,
    /// The key that signed it; of another issuer's, with the issuer's name before it.
    pub kid: Arc<str>,
    /// Who issued it, where that was not us.
    pub vouched: Option<Arc<Vouched>>,
    /// Whether it was verified just now, and not remembered.
    pub is_new: bool,
}

impl Believed {
    /// The person for whom it speaks, where it speaks for one.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        let claims = self.claims.person.as_ref().map(|_| &self.claims)?;
        Some(Person { tenant: claims.tenant, user: claims.sub.parse().ok()? })
    }

    /// What the audit trail says of another issuer's token that was not seen a moment ago. Of ours
    /// it has said so where we issued it.
    #[must_use]
    pub fn attempt(&self) -> Option<Authentication> {
        let vouched = self.vouched.as_ref().filter(|_| self.is_new)?;
        Some(trusted::taken(&self.claims, vouched))
    }
}

#[derive(Clone)]
struct Seen {
    believed: Believed,
    until: Timestamp,
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Disbelief {
    /// The token itself.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its claims name a role or environment that we do not know.
    #[error("the token's claims are not of this installation")]
    Claims,
    /// It is of another issuer, and not believed.
    #[error("the token of another issuer is refused")]
    Outside(Box<Refused>),
    /// Its key could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Disbelief {
    /// A stable word for the audit trail.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Claims => "claims",
            Self::Outside(refused) => refused.why.reason(),
            Self::Store(_) => "failed",
        }
    }
}

impl Tokens {
    /// Believes tokens that these keys signed, for this issuer and audience.
    #[must_use]
    pub fn new(signing: Arc<Signing>, issuer: String, audience: String) -> Self {
        let trusted = TrustedIssuers::none();
        Self { signing, issuer, audience, trusted, seen: Cache::new(SEEN_MAX) }
    }

    /// Believes those of other issuers, too.
    #[must_use]
    pub fn trusting(self, trusted: TrustedIssuers) -> Self {
        Self { trusted, ..self }
    }

    /// Whose tokens are believed besides our own.
    #[must_use]
    pub const fn trusted(&self) -> &TrustedIssuers {
        &self.trusted
    }

    /// Who an access token speaks for. Where it names a key that is not known here, the keys are
    /// read anew: another node may have made it a moment ago. One that says it is of a trusted
    /// issuer is held to that issuer's rules, and to no others.
    ///
    /// # Errors
    /// When anything about the token is not as it must be (RFC 9068 §4).
    pub async fn believe(&self, token: &str, clock: &dyn Clock) -> Result<Believed, Disbelief> {
        let (key, now) = (fingerprint(token), clock.now());
        if let Some(known) = self.remembered(&key, now) {
            // How long ago a person proved who they are is another question each time.
            let caller = match known.claims.person {
                Some(_) => caller_of(&known.claims, now)?,
                None => known.caller,
            };
            return Ok(Believed { caller, is_new: false, ..known });
        }
        if let Some(of) = self.trusted.claimed(token) {
            let taken = self.trusted.believe(of, token, clock).await;
            return self.remember(key, taken.map_err(Disbelief::Outside)?.into(), now);
        }
        let verified = match self.verify(token, now) {
            Err(TokenError::UnknownKey) if self.signing.ask().await? => {
                self.verify(token, clock.now())
            }
            verified => verified,
        };
        self.remember(key, verified?.into(), now)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let expect = Expect { issuer: &self.issuer, audience: &self.audience };
        self.signing.verifying(|keys| oauth::verify(token, keys, &expect, now))
    }

    fn remember(&self, key: [u8; 32], good: Good, now: Timestamp) -> Result<Believed, Disbelief> {
        let Good { claims, kid, vouched } = good;
        let caller = caller_of(&claims, now)?;
        let end = Timestamp::from_millis(claims.exp.saturating_mul(1000));
        let until = end.min(now.plus(SEEN_LIFE));
        let believed =
            Believed { caller, claims: Arc::new(claims), kid: kid.into(), vouched, is_new: true };
        self.seen.insert(key, Seen { believed: believed.clone(), until });
        Ok(believed)
    }

    /// Whether a token was verified a moment ago. Costs a hash, whatever the token is.
    #[must_use]
    pub fn knows(&self, token: &str, now: Timestamp) -> bool {
        self.remembered(&fingerprint(token), now).is_some()
    }

    fn remembered(&self, key: &[u8; 32], now: Timestamp) -> Option<Believed> {
        self.seen.get(key).filter(|seen| now < seen.until).map(|seen| seen.believed)
    }
}

/// A token that was verified, whoever issued it.
struct Good {
    claims: Claims,
    kid: String,
    vouched: Option<Arc<Vouched>>,
}

impl From<Verified> for Good {
    fn from(Verified { claims, kid }: Verified) -> Self {
        Self { claims, kid, vouched: None }
    }
}

impl From<Taken> for Good {
    fn from(Taken { claims, kid, vouched }: Taken) -> Self {
        Self { claims, kid, vouched: Some(Arc::new(vouched)) }
    }
}

/// Who a token speaks for: a client, or a person for whom a client acts.
fn caller_of(claims: &Claims, now: Timestamp) -> Result<Arc<Caller>, Disbelief> {
    let environment = claims.env.parse::<Environment>().map_err(|_| Disbelief::Claims)?;
    let of_client = claims.person.as_ref().map_or(&claims.roles, |person| &person.client_roles);
    let client = ClientFacts {
        client_id: claims.client_id.clone(),
        tenant: claims.tenant,
        environment,
        roles: roles(of_client)?,
        scopes: claims.scope.iter().map(ToOwned::to_owned).collect(),
        credential: Some(claims.jti.clone()),
    };
    let Some(person) = &claims.person else { return Ok(Arc::new(Caller::client(client))) };
    let person = StaffFacts {
        user_id: claims.sub.parse().map_err(|_| Disbelief::Claims)?,
        tenant: claims.tenant,
        environment,
        roles: roles(&claims.roles)?,
        // No session begins, and so nothing is granted, without a second factor.
        mfa: true,
        phishing_resistant: person.acr == PHISHING_RESISTANT,
        auth_age_s: age_s(person, now),
        session: None,
    };
    Ok(Arc::new(Caller::delegate(person, client)))
}

fn age_s(person: &Delegation, now: Timestamp) -> u64 {
    u64::try_from(now.seconds().saturating_sub(person.auth_time)).unwrap_or(0)
}

fn roles(names: &[String]) -> Result<Vec<Role>, Disbelief> {
    names.iter().map(|name| name.parse().map_err(|_| Disbelief::Claims)).collect()
}

fn fingerprint(token: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    out
}

/// Short, so that a change of keys or policies is felt soon.
const SEEN_LIFE: Duration = Duration::from_secs(30);
const SEEN_MAX: usize = 10_000;
