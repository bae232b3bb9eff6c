//! `ringwall firewall bench`: what requests cost, and which rules cost most.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use firewall::{Exclusion, Exclusions, Options, Ruleset, Selection};
use gate::Contract;
use gate::inspection::{self, Recorded};

use super::{contract, inspector, read, requests, rules, text};
use crate::cli::exit::{Failure, print};
use crate::cli::firewall::BenchArgs;

/// Times rules.
///
/// # Errors
/// When there are no requests, or rules do not compile.
pub(super) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let contract = contract(args.contract.as_deref())?;
    let began = Instant::now();
    let rules = rules(&args.rules)?;
    let compiled = began.elapsed();
    let requests = requests(&read(&args.requests)?)?;
    let mut said = String::new();
    // Writing to a string cannot fail.
    let _infallible = writeln!(
        said,
        "{} rules compiled in {:.0} ms; {} requests, {} rounds",
        rules.rules(),
        compiled.as_secs_f64() * 1e3,
        requests.len(),
        args.rounds
    );
    let _infallible =
        writeln!(said, "without the contract: {}", spread(&whole(&rules, None, &requests, args)?));
    if contract.is_some() {
        let costs = whole(&rules, contract.as_ref(), &requests, args)?;
        let _infallible = writeln!(said, "with the contract:    {}", spread(&costs));
    }
    for (rule, micros) in costliest(&rules, &requests, args)? {
        let _infallible = writeln!(said, "rule {rule}: {micros:.1} us a request, alone");
    }
    print(&said)
}

/// Microseconds of each request, the best of its rounds.
fn whole(
    rules: &Ruleset,
    contract: Option<&Arc<Contract>>,
    requests: &[Recorded],
    args: &BenchArgs,
) -> Result<Vec<f64>, Failure> {
    let inspector = inspector(rules.clone(), contract, text(&args.rules))?;
    let mut costs = Vec::new();
    for request in requests {
        let operation = contract.and_then(|contract| request.operation(contract));
        let rounds = (0..args.rounds.max(1)).map(|_| {
            let began = Instant::now();
            let mut transaction = inspector.begin(operation);
            request.judge(&mut transaction);
            black_box(inspector.end(transaction, None));
            began.elapsed().as_secs_f64() * 1e6
        });
        costs.push(rounds.fold(f64::INFINITY, f64::min));
    }
    Ok(costs)
}

fn spread(costs: &[f64]) -> String {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 100).copied().unwrap_or_default();
    let last = sorted.last().copied().unwrap_or_default();
    format!("median {:.0} us, p95 {:.0} us, most {last:.0} us", at(50), at(95))
}

/// The costliest rules: each alone, less what a request costs without any.
fn costliest(
    rules: &Ruleset,
    requests: &[Recorded],
    args: &BenchArgs,
) -> Result<Vec<(u32, f64)>, Failure> {
    let none = only(rules, None)?;
    let base = alone(rules, &none, requests, args.rounds);
    let mut costs = Vec::new();
    for id in ids(args)? {
        let exclusions = only(rules, Some(id))?;
        costs.push((id, (alone(rules, &exclusions, requests, args.rounds) - base).max(0.0)));
    }
    costs.sort_by(|a, b| b.1.total_cmp(&a.1));
    costs.truncate(args.top);
    Ok(costs)
}

/// Leaves out every rule but one.
fn only(rules: &Ruleset, id: Option<u32>) -> Result<Exclusions, Failure> {
    let ranges = match id {
        None => vec![(0, u32::MAX)],
        Some(id) => vec![(0, id.saturating_sub(1)), (id.saturating_add(1), u32::MAX)],
    };
    let list: Vec<Exclusion> = ranges
        .into_iter()
        .map(|(from, to)| Exclusion { rules: Selection::Ids(from, to), target: None })
        .collect();
    rules.exclusions(&list).map_err(|error| Failure::because(&error))
}

/// Microseconds a request, the best round over all requests.
fn alone(rules: &Ruleset, exclusions: &Exclusions, requests: &[Recorded], rounds: usize) -> f64 {
    let count = u32::try_from(requests.len()).map_or(1.0, f64::from);
    let rounds = (0..rounds.max(1)).map(|_| {
        let began = Instant::now();
        for request in requests {
            let exclusions = Some(exclusions.clone());
            let mut transaction = rules.transaction(Options { exclusions, ..Options::default() });
            request.judge(&mut transaction);
            black_box(transaction.finish());
        }
        began.elapsed().as_secs_f64() * 1e6 / count
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// The ids that stand in the rule texts.
fn ids(args: &BenchArgs) -> Result<BTreeSet<u32>, Failure> {
    let rules = &args.rules;
    let mut sources =
        inspection::sources(&rules.rules).map_err(|error| Failure::because(&error))?;
    if rules.baseline || rules.rules.is_empty() {
        sources.extend(inspection::baseline_alone());
    }
    let mut ids = BTreeSet::new();
    for source in &sources {
        for rest in source.text.split("id:").skip(1) {
            let digits: String =
                rest.trim_start_matches('\'').chars().take_while(char::is_ascii_digit).collect();
            ids.extend(digits.parse::<u32>().ok());
        }
    }
    Ok(ids)
}
