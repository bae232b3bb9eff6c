//! The limits of `serve`: from the configuration and the contract.

use std::sync::Arc;

use gate::limits::{Counters, Key, Limits, LimitsPlan, RedisConfig, Spec};
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
    let config = RedisConfig {
        url: url.expose().clone(),
        pepper: *pepper.expose(),
        deadline: section.store_timeout_ms.into(),
    };
    Counters::redis(keys, config)
        .map_err(|error| Failure::Failed(format!("`limits.store`: {error}")))
}

/// What is allowed to whom.
///
/// # Errors
/// When a rule names no operation of the contract.
pub(crate) fn plan(section: &Section, contract: &Contract) -> Result<LimitsPlan, Failure> {
    let window_s = section.window_s.into();
    let window = |name, max| {
        Spec::window(name, Key::Address, max, window_s).on_store_error(section.on_store_error)
    };
    let rate = |name, by, per_second, burst| {
        Spec::rate(name, by, per_second, burst).on_store_error(section.on_store_error)
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
