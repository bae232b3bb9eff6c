//! Where limits are counted: on this node, or by all nodes together in Redis.
//!
//! Redis is asked once for all rules of a request, within a deadline, and not at all while it does
//! not answer. What this node let in is also counted on this node, always: so a caller whom this
//! node alone saw exceed a limit costs no question, and neither an outage nor a Redis that forgot
//! everything resets a count.

mod breaker;
mod plan;
mod remote;
mod score;
mod spec;

use std::hash::RandomState;
use std::sync::Mutex;

use throttle::{Rule, Subject, Table, Verdict};

pub use breaker::Health;
pub use plan::{OnStoreError, Plan};
pub use remote::{RedisConfig, RemoteError};
pub use score::Score;
pub use spec::{Key, Per, Spec, SpecError};

use remote::Remote;

/// Where limits are counted.
pub struct Counters {
    table: Table,
    remote: Option<Remote>,
}

/// What came of charging a request.
#[derive(Debug)]
pub enum Answer<'p> {
    /// Every rule was counted as exactly as it can be.
    Counted(Verdict<'p>),
    /// The store was away: this node counted alone, by its share of each limit.
    Alone(Verdict<'p>),
    /// The store was away, and this rule lets nobody pass uncounted.
    Closed(&'p Rule),
}

impl Counters {
    /// Counts on this node only, of at least so many keys at once.
    #[must_use]
    pub fn local(keys: usize) -> Self {
        Self { table: Table::new(keys, RandomState::new()), remote: None }
    }

    /// Counts in Redis. Does not connect yet: a Redis that is away does not keep us from starting.
    ///
    /// # Errors
    /// When the URL cannot be meant.
    pub fn redis(keys: usize, config: RedisConfig) -> Result<Self, RemoteError> {
        Ok(Self { remote: Some(Remote::new(config)?), ..Self::local(keys) })
    }

    /// How the store is; nothing where there is none but this node.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        self.remote.as_ref().map(Remote::health)
    }

    /// Charges all rules that apply, or none.
    pub async fn charge<'p>(&self, plan: &'p Plan, who: &Subject<'_>, now_ms: u64) -> Answer<'p> {
        let Some(remote) = &self.remote else {
            return Answer::Counted(self.table.charge(plan.whole(), who, now_ms));
        };
        // INVARIANT: what this node let in is a part of what all let in.
        let known = self.table.check(plan.whole(), who, now_ms);
        if !known.is_admitted() {
            return Answer::Counted(known);
        }
        let Some(verdict) = remote.charge(plan.whole(), who, now_ms).await else {
            return self.alone(plan, who, now_ms);
        };
        if verdict.is_admitted() {
            self.table.note(plan.whole(), who, now_ms);
        }
        Answer::Counted(verdict)
    }

    /// Where a caller stands, for showing it: charges nothing. Of all nodes, or of this one while
    /// the store is away.
    pub async fn standing<'p>(
        &self,
        plan: &'p Plan,
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Verdict<'p> {
        if let Some(remote) = &self.remote
            && let Some(verdict) = remote.look(plan.whole(), who, now_ms).await
        {
            return verdict;
        }
        self.table.check(plan.whole(), who, now_ms)
    }

    /// Whether this node alone would let one more pass. Asks nobody.
    #[must_use]
    pub fn check_here<'p>(&self, plan: &'p Plan, who: &Subject<'_>, now_ms: u64) -> Verdict<'p> {
        self.table.check(plan.whole(), who, now_ms)
    }

    /// Counts on this node alone what has happened already, also beyond the limit.
    pub fn note_here(&self, plan: &Plan, who: &Subject<'_>, now_ms: u64) {
        self.table.note(plan.whole(), who, now_ms);
    }

    /// Adds points to a score: whether they went beyond its end, on this node or on all together.
    pub async fn strike(&self, score: &Score, who: &Subject<'_>, points: u32, now_ms: u64) -> bool {
        // Counted here too, always: an outage of the store forgives nobody.
        let is_full = |_| !self.table.charge(score.rules(), who, now_ms).is_admitted();
        let over_here = (0..points).any(is_full);
        let Some(remote) = &self.remote else { return over_here };
        remote.strike(score, who, points, now_ms).await.unwrap_or(false) || over_here
    }

    fn alone<'p>(&self, plan: &'p Plan, who: &Subject<'_>, now_ms: u64) -> Answer<'p> {
        if let Some(rule) = plan.closed(who) {
            return Answer::Closed(rule);
        }
        Answer::Alone(self.table.charge(plan.away(), who, now_ms))
    }
}

/// Locks what nobody can have left half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
