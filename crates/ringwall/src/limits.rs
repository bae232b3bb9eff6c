//! The limits of `serve`: from the configuration and the contract.

use std::sync::Arc;

use gate::limits::{Counters, DEADLINE, Key, Limits, LimitsPlan, OnStoreError, RedisConfig, Spec};
use gate::{Cidr, Contract};
use vault::Keyring;

use crate::cli::exit::Failure;
use crate::config::limits::{LimitRule, Limits as Section};
use crate::config::names::Network;
use crate::operations;

/// The limits as they are configured.
///
/// # Errors
/// When a rule names no operation of the contract or cannot be meant, or the store's URL is none.
pub(crate) fn raise(
    section: &Section,
    contract: &Contract,
    keyring: &Keyring,
) -> Result<Arc<Limits>, Failure> {
    let counters = counters(section, keyring)?;
    let plan = plan(section, contract)?;
    Limits::new(counters, &plan, contract)
        .map_err(|error| Failure::Failed(format!("`limits`: {error}")))
}

fn counters(section: &Section, keyring: &Keyring) -> Result<Counters, Failure> {
    let keys = section.keys_max.into();
    let url = section.store.resolve().map_err(|error| Failure::because(&error))?;
    let Some(url) = url else { return Ok(Counters::local(keys)) };
    let pepper = keyring.purpose_key("limits-store/1");
    let config =
        RedisConfig { url: url.expose().clone(), pepper: *pepper.expose(), deadline: DEADLINE };
    Counters::redis(keys, config)
        .map_err(|error| Failure::Failed(format!("`limits.store`: {error}")))
}

fn plan(section: &Section, contract: &Contract) -> Result<LimitsPlan, Failure> {
    let window = |name: &str, max: u32| Spec {
        max: Some(max),
        window_s: Some(section.window_s.into()),
        ..spec(name, Key::Address, section.on_store_error)
    };
    let rate = |name: &str, by: Key, per_second: u32, burst: u32| Spec {
        per_second: Some(per_second),
        burst: Some(burst),
        ..spec(name, by, section.on_store_error)
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

/// A rule without numbers yet.
fn spec(name: &str, by: Key, on_store_error: OnStoreError) -> Spec {
    Spec {
        name: name.to_owned(),
        by: vec![by],
        max: None,
        window_s: None,
        per: None,
        zone: None,
        per_second: None,
        burst: None,
        on_store_error,
    }
}
