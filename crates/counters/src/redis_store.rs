//! Redis: one script for all rules of a request whose keys lie together.

mod address;

use std::sync::Mutex;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script, ScriptInvocation};
use throttle::{Standing, Terms};

pub use address::RedisError;

use crate::lock;
use crate::store::{Ask, Delta, Key, Reply, Store, StoreError, Strike, Total, What};

/// One Redis, or a cluster of them behind one address.
pub(crate) struct Redis {
    client: Client,
    /// For requests, which wait.
    asking: Mutex<Option<MultiplexedConnection>>,
    /// For exchanges, behind which no request shall wait.
    telling: Mutex<Option<MultiplexedConnection>>,
    charging: Script,
    refunding: Script,
    striking: Script,
    exchanging: Script,
    deadline: Duration,
}

impl Redis {
    /// Does not connect yet.
    pub(crate) fn new(
        url: String,
        ca_pem: Option<Vec<u8>>,
        deadline: Duration,
    ) -> Result<Self, RedisError> {
        Ok(Self {
            client: address::client(url, ca_pem)?,
            asking: Mutex::default(),
            telling: Mutex::default(),
            charging: Script::new(include_str!("redis_store/charge.lua")),
            refunding: Script::new(include_str!("redis_store/refund.lua")),
            striking: Script::new(include_str!("redis_store/strike.lua")),
            exchanging: Script::new(EXCHANGE),
            deadline,
        })
    }

    async fn connected(
        &self,
        place: &Mutex<Option<MultiplexedConnection>>,
        within: Duration,
    ) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = lock(place).clone() {
            return Ok(connection);
        }
        // Each question has a deadline of its own.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(within))
            .set_response_timeout(None);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connected.await.map_err(failed)?;
        *lock(place) = Some(connection.clone());
        Ok(connection)
    }

    async fn call(&self, call: &ScriptInvocation<'_>) -> Result<Vec<u64>, StoreError> {
        let mut connection = self.connected(&self.asking, self.deadline).await?;
        call.invoke_async(&mut connection).await.map_err(failed)
    }

    /// Charges group by group: a script of a cluster touches keys of one slot, and keys of one
    /// anchor lie in one. Where a later group has no room, those before it get back what they were
    /// charged. INVARIANT: each group charges only what fits, so no limit is ever exceeded; for a
    /// moment one may be charged that the request will not use.
    async fn ask_all(&self, asks: &[Ask], mut what: What) -> Result<Vec<Standing>, StoreError> {
        let mut standings: Vec<Standing> = Vec::with_capacity(asks.len());
        let mut paid = Vec::new();
        for group in asks.chunk_by(|one, next| one.key.anchor == next.key.anchor) {
            let (told, at_ms) = self.ask_group(group, what).await?;
            let has_room = told.iter().all(|standing| standing.fits);
            if what == What::Charge && has_room {
                paid.push((group, at_ms));
            } else if what == What::Charge {
                what = What::Look;
                for standing in &mut standings {
                    standing.remaining = standing.remaining.saturating_add(1);
                }
                for (group, at_ms) in paid.drain(..) {
                    self.give_back(group, at_ms).await?;
                }
            }
            standings.extend(told);
        }
        Ok(standings)
    }

    /// Where the rules of one group stand, and when that was, by the clock of Redis.
    async fn ask_group(
        &self,
        group: &[Ask],
        what: What,
    ) -> Result<(Vec<Standing>, u64), StoreError> {
        let mut call = invocation(&self.charging, group);
        call.arg(match what {
            What::Charge => "charge",
            What::Look => "look",
        });
        let numbers = self.call(&call).await?;
        let (triples, rest) = numbers.as_chunks::<3>();
        let at_ms = rest.first().copied().unwrap_or_default();
        Ok((triples.iter().map(standing).collect(), at_ms))
    }

    async fn give_back(&self, group: &[Ask], at_ms: u64) -> Result<(), StoreError> {
        let mut call = invocation(&self.refunding, group);
        call.arg(at_ms);
        self.call(&call).await.map(drop)
    }

    /// One command a key, all in one pipeline: keys of different callers lie in different slots of
    /// a cluster, and no script may touch two of these.
    async fn pipelined(&self, deltas: &[Delta]) -> Result<Vec<Vec<u64>>, StoreError> {
        let mut connection = self.connected(&self.telling, CONNECTED_WITHIN).await?;
        let mut pipe = redis::pipe();
        // Who was started anew knows no script.
        pipe.cmd("SCRIPT").arg("LOAD").arg(EXCHANGE).ignore();
        for delta in deltas {
            pipe.cmd("EVALSHA").arg(self.exchanging.get_hash()).arg(1).arg(text(&delta.key));
            pipe.arg(delta.slots.width_ms).arg(delta.slots.count).arg(delta.count);
        }
        pipe.query_async(&mut connection).await.map_err(failed)
    }
}

impl Store for Redis {
    fn ask<'a>(&'a self, asks: &'a [Ask], what: What, _: u64) -> Reply<'a, Vec<Standing>> {
        Box::pin(self.ask_all(asks, what))
    }

    fn strike<'a>(&'a self, strike: &'a Strike, _: u64) -> Reply<'a, bool> {
        let mut call = self.striking.prepare_invoke();
        call.key(text(&strike.key));
        call.arg(strike.interval_us).arg(strike.most).arg(strike.points);
        Box::pin(async move { Ok(self.call(&call).await? == [1]) })
    }

    fn exchange<'a>(&'a self, deltas: &'a [Delta], _: u64) -> Reply<'a, Vec<Total>> {
        Box::pin(async move {
            let replies = self.pipelined(deltas).await?;
            Ok(replies.iter().map(|numbers| total(numbers)).collect())
        })
    }

    fn make_ready(&self) -> Reply<'_, ()> {
        Box::pin(async move { self.connected(&self.asking, CONNECTED_WITHIN).await.map(drop) })
    }

    fn charges(&self, _: &Terms) -> bool {
        true
    }

    fn forsake(&self) {
        *lock(&self.asking) = None;
        *lock(&self.telling) = None;
    }
}

const EXCHANGE: &str = include_str!("redis_store/exchange.lua");

/// All keys of a request lie in one slot of a Redis Cluster.
fn text(Key { anchor, name }: &Key) -> String {
    format!("ringwall:{{{anchor}}}:{name}")
}

/// A script about the rules of a group.
fn invocation<'s>(script: &'s Script, group: &[Ask]) -> ScriptInvocation<'s> {
    let mut call = script.prepare_invoke();
    for Ask { key, terms } in group {
        call.key(text(key));
        let (kind, count, numbers) = arguments(terms);
        call.arg(kind).arg(count);
        for number in numbers {
            call.arg(number);
        }
    }
    call
}

fn arguments(terms: &Terms) -> (&'static str, u32, [u64; 4]) {
    match *terms {
        Terms::Rate { interval_us, burst } => ("rate", burst, [interval_us, 0, 0, 0]),
        Terms::Window { count, width_ms, slots } => ("window", count, [width_ms, slots, 0, 0]),
        Terms::Quota { count, bounds_ms } => ("quota", count, bounds_ms),
    }
}

/// Three numbers a rule, as the script returns them.
fn standing([fits, remaining, reset_ms]: &[u64; 3]) -> Standing {
    let remaining = u32::try_from(*remaining).unwrap_or(u32::MAX);
    Standing { fits: *fits == 1, remaining, reset_ms: *reset_ms }
}

fn total(numbers: &[u64]) -> Total {
    let mut numbers = numbers.iter().copied();
    let ever = numbers.next().unwrap_or(0);
    Total { ever, by_age: numbers.map(|count| u32::try_from(count).unwrap_or(u32::MAX)).collect() }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: redis::RedisError) -> StoreError {
    StoreError(error.to_string())
}

/// No request waits while a connection is made ahead of it.
const CONNECTED_WITHIN: Duration = Duration::from_secs(1);
