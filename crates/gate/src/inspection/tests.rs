//! Our own rules against their examples.

mod packaged;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use firewall::{Mode, NoFiles, Options, Phase, RequestView, Ruleset};
use kernel::SystemClock;
use serde::Deserialize;

use super::{Inspector, Recorded, Text, baseline, baseline_alone};
use crate::contract::Contract;

/// What stands beside each rule file.
type Examples = BTreeMap<String, Example>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    r#match: Vec<Case>,
    pass: Vec<Case>,
}

/// One request; what is not said is harmless.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    text: Option<String>,
    target: Option<String>,
    json: Option<String>,
    xml: Option<String>,
    body: Option<String>,
    headers: BTreeMap<String, String>,
}

/// A request as it goes over the wire.
struct Sent {
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Case {
    /// A text is tried in the query and in a JSON body.
    fn requests(&self) -> Vec<Sent> {
        let Some(text) = &self.text else { return vec![self.request()] };
        let bytes =
            percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC);
        let query = Self { target: Some(format!("/v1/jobs?q={bytes}")), ..Self::default() };
        let json =
            Self { json: Some(serde_json::json!({ "text": text }).to_string()), ..Self::default() };
        vec![query.request(), json.request()]
    }

    fn request(&self) -> Sent {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let media = match (&self.json, &self.xml) {
            (Some(_), _) => "application/json",
            (None, Some(_)) => "text/xml",
            (None, None) => "",
        };
        if !media.is_empty() {
            headers.push(("content-type".to_owned(), media.to_owned()));
        }
        let body = self.json.as_ref().or(self.xml.as_ref()).or(self.body.as_ref());
        Sent {
            target: self.target.clone().unwrap_or_else(|| "/v1/jobs".to_owned()),
            headers,
            body: body.cloned().unwrap_or_default(),
        }
    }
}

/// The rules that match a request.
fn matched(rules: &Ruleset, sent: &Sent) -> Vec<u32> {
    let headers: Vec<(&[u8], &[u8])> =
        sent.headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    let request = RequestView {
        method: if sent.body.is_empty() { b"GET" } else { b"POST" },
        target: sent.target.as_bytes(),
        protocol: b"HTTP/1.1",
        headers: &headers,
        body: sent.body.as_bytes(),
        remote_address: [203, 0, 113, 9].into(),
        unique_id: "test",
    };
    let options = Options { mode: Some(Mode::DetectionOnly), ..Options::default() };
    let verdict = rules.inspect(&request, options, Phase::RequestBody);
    verdict.matched.iter().map(|found| found.id).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rules/firewall")
}

fn compiled() -> Ruleset {
    Ruleset::compile(&baseline_alone(), &NoFiles).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn examples() -> Examples {
    let mut all = Examples::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let examples: Examples =
                toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            all.extend(examples);
        }
    }
    all
}

#[test]
fn every_rule_matches_its_attacks() {
    let rules = compiled();
    let mut missed = Vec::new();
    for (id, example) in examples() {
        let id: u32 = id.parse().unwrap();
        for case in &example.r#match {
            for sent in case.requests() {
                let found = matched(&rules, &sent);
                if !found.contains(&id) {
                    missed.push(format!("{id}: {} {} matched {found:?}", sent.target, sent.body));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_only_resembles_an_attack_passes_every_rule() {
    let rules = compiled();
    let mut caught = Vec::new();
    for (id, example) in examples() {
        for sent in example.pass.iter().flat_map(Case::requests) {
            let found = matched(&rules, &sent);
            if !found.is_empty() {
                caught.push(format!("{id}: {} {} matched {found:?}", sent.target, sent.body));
            }
        }
    }
    assert!(caught.is_empty(), "{}", caught.join("\n"));
}

#[test]
fn every_rule_has_examples() {
    let examples = examples();
    let mut ids = Vec::new();
    for source in baseline_alone() {
        // The setup chooses body processors; it refuses nothing.
        let rules =
            source.text.split("\"id:").skip(1).filter(|_| !source.name.contains("00-setup"));
        ids.extend(rules.map(|rest| rest.split(',').next().unwrap().to_owned()));
    }
    assert!(ids.len() > 40, "{}", ids.len());
    for id in &ids {
        let example = examples.get(id).unwrap_or_else(|| panic!("rule {id} has no examples"));
        assert!(!example.r#match.is_empty() && !example.pass.is_empty(), "{id}");
    }
    assert_eq!(examples.len(), ids.len(), "an example names no rule");
}

#[test]
fn no_rule_is_doubtful() {
    assert_eq!(compiled().lint(), []);
}

fn corpus(name: &str) -> Vec<Recorded> {
    let text = std::fs::read(folder().join("corpus").join(name)).unwrap();
    Recorded::read_all(&text).unwrap()
}

fn contract() -> Arc<Contract> {
    let path = folder().join("../../docs/reference/openapi.json");
    Arc::new(Contract::from_file(&path).unwrap())
}

/// An inspector as `serve` makes one by default.
fn inspector(contract: Option<&Arc<Contract>>) -> Inspector {
    let rules = Ruleset::compile(&baseline(), &NoFiles).unwrap();
    let inspector = Inspector::new(rules, Arc::new(SystemClock), Some(Mode::On));
    match contract {
        Some(contract) => inspector
            .with_contract(Arc::clone(contract), Some(Text::ByOurRules), Vec::new())
            .unwrap(),
        None => inspector,
    }
}

/// Of each request: whether it is refused, and by which rules.
fn judge(inspector: &Inspector, one: &Recorded, contract: Option<&Contract>) -> (bool, Vec<u32>) {
    let operation = contract.and_then(|contract| one.operation(contract));
    let mut transaction = inspector.begin(operation);
    let passes = one.judge(&mut transaction);
    let verdict = inspector.end(transaction, None);
    (!passes, verdict.matched.iter().map(|found| found.id).collect())
}

#[test]
fn no_ordinary_request_of_the_corpus_is_refused() {
    let contract = contract();
    let all = corpus("legitimate.http");
    assert!(all.len() >= 200, "{}", all.len());
    for (inspector, known) in
        [(inspector(None), None), (inspector(Some(&contract)), Some(&*contract))]
    {
        let refused: Vec<String> = all
            .iter()
            .map(|one| (one, judge(&inspector, one, known)))
            .filter(|(_, (refused, rules))| *refused || !rules.is_empty())
            .map(|(one, (_, rules))| format!("{rules:?} {}", String::from_utf8_lossy(&one.body)))
            .collect();
        assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
    }
}

#[test]
fn every_ordinary_request_of_the_corpus_is_one_of_the_contract() {
    let contract = contract();
    let strange: Vec<_> = corpus("legitimate.http")
        .into_iter()
        .filter(|one| one.operation(&contract).is_none())
        .collect();

    assert_eq!(strange, []);
}

#[test]
fn every_attack_of_the_corpus_is_refused() {
    let contract = contract();
    let inspector = inspector(Some(&contract));
    let missed: Vec<String> = corpus("attacks.http")
        .iter()
        .filter(|one| !judge(&inspector, one, Some(&contract)).0)
        .map(|one| [&one.target[..], b" ", &one.body].concat())
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect();

    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_body_as_long_as_the_contract_allows_is_not_refused_for_its_length() {
    let contract = contract();
    let part = |bytes: usize| {
        let body = b"{\"a\":1}\n".repeat(bytes / 8);
        let length = body.len().to_string().into_bytes();
        let headers = [
            (b"Host".to_vec(), b"localhost".to_vec()),
            (b"Content-Type".to_vec(), b"application/x-ndjson".to_vec()),
            (b"Content-Length".to_vec(), length),
        ];
        Recorded {
            method: b"PUT".to_vec(),
            target: b"/v1/imports/imp_00000000000000000000000001/parts/1".to_vec(),
            protocol: b"HTTP/1.1".to_vec(),
            headers: headers.into(),
            body,
        }
    };
    let known = inspector(Some(&contract));

    assert_eq!(judge(&known, &part(4 << 20), Some(&contract)), (false, vec![]));
    assert!(judge(&known, &part((4 << 20) + 8), Some(&contract)).0);
    assert!(judge(&inspector(None), &part(2 << 20), None).0, "nobody allowed it");
}

#[test]
fn what_the_contract_restricts_skips_the_rules_for_injection() {
    let contract = contract();
    let text = "GET /v1/jobs?limit=1'%20or%201=1--&agency=x'%20or%201=1-- HTTP/1.1\nHost: a\n\n";
    let one = &Recorded::read_all(text.as_bytes()).unwrap()[0];
    let free = text.replace("limit", "q");
    let free = &Recorded::read_all(free.as_bytes()).unwrap()[0];

    // Validation refuses it: a limit is a number.
    assert!(!judge(&inspector(Some(&contract)), one, Some(&contract)).0);
    assert!(judge(&inspector(None), one, None).0);
    assert!(judge(&inspector(Some(&contract)), free, Some(&contract)).0);
}
