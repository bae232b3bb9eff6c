//! What this node may spend of one quota of one caller.

use std::sync::Arc;
use std::time::Duration;

use throttle::{Bounds, Standing};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::OnStoreError;
use crate::bank::{Account, Lease, LeaseAsk, Settlement};

/// A block of units, and what is known of those that nobody has leased.
#[derive(Debug)]
pub(super) struct Purse {
    key: [u8; 16],
    bounds: Bounds,
    /// Leased and not spent.
    block: u32,
    /// What the last lease brought.
    granted: u32,
    /// What nobody had leased when the bank said so the last time.
    left: Option<u32>,
    /// Let in by this node in the period.
    passed: u32,
    /// Spent and not leased: the bank has to count it yet.
    owed: u32,
    /// Spent and not leased since the last lease, counted since or not.
    lent: u32,
    leased_at: Instant,
    used_at: Instant,
    /// Until then nobody asks: nothing was left.
    empty_until: Option<Instant>,
    asked_at: Option<Instant>,
    failed_at: Option<Instant>,
    answered: Arc<Notify>,
}

/// Whether there is a unit to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Ready,
    /// The bank has to be asked.
    Lacking,
    /// Nobody has any, as far as is known.
    Empty,
}

/// What a rule lets pass without a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    pub(crate) on_error: OnStoreError,
    /// What all nodes let pass.
    pub(crate) count: u32,
    /// What this node lets pass of it where nothing is known.
    pub(crate) share: u32,
    pub(crate) nodes: u32,
}

impl Purse {
    pub(super) fn new(key: [u8; 16], now: Instant) -> Self {
        Self {
            key,
            bounds: Bounds::default(),
            block: 0,
            granted: 0,
            left: None,
            passed: 0,
            owed: 0,
            lent: 0,
            leased_at: now,
            used_at: now,
            empty_until: None,
            asked_at: None,
            failed_at: None,
            answered: Arc::default(),
        }
    }

    pub(super) const fn account(&self) -> Account {
        let Bounds { start_ms, end_ms } = self.bounds;
        Account { key: self.key, start_ms, end_ms }
    }

    /// Whoever is told when the bank has answered.
    pub(super) const fn answered(&self) -> &Arc<Notify> {
        &self.answered
    }

    /// When the question was asked that is not answered yet.
    pub(super) const fn asked_at(&self) -> Option<Instant> {
        self.asked_at
    }

    pub(super) fn has_failed_since(&self, moment: Instant) -> bool {
        self.failed_at.is_some_and(|failed| failed >= moment)
    }

    /// The period that it is now: what was not settled of another one.
    pub(super) fn turn(&mut self, bounds: Bounds, now: Instant) -> Option<Settlement> {
        self.used_at = now;
        // A purse of a later period is of one that the bank has seen begin.
        if bounds.start_ms <= self.bounds.start_ms {
            return None;
        }
        let is_known = self.bounds != Bounds::default();
        let rest = if is_known { self.empty() } else { None };
        self.bounds = bounds;
        (self.granted, self.left, self.empty_until) = (0, None, None);
        (self.passed, self.lent) = (0, self.owed);
        rest
    }

    /// The bank says that it is another period than we thought: what was not spent of this one.
    /// What is owed will be owed in the other.
    pub(super) fn forget_period(&mut self) -> Settlement {
        let (account, unused) = (self.account(), std::mem::take(&mut self.block));
        self.bounds = Bounds::default();
        (self.granted, self.left, self.empty_until) = (0, None, None);
        self.asked_at = None;
        Settlement { account, unused, owed: 0 }
    }

    pub(super) fn room(&self, now: Instant) -> Room {
        match self.empty_until {
            _ if self.block > 0 => Room::Ready,
            Some(until) if now < until => Room::Empty,
            _ => Room::Lacking,
        }
    }

    /// Spends one of the block.
    pub(super) fn spend(&mut self) {
        self.block = self.block.saturating_sub(1);
        self.passed = self.passed.saturating_add(1);
    }

    /// Whether one more may pass without a lease.
    pub(super) fn may_owe(&self, credit: Credit) -> bool {
        match (credit.on_error, self.left) {
            (OnStoreError::Closed, _) => false,
            (OnStoreError::Open, _) => self.passed < credit.count,
            (OnStoreError::Local, Some(left)) => self.lent < left / credit.nodes.max(1),
            (OnStoreError::Local, None) => self.passed < credit.share,
        }
    }

    /// Lets one pass without a lease.
    pub(super) fn owe(&mut self) {
        self.owed = self.owed.saturating_add(1);
        self.lent = self.lent.saturating_add(1);
        self.passed = self.passed.saturating_add(1);
    }

    /// Takes one back that was spent of the block, or on credit.
    pub(super) fn put_back(&mut self, on_credit: bool) {
        self.passed = self.passed.saturating_sub(1);
        if on_credit {
            self.owed = self.owed.saturating_sub(1);
            self.lent = self.lent.saturating_sub(1);
        } else {
            self.block = self.block.saturating_add(1);
        }
        self.answered.notify_waiters();
    }

    /// Whether it is nearly empty. Not where little is left: others would miss what lies here.
    pub(super) fn runs_low(&self) -> bool {
        let is_large = self.left.is_some_and(|left| left >= AHEAD_MIN);
        is_large && self.block <= self.granted / 4 && self.asked_at.is_none()
    }

    /// What to ask the bank, from now on until it is answered.
    pub(super) fn ask(&mut self, limit: u32, now: Instant) -> LeaseAsk {
        self.asked_at = Some(now);
        // Each who waits holds the bell besides us.
        let waiting = Arc::strong_count(&self.answered).saturating_sub(1);
        let want = u32::try_from(waiting).unwrap_or(u32::MAX).clamp(1, LeaseAsk::MOST);
        LeaseAsk { account: self.account(), limit, want, owed: self.owed }
    }

    /// The bank lent a block.
    pub(super) fn fill(&mut self, ask: &LeaseAsk, lease: Lease, now: Instant) {
        (self.asked_at, self.failed_at, self.leased_at) = (None, None, now);
        self.owed = self.owed.saturating_sub(ask.owed);
        self.block = self.block.saturating_add(lease.granted);
        // What passed while the question was on its way is paid from what it brought.
        let paid = self.block.min(self.owed);
        (self.block, self.owed) = (self.block - paid, self.owed - paid);
        self.lent = self.owed;
        (self.granted, self.left) = (lease.granted, Some(lease.left));
        self.empty_until = (self.block == 0).then(|| now + ASKED_AGAIN);
    }

    /// The bank did not answer.
    pub(super) fn fail(&mut self, now: Instant) {
        (self.asked_at, self.failed_at) = (None, Some(now));
    }

    /// The bank answered for a period that is over.
    pub(super) const fn end_question(&mut self) {
        self.asked_at = None;
    }

    /// Gives up what lies here for long, so that others can spend it, and what is owed. While the
    /// bank is away, what lies here is what its caller has.
    pub(super) fn rest(&mut self, now: Instant, is_up: bool) -> Option<Settlement> {
        let is_old = now.saturating_duration_since(self.leased_at) >= HELD_MAX;
        let is_due = self.owed > 0 || (is_old && is_up);
        if is_due && self.asked_at.is_none() { self.empty() } else { None }
    }

    /// Gives up everything.
    pub(super) fn empty(&mut self) -> Option<Settlement> {
        let account = self.account();
        let (unused, owed) = (std::mem::take(&mut self.block), std::mem::take(&mut self.owed));
        let lies = self.left.unwrap_or(0).saturating_add(unused).saturating_sub(owed);
        self.left = self.left.map(|_| lies);
        (unused + owed > 0).then_some(Settlement { account, unused, owed })
    }

    /// Whether it holds nothing, and nobody came for so long.
    pub(super) fn is_idle(&self, now: Instant, long: Duration) -> bool {
        let is_old = now.saturating_duration_since(self.used_at) >= long;
        is_old && self.block + self.owed == 0 && self.asked_at.is_none()
    }

    /// Where the caller stands.
    pub(super) fn standing(&self, count: u32, bank_ms: u64, fits: bool) -> Standing {
        let free = match self.left {
            _ if !fits => 0,
            Some(left) => left.saturating_add(self.block).saturating_sub(self.owed).min(count),
            None => count.saturating_sub(self.passed),
        };
        Standing { fits, remaining: free, reset_ms: self.bounds.end_ms.saturating_sub(bank_ms) }
    }

    /// The same, where the bank has just said how many are lent or spent.
    pub(super) fn standing_of(&self, used: u64, count: u32) -> u32 {
        let left = u64::from(count).saturating_sub(used).saturating_add(self.block.into());
        let left = left.saturating_sub(self.owed.into()).min(count.into());
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}

/// Where less is left, no block is asked for before it is needed.
const AHEAD_MIN: u32 = 8 * LeaseAsk::PART;
/// How long nobody asks again where nothing was left.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
/// A block that lasts longer goes back: its caller may come by another node next.
pub(super) const HELD_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Bounds = Bounds { start_ms: 1000, end_ms: 2000 };
    const SECOND: Bounds = Bounds { start_ms: 2000, end_ms: 3000 };

    fn credit(on_error: OnStoreError) -> Credit {
        Credit { on_error, count: 10, share: 4, nodes: 2 }
    }

    fn filled(granted: u32, left: u32) -> Purse {
        let now = Instant::now();
        let mut purse = Purse::new([7; 16], now);
        purse.turn(FIRST, now);
        let ask = purse.ask(10, now);
        purse.fill(&ask, Lease { granted, left, now_ms: 1500 }, now);
        purse
    }

    #[test]
    fn nothing_passes_on_credit_where_a_rule_is_closed() {
        assert!(!filled(0, 6).may_owe(credit(OnStoreError::Closed)));
    }

    #[test]
    fn a_share_of_what_is_left_passes_on_credit_and_of_the_limit_where_nothing_is_known() {
        let pass = |mut purse: Purse, on_error| {
            let passed = (0..99).take_while(|_| {
                let may = purse.may_owe(credit(on_error));
                if may {
                    purse.owe();
                }
                may
            });
            passed.count()
        };
        let unknown = || Purse::new([7; 16], Instant::now());

        assert_eq!(pass(filled(0, 6), OnStoreError::Local), 3);
        assert_eq!(pass(filled(0, 0), OnStoreError::Local), 0);
        assert_eq!(pass(unknown(), OnStoreError::Local), 4);
        assert_eq!(pass(filled(0, 6), OnStoreError::Open), 10);
    }

    #[test]
    fn what_was_spent_on_credit_is_counted_by_the_next_lease_and_once() {
        let (mut purse, now) = (filled(0, 6), Instant::now());
        purse.owe();
        let ask = purse.ask(10, now);
        purse.owe();

        purse.fill(&ask, Lease { granted: 0, left: 4, now_ms: 1600 }, now);

        assert_eq!((ask.owed, purse.ask(10, now).owed), (1, 1));
    }

    #[test]
    fn what_passed_while_a_question_was_on_its_way_is_paid_from_what_it_brought() {
        let (mut purse, now) = (filled(0, 1), Instant::now());
        let ask = purse.ask(10, now);
        purse.owe();

        // The last unit.
        purse.fill(&ask, Lease { granted: 1, left: 0, now_ms: 1600 }, now);

        assert_eq!(purse.room(now), Room::Empty);
        assert_eq!(purse.empty(), None, "nothing is owed");
    }

    #[test]
    fn a_new_period_begins_full_and_the_block_of_the_last_one_goes_back_to_it() {
        let mut purse = filled(3, 6);
        let of_first = purse.account();
        purse.spend();

        let rest = purse.turn(SECOND, Instant::now());

        assert_eq!(rest, Some(Settlement { account: of_first, unused: 2, owed: 0 }));
        assert_eq!(purse.room(Instant::now()), Room::Lacking);
        assert_eq!(purse.turn(FIRST, Instant::now()), None, "time does not go back");
        assert_eq!(purse.account().start_ms, SECOND.start_ms);
    }

    #[test]
    fn a_block_is_given_back_when_it_lies_for_a_minute() {
        let (mut purse, now) = (filled(3, 6), Instant::now());
        assert_eq!(purse.rest(now, true), None);

        let rest = purse.rest(now + HELD_MAX, true).unwrap();

        assert_eq!((rest.unused, rest.owed), (3, 0));
        assert!(purse.is_idle(now + HELD_MAX, HELD_MAX));
        assert_eq!(purse.standing(10, 1500, true).remaining, 9, "others may spend it now");
    }
}
