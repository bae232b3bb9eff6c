//! Whose API keys are believed, which ones were looked up a moment ago, and when each was used.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, TenantId, Timestamp};
use oauth::{ApiKey as Key, ApiKeyError, KeyEnvironment, Pepper, SecretHash, secret_matches};
use policy::{Caller, ClientFacts, Environment};
use quick_cache::sync::Cache;
use store::api_keys::{self, ApiKey, Claimed};
use store::revocations::Revoked;
use store::{Store, StoreError};

use crate::cidr::Cidr;
use crate::revocations::Revocations;
use crate::uses::Uses;

/// Believes API keys. A key that was looked up within the last 30 seconds costs a hash.
pub struct ApiKeys {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    /// What keys may be hashed with.
    peppers: Vec<Pepper>,
    environment: KeyEnvironment,
    seen: Cache<String, Seen>,
    /// With the key, and from where it was used.
    uses: Uses<kernel::ApiKeyId, (Arc<Known>, IpAddr)>,
}

#[derive(Clone)]
struct Seen {
    known: Option<Arc<Known>>,
    until: Timestamp,
}

/// A key as it is kept, ready to be held against.
struct Known {
    key: ApiKey,
    hash: SecretHash,
    networks: Vec<Cidr>,
    is_active: bool,
    tenant: TenantId,
    caller: Arc<Caller>,
}

/// Why a key is not believed.
#[derive(Debug, thiserror::Error)]
pub enum KeyDisbelief {
    /// It is no key, or mistyped.
    #[error(transparent)]
    Text(#[from] ApiKeyError),
    /// Nobody has a key of this name, or it is another one.
    #[error("no such key")]
    Unknown,
    /// Its time is over.
    #[error("the key expired")]
    Expired,
    /// It was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// Its client is suspended, of another environment, or takes keys of its own only.
    #[error("the key's client may not use it")]
    Client,
    /// Not from where it may be used.
    #[error("the key may not be used from this address")]
    Network,
    /// It could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyDisbelief {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Text(error) => error.code(),
            Self::Unknown => "key_unknown",
            Self::Expired => "key_expired",
            Self::Revoked => "key_revoked",
            Self::Client => "key_client",
            Self::Network => "key_network",
            Self::Store(_) => "failed",
        }
    }
}

/// What a refused key was, as far as that is known.
pub struct Refused {
    /// Why.
    pub why: KeyDisbelief,
    /// Whose key it claims to be.
    pub client_id: Option<String>,
    /// The agency of that client.
    pub tenant: Option<TenantId>,
    /// Which key it claims to be.
    pub credential: Option<String>,
}

impl ApiKeys {
    /// Believes keys of this environment, hashed with these peppers.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        peppers: Vec<Pepper>,
        environment: Environment,
    ) -> Self {
        let environment = key_environment(environment);
        let (seen, uses) = (Cache::new(SEEN_MAX), Uses::default());
        Self { store, clock, peppers, environment, seen, uses }
    }

    /// Who a key speaks for. The checksum first, then the name, then the secret: garbage asks no
    /// database, and an unknown name costs the same hash as a known one.
    ///
    /// # Errors
    /// When anything about the key is not as it must be.
    pub async fn believe(
        &self,
        text: &str,
        from: Option<IpAddr>,
        revocations: &Revocations,
    ) -> Result<Arc<Caller>, Refused> {
        let anonymous = |why| Refused { why, client_id: None, tenant: None, credential: None };
        let key = Key::parse(text).map_err(|error| anonymous(error.into()))?;
        let known = self.known(key.key_id()).await.map_err(|error| anonymous(error.into()))?;
        let decoy = SecretHash::decoy();
        let hash = known.as_ref().map_or(&decoy, |known| &known.hash);
        let is_it = secret_matches(&self.peppers, key.whole().expose(), hash);
        let Some(known) = known else {
            let credential = Some(key.key_id().to_owned());
            return Err(Refused { credential, ..anonymous(KeyDisbelief::Unknown) });
        };
        let checked = self.check(&known, (is_it, key.environment()), from, revocations);
        checked.map_err(|why| Refused {
            why,
            client_id: Some(known.key.client_id.clone()),
            tenant: Some(known.tenant),
            credential: Some(known.key.id.to_string()),
        })?;
        if let Some(from) = from {
            self.note(&known, from);
        }
        Ok(Arc::clone(&known.caller))
    }

    /// Whether a key was looked up a moment ago, and is that key. Asks no database.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        let Ok(key) = Key::parse(text) else { return false };
        let now = self.clock.now();
        let seen = self.seen.get(key.key_id()).filter(|seen| now < seen.until);
        seen.and_then(|seen| seen.known)
            .is_some_and(|known| secret_matches(&self.peppers, key.whole().expose(), &known.hash))
    }

    fn check(
        &self,
        known: &Known,
        (is_it, environment): (bool, KeyEnvironment),
        from: Option<IpAddr>,
        revocations: &Revocations,
    ) -> Result<(), KeyDisbelief> {
        if !is_it {
            return Err(KeyDisbelief::Unknown);
        }
        let is_revoked = known.key.revoked_at.is_some()
            || revocations.since(Revoked::ApiKey, &known.key.key_id).is_some();
        if is_revoked {
            return Err(KeyDisbelief::Revoked);
        }
        if self.clock.now() >= known.key.expires_at {
            return Err(KeyDisbelief::Expired);
        }
        if !known.is_active || environment != self.environment {
            return Err(KeyDisbelief::Client);
        }
        let is_near = known.networks.is_empty()
            || from.is_some_and(|from| known.networks.iter().any(|near| near.contains(from)));
        if is_near { Ok(()) } else { Err(KeyDisbelief::Network) }
    }

    async fn known(&self, key_id: &str) -> Result<Option<Arc<Known>>, StoreError> {
        let now = self.clock.now();
        if let Some(seen) = self.seen.get(key_id).filter(|seen| now < seen.until) {
            return Ok(seen.known);
        }
        let claimed = api_keys::find(&self.store, key_id).await?;
        let known = claimed.map(|claimed| self.read(claimed)).transpose()?.map(Arc::new);
        let until = now.plus(SEEN_LIFE);
        self.seen.insert(key_id.to_owned(), Seen { known: known.clone(), until });
        Ok(known)
    }

    /// The key may what it was given, as far as its client still may it.
    fn read(&self, claimed: Claimed) -> Result<Known, StoreError> {
        let Claimed { key, hash, partner } = claimed;
        let odd = |what: &str| StoreError::Inconsistent {
            table: "api_key",
            id: key.id.to_string(),
            what: what.to_owned(),
        };
        let environment = partner.environment.parse::<Environment>();
        let environment = environment.map_err(|_| odd("environment"))?;
        let networks = key.networks.split_whitespace().map(str::parse);
        let networks = networks.collect::<Result<_, _>>().map_err(|_| odd("networks"))?;
        let held: Vec<&str> = partner.scopes.split_whitespace().collect();
        let scopes = key.scopes.split_whitespace().filter(|scope| held.contains(scope));
        let facts = ClientFacts {
            client_id: partner.client_id,
            tenant: partner.tenant,
            environment,
            roles: vec![partner.role],
            scopes: scopes.map(ToOwned::to_owned).collect(),
            credential: Some(key.id.to_string()),
        };
        Ok(Known {
            hash: SecretHash::from_bytes(&hash).map_err(|_| odd("hash"))?,
            networks,
            // A client that is held to FAPI 2.0 has tokens bound to keys, and nothing that anybody
            // can use who sees it.
            is_active: partner.active
                && !partner.strict
                && key_environment(environment) == self.environment,
            tenant: partner.tenant,
            caller: Arc::new(Caller::client(facts)),
            key,
        })
    }

    /// Looks the key up anew the next time: this node has just changed it.
    pub fn forget(&self, key_id: &str) {
        self.seen.remove(key_id);
    }

    fn note(&self, known: &Arc<Known>, from: IpAddr) {
        self.uses.note(&known.key.id, self.clock.now(), || (Arc::clone(known), from));
    }

    /// Writes down which keys were used since the last time.
    ///
    /// # Errors
    /// When the database fails; what was not written is written the next time.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        for (id, (known, from), at) in self.uses.unwritten() {
            api_keys::used(&self.store, &known.key, known.tenant, (at, from)).await?;
            self.uses.written(&id, at);
        }
        self.uses.forget(self.clock.now());
        Ok(())
    }
}

/// The word in keys for an environment.
#[must_use]
pub const fn key_environment(environment: Environment) -> KeyEnvironment {
    match environment {
        Environment::Production => KeyEnvironment::Live,
        Environment::Sandbox => KeyEnvironment::Test,
    }
}

/// How soon a client's suspension is felt by its keys. A revocation is felt sooner: it is asked for
/// each time.
const SEEN_LIFE: Duration = Duration::from_secs(30);
const SEEN_MAX: usize = 10_000;
