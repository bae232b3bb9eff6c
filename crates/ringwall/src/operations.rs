//! Operations of the contract, by the names that a configuration gives them.

use std::sync::Arc;

use gate::Contract;
use gate::contract::Operation;

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
