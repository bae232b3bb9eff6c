//! Operations of the contract, by the names that a configuration gives them.

use std::sync::Arc;

use gate::Contract;
use gate::contract::Operation;

use crate::config::Config;

/// Names of a configuration that no operation has: the keys that hold them, and what is wrong.
pub(crate) fn unknown(config: &Config, contract: &Contract) -> Vec<(&'static str, String)> {
    let limits = config.limits.rules.iter();
    let limits = limits.map(|rule| ("limits.rules", rule.spec.name.as_str(), &rule.operation));
    let addresses = config.addresses.rules.iter();
    let addresses = addresses.map(|rule| ("addresses.rules", rule.name.as_str(), &rule.operation));
    let exclusions = config.firewall.exclusions.iter();
    let exclusions = exclusions.map(|each| ("firewall.exclusions", "", &each.operation));
    let named = limits.chain(addresses).chain(exclusions);
    let unknown = named.filter_map(|(key, rule, operation)| {
        let expected = find(contract, operation.as_deref()?).err()?;
        let rule = if rule.is_empty() { String::new() } else { format!(", rule `{rule}`") };
        Some((key, format!("`{key}`{rule}: {expected}")))
    });
    unknown.collect()
}

/// The operation of a name: `listJobs` or `GET /v1/jobs`.
///
/// # Errors
/// What is wrong, with the name that is most like it.
pub(crate) fn find<'c>(contract: &'c Contract, name: &str) -> Result<&'c Operation, String> {
    let names = |operation: &&Arc<Operation>| operation.id == name || operation.label == name;
    if let Some(operation) = contract.operations().find(names) {
        return Ok(operation);
    }
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let known = contract.operations().flat_map(|operation| [&operation.id, &operation.label]);
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = best.map(|best| format!("; did you mean `{best}`?")).unwrap_or_default();
    Err(format!("there is no operation `{}`{hint}", name.escape_debug()))
}
