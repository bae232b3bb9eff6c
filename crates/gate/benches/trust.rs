//! What the firewall saves where the contract proves that a value can inject nothing.
//!
//! The ordinary requests of `rules/firewall/corpus`, judged by our rules and the Core Rule Set:
//! with the contract's proofs, and without. The rules are looked for under `RINGWALL_CRS`, then
//! where Debian has them; without any, our own are measured alone. Processor time of one thread;
//! the cost grows with rules times distinct values that no proof takes away.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot start, stops")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use firewall::{Mode, Ruleset};
use gate::Contract;
use gate::inspection::{self, Inspector, Recorded, Text};
use kernel::SystemClock;
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let contract = Contract::from_file(&root.join("docs/reference/openapi.json")).unwrap();
    let contract = Arc::new(contract);
    let rules = inspection::load(inspection::baseline(), &rule_files()).unwrap();
    println!("{} rules", rules.rules());
    let text = std::fs::read(root.join("rules/firewall/corpus/legitimate.http")).unwrap();
    let all = Recorded::read_all(&text).unwrap();
    let structured: Vec<Recorded> =
        all.iter().filter(|one| is_structured(one, &contract)).cloned().collect();

    let plain = inspector(&rules, &contract, None);
    let proven = inspector(&rules, &contract, Some(Text::ByAllRules));
    let default = inspector(&rules, &contract, Some(Text::ByOurRules));
    for (name, requests) in [("corpus", &all), ("structured", &structured)] {
        assert!(requests.len() >= 10, "{name}: {}", requests.len());
        let without = cost(&plain, &contract, requests);
        report(
            &format!("firewall/{name}-with-proofs"),
            cost(&proven, &contract, requests),
            without,
        );
        report(
            &format!("firewall/{name}-by-default"),
            cost(&default, &contract, requests),
            without,
        );
    }
}

/// Whether the contract restricts most of what it sends: lists by filters, changes of numbers.
fn is_structured(one: &Recorded, contract: &Contract) -> bool {
    let Some(operation) = one.operation(contract) else { return false };
    let harmless = &operation.harmless;
    harmless.query.len() + harmless.body.len() > harmless.words.len() + harmless.text.len()
        && harmless.text.is_empty()
}

fn inspector(rules: &Ruleset, contract: &Arc<Contract>, trust: Option<Text>) -> Inspector {
    Inspector::new(rules.clone(), Arc::new(SystemClock), Some(Mode::DetectionOnly))
        .with_contract(Arc::clone(contract), trust, Vec::new())
        .unwrap()
}

/// Microseconds of processor time a request: the best of some rounds over all.
fn cost(inspector: &Inspector, contract: &Contract, requests: &[Recorded]) -> f64 {
    let round = || {
        let start = now();
        for one in requests {
            let mut transaction = inspector.begin(one.operation(contract));
            black_box(one.judge(&mut transaction));
            black_box(inspector.end(transaction, None));
        }
        let count = u32::try_from(requests.len()).expect("a small corpus");
        ((now() - start) / count).as_secs_f64() * 1e6
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn rule_files() -> Vec<PathBuf> {
    let given = std::env::var_os("RINGWALL_CRS").map(|path| vec![PathBuf::from(path)]);
    given
        .unwrap_or_else(|| PACKAGED.map(PathBuf::from).into())
        .into_iter()
        .filter(|p| p.exists())
        .collect()
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn report(name: &str, ours: f64, without: f64) {
    let ratio = ours / without;
    // A proof is never dearer than what it saves.
    let verdict = if ratio <= 1.0 { "ok" } else { "MISSED" };
    println!("RATIO {name} {ours:.1} µs {without:.1} µs(without) {ratio:.2} <=1.00 {verdict}");
}

const ROUNDS: usize = 20;
const PACKAGED: [&str; 2] =
    ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules"];
