//! Where limits are counted: on this node, or by all nodes together in a store that they share.
//!
//! A rule says how ([`Mode`]): the store is asked for each request, or told of it afterwards, or
//! never. It is asked once for all rules of a request, within a deadline, and not at all while it
//! does not answer. What this node let in is also counted on this node, always: so a caller whom
//! this node alone saw exceed a limit costs no question, and neither an outage nor a store that
//! forgot everything resets a count. Quotas, which last for days, are lent by a [`bank`] instead.

pub mod bank;
mod breaker;
mod denials;
mod keys;
mod leases;
mod ledger;
mod patience;
mod plan;
mod redis_store;
mod remote;
mod score;
mod spec;
pub mod store;

use std::hash::RandomState;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use throttle::{CellId, Limit, Pick, Rule, Subject, Table, Verdict};
use tokio::time::Instant;

pub use breaker::Health;
pub use patience::{Moment, Patience};
pub use plan::{Mode, OnStoreError, Plan};
pub use redis_store::RedisError;
pub use remote::Shared;
pub use score::Score;
pub use spec::{Key, Meant, Per, Spec, SpecError};

use bank::Banked;
use leases::{Leases, Taken, Wanted};
use ledger::Ledger;
use remote::Remote;
use store::What;

/// Where limits are counted.
pub struct Counters {
    table: Table,
    remote: Option<Remote>,
    leases: Option<Arc<Leases>>,
    ledger: Ledger,
    keys: usize,
    /// Requests that were counted by this node's share, because it follows too many callers.
    unfollowed: AtomicU64,
}

/// Which Redis, and how keys are hidden in it.
pub struct RedisConfig {
    /// `rediss://host:port/database`, or `redis://` on this machine.
    pub url: String,
    /// The authorities that its certificate is believed from, in PEM; the system's where none.
    pub ca_pem: Option<Vec<u8>>,
    /// See [`Shared::pepper`].
    pub pepper: [u8; 32],
    /// See [`Shared::deadline`].
    pub deadline: Duration,
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
        Self {
            table: Table::new(keys, RandomState::new()),
            remote: None,
            leases: None,
            ledger: Ledger::new(keys),
            keys,
            unfollowed: AtomicU64::new(0),
        }
    }

    /// Counts in a store that nodes share.
    #[must_use]
    pub fn shared(keys: usize, shared: Shared) -> Self {
        Self { remote: Some(Remote::new(shared)), ..Self::local(keys) }
    }

    /// Counts in Redis. Does not connect yet: a Redis that is away does not keep us from starting.
    ///
    /// # Errors
    /// When the URL cannot be meant, or leads in plain text to another machine.
    pub fn redis(keys: usize, config: RedisConfig) -> Result<Self, RedisError> {
        let RedisConfig { url, ca_pem, pepper, deadline } = config;
        let store = Box::new(redis_store::Redis::new(url, ca_pem, deadline)?);
        Ok(Self::shared(keys, Shared { store, pepper, deadline }))
    }

    /// The same, with quotas that a bank lends, whatever counts the rest.
    #[must_use]
    pub fn banked(self, banked: Banked) -> Self {
        Self { leases: Some(Leases::new(banked, self.keys)), ..self }
    }

    /// How the bank of quotas is; nothing where there is none.
    #[must_use]
    pub fn bank_health(&self) -> Option<Health> {
        self.leases.as_ref().map(|leases| leases.health())
    }

    /// How the store is; nothing where there is none but this node.
    #[must_use]
    pub fn health(&self) -> Option<Health> {
        self.remote.as_ref().map(Remote::health)
    }

    /// Requests that were counted by this node's share of a limit, because it follows as many
    /// callers of rules in mode `async` as it can.
    #[must_use]
    pub fn unfollowed(&self) -> u64 {
        self.unfollowed.load(Ordering::Relaxed)
    }

    /// Whether a rule can be in mode `sync`: some stores charge quotas only while a request waits.
    #[must_use]
    pub fn charges(&self, rule: &Rule) -> bool {
        let is_lent = self.leases.is_some() && matches!(rule.limit(), Limit::Quota { .. });
        is_lent || self.remote.as_ref().is_none_or(|remote| remote.charges(rule))
    }

    /// Charges all rules that apply, or none. Waits for the bank and the store as long as `at` has
    /// patience.
    pub async fn charge<'p>(
        &self,
        plan: &'p Plan,
        who: &Subject<'_>,
        at: impl Into<Moment<'_>>,
    ) -> Answer<'p> {
        let (at, own) = (at.into(), Patience::default());
        let now_ms = at.now_ms;
        let Some(leases) = self.lending(plan, who) else {
            // Spares most nodes a future within this one.
            if self.remote.is_none() {
                return Answer::Counted(self.table.charge(plan.whole(), who, now_ms));
            }
            return self.charge_some((plan, Pick::ALL), who, at).await;
        };
        let (wanted, rest) = (self.wanted(plan, who), plan.quotas().others());
        // Whom another rule refuses takes no unit that somebody else could spend meanwhile.
        let known = self.table.check_some((plan.whole(), rest), who, now_ms);
        if !known.is_admitted() {
            return Answer::Counted(known.beside(&leases.known((plan, &wanted), now_ms)));
        }
        // What the bank took of the time, the store does not get.
        let at = Moment { patience: Some(at.patience.unwrap_or(&own)), ..at };
        let began = Instant::now();
        let taken = leases.take((plan, &wanted), who, at).await;
        at.waited_since(began);
        match taken {
            Taken::All(lent, units) => {
                let answer = self.charge_some((plan, rest), who, at).await;
                let on_credit = units.are_on_credit();
                if answer.is_admitted() {
                    units.keep();
                }
                answer.beside(&lent, on_credit)
            }
            Taken::Missing(lent) => Answer::Counted(lent.beside(&known)),
            Taken::Closed(rule) => Answer::Closed(rule),
            Taken::Full => self.charge_share(plan, who, at).await,
        }
    }

    /// Where a caller stands, for showing it: charges nothing. Of all nodes, or of this one while
    /// the store is away.
    pub async fn standing<'p>(
        &self,
        plan: &'p Plan,
        who: &Subject<'_>,
        at: impl Into<Moment<'_>>,
    ) -> Verdict<'p> {
        let at = at.into();
        let Some(leases) = self.lending(plan, who) else {
            return self.standing_some((plan, Pick::ALL), who, at).await;
        };
        let wanted = self.wanted(plan, who);
        let lent = leases.look((plan, &wanted), who, at).await;
        let rest = self.standing_some((plan, plan.quotas().others()), who, at).await;
        rest.beside(&lent)
    }

    /// Gives back what this node holds of quotas for long. To be called every few seconds.
    pub async fn tend(&self) {
        if let Some(leases) = &self.leases {
            leases.tend().await;
        }
    }

    /// Gives back all that this node holds of quotas. To be called after the last request.
    pub async fn close(&self) {
        if let Some(leases) = &self.leases {
            leases.close().await;
        }
    }

    /// Tells the store what this node let in by rules in mode `async`, and learns what the others
    /// did. To be called every now and then: the longer the time between, the more pass beyond a
    /// limit.
    pub async fn exchange(&self, now_ms: u64) {
        let Some(remote) = &self.remote else { return };
        let told = self.ledger.take(TOLD_MAX, now_ms);
        if told.is_empty() {
            return remote.make_ready().await;
        }
        let deltas: Vec<_> = told.iter().map(|told| told.delta.clone()).collect();
        let Some(totals) = remote.exchange(&deltas, now_ms).await else {
            // It may have been counted, and be counted twice then: never too little.
            return self.ledger.put_back(&told);
        };
        for (told, total) in told.iter().zip(&totals) {
            if let Some((rule, by_age)) = self.ledger.settle(told, total) {
                self.table.learn(told.cell, &rule, &by_age, now_ms);
            }
        }
    }

    /// Whether this node alone would let one more pass. Asks nobody.
    #[must_use]
    pub fn check_here<'p>(&self, plan: &'p Plan, who: &Subject<'_>, now_ms: u64) -> Verdict<'p> {
        self.table.check(plan.whole(), who, now_ms)
    }

    /// Counts on this node alone what has happened already, also beyond the limit.
    pub fn note_here(&self, plan: &Plan, who: &Subject<'_>, now_ms: u64) {
        self.table.note((plan.whole(), Pick::ALL), who, now_ms);
    }

    /// Adds points to a score: whether they went beyond its end, on this node or on all together.
    pub async fn strike(&self, score: &Score, who: &Subject<'_>, points: u32, now_ms: u64) -> bool {
        // Counted here too, always: an outage of the store forgives nobody.
        let is_full = |_| !self.table.charge(score.rules(), who, now_ms).is_admitted();
        let over_here = (0..points).any(is_full);
        let Some(remote) = &self.remote else { return over_here };
        remote.strike(score, who, points, now_ms).await.unwrap_or(false) || over_here
    }

    /// What the store refused a moment ago and cannot let pass yet: it is not asked again.
    fn denied<'p>(
        &self,
        remote: &Remote,
        (plan, asked): (&'p Plan, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Option<Verdict<'p>> {
        if !remote.denials.are_some(now_ms) {
            return None;
        }
        let refused = plan.whole().picked(asked).filter_map(|(place, rule)| {
            let cell = self.table.cell_of(rule, who)?;
            Some((place, remote.denials.standing((cell, rule), now_ms)?))
        });
        let verdict = Verdict::new(plan.whole(), refused);
        (!verdict.is_admitted()).then_some(verdict)
    }

    fn deny(&self, remote: &Remote, verdict: &Verdict<'_>, who: &Subject<'_>, now_ms: u64) {
        for (rule, standing) in verdict.violated() {
            if let Some(cell) = self.table.cell_of(rule, who) {
                remote.denials.note((cell, rule), standing.reset_ms, now_ms);
            }
        }
    }

    /// The bank, if a request needs something of it.
    fn lending(&self, plan: &Plan, who: &Subject<'_>) -> Option<&Arc<Leases>> {
        self.leases.as_ref().filter(|_| plan.counts(plan.quotas(), who))
    }

    /// The quotas that a request is charged.
    fn wanted<'p>(&self, plan: &'p Plan, who: &Subject<'_>) -> Vec<Wanted<'p>> {
        let quotas = plan.whole().picked(plan.quotas());
        let wanted = quotas.filter_map(|(place, rule)| {
            let Limit::Quota { count, calendar } = rule.limit() else { return None };
            let (cell, credit) = (self.table.cell_of(rule, who)?, plan.credit(place, *count));
            Some(Wanted { place, rule, calendar, cell, credit })
        });
        wanted.collect()
    }

    /// Charges quotas by this node's share, because it follows as many callers as it can.
    async fn charge_share<'p>(
        &self,
        plan: &'p Plan,
        who: &Subject<'_>,
        at: Moment<'_>,
    ) -> Answer<'p> {
        let now_ms = at.now_ms;
        self.unfollowed.fetch_add(1, Ordering::Relaxed);
        let share = (plan.away(), plan.quotas());
        let here = self.table.charge_some(share, who, now_ms);
        if !here.is_admitted() {
            return Answer::Counted(here);
        }
        let rest = (plan, plan.quotas().others());
        let answer = self.charge_some(rest, who, at).await;
        if !answer.is_admitted() {
            self.table.refund(share, who, now_ms);
        }
        answer.beside(&here, false)
    }

    /// Charges those of the rules that are picked and apply, or none; not those that a bank lends.
    async fn charge_some<'p>(
        &self,
        (plan, pick): (&'p Plan, Pick),
        who: &Subject<'_>,
        at: Moment<'_>,
    ) -> Answer<'p> {
        let now_ms = at.now_ms;
        let Some(remote) = &self.remote else {
            return Answer::Counted(self.table.charge_some((plan.whole(), pick), who, now_ms));
        };
        let asked = pick.and(plan.asked());
        if !plan.counts(asked, who) {
            return self.charge_here(remote, (plan, pick), who, now_ms);
        }
        // INVARIANT: what this node let in is a part of what all let in.
        let known = self.table.check_some((plan.whole(), pick), who, now_ms);
        if !known.is_admitted() {
            return Answer::Counted(known);
        }
        if let Some(denied) = self.denied(remote, (plan, asked), who, now_ms) {
            return Answer::Counted(denied.beside(&known));
        }
        let near = (plan.whole(), pick.and(asked.others()));
        let here = self.table.charge_some(near, who, now_ms);
        if !here.is_admitted() {
            return Answer::Counted(here.beside(&known));
        }
        let asked = (plan.whole(), asked);
        let Some(verdict) = remote.ask(asked, who, at, What::Charge).await else {
            self.table.refund(near, who, now_ms);
            return self.alone((plan, pick), who, now_ms);
        };
        if verdict.is_admitted() {
            self.table.note(asked, who, now_ms);
            self.follow(remote, plan, who, now_ms);
        } else {
            self.table.refund(near, who, now_ms);
            self.deny(remote, &verdict, who, now_ms);
        }
        Answer::Counted(verdict.beside(&here))
    }

    async fn standing_some<'p>(
        &self,
        (plan, pick): (&'p Plan, Pick),
        who: &Subject<'_>,
        at: Moment<'_>,
    ) -> Verdict<'p> {
        let here = self.table.check_some((plan.whole(), pick), who, at.now_ms);
        let Some(remote) = &self.remote else { return here };
        let asked = (plan.whole(), pick.and(plan.asked()));
        let asked = remote.ask(asked, who, at, What::Look).await;
        asked.map_or(here, |verdict| verdict.beside(&here))
    }

    fn alone<'p>(
        &self,
        (plan, pick): (&'p Plan, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Answer<'p> {
        if let Some(rule) = plan.closed(pick, who) {
            return Answer::Closed(rule);
        }
        Answer::Alone(self.table.charge_some((plan.away(), pick), who, now_ms))
    }

    /// Charges rules none of which the store is asked about.
    fn charge_here<'p>(
        &self,
        remote: &Remote,
        (plan, pick): (&'p Plan, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Answer<'p> {
        if !plan.counts(plan.told(), who) {
            return Answer::Counted(self.table.charge_some((plan.whole(), pick), who, now_ms));
        }
        if !remote.is_up() {
            let answer = self.alone((plan, pick), who, now_ms);
            if matches!(&answer, Answer::Alone(verdict) if verdict.is_admitted()) {
                self.follow(remote, plan, who, now_ms);
            }
            return answer;
        }
        // INVARIANT: whoever is not followed is counted by this node's share, and so is never
        // let in by every node as if it were alone.
        if !self.cells(remote, plan, (who, now_ms)).all(|cell| cell.is_some()) {
            self.unfollowed.fetch_add(1, Ordering::Relaxed);
            return Answer::Counted(self.table.charge_some((plan.away(), pick), who, now_ms));
        }
        let verdict = self.table.charge_some((plan.whole(), pick), who, now_ms);
        if verdict.is_admitted() {
            self.follow(remote, plan, who, now_ms);
        }
        Answer::Counted(verdict)
    }

    /// Notes what is to be told of a request that was let in.
    fn follow(&self, remote: &Remote, plan: &Plan, who: &Subject<'_>, now_ms: u64) {
        for cell in self.cells(remote, plan, (who, now_ms)).flatten() {
            self.ledger.count(cell);
        }
    }

    /// The cells of the rules that are exchanged; nothing for one that cannot be followed.
    fn cells<'a>(
        &'a self,
        remote: &'a Remote,
        plan: &'a Plan,
        (who, now_ms): (&'a Subject<'_>, u64),
    ) -> impl Iterator<Item = Option<CellId>> + 'a {
        let told = plan.whole().picked(plan.told());
        told.filter_map(move |(_, rule)| Some((rule, self.table.cell_of(rule, who)?))).map(
            move |(rule, cell)| {
                let key = || remote.key(rule, who);
                self.ledger.follow((cell, rule), now_ms, key).then_some(cell)
            },
        )
    }
}

impl<'p> Answer<'p> {
    /// Whether every rule let it pass.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        match self {
            Self::Counted(verdict) | Self::Alone(verdict) => verdict.is_admitted(),
            Self::Closed(_) => false,
        }
    }

    /// The same, with what was lent of quotas.
    fn beside(self, lent: &Verdict<'p>, on_credit: bool) -> Self {
        match self {
            Self::Counted(verdict) if on_credit => Self::Alone(verdict.beside(lent)),
            Self::Counted(verdict) => Self::Counted(verdict.beside(lent)),
            Self::Alone(verdict) => Self::Alone(verdict.beside(lent)),
            Self::Closed(rule) => Self::Closed(rule),
        }
    }
}

/// Cells that are told at once; what does not fit is told the next time.
const TOLD_MAX: usize = 1024;

/// Locks what nobody can have left half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
