//! Limits in DynamoDB.
//!
//! A question takes some milliseconds and has its price, so a request waits for none but those that
//! must be exact: quotas, by a conditional update. Windows and rates are exchanged (mode `async`).
//! There is one item for a key and a window, or a key and a period, which `expires_at` removes.
//!
//! DynamoDB tells no time: nodes date by their own clocks, and what they let in is dated wrongly by
//! as much as these differ.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use counters::store::{Ask, Delta, Reply, Store, StoreError, Strike, Total, What};
use futures_util::{StreamExt, TryStreamExt, stream};
use throttle::{Standing, Terms};

use crate::item::{Item, Place, Quota, number};

/// Which table.
#[derive(Clone, Debug)]
pub struct DynamoConfig {
    /// Its name. Its partition key is the text `key`; time to live is on the attribute
    /// `expires_at`.
    pub table: String,
    /// Where it is; as the environment says otherwise.
    pub region: Option<String>,
    /// Another address than the region's: of an emulator, or of an endpoint in a private network.
    pub endpoint: Option<String>,
}

/// Limits in a table.
pub struct Dynamo {
    client: Client,
    table: String,
}

impl Dynamo {
    /// Takes credentials from where the environment keeps them: variables, a profile, a web
    /// identity, the container or the instance. Asks the table nothing yet.
    pub async fn new(config: DynamoConfig) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = config.region {
            loader = loader.region(Region::new(region));
        }
        if let Some(endpoint) = config.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        Self { client: Client::new(&loader.load().await), table: config.table }
    }

    /// The same with a client that is made already.
    #[must_use]
    pub const fn with_client(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Charges all quotas one after the other; where one has no room, those before it are given
    /// back. Not a transaction: two requests of one caller would make each other fail.
    async fn charge(&self, asks: &[Quota], now_ms: u64) -> Result<Vec<Standing>, StoreError> {
        let mut standings = Vec::new();
        for ask in asks {
            let Some(used) = self.take(ask).await? else { break };
            standings.push(ask.charged(used, now_ms));
        }
        if standings.len() == asks.len() {
            return Ok(standings);
        }
        for ask in asks.iter().take(standings.len()) {
            self.give_back(ask).await?;
        }
        self.look(asks, now_ms).await
    }

    async fn look(&self, asks: &[Quota], now_ms: u64) -> Result<Vec<Standing>, StoreError> {
        let mut standings = Vec::new();
        for ask in asks {
            let used = self.read(&ask.key).await?.number("used");
            standings.push(ask.standing(used, now_ms));
        }
        Ok(standings)
    }

    /// One more, if there is room: how many are used then.
    async fn take(&self, ask: &Quota) -> Result<Option<u64>, StoreError> {
        let update = self
            .update(&ask.key, ask.expires_at_s())
            .update_expression("SET expires_at = :expires_at ADD used :one")
            .condition_expression("attribute_not_exists(used) OR used < :limit")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(ask.count.into()))
            .return_values(ReturnValue::UpdatedNew);
        match update.send().await {
            Ok(output) => Ok(Some(Item::of(output.attributes).number("used"))),
            Err(error) => match error.as_service_error() {
                Some(cause) if cause.is_conditional_check_failed_exception() => Ok(None),
                _ => Err(failed(&error)),
            },
        }
    }

    async fn give_back(&self, ask: &Quota) -> Result<(), StoreError> {
        let update = self
            .update(&ask.key, ask.expires_at_s())
            .update_expression("SET expires_at = :expires_at ADD used :less")
            .expression_attribute_values(":less", AttributeValue::N("-1".to_owned()));
        update.send().await.map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Adds to the present slot. `ever` goes on from the window before.
    async fn tell(&self, delta: &Delta, now_ms: u64) -> Result<Total, StoreError> {
        let place = Place::of(delta, now_ms);
        let before = self.read(&place.key_before()).await?;
        let update = self
            .update(&place.key(), place.expires_at_s())
            .update_expression(
                "SET expires_at = :expires_at, ever = if_not_exists(ever, :before) + :more \
                 ADD #slot :more",
            )
            .expression_attribute_names("#slot", place.slot_name())
            .expression_attribute_values(":before", number(before.number("ever")))
            .expression_attribute_values(":more", number(delta.count.into()))
            .return_values(ReturnValue::AllNew);
        let output = update.send().await.map_err(|error| failed(&error))?;
        Ok(place.total(&Item::of(output.attributes), &before))
    }

    /// Moves a score on, if nobody else did meanwhile.
    async fn score(&self, strike: &Strike, now_ms: u64) -> Result<bool, StoreError> {
        let key = format!("{}#{}", strike.key.anchor, strike.key.name);
        let now_us = now_ms.saturating_mul(1000);
        for _ in 0..TRIES_MAX {
            let known = self.read(&key).await?.number("at_us");
            let full = now_us + u64::from(strike.most) * strike.interval_us;
            let wanted = known.max(now_us) + u64::from(strike.points) * strike.interval_us;
            let next = wanted.min(full);
            let update = self
                .update(&key, next / 1_000_000 + GRACE_S)
                .update_expression("SET expires_at = :expires_at, at_us = :next")
                .condition_expression("attribute_not_exists(at_us) OR at_us = :known")
                .expression_attribute_values(":next", number(next))
                .expression_attribute_values(":known", number(known));
            match update.send().await {
                Ok(_) => return Ok(wanted > full),
                Err(error) => match error.as_service_error() {
                    Some(cause) if cause.is_conditional_check_failed_exception() => {}
                    _ => return Err(failed(&error)),
                },
            }
        }
        Err(StoreError("a score that others keep changing".to_owned()))
    }

    fn update(&self, key: &str, expires_at_s: u64) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table);
        update
            .key("key", AttributeValue::S(key.to_owned()))
            .expression_attribute_values(":expires_at", number(expires_at_s))
    }

    async fn read(&self, key: &str) -> Result<Item, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("key", AttributeValue::S(key.to_owned())).send();
        Ok(Item::of(get.await.map_err(|error| failed(&error))?.item))
    }
}

impl Store for Dynamo {
    fn ask<'a>(&'a self, asks: &'a [Ask], what: What, now_ms: u64) -> Reply<'a, Vec<Standing>> {
        Box::pin(async move {
            let quotas: Option<Vec<Quota>> = asks.iter().map(Quota::of).collect();
            let expected = || StoreError("expected quotas, or rules in another mode".to_owned());
            let quotas = quotas.ok_or_else(expected)?;
            match what {
                What::Charge => self.charge(&quotas, now_ms).await,
                What::Look => self.look(&quotas, now_ms).await,
            }
        })
    }

    fn strike<'a>(&'a self, strike: &'a Strike, now_ms: u64) -> Reply<'a, bool> {
        Box::pin(self.score(strike, now_ms))
    }

    fn exchange<'a>(&'a self, deltas: &'a [Delta], now_ms: u64) -> Reply<'a, Vec<Total>> {
        let told = stream::iter(deltas).map(move |delta| self.tell(delta, now_ms));
        Box::pin(told.buffered(AT_ONCE).try_collect())
    }

    fn charges(&self, terms: &Terms) -> bool {
        matches!(terms, Terms::Quota { .. })
    }

    fn forsake(&self) {
        // Its client gives up connections by itself.
    }
}

fn failed<E: std::error::Error>(error: &E) -> StoreError {
    StoreError(DisplayErrorContext(error).to_string())
}

/// Keys that are told at once.
const AT_ONCE: usize = 16;
/// Several nodes may strike the same caller in the same moment.
const TRIES_MAX: usize = 5;
/// Clocks differ, and who reads late still counts.
pub(crate) const GRACE_S: u64 = 3600;
