//! Redis: one script for all rules of a request.

use std::sync::Mutex;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script, ScriptInvocation};
use throttle::{Standing, Terms};

use crate::lock;
use crate::store::{Ask, Delta, Key, Reply, Store, StoreError, Strike, Total, What};

/// Redis cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The URL is none.
    #[error("expected `redis://host:port/database`")]
    Url,
}

/// One Redis, or a cluster of them behind one address.
pub(crate) struct Redis {
    client: Client,
    /// For requests, which wait.
    asking: Mutex<Option<MultiplexedConnection>>,
    /// For exchanges, behind which no request shall wait.
    telling: Mutex<Option<MultiplexedConnection>>,
    charging: Script,
    striking: Script,
    exchanging: Script,
    deadline: Duration,
}

impl Redis {
    /// Does not connect yet.
    pub(crate) fn new(url: String, deadline: Duration) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url).map_err(|_| RedisError::Url)?,
            asking: Mutex::default(),
            telling: Mutex::default(),
            charging: Script::new(include_str!("redis_store/charge.lua")),
            striking: Script::new(include_str!("redis_store/strike.lua")),
            exchanging: Script::new(EXCHANGE),
            deadline,
        })
    }

    async fn connected(
        &self,
        place: &Mutex<Option<MultiplexedConnection>>,
    ) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = lock(place).clone() {
            return Ok(connection);
        }
        // Each question has a deadline of its own.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(None);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connected.await.map_err(failed)?;
        *lock(place) = Some(connection.clone());
        Ok(connection)
    }

    async fn call(&self, call: &ScriptInvocation<'_>) -> Result<Vec<u64>, StoreError> {
        let mut connection = self.connected(&self.asking).await?;
        call.invoke_async(&mut connection).await.map_err(failed)
    }

    /// One command a key, all in one pipeline: keys of different callers lie in different slots of
    /// a cluster, and no script may touch two of these.
    async fn pipelined(&self, deltas: &[Delta]) -> Result<Vec<Vec<u64>>, StoreError> {
        let mut connection = self.connected(&self.telling).await?;
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
        let mut call = self.charging.prepare_invoke();
        for Ask { key, terms } in asks {
            call.key(text(key));
            let (kind, count, numbers) = arguments(terms);
            call.arg(kind).arg(count);
            for number in numbers {
                call.arg(number);
            }
        }
        call.arg(match what {
            What::Charge => "charge",
            What::Look => "look",
        });
        Box::pin(async move {
            let numbers = self.call(&call).await?;
            let (triples, _) = numbers.as_chunks::<3>();
            Ok(triples.iter().map(standing).collect())
        })
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
