//! Where quotas are kept, for all nodes and also while none runs: what is asked of such a bank.
//!
//! A bank counts what it has lent and nothing else: who may spend it, deadlines, hidden keys and
//! what an outage means are the affair of [`crate::Counters`].

use std::time::Duration;

use crate::store::Reply;

/// A bank of quotas. It lends blocks to nodes, never more than a limit in all; a node spends its
/// block without asking, and gives back what it does not need.
pub trait QuotaBank: Send + Sync + 'static {
    /// Lends a block: as many as [`LeaseAsk::block`] says, and never more than are left.
    fn lease<'a>(&'a self, ask: &'a LeaseAsk) -> Reply<'a, Lease>;

    /// Takes back what was not spent, and counts what was spent without a lease: all or nothing.
    fn settle<'a>(&'a self, accounts: &'a [Settlement]) -> Reply<'a, ()>;

    /// How many are lent or spent. One number for each account.
    fn look<'a>(&'a self, accounts: &'a [Account]) -> Reply<'a, Vec<u64>>;
}

/// What one caller may spend by one rule in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whom it counts, by which rule; says nothing to those who read it.
    pub key: [u8; 16],
    /// The first millisecond of the period.
    pub start_ms: u64,
    /// The first millisecond after it.
    pub end_ms: u64,
}

/// A block to lend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseAsk {
    /// From which account.
    pub account: Account,
    /// What all nodes may spend of it.
    pub limit: u32,
    /// How many requests wait for it: at least one.
    pub want: u32,
    /// What the node has spent without a lease; it is counted, limit or not.
    pub owed: u32,
}

/// A block that was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// How many; none when nothing was left.
    pub granted: u32,
    /// How many nobody has leased yet.
    pub left: u32,
    /// When it was lent, by the one clock that all nodes go by.
    pub now_ms: u64,
}

/// What a node brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// To which account.
    pub account: Account,
    /// Leased and not spent.
    pub unused: u32,
    /// Spent and not leased.
    pub owed: u32,
}

impl LeaseAsk {
    /// Of what is left a block has this part.
    pub const PART: u32 = 100;
    /// But no block has more.
    pub const MOST: u32 = 1000;

    /// How many to lend when so many are left: a hundredth, a thousand at most, and as many as
    /// requests wait. So of small quotas each node has what it is asked for and no more.
    #[must_use]
    pub fn block(&self, left: u32) -> u32 {
        (left / Self::PART).min(Self::MOST).max(self.want).min(left)
    }
}

/// Which bank, and how long requests wait for it.
pub struct Banked {
    /// The bank.
    pub bank: Box<dyn QuotaBank>,
    /// The same on all nodes. See [`crate::Shared::pepper`].
    pub pepper: [u8; 32],
    /// No request waits longer for a block.
    pub deadline: Duration,
    /// Runs questions beside requests, so that an answer that comes late is not lost.
    pub spawn: Spawn,
}

/// Runs work until it ends.
pub type Spawn = Box<dyn Fn(Work) + Send + Sync>;
/// Work that nobody waits for.
pub type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
