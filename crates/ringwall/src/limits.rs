//! The limits of `serve`: from the configuration and the contract.

use std::sync::Arc;
use std::time::Duration;

use gate::limits::{
    Banked, Counters, DatabaseBank, Key, Limits, LimitsPlan, RedisConfig, Shared, Spec, Store,
};
use gate::{Cidr, Contract, Tasks};
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::exit::Failure;
use crate::config::limits::{LimitRule, Limits as Section, Resolved};
use crate::config::names::Network;
use crate::operations;
use crate::wire::Base;

/// The limits as they are configured.
///
/// # Errors
/// When a rule names no operation of the contract or cannot be meant, or the store's URL is none.
pub(crate) async fn raise(
    section: &Section,
    contract: &Contract,
    (base, tasks): (&Base, &Tasks),
) -> Result<Arc<Limits>, Failure> {
    let counters = counters(section, base).await?.banked(banked(section, base, tasks));
    let plan = plan(section, contract)?;
    Limits::new(counters, &plan, contract)
        .map_err(|error| Failure::Failed(format!("`limits`: {error}")))
}

/// Exchanges the counts of limits in mode `async` with the store, also once more at the end.
pub(crate) fn keep_exchanged(limits: Arc<Limits>, every: Duration, base: &Base, tasks: &Tasks) {
    let (clock, mut stopping) = (Arc::clone(&base.clock), tasks.stopping());
    let now_ms = move || u64::try_from(clock.now().millis()).unwrap_or(0);
    tasks.spawn(async move {
        let mut next = interval(every);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopping => return limits.exchange(now_ms()).await,
                _ = next.tick() => limits.exchange(now_ms()).await,
            }
        }
    });
}

/// Whether the store can be asked, as far as its address tells. Connects nowhere.
///
/// # Errors
/// When its address or its authorities cannot be meant.
pub(crate) fn store_faults(section: &Section) -> Result<(), Failure> {
    let ca_pem = authorities(section)?;
    // A reference that leads nowhere is told by itself.
    let Ok(Some(Resolved::Redis(url))) = section.store.resolve() else { return Ok(()) };
    let deadline = section.store_timeout_ms.into();
    let config = RedisConfig { url: url.expose().clone(), ca_pem, pepper: [0; 32], deadline };
    Counters::redis(1, config).map(drop).map_err(|error| Failure::because(&error))
}

/// Gives back what this node holds of quotas: what lies for long, and at the end everything.
pub(crate) fn keep_settled(limits: Arc<Limits>, tasks: &Tasks) {
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut next = interval(TENDED_EVERY);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Background work stops after the last request.
                () = &mut stopping => return limits.close().await,
                _ = next.tick() => limits.tend().await,
            }
        }
    });
}

/// Quotas are in the database, whatever counts the rest: it is there on every site, and it forgets
/// nothing.
fn banked(section: &Section, base: &Base, tasks: &Tasks) -> Banked {
    let tasks = tasks.clone();
    Banked {
        bank: Box::new(DatabaseBank::new(Arc::clone(&base.store))),
        pepper: *base.keyring.purpose_key("quota-bank/1").expose(),
        deadline: section.store_timeout_ms.into(),
        spawn: Box::new(move |work| tasks.spawn(work)),
    }
}

async fn counters(section: &Section, base: &Base) -> Result<Counters, Failure> {
    let keys = section.keys_max.into();
    let store = section.store.resolve().map_err(|error| Failure::because(&error))?;
    let ca_pem = authorities(section)?;
    let pepper = *base.keyring.purpose_key("limits-store/1").expose();
    let deadline = section.store_timeout_ms.into();
    match store {
        None => Ok(Counters::local(keys)),
        Some(Resolved::Redis(url)) => {
            let config = RedisConfig { url: url.expose().clone(), ca_pem, pepper, deadline };
            Counters::redis(keys, config)
                .map_err(|error| Failure::Failed(format!("`limits.store`: {error}")))
        }
        Some(Resolved::Dynamodb { region, table }) => {
            let store = dynamodb(region, table).await?;
            Ok(Counters::shared(keys, Shared { store, pepper, deadline }))
        }
    }
}

/// The authorities that the store's certificate is believed from.
fn authorities(section: &Section) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &section.store_ca_file else { return Ok(None) };
    let read = std::fs::read(path);
    let told = |error| format!("`limits.store_ca_file` `{}`: {error}", path.display());
    read.map(Some).map_err(|error| Failure::Failed(told(error)))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(region: String, table: String) -> Result<Box<dyn Store>, Failure> {
    let config = cloud::DynamoConfig { table, region: Some(region), endpoint: None };
    Ok(Box::new(cloud::Dynamo::new(config).await))
}

#[cfg(not(feature = "dynamodb"))]
async fn dynamodb(_: String, _: String) -> Result<Box<dyn Store>, Failure> {
    let told = "`limits.store`: this build does not count in DynamoDB; expected one made with \
                `cargo build --release --features dynamodb`";
    std::future::ready(Err(Failure::Failed(told.to_owned()))).await
}

/// What is allowed to whom.
///
/// # Errors
/// When a rule names no operation of the contract.
pub(crate) fn plan(section: &Section, contract: &Contract) -> Result<LimitsPlan, Failure> {
    let window_s = section.window_s.into();
    let window = |name, max| {
        let spec = Spec::window(name, Key::Address, max, window_s);
        spec.on_store_error(section.on_store_error).mode(section.mode)
    };
    let rate = |name, by, per_second, burst| {
        let spec = Spec::rate(name, by, per_second, burst);
        spec.on_store_error(section.on_store_error).mode(section.mode)
    };
    let mut common = vec![
        rate("client", Key::Client, section.client_per_second.into(), section.client_burst.into()),
        rate("tenant", Key::Tenant, section.tenant_per_second.into(), section.tenant_burst.into()),
    ];
    let mut rules = Vec::new();
    for LimitRule { operation, spec } in &section.rules {
        match operation {
            None => {
                common.retain(|known: &Spec| known.name != spec.name);
                common.push(spec.clone());
            }
            Some(name) => {
                let operation = operations::find(contract, name).map_err(|expected| {
                    Failure::Failed(format!("`limits.rules`, rule `{}`: {expected}", spec.name))
                })?;
                rules.push((operation.index, spec.clone()));
            }
        }
    }
    Ok(LimitsPlan {
        nodes: section.nodes.into(),
        strangers: window("strangers", section.strangers_max.into()),
        unproven: window("unproven", section.unproven_max.into()),
        common,
        rules,
        tenant_concurrency_max: section.tenant_concurrency_max.into(),
        exempt: section.exempt.iter().map(cidr).collect(),
    })
}

fn cidr(network: &Network) -> Cidr {
    Cidr::new(network.address, network.prefix)
}

/// Nothing lies here for longer than a minute and this.
const TENDED_EVERY: Duration = Duration::from_secs(5);
