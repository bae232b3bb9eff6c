//! Redis: one script for all rules of a request.

use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script, ScriptInvocation};
use throttle::{Rule, Rules, Standing, Subject, Terms, Verdict, prefix};
use tokio::time::Instant;

use crate::breaker::{Breaker, Health, Transition};
use crate::{Score, lock};

/// Which Redis, and how keys are hidden in it.
pub struct RedisConfig {
    /// `redis://host:port/database`.
    pub url: String,
    /// The same on all nodes. Addresses and clients are keyed by it, so that who reads the store
    /// learns none of them.
    pub pepper: [u8; 32],
    /// No request waits longer for it, connecting included.
    pub deadline: Duration,
}

/// Redis cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL is none.
    #[error("expected `redis://host:port/database`")]
    Url,
}

/// One Redis.
pub(crate) struct Remote {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    breaker: Mutex<Breaker>,
    charging: Script,
    striking: Script,
    pepper: hmac::Key,
    deadline: Duration,
}

impl Remote {
    pub(crate) fn new(config: RedisConfig) -> Result<Self, RemoteError> {
        Ok(Self {
            client: Client::open(config.url).map_err(|_| RemoteError::Url)?,
            connection: Mutex::default(),
            breaker: Mutex::default(),
            charging: Script::new(include_str!("charge.lua")),
            striking: Script::new(include_str!("strike.lua")),
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &config.pepper),
            deadline: config.deadline,
        })
    }

    pub(crate) fn health(&self) -> Health {
        lock(&self.breaker).health()
    }

    /// The verdict of all nodes, or nothing when the store is away.
    pub(crate) async fn charge<'r>(
        &self,
        rules: &'r Rules,
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Option<Verdict<'r>> {
        self.ask(rules, who, now_ms, CHARGE).await
    }

    /// What [`Remote::charge`] would say, without charging.
    pub(crate) async fn look<'r>(
        &self,
        rules: &'r Rules,
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Option<Verdict<'r>> {
        self.ask(rules, who, now_ms, LOOK).await
    }

    async fn ask<'r>(
        &self,
        rules: &'r Rules,
        who: &Subject<'_>,
        now_ms: u64,
        what: &str,
    ) -> Option<Verdict<'r>> {
        let applying = || {
            let rules = rules.as_slice().iter().enumerate();
            rules.filter(|(_, rule)| who.knows(rule.by()))
        };
        if applying().next().is_none() {
            return Some(Verdict::new(rules, []));
        }
        if !self.may_ask() {
            return None;
        }
        let mut call = self.charging.prepare_invoke();
        for (_, rule) in applying() {
            call.key(self.key(rule, who));
            let (kind, count, numbers) = arguments(rule.limit().terms(now_ms));
            call.arg(kind).arg(count);
            for number in numbers {
                call.arg(number);
            }
        }
        call.arg(what);
        self.answer(&call, |numbers| verdict(rules, applying().map(|(index, _)| index), numbers))
            .await
    }

    /// Adds points to the score that all nodes share: whether they went beyond its end.
    pub(crate) async fn strike(
        &self,
        score: &Score,
        who: &Subject<'_>,
        points: u32,
        now_ms: u64,
    ) -> Option<bool> {
        let rule = score.rules().as_slice().first()?;
        if !self.may_ask() {
            return None;
        }
        let (_, most, [interval_us, ..]) = arguments(rule.limit().terms(now_ms));
        let mut call = self.striking.prepare_invoke();
        call.key(self.key(rule, who)).arg(interval_us).arg(most).arg(points);
        let answer = self.answer(&call, |numbers| match numbers {
            [over] => Some(*over == 1),
            _ => None,
        });
        answer.await
    }

    fn may_ask(&self) -> bool {
        lock(&self.breaker).may_ask(Instant::now())
    }

    /// Asks and reads the answer. Nothing when there is none in time, or it is of another shape.
    async fn answer<T>(
        &self,
        call: &ScriptInvocation<'_>,
        read: impl FnOnce(&[u64]) -> Option<T>,
    ) -> Option<T> {
        let ask = async { call.invoke_async::<Vec<u64>>(&mut self.connected().await?).await };
        // Connecting is a part of the deadline. A caller who leaves meanwhile is no failure.
        let reply = tokio::time::timeout(self.deadline, ask).await;
        let cause = match reply {
            Ok(Ok(numbers)) => match read(&numbers) {
                Some(answer) => {
                    let transition = lock(&self.breaker).answered();
                    tell(transition, "");
                    return Some(answer);
                }
                None => "an answer of another shape".to_owned(),
            },
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        *lock(&self.connection) = None;
        let transition = lock(&self.breaker).failed(Instant::now());
        tell(transition, &cause);
        None
    }

    async fn connected(&self) -> redis::RedisResult<MultiplexedConnection> {
        if let Some(connection) = lock(&self.connection).clone() {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(Some(self.deadline));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        *lock(&self.connection) = Some(connection.clone());
        Ok(connection)
    }

    /// All keys of a request lie in one slot of a Redis Cluster: that of the tenant, or of the
    /// address where there is no tenant.
    fn key(&self, rule: &Rule, who: &Subject<'_>) -> String {
        let address = who.address.map(|address| prefix(address).to_string()).unwrap_or_default();
        let anchor = who.tenant.unwrap_or(&address);
        let by = rule.by();
        let texts = [
            (by.address, address.as_str()),
            (by.client, who.client.unwrap_or_default()),
            (by.api_key, who.api_key.unwrap_or_default()),
            (by.tenant, who.tenant.unwrap_or_default()),
            (by.operation, who.operation.unwrap_or_default()),
        ];
        let mut parts = format!("{:016x}", rule.salt());
        for (counts, text) in texts {
            parts.push('\n');
            parts.push_str(if counts { text } else { "" });
        }
        format!("ringwall:{{{}}}:{}", self.hidden(anchor), self.hidden(&parts))
    }

    fn hidden(&self, text: &str) -> String {
        let tag = hmac::sign(&self.pepper, text.as_bytes());
        HEXLOWER.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

fn tell(transition: Option<Transition>, cause: &str) {
    match transition {
        Some(Transition::Lost) => {
            tracing::error!(cause, "the store of limits is away: each node counts alone");
        }
        Some(Transition::Regained) => tracing::info!("the store of limits is back"),
        None => {}
    }
}

fn arguments(terms: Terms) -> (&'static str, u32, [u64; 4]) {
    match terms {
        Terms::Rate { interval_us, burst } => ("rate", burst, [interval_us, 0, 0, 0]),
        Terms::Window { count, width_ms, slots } => ("window", count, [width_ms, slots, 0, 0]),
        Terms::Quota { count, bounds_ms } => ("quota", count, bounds_ms),
    }
}

/// Three numbers a rule, as the script returns them.
fn verdict<'r>(
    rules: &'r Rules,
    applying: impl Iterator<Item = usize>,
    numbers: &[u64],
) -> Option<Verdict<'r>> {
    let (triples, rest) = numbers.as_chunks::<3>();
    let applying: Vec<_> = applying.collect();
    if !rest.is_empty() || triples.len() != applying.len() {
        return None;
    }
    let standings = triples.iter().map(|[fits, remaining, reset_ms]| Standing {
        fits: *fits == 1,
        remaining: u32::try_from(*remaining).unwrap_or(u32::MAX),
        reset_ms: *reset_ms,
    });
    Some(Verdict::new(rules, applying.into_iter().zip(standings)))
}

/// What the script is to do.
const CHARGE: &str = "charge";
const LOOK: &str = "look";
