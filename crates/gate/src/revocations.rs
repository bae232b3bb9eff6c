//! What is no longer believed, in memory: asked for every request, without a database.
//!
//! Each node reads what was revoked every second, so a revocation is felt everywhere within two. A
//! node that has not heard for five seconds does not know whom to refuse, and takes no changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Clock, Code, Problem, Timestamp};
use store::revocations::{self, Revocation, Revoked};
use store::{Store, StoreError, grants, seen, sign_in_delays, staff_sessions};

use crate::Believed;

/// What was revoked and has not ended by itself.
pub struct Revocations {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    known: ArcSwap<Known>,
}

/// What was revoked since the last time.
pub struct News {
    heard_at: Timestamp,
    revoked: Vec<Revocation>,
}

#[derive(Clone, Default)]
struct Known {
    heard_at: Option<Timestamp>,
    /// When it was revoked, and until when that matters.
    revoked: HashMap<(Revoked, String), (Timestamp, Timestamp)>,
}

impl Revocations {
    /// Nothing is known yet: [`Revocations::news`] first.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: ArcSwap::default() }
    }

    /// Reads what was revoked since the last time, which counts once it is taken.
    ///
    /// # Errors
    /// When the database fails; what is known stays known.
    pub async fn news(&self) -> Result<News, StoreError> {
        let heard_at = self.clock.now();
        let since = self.known.load().heard_at;
        let revoked = revocations::list(&self.store, since, heard_at).await?;
        Ok(News { heard_at, revoked })
    }

    /// Believes from now on no more what was read.
    pub fn take(&self, News { heard_at, revoked }: &News) {
        self.known.rcu(|known| {
            let mut next = Known::clone(known);
            next.revoked.retain(|_, (_, until)| *until > *heard_at);
            revoked.iter().for_each(|one| next.add(one));
            next.heard_at = Some(*heard_at);
            next
        });
    }

    /// Takes one that this node has just committed, without waiting for the next reading.
    pub fn learn(&self, one: &Revocation) {
        self.known.rcu(|known| {
            let mut next = Known::clone(known);
            next.add(one);
            next
        });
    }

    /// Removes from the database what has ended by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        revocations::prune(&self.store, now).await?;
        seen::prune(&self.store, now).await?;
        grants::prune(&self.store, now).await?;
        staff_sessions::prune(&self.store, now).await?;
        sign_in_delays::prune(&self.store, now).await?;
        Ok(())
    }

    /// Since when something is revoked, if it is.
    #[must_use]
    pub fn since(&self, kind: Revoked, subject: &str) -> Option<Timestamp> {
        let known = self.known.load();
        // The rule: nothing is revoked, and nothing is copied to find that out.
        if known.revoked.is_empty() {
            return None;
        }
        known.revoked.get(&(kind, subject.to_owned())).map(|(at, _)| *at)
    }

    /// Whether an access token was revoked: by its id, with all that its client had, with what a
    /// person granted, or with the key that signed it.
    #[must_use]
    pub fn covers(&self, Believed { claims, kid, .. }: &Believed) -> bool {
        let client = self.since(Revoked::Client, &claims.client_id);
        client.is_some_and(|since| claims.iat <= since.seconds())
            || self.since(Revoked::Token, &claims.jti).is_some()
            || self.since(Revoked::SigningKey, kid).is_some()
            || claims.person.as_ref().is_some_and(|person| {
                let staff = self.since(Revoked::Staff, &claims.sub);
                self.since(Revoked::Grant, &person.grant_id).is_some()
                    || staff.is_some_and(|since| claims.iat <= since.seconds())
            })
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.load().revoked.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long ago the database was heard; nothing when it never was.
    #[must_use]
    pub fn heard_ago(&self) -> Option<Duration> {
        let heard = self.known.load().heard_at?;
        let ago = self.clock.now().millis().saturating_sub(heard.millis());
        Some(Duration::from_millis(u64::try_from(ago).unwrap_or(0)))
    }

    /// Whether it is too long ago to know whom to refuse.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.heard_ago().is_none_or(|ago| ago > DEAF_AFTER)
    }
}

impl Known {
    fn add(&mut self, one: &Revocation) {
        let place = (one.kind, one.subject.clone());
        let entry = self.revoked.entry(place).or_insert((one.at, one.until));
        // Of two for the same client the later one refuses more.
        *entry = (entry.0.max(one.at), entry.1.max(one.until));
    }
}

/// How often each node reads what was revoked.
pub const HEAR_EVERY: Duration = Duration::from_secs(1);
const DEAF_AFTER: Duration = Duration::from_secs(5);

/// The problems that this makes.
pub(crate) const CODES: &[&Code] = &[&UNKNOWN];

/// A node that has not heard takes no changes.
pub const UNKNOWN: Code = Code {
    status: 503,
    name: "auth.revocations_unknown",
    title: "This node cannot tell which credentials were revoked",
    mend: "Try again after `Retry-After` seconds; nothing was changed.",
};

/// The refusal of a change.
pub(crate) fn deaf() -> Problem {
    Problem::new(&UNKNOWN).header("retry-after", "1")
}
