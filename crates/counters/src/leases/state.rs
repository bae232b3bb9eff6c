//! All purses of this node, and what goes between them and the bank. No lock here is held while
//! anybody waits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use throttle::{Bounds, Standing};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::clock::BankClock;
use super::purse::{HELD_MAX, Purse, Room};
use super::{Came, Id, Question, Unit, Wanted};
use crate::OnStoreError;
use crate::bank::{Account, Lease, Settlement};
use crate::breaker::{Breaker, Health, Transition};

/// What this node knows of quotas.
pub(super) struct State {
    /// INVARIANT: at most so many.
    purses: HashMap<Id, Purse>,
    most: usize,
    clock: Option<BankClock>,
    /// What is to be brought back to the bank.
    returned: Vec<Settlement>,
    /// Questions that are not answered yet.
    asking: usize,
    breaker: Breaker,
}

/// A request on its way.
#[derive(Clone, Copy)]
pub(super) struct Round<'r, 'p> {
    pub(super) wanted: &'r [Wanted<'p>],
    pub(super) came: Came,
    pub(super) deadline: Duration,
    /// Rings when another question may be asked.
    pub(super) freed: &'r Arc<Notify>,
}

/// Where each rule stands, by its place.
pub(super) type Standings = Vec<(usize, Standing)>;

/// What a request does next.
pub(super) enum Step<'p> {
    Taken(Standings, Vec<Unit>),
    Missing(Standings),
    /// This one lets nobody pass without a lease.
    Closed(Wanted<'p>),
    Full,
    Wait(OwnedNotified, Instant),
}

impl State {
    pub(super) fn new(most: usize) -> Self {
        Self {
            purses: HashMap::new(),
            most,
            clock: None,
            returned: Vec::new(),
            asking: 0,
            breaker: Breaker::default(),
        }
    }

    pub(super) fn health(&self, now: Instant) -> Health {
        self.breaker.health(now)
    }

    pub(super) const fn asking(&self) -> usize {
        self.asking
    }

    /// What time it is by the bank; by our clock while it never said so.
    pub(super) fn bank_ms(&self, (now, node_ms): (Instant, u64)) -> u64 {
        self.clock.map_or(node_ms, |clock| clock.now_ms(now, node_ms))
    }

    /// Takes a unit of each, or none, or says what to wait for; and what to ask the bank.
    pub(super) fn attempt<'p>(
        &mut self,
        round: Round<'_, 'p>,
        key: impl Fn(&Wanted<'_>) -> [u8; 16],
        questions: &mut Vec<Question>,
    ) -> Step<'p> {
        let (now, wanted) = (Instant::now(), round.wanted);
        let bank_ms = self.bank_ms((now, round.came.node_ms));
        if !wanted.iter().all(|one| self.open(one, (now, bank_ms), || key(one))) {
            return Step::Full;
        }
        let rooms: Vec<Room> = wanted.iter().map(|one| self.room(one, now)).collect();
        let fits = |place: usize| rooms.get(place) != Some(&Room::Empty);
        if rooms.contains(&Room::Empty) {
            return Step::Missing(self.told(wanted, bank_ms, fits));
        }
        let of = |room: Room| {
            let all = wanted.iter().zip(&rooms).enumerate();
            all.filter(move |(_, (_, has))| **has == room).map(|(place, (one, _))| (place, one))
        };
        let mut waits = Vec::new();
        for (_, one) in of(Room::Lacking) {
            waits.extend(self.ask_for(one, round, now, questions));
        }
        if let Some((heard, until)) = waits.into_iter().next() {
            return Step::Wait(heard, until);
        }
        let is_closed = |one: &Wanted<'_>| one.credit.on_error == OnStoreError::Closed;
        if let Some((_, one)) = of(Room::Lacking).find(|(_, one)| is_closed(one)) {
            return Step::Closed(*one);
        }
        let short: Vec<usize> =
            of(Room::Lacking).filter(|(_, one)| !self.may_owe(one)).map(|(at, _)| at).collect();
        if !short.is_empty() {
            return Step::Missing(self.told(wanted, bank_ms, |place| !short.contains(&place)));
        }
        let taken = wanted.iter().zip(&rooms);
        let units = taken.map(|(one, room)| self.spend(one, *room, round, questions)).collect();
        Step::Taken(self.told(wanted, bank_ms, |_| true), units)
    }

    /// Where a caller stands, as far as this node knows.
    pub(super) fn standings(&self, wanted: &[Wanted<'_>], at: (Instant, u64)) -> Standings {
        let bank_ms = self.bank_ms(at);
        let stand = |one: &Wanted<'_>| {
            let bounds = one.calendar.around(bank_ms);
            let standing = match self.purses.get(&one.id()) {
                Some(purse) if purse.account().start_ms >= bounds.start_ms => {
                    purse.standing(one.credit.count, bank_ms, true)
                }
                _ => fresh(one, bounds, bank_ms),
            };
            (one.place, Standing { fits: standing.remaining > 0, ..standing })
        };
        wanted.iter().map(stand).collect()
    }

    /// What to look at in the bank; nothing while it is away.
    pub(super) fn accounts(
        &self,
        wanted: &[Wanted<'_>],
        at: (Instant, u64),
        key: impl Fn(&Wanted<'_>) -> [u8; 16],
    ) -> Vec<Account> {
        if !self.breaker.is_closed() {
            return Vec::new();
        }
        let bank_ms = self.bank_ms(at);
        let account = |one: &Wanted<'_>| {
            let Bounds { start_ms, end_ms } = one.calendar.around(bank_ms);
            Account { key: key(one), start_ms, end_ms }
        };
        wanted.iter().map(account).collect()
    }

    /// Where a caller stands, by what the bank has just said.
    pub(super) fn seen(
        &self,
        one: &Wanted<'_>,
        (account, used): (&Account, u64),
        at: (Instant, u64),
    ) -> (usize, Standing) {
        let purse = self.purses.get(&one.id()).filter(|purse| purse.account() == *account);
        let free = purse.map_or_else(
            || u32::try_from(u64::from(one.credit.count).saturating_sub(used)).unwrap_or(u32::MAX),
            |purse| purse.standing_of(used, one.credit.count),
        );
        let reset_ms = account.end_ms.saturating_sub(self.bank_ms(at));
        (one.place, Standing { fits: free > 0, remaining: free, reset_ms })
    }

    /// The bank answered a question, or did not.
    pub(super) fn hear(
        &mut self,
        question: &Question,
        lease: Option<Lease>,
        now: Instant,
    ) -> Option<Transition> {
        self.asking = self.asking.saturating_sub(1);
        let purse = self.purses.get_mut(&question.id);
        let Some(lease) = lease else {
            if let Some(purse) = purse {
                purse.fail(now);
                purse.answered().notify_waiters();
            }
            return self.breaker.failed(now);
        };
        self.clock = Some(BankClock::new(lease.now_ms, question.asked_at, question.node_ms));
        let account = question.ask.account;
        let is_then = (account.start_ms..account.end_ms).contains(&lease.now_ms);
        let mut back = lease.granted.saturating_add(question.ask.owed);
        let mut rest = None;
        if let Some(purse) = purse {
            match purse.account() == account {
                true if is_then => {
                    back = 0;
                    purse.fill(&question.ask, lease, now);
                }
                true => rest = Some(purse.forget_period()),
                false => purse.end_question(),
            }
            purse.answered().notify_waiters();
        }
        // Lent for a period that it is not. What is owed stays so, in the one that it is.
        self.bring_back(Settlement { account, unused: back, owed: 0 });
        rest.into_iter().for_each(|rest| self.bring_back(rest));
        self.breaker.answered(now)
    }

    /// Puts units back that were taken for nothing.
    pub(super) fn put_back(&mut self, units: &mut Vec<Unit>) {
        for Unit { id, account, on_credit } in units.drain(..) {
            match self.purses.get_mut(&id) {
                Some(purse) if purse.account() == account => purse.put_back(on_credit),
                _ if on_credit => {}
                _ => self.bring_back(Settlement { account, unused: 1, owed: 0 }),
            }
        }
    }

    /// Collects what lies here for long, what is owed, and what is of a period that is over; and
    /// forgets callers who have not been here for long.
    pub(super) fn collect_old(&mut self, now: Instant) {
        let is_up = self.breaker.is_closed();
        for purse in self.purses.values_mut() {
            if let Some(rest) = purse.rest(now, is_up) {
                push(&mut self.returned, self.most, rest);
            }
        }
        // What was heard of a caller is of use while the bank is away; then nothing is forgotten.
        let long = if self.purses.len() > self.most / 2 { HELD_MAX } else { KNOWN_MAX };
        self.purses.retain(|_, purse| !is_up || !purse.is_idle(now, long));
    }

    /// Collects everything.
    pub(super) fn collect_all(&mut self) {
        for purse in self.purses.values_mut() {
            if let Some(rest) = purse.empty() {
                push(&mut self.returned, self.most, rest);
            }
        }
    }

    /// Something to bring to the bank; nothing while it is away.
    pub(super) fn take_settlements(&mut self, now: Instant) -> Option<Vec<Settlement>> {
        if self.returned.is_empty() || !self.breaker.may_ask(now) {
            return None;
        }
        let count = self.returned.len().min(SETTLED_AT_ONCE);
        Some(self.returned.drain(..count).collect())
    }

    /// It was brought there, or perhaps not.
    pub(super) fn settled(
        &mut self,
        batch: &[Settlement],
        is_done: bool,
        now: Instant,
    ) -> Option<Transition> {
        if is_done {
            return self.breaker.answered(now);
        }
        // INVARIANT: what may have been given back is not given back again; what may not have been
        // counted is counted again. So what is lost is lost to the caller, never to the limit.
        for owing in batch.iter().filter(|one| one.owed > 0) {
            self.bring_back(Settlement { unused: 0, ..*owing });
        }
        self.breaker.failed(now)
    }

    /// Makes sure that there is a purse for the period: false when there are too many.
    fn open(
        &mut self,
        one: &Wanted<'_>,
        (now, bank_ms): (Instant, u64),
        key: impl FnOnce() -> [u8; 16],
    ) -> bool {
        let bounds = one.calendar.around(bank_ms);
        let is_full = self.purses.len() >= self.most;
        if is_full && !self.purses.contains_key(&one.id()) {
            return false;
        }
        let purse = self.purses.entry(one.id()).or_insert_with(|| Purse::new(key(), now));
        if let Some(rest) = purse.turn(bounds, now) {
            self.bring_back(rest);
        }
        true
    }

    fn room(&self, one: &Wanted<'_>, now: Instant) -> Room {
        self.purses.get(&one.id()).map_or(Room::Empty, |purse| purse.room(now))
    }

    fn may_owe(&self, one: &Wanted<'_>) -> bool {
        self.purses.get(&one.id()).is_some_and(|purse| purse.may_owe(one.credit))
    }

    /// Asks for a block, unless that is done or in vain: until when to wait, and for what.
    fn ask_for(
        &mut self,
        one: &Wanted<'_>,
        Round { came, deadline, freed, .. }: Round<'_, '_>,
        now: Instant,
        questions: &mut Vec<Question>,
    ) -> Option<(OwnedNotified, Instant)> {
        let by = came.at + deadline;
        let purse = self.purses.get(&one.id())?;
        let heard = Arc::clone(purse.answered());
        let asked_at = purse.asked_at();
        if purse.has_failed_since(came.at) {
            return None;
        }
        if asked_at.is_none() && self.asking >= ASKED_AT_ONCE {
            return (by > now).then(|| (Arc::clone(freed).notified_owned(), by));
        }
        // Whoever comes while a question is late already does not wait for it too.
        let until = asked_at.map_or(by, |asked_at| by.min(asked_at + deadline));
        if asked_at.is_none() {
            questions.push(self.question(one, came.node_ms, now)?);
        }
        (until > now).then(|| (heard.notified_owned(), until))
    }

    fn question(&mut self, one: &Wanted<'_>, node_ms: u64, now: Instant) -> Option<Question> {
        if self.asking >= ASKED_AT_ONCE || !self.breaker.may_ask(now) {
            return None;
        }
        let ask = self.purses.get_mut(&one.id())?.ask(one.credit.count, now);
        self.asking += 1;
        Some(Question { id: one.id(), ask, asked_at: now, node_ms })
    }

    fn spend(
        &mut self,
        one: &Wanted<'_>,
        room: Room,
        Round { came, .. }: Round<'_, '_>,
        questions: &mut Vec<Question>,
    ) -> Unit {
        let (id, on_credit) = (one.id(), room != Room::Ready);
        let mut unit = Unit { id, account: Account::default(), on_credit };
        let Some(purse) = self.purses.get_mut(&id) else { return unit };
        unit.account = purse.account();
        if on_credit {
            purse.owe();
            return unit;
        }
        purse.spend();
        // A large block is asked for before it is needed, so that nobody waits.
        if purse.runs_low() {
            questions.extend(self.question(one, came.node_ms, Instant::now()));
        }
        unit
    }

    fn told(&self, wanted: &[Wanted<'_>], bank_ms: u64, fits: impl Fn(usize) -> bool) -> Standings {
        let stand = |(at, one): (usize, &Wanted<'_>)| {
            let purse = self.purses.get(&one.id())?;
            Some((one.place, purse.standing(one.credit.count, bank_ms, fits(at))))
        };
        wanted.iter().enumerate().filter_map(stand).collect()
    }

    fn bring_back(&mut self, settlement: Settlement) {
        push(&mut self.returned, self.most, settlement);
    }
}

/// Beyond `most` it is lost to the caller.
fn push(returned: &mut Vec<Settlement>, most: usize, settlement: Settlement) {
    if returned.len() < most && settlement.unused + settlement.owed > 0 {
        returned.push(settlement);
    }
}

fn fresh(one: &Wanted<'_>, bounds: Bounds, bank_ms: u64) -> Standing {
    let reset_ms = bounds.end_ms.saturating_sub(bank_ms);
    Standing { fits: true, remaining: one.credit.count, reset_ms }
}

/// How long a caller who does not come is known where there is room.
const KNOWN_MAX: Duration = Duration::from_secs(60 * 60);
/// Questions that one bank is asked at once: others need the database too.
const ASKED_AT_ONCE: usize = 8;
/// Accounts of one transaction.
const SETTLED_AT_ONCE: usize = 256;
