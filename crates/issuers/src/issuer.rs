//! One issuer: its metadata and its keys, kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{Clock, Timestamp};
use oauth::jwk::{Algorithm, ForeignKey};
use oauth::published::TRY_EVERY;
use oauth::{Ask, Kept, ProviderMetadata, PublishedKeys, metadata_url};
use tokio::time::timeout;

use crate::outside::{FetchError, Outside, WAIT_MAX};

/// Which issuer.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// Its name for operators.
    pub name: String,
    /// Its name in tokens.
    pub issuer: String,
    /// Where its keys are; nothing where its metadata says so.
    pub jwks_uri: Option<String>,
    /// What it may sign with.
    pub algorithms: Vec<Algorithm>,
    /// Whether its metadata may name keys of its own origin only.
    pub own_origin_only: bool,
}

/// How often it was asked for its keys, and how often in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchTally {
    /// Asked.
    pub fetches: u64,
    /// Of these, without an answer that could be used.
    pub failures: u64,
}

/// An issuer that is not ours.
pub struct Issuer {
    config: IssuerConfig,
    outside: Outside,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    described: Mutex<Described>,
    fetches: AtomicU64,
    failures: AtomicU64,
    /// Held by the one who asks; all others wait for what they get.
    asking: tokio::sync::Mutex<()>,
    /// The same, for metadata.
    describing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Described {
    metadata: Option<(Arc<ProviderMetadata>, Timestamp)>,
    tried_at: Option<Timestamp>,
}

impl Issuer {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(config: IssuerConfig, outside: Outside, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            outside,
            clock,
            kept: Mutex::default(),
            described: Mutex::default(),
            fetches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            asking: tokio::sync::Mutex::default(),
            describing: tokio::sync::Mutex::default(),
        }
    }

    /// Its name in tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// What it may sign with.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.config.algorithms
    }

    /// Asks others than for keys and metadata.
    #[must_use]
    pub const fn outside(&self) -> &Outside {
        &self.outside
    }

    /// The key of a name. One that is not known is asked for, by one for all who wait, at most
    /// every 10 seconds; nobody waits longer than twice [`WAIT_MAX`].
    pub async fn key(&self, kid: &str) -> Option<Arc<ForeignKey>> {
        if let Some(known) = self.known(kid) {
            return known;
        }
        let asked = async {
            let _one = self.asking.lock().await;
            // Another one may have asked meanwhile.
            if self.known(kid).is_none() {
                self.fetch().await;
            }
        };
        // Who gives up while another one asks goes by what is known.
        let _late = timeout(WAIT_MAX * 2, asked).await;
        self.known(kid).flatten()
    }

    /// The key of a name, where it is known without asking.
    #[must_use]
    pub fn known_key(&self, kid: &str) -> Option<Arc<ForeignKey>> {
        self.known(kid).flatten()
    }

    /// Whether it could not say now which keys it has; see [`Kept::is_silent`].
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.locked(&self.kept).is_silent()
    }

    /// How long ago its keys came, if they ever did.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.locked(&self.kept).age(self.clock.now())
    }

    /// How often it was asked for keys since the start.
    #[must_use]
    pub fn tally(&self) -> FetchTally {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FetchTally { fetches: read(&self.fetches), failures: read(&self.failures) }
    }

    /// Looks for new keys and metadata where those that are known are old. For a task beside the
    /// requests, so that none of them waits.
    pub async fn keep_fresh(&self) {
        let _one = self.asking.lock().await;
        let now = self.clock.now();
        if self.locked(&self.kept).is_stale(now) {
            self.fetch().await;
        }
    }

    /// What it says about itself. What was good before goes on while it does not answer; those who
    /// need what is not known wait for the one who asks.
    ///
    /// # Errors
    /// When it never said so, and does not now.
    pub async fn metadata(&self) -> Result<Arc<ProviderMetadata>, FetchError> {
        if let Some(known) = self.described_already() {
            return known;
        }
        let _one = self.describing.lock().await;
        if let Some(known) = self.described_already() {
            return known;
        }
        let found = self.describe().await;
        // Noted when it is over: until then whoever asks waits for the answer.
        let now = self.clock.now();
        let mut described = self.locked(&self.described);
        described.tried_at = Some(now);
        match (found, &described.metadata) {
            (Ok(found), _) => {
                let found = Arc::new(found);
                described.metadata = Some((Arc::clone(&found), now));
                Ok(found)
            }
            (Err(error), Some((known, _))) => {
                self.tell(&error);
                Ok(Arc::clone(known))
            }
            (Err(error), None) => {
                self.tell(&error);
                Err(error)
            }
        }
    }

    /// Nothing where it is worth asking.
    fn described_already(&self) -> Option<Result<Arc<ProviderMetadata>, FetchError>> {
        let now = self.clock.now();
        let described = self.locked(&self.described);
        let may_try = described.tried_at.is_none_or(|at| now >= at.plus(TRY_EVERY));
        match &described.metadata {
            Some((known, at)) if !may_try || now < at.plus(METADATA_FRESH) => {
                Some(Ok(Arc::clone(known)))
            }
            None if !may_try => Some(Err(FetchError::Waiting)),
            Some(_) | None => None,
        }
    }

    /// What it said about itself, without asking.
    #[must_use]
    pub fn known_metadata(&self) -> Option<Arc<ProviderMetadata>> {
        self.locked(&self.described).metadata.as_ref().map(|(known, _)| Arc::clone(known))
    }

    async fn describe(&self) -> Result<ProviderMetadata, FetchError> {
        let document = self.outside.read(&metadata_url(&self.config.issuer)).await?;
        let parsed = ProviderMetadata::parse(&document, &self.config.issuer);
        parsed.map_err(|error| FetchError::Content(error.to_string()))
    }

    /// Nothing where it is worth asking.
    fn known(&self, kid: &str) -> Option<Option<Arc<ForeignKey>>> {
        match self.locked(&self.kept).ask(kid, self.clock.now()) {
            Ask::Known(key) => Some(Some(key)),
            Ask::Unknown => Some(None),
            Ask::Fetch => None,
        }
    }

    async fn fetch(&self) {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let fetched = self.fetched().await;
        // Noted when it is over: until then whoever asks waits for the answer.
        let now = self.clock.now();
        let mut kept = self.locked(&self.kept);
        kept.try_at(now);
        match fetched {
            Ok(keys) => kept.take(keys, now),
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.tell(&error);
            }
        }
    }

    async fn fetched(&self) -> Result<PublishedKeys, FetchError> {
        let url = match &self.config.jwks_uri {
            Some(url) => url.clone(),
            None => self.discovered().await?,
        };
        let document = self.outside.read(&url).await?;
        let keys = PublishedKeys::parse(&document, self.rsa());
        keys.map_err(|error| FetchError::Content(error.to_string()))
    }

    /// Where its metadata says that its keys are. Whoever answers for the issuer could send us to
    /// any host that we reach and they do not.
    async fn discovered(&self) -> Result<String, FetchError> {
        let url = self.metadata().await?.jwks_uri.clone();
        if self.config.own_origin_only && !is_of_origin(&url, &self.config.issuer) {
            return Err(FetchError::Elsewhere);
        }
        Ok(url)
    }

    /// What its keys of RSA sign with that do not say so, where only one way is taken.
    fn rsa(&self) -> Option<Algorithm> {
        let is_rsa = |each: &&Algorithm| matches!(each, Algorithm::Rs256 | Algorithm::Ps256);
        let mut all = self.config.algorithms.iter().filter(is_rsa);
        let first = all.next().copied();
        first.filter(|_| all.next().is_none())
    }

    fn tell(&self, error: &FetchError) {
        let error: &dyn std::error::Error = error;
        let issuer = self.config.name.as_str();
        tracing::warn!(issuer, error, "issuer `{issuer}` does not answer; what is known goes on");
    }

    fn locked<'a, T>(&self, what: &'a Mutex<T>) -> std::sync::MutexGuard<'a, T> {
        // What is inside is whole after each step, so a panic elsewhere spoils nothing.
        what.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_origin(url: &str, issuer: &str) -> bool {
    let origin = |url: &str| url.split('/').nth(2).map(str::to_ascii_lowercase);
    origin(url).is_some() && origin(url) == origin(issuer)
}

/// Metadata changes rarely.
const METADATA_FRESH: Duration = Duration::from_secs(60 * 60);
