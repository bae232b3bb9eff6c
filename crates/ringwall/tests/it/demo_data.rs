//! The demo's own data behind our rules and the Core Rule Set that Debian packages: names and texts
//! of many countries, none of which a rule may refuse.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use firewall::Mode;
use gate::Contract;
use gate::inspection::{self, Inspector, Recorded, Text};
use kernel::{CandidateId, ClientCompanyId, Purpose, SystemClock};
use serde_json::Value;
use staffing::calendar::Date;
use staffing::synthetic;

const PACKAGED: [&str; 2] =
    ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules"];
const SEED: u64 = 7;
const COUNT: u64 = 300;

#[test]
fn no_rule_refuses_the_demos_own_data() {
    let contract = contract();
    let inspector = inspector(&contract);
    let all = everything();
    assert!(all.len() > 1000, "{}", all.len());

    let refused: Vec<String> = all
        .into_iter()
        .filter_map(|(path, body)| refusal(&inspector, &contract, path, &body))
        .collect();

    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

fn contract() -> Arc<Contract> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Arc::new(
        Contract::from_file(&root.join("../../docs/reference/openapi.json")).expect("a contract"),
    )
}

/// As `serve` makes one that also loads the packaged rules.
fn inspector(contract: &Arc<Contract>) -> Inspector {
    let rules = inspection::load(inspection::baseline(), &PACKAGED.map(PathBuf::from));
    let rules = rules.unwrap_or_else(|fault| {
        panic!("{fault}; run `cargo xtask install` for the package `modsecurity-crs`")
    });
    Inspector::new(rules, Arc::new(SystemClock), Some(Mode::On))
        .with_contract(Arc::clone(contract), Some(Text::ByOurRules), Vec::new())
        .expect("names that can stand in targets")
}

/// What would be sent, and where to.
fn everything() -> Vec<(&'static str, Value)> {
    let owners: Vec<ClientCompanyId> =
        vec!["cli_00000000000000000000000001".parse().expect("an id")];
    let worker: CandidateId = "cand_00000000000000000000000001".parse().expect("an id");
    let today = Date::parse("2026-11-22").expect("a date");
    let people: Vec<_> = synthetic::candidates(SEED, COUNT).collect();
    let workers: Vec<_> = people.iter().map(|person| (worker, person)).collect();
    let clients = synthetic::clients(SEED, COUNT);
    let clients = clients.iter().map(|one| ("/v1/clients", one.document(Purpose::Answer)));
    let jobs = synthetic::jobs(SEED, COUNT, &owners, today).into_iter();
    let jobs = jobs.map(|one| ("/v1/jobs", serde_json::to_value(one).expect("JSON")));
    let candidates = people.iter().map(|one| ("/v1/candidates", one.document(Purpose::Answer)));
    let employments = synthetic::employments(SEED, &workers, &owners, today);
    let employments =
        employments.iter().map(|one| ("/v1/employments", one.document(Purpose::Answer)));
    clients.chain(jobs).chain(candidates).chain(employments).collect()
}

/// The rules that refuse it, and what it was.
fn refusal(inspector: &Inspector, contract: &Contract, path: &str, body: &Value) -> Option<String> {
    let bytes = body.to_string().into_bytes();
    let length = bytes.len().to_string();
    let headers = [
        ("Host", "api.example.org"),
        ("User-Agent", "partner-client/2.4"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("Content-Length", &length),
    ];
    let one = Recorded {
        method: b"POST".to_vec(),
        target: path.into(),
        protocol: b"HTTP/1.1".to_vec(),
        headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        body: bytes,
    };
    let operation = one.operation(contract).expect("an operation");
    let mut transaction = inspector.begin(Some(operation));
    let passes = one.judge(&mut transaction);
    let found = inspector.end(transaction, None).matched;
    let rules: Vec<u32> = found.iter().map(|found| found.id).collect();
    (!passes).then(|| format!("{path} {rules:?} {body}"))
}
