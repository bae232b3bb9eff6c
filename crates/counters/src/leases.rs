//! Quotas on this node: spent from blocks that a bank lends, so that most requests ask nobody.
//!
//! All units of a request are taken together or none. A block that runs out is asked for beside
//! the requests, by one question for a caller and rule, and no request waits for it longer than the
//! deadline. To which period a request belongs the bank's clock decides, not ours.

mod clock;
mod purse;
mod state;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use throttle::{Calendar, CellId, Rule, Subject, Verdict};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use crate::bank::{Account, Banked, Lease, LeaseAsk, QuotaBank, Spawn};
use crate::breaker::{Health, tell};
use crate::keys::Pepper;
use crate::patience::Moment;
use crate::{Plan, lock};
use state::{Round, State, Step};

pub(crate) use purse::Credit;

/// The quotas of this node.
pub(crate) struct Leases {
    bank: Box<dyn QuotaBank>,
    pepper: Pepper,
    deadline: Duration,
    spawn: Spawn,
    state: Mutex<State>,
    /// Rings when a question was answered: then another one may be asked.
    freed: Arc<Notify>,
}

/// A unit of one quota that a request needs.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'p> {
    pub(crate) place: usize,
    pub(crate) rule: &'p Rule,
    pub(crate) calendar: &'p Calendar,
    pub(crate) cell: CellId,
    pub(crate) credit: Credit,
}

/// One caller, by one rule. A rule that allows another number has a purse of its own, so that what
/// was leased under one number is not spent under another.
type Id = (CellId, u32);

/// What came of asking for the units of a request.
pub(crate) enum Taken<'l, 'p> {
    /// There was one of each.
    All(Verdict<'p>, Units<'l>),
    /// One was missing, and so none was taken.
    Missing(Verdict<'p>),
    /// The bank is away, and this rule lets nobody pass uncounted.
    Closed(&'p Rule),
    /// This node follows as many callers as it can.
    Full,
}

/// Units that were taken. They go back when this is dropped, unless they are kept.
#[must_use]
pub(crate) struct Units<'l> {
    leases: &'l Leases,
    taken: Vec<Unit>,
}

struct Unit {
    id: Id,
    account: Account,
    /// Spent without a lease.
    on_credit: bool,
}

/// What to ask the bank.
struct Question {
    id: Id,
    ask: LeaseAsk,
    asked_at: Instant,
    node_ms: u64,
}

/// When a request came: by our timer, and by our clock.
#[derive(Clone, Copy)]
struct Came {
    at: Instant,
    node_ms: u64,
}

/// A question that is being asked. However that ends, those who wait for it are told.
struct Pending {
    leases: Arc<Leases>,
    question: Question,
    answer: Result<Lease, String>,
}

impl Wanted<'_> {
    const fn id(&self) -> Id {
        (self.cell, self.credit.count)
    }
}

impl Leases {
    /// For at most so many callers and rules at once.
    pub(crate) fn new(banked: Banked, most: usize) -> Arc<Self> {
        let Banked { bank, pepper, deadline, spawn } = banked;
        let (pepper, state) = (Pepper::new(&pepper), Mutex::new(State::new(most)));
        Arc::new(Self { bank, pepper, deadline, spawn, state, freed: Arc::default() })
    }

    pub(crate) fn health(&self) -> Health {
        lock(&self.state).health(Instant::now())
    }

    /// Takes a unit of each, or none.
    pub(crate) async fn take<'l, 'p>(
        self: &'l Arc<Self>,
        (plan, wanted): (&'p Plan, &[Wanted<'p>]),
        who: &Subject<'_>,
        at: Moment<'_>,
    ) -> Taken<'l, 'p> {
        let (node_ms, freed) = (at.now_ms, &self.freed);
        let deadline = at.left_of(self.deadline).map_or(Duration::ZERO, |within| within.time);
        let round = Round { wanted, came: Came { at: Instant::now(), node_ms }, deadline, freed };
        let verdict = |standings| Verdict::new(plan.whole(), standings);
        loop {
            let mut questions = Vec::new();
            let key = |one: &Wanted<'_>| self.pepper.account(one.rule, who);
            let step = lock(&self.state).attempt(round, key, &mut questions);
            for question in questions {
                self.ask(question);
            }
            match step {
                Step::Taken(standings, taken) => {
                    return Taken::All(verdict(standings), Units { leases: self, taken });
                }
                Step::Missing(standings) => return Taken::Missing(verdict(standings)),
                Step::Closed(one) => return Taken::Closed(one.rule),
                Step::Full => return Taken::Full,
                // However it ends, the purses are looked into again.
                Step::Wait(heard, until) => drop(timeout_at(until, heard).await),
            }
        }
    }

    /// Where a caller stands, as far as this node knows.
    pub(crate) fn known<'p>(
        &self,
        (plan, wanted): (&'p Plan, &[Wanted<'p>]),
        node_ms: u64,
    ) -> Verdict<'p> {
        let standings = lock(&self.state).standings(wanted, (Instant::now(), node_ms));
        Verdict::new(plan.whole(), standings)
    }

    /// Where a caller stands with all nodes; as far as this one knows, where the bank is away.
    pub(crate) async fn look<'p>(
        &self,
        (plan, wanted): (&'p Plan, &[Wanted<'p>]),
        who: &Subject<'_>,
        at: Moment<'_>,
    ) -> Verdict<'p> {
        let node_ms = at.now_ms;
        let within = at.left_of(self.deadline).map_or(Duration::ZERO, |within| within.time);
        let asked = Instant::now();
        let key = |one: &Wanted<'_>| self.pepper.account(one.rule, who);
        let accounts = lock(&self.state).accounts(wanted, (Instant::now(), node_ms), key);
        let used = match accounts.is_empty() {
            true => return self.known((plan, wanted), node_ms),
            false => timeout(within, self.bank.look(&accounts)).await,
        };
        at.waited_since(asked);
        let Ok(Ok(used)) = used else { return self.known((plan, wanted), node_ms) };
        let (state, at) = (lock(&self.state), (Instant::now(), node_ms));
        let seen = wanted.iter().zip(accounts.iter().zip(used));
        Verdict::new(plan.whole(), seen.map(|(one, seen)| state.seen(one, seen, at)))
    }

    /// Gives back what lies here for long, and has counted what was spent without a lease.
    pub(crate) async fn tend(&self) {
        lock(&self.state).collect_old(Instant::now());
        self.settle().await;
    }

    /// Gives back everything. To be called when no request comes any more.
    pub(crate) async fn close(&self) {
        // What is on its way would be lost to its callers.
        let by = Instant::now() + LEASED_WITHIN;
        loop {
            let freed = self.freed.notified();
            let is_quiet = lock(&self.state).asking() == 0;
            if is_quiet || timeout_at(by, freed).await.is_err() {
                break;
            }
        }
        lock(&self.state).collect_all();
        self.settle().await;
    }

    async fn settle(&self) {
        loop {
            let Some(batch) = lock(&self.state).take_settlements(Instant::now()) else { return };
            let cause = match timeout(SETTLED_WITHIN, self.bank.settle(&batch)).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(LATE.to_owned()),
            };
            let transition = lock(&self.state).settled(&batch, cause.is_none(), Instant::now());
            tell(transition, cause.as_deref().unwrap_or_default(), NAME);
            if cause.is_some() {
                return;
            }
        }
    }

    /// Asks the bank, beside the requests.
    fn ask(self: &Arc<Self>, question: Question) {
        let answer = Err("nobody asked it".to_owned());
        let pending = Pending { leases: Arc::clone(self), question, answer };
        (self.spawn)(Box::pin(pending.ask()));
    }
}

impl Pending {
    async fn ask(mut self) {
        let lease = self.leases.bank.lease(&self.question.ask);
        let answer = match timeout(LEASED_WITHIN, lease).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(LATE.to_owned()),
        };
        self.answer = answer;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let lease = self.answer.as_ref().ok().copied();
        let transition = lock(&self.leases.state).hear(&self.question, lease, Instant::now());
        let cause = self.answer.as_ref().err().map_or("", String::as_str);
        tell(transition, cause, NAME);
        self.leases.freed.notify_waiters();
    }
}

impl Units<'_> {
    /// Whether any was spent without a lease.
    pub(crate) fn are_on_credit(&self) -> bool {
        self.taken.iter().any(|unit| unit.on_credit)
    }

    /// They are spent.
    pub(crate) fn keep(mut self) {
        self.taken.clear();
    }
}

impl Drop for Units<'_> {
    fn drop(&mut self) {
        if !self.taken.is_empty() {
            lock(&self.leases.state).put_back(&mut self.taken);
        }
    }
}

/// No request waits for an answer so long; a later one is lost to the caller.
const LEASED_WITHIN: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(5);
const LATE: &str = "no answer in time";
const NAME: &str = "bank of quotas";
