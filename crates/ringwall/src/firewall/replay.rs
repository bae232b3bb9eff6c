//! `ringwall firewall replay`: recorded requests through two rule sets.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use gate::Contract;
use gate::inspection::{self, Inspector, Recorded, Text};

use super::{contract, inspector, read, requests, rules};
use crate::cli::exit::{Failure, print};
use crate::cli::firewall::ReplayArgs;

/// Replays requests.
///
/// # Errors
/// When an expectation does not hold, there are no requests, or rules do not compile.
pub(super) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let contract = contract(args.contract.as_deref())?;
    let ours = if args.before.is_empty() { inspection::baseline_alone() } else { Vec::new() };
    let before = inspection::load(ours, &args.before).map_err(|error| Failure::because(&error))?;
    let was = if args.before.is_empty() { Text::ByOurRules } else { Text::ByAllRules };
    let sets = [
        inspector(before, contract.as_ref(), was)?,
        inspector(rules(&args.rules)?, contract.as_ref(), super::text(&args.rules))?,
    ];
    let requests = requests(&read(&args.requests)?)?;
    let mut text = String::new();
    let mut refused = [0, 0];
    let mut changes: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
    for (number, request) in requests.iter().enumerate() {
        let judged = sets.each_ref().map(|set| judge(set, request, contract.as_ref()));
        for (side, (is_refused, found)) in judged.iter().enumerate() {
            if let Some(count) = refused.get_mut(side) {
                *count += usize::from(*is_refused);
            }
            for rule in found {
                if let Some(count) = changes.entry(*rule).or_default().get_mut(side) {
                    *count += 1;
                }
            }
        }
        let [old, new] = &judged;
        if old.0 != new.0 || (args.expect_passes && new.0) || (args.expect_refusals && !new.0) {
            let word = |is_refused: bool| if is_refused { "refused" } else { "passes" };
            // The path only: queries and bodies are the callers'. Writing to a string cannot fail.
            let path = String::from_utf8_lossy(path(request)).into_owned();
            let method = String::from_utf8_lossy(&request.method).into_owned();
            let (was, is) = (word(old.0), word(new.0));
            let _infallible = writeln!(
                text,
                "request {}: {method} {path}: {was} -> {is}; rules {:?} -> {:?}",
                number + 1,
                old.1,
                new.1
            );
        }
    }
    for (rule, [old, new]) in changes.iter().filter(|(_, [old, new])| old != new) {
        let _infallible = writeln!(text, "rule {rule}: {old} -> {new} requests");
    }
    let [old, new] = refused;
    let _infallible = writeln!(text, "{} requests, refused {old} -> {new}", requests.len());
    print(&text)?;
    let wrong = (args.expect_passes && new > 0) || (args.expect_refusals && new < requests.len());
    if wrong {
        Err(Failure::Failed("not every request was judged as expected".to_owned()))
    } else {
        Ok(())
    }
}

/// Whether a request is refused, and the rules that matched.
fn judge(
    set: &Inspector,
    request: &Recorded,
    contract: Option<&Arc<Contract>>,
) -> (bool, Vec<u32>) {
    let operation = contract.and_then(|contract| request.operation(contract));
    let mut transaction = set.begin(operation);
    let passes = request.judge(&mut transaction);
    let verdict = set.end(transaction, None);
    let mut found: Vec<u32> = verdict.matched.iter().map(|found| found.id).collect();
    found.sort_unstable();
    found.dedup();
    (!passes, found)
}

fn path(request: &Recorded) -> &[u8] {
    request.target.split(|byte| *byte == b'?').next().unwrap_or_default()
}
