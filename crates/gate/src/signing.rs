//! The keys that sign and verify access tokens, in memory: read every second, made when they are
//! due, gone when no token needs them.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Clock, Code, Problem, Timestamp};
use oauth::schedule::{UNHEARD_MAX, key_state, next_turn, signer};
use oauth::{KeyState, Schedule, SigningKey, Turn, VerifyingKeys};
use store::signing_keys::{self, Kept};
use store::{Store, StoreError, Witness};
use tokio::sync::Mutex;
use watch::{Actor, Scene};

/// The installation's keys, as this node knows them.
pub struct Signing {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    known: ArcSwap<Known>,
    asked_at: Mutex<Option<Timestamp>>,
}

struct Known {
    heard_at: Option<Timestamp>,
    kept: Vec<Kept>,
    turns: Vec<Turn>,
    verifying: VerifyingKeys,
}

impl Signing {
    /// Nothing is known yet: [`Signing::hear`] first.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, schedule: Schedule) -> Self {
        let none = Known {
            heard_at: None,
            kept: Vec::new(),
            turns: Vec::new(),
            verifying: VerifyingKeys::default(),
        };
        let known = ArcSwap::from_pointee(none);
        Self { store, clock, schedule, known, asked_at: Mutex::new(None) }
    }

    /// Reads the keys, and makes the one that is due.
    ///
    /// # Errors
    /// When the database fails or a key cannot be opened; what is known stays known.
    pub async fn hear(&self) -> Result<(), StoreError> {
        let now = self.read().await?;
        let due = self.schedule.due(&self.known.load().turns, now);
        if let Some(turn) = due {
            self.keep((&SigningKey::generate(), &turn), &by_schedule()).await?;
            self.read().await?;
        }
        Ok(())
    }

    /// Makes the next key before it is due: when it signs, or nothing where one waits already.
    ///
    /// # Errors
    /// When the database fails or a key cannot be opened.
    pub async fn rotate(&self, by: &Actor) -> Result<Option<Timestamp>, StoreError> {
        let Some((key, turn)) = self.next().await? else { return Ok(None) };
        let is_made = self.keep((&key, &turn), by).await?;
        self.read().await?;
        Ok(is_made.then_some(turn.signs_from))
    }

    /// The next key, which is not kept yet; nothing where one waits for its turn already.
    ///
    /// # Errors
    /// When the database fails or a key cannot be opened.
    pub async fn next(&self) -> Result<Option<(SigningKey, Turn)>, StoreError> {
        let now = self.read().await?;
        let turn = next_turn(&self.known.load().turns, now);
        Ok(turn.map(|turn| (SigningKey::generate(), turn)))
    }

    /// Reads the keys because a token names one that is not known: whether it did. Another node may
    /// have made it within the last second. Tokens that name nothing ask ten times a second at
    /// most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask(&self) -> Result<bool, StoreError> {
        let before = self.known.load().heard_at;
        let mut asked_at = self.asked_at.lock().await;
        if self.known.load().heard_at != before {
            return Ok(true);
        }
        let now = self.clock.now();
        if asked_at.is_some_and(|asked| now < asked.plus(ASK_EVERY)) {
            return Ok(false);
        }
        *asked_at = Some(now);
        self.read().await?;
        Ok(true)
    }

    /// What signs at a moment.
    ///
    /// # Errors
    /// When this node has not heard for so long that another one may have made a key.
    pub fn signer(&self, now: Timestamp) -> Result<Arc<SigningKey>, Problem> {
        let known = self.current(now)?;
        let signs = signer(&known.turns, now).ok_or_else(unknown)?;
        let kept = known.kept.iter().find(|kept| kept.turn.generation == signs.generation);
        kept.map(|kept| Arc::clone(&kept.key)).ok_or_else(unknown)
    }

    /// The key set document.
    ///
    /// # Errors
    /// When this node has not heard for so long that a key may be missing.
    pub fn jwks(&self, now: Timestamp) -> Result<serde_json::Value, Problem> {
        Ok(self.current(now)?.verifying.jwks())
    }

    /// What verifies.
    pub(crate) fn verifying<T>(&self, with: impl FnOnce(&VerifyingKeys) -> T) -> T {
        with(&self.known.load().verifying)
    }

    /// Removes from the database the keys that no token needs any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune(&self) -> Result<(), StoreError> {
        let (now, known) = (self.clock.now(), self.known.load_full());
        for kept in &known.kept {
            if key_state(&known.turns, &kept.turn, now) == KeyState::Gone {
                signing_keys::forget(&self.store, kept, (&witness(now), &by_schedule())).await?;
            }
        }
        Ok(())
    }

    fn current(&self, now: Timestamp) -> Result<Arc<Known>, Problem> {
        let known = self.known.load_full();
        let is_heard = known.heard_at.is_some_and(|heard| now <= heard.plus(UNHEARD_MAX));
        if is_heard { Ok(known) } else { Err(unknown()) }
    }

    async fn read(&self) -> Result<Timestamp, StoreError> {
        let now = self.clock.now();
        let kept = signing_keys::list(&self.store).await?;
        let turns: Vec<Turn> = kept.iter().map(|kept| kept.turn).collect();
        let published =
            kept.iter().filter(|kept| key_state(&turns, &kept.turn, now).is_published());
        let verifying = VerifyingKeys::new(published.map(|kept| kept.key.public().clone()));
        let verifying = verifying.map_err(|error| StoreError::Inconsistent {
            table: "signing_key",
            id: String::new(),
            what: error.to_string(),
        })?;
        self.known.store(Arc::new(Known { heard_at: Some(now), kept, turns, verifying }));
        Ok(now)
    }

    async fn keep(
        &self,
        (key, turn): (&SigningKey, &Turn),
        by: &Actor,
    ) -> Result<bool, StoreError> {
        let witness = witness(turn.published_at);
        let is_made = signing_keys::add(&self.store, (key, turn), (&witness, by)).await?;
        if is_made {
            let (kid, from) = (key.kid(), turn.signs_from);
            tracing::info!(kid, "published the signing key `{kid}`, which signs from {from} on");
        }
        Ok(is_made)
    }
}

fn witness(now: Timestamp) -> Witness {
    let scene = Scene {
        at: now,
        request: None,
        trace: None,
        tenant: None,
        source_ip: None,
        user_agent: None,
    };
    Witness { scene, operation: "signing keys".to_owned(), claim: None }
}

fn by_schedule() -> Actor {
    Actor::System { reason: "key schedule".to_owned() }
}

fn unknown() -> Problem {
    Problem::new(&KEYS_UNKNOWN).header("retry-after", "1")
}

const ASK_EVERY: Duration = Duration::from_millis(100);

/// The problems that this makes.
pub(crate) const CODES: &[&Code] = &[&KEYS_UNKNOWN];

/// A node that has not heard of the keys signs nothing.
pub const KEYS_UNKNOWN: Code = Code {
    status: 503,
    name: "auth.keys_unknown",
    title: "This node cannot tell which keys sign now",
    mend: "Try again after `Retry-After` seconds.",
};
