//! Whose access tokens are believed, and which ones were checked a moment ago.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Clock, Timestamp};
use oauth::{Expect, TokenError, VerifyingKeys};
use policy::{Caller, ClientFacts, Environment, Role};
use quick_cache::sync::Cache;

/// Verifies access tokens. A token that was verified within the last 30 seconds costs a hash.
pub struct Tokens {
    keys: VerifyingKeys,
    issuer: String,
    audience: String,
    seen: Cache<[u8; 32], Seen>,
}

#[derive(Clone)]
struct Seen {
    caller: Arc<Caller>,
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
}

impl Disbelief {
    /// A stable word for the audit trail.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Claims => "claims",
        }
    }
}

impl Tokens {
    /// Believes tokens signed by these keys, for this issuer and audience.
    #[must_use]
    pub fn new(keys: VerifyingKeys, issuer: String, audience: String) -> Self {
        Self { keys, issuer, audience, seen: Cache::new(SEEN_MAX) }
    }

    /// Who a bearer token speaks for.
    ///
    /// # Errors
    /// When anything about the token is not as it must be (RFC 9068 §4).
    pub fn caller(&self, token: &str, clock: &dyn Clock) -> Result<Arc<Caller>, Disbelief> {
        let now = clock.now();
        let key = fingerprint(token);
        if let Some(seen) = self.seen.get(&key).filter(|seen| now < seen.until) {
            return Ok(seen.caller);
        }
        let expect = Expect { issuer: &self.issuer, audience: &self.audience };
        let claims = oauth::verify(token, &self.keys, &expect, now)?;
        let facts = ClientFacts {
            client_id: claims.client_id,
            tenant: claims.tenant,
            environment: claims.env.parse::<Environment>().map_err(|_| Disbelief::Claims)?,
            roles: roles(&claims.roles)?,
            scopes: claims.scope.iter().map(ToOwned::to_owned).collect(),
            credential: Some(claims.jti),
        };
        let caller = Arc::new(Caller::client(facts));
        let until =
            Timestamp::from_millis(claims.exp.saturating_mul(1000)).min(now.plus(SEEN_LIFE));
        self.seen.insert(key, Seen { caller: Arc::clone(&caller), until });
        Ok(caller)
    }
}

fn roles(names: &[String]) -> Result<Vec<Role>, Disbelief> {
    names.iter().map(|name| name.parse().map_err(|_| Disbelief::Claims)).collect()
}

fn fingerprint(token: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    out
}

/// Short, so that a revocation that reaches the keys or the policies is felt soon.
const SEEN_LIFE: Duration = Duration::from_secs(30);
const SEEN_MAX: usize = 10_000;
