//! Our rules together with the Core Rule Set that Debian packages, at its default level, as an
//! operator loads both: what they refuse, what they let pass, and that nothing is lost by haste.

mod generated;
mod maker;

use std::collections::BTreeMap;
use std::path::PathBuf;

use firewall::{Ruleset, Source};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{
    Arc, Inspector, Mode, Options, Phase, Recorded, RequestView, SystemClock, Text, baseline,
    contract, corpus, judge,
};
use crate::inspection::{load, setup};

const PACKAGED: [&str; 2] =
    ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules"];

fn packaged(before: Vec<Source>) -> Ruleset {
    load(before, &PACKAGED.map(PathBuf::from)).unwrap_or_else(|fault| {
        panic!("{fault}; run `cargo xtask install` for the package `modsecurity-crs`")
    })
}

/// An inspector as `serve` makes one that also loads the packaged rules.
fn inspector(contract: &Arc<crate::contract::Contract>) -> Inspector {
    Inspector::new(packaged(baseline()), Arc::new(SystemClock), Some(Mode::On))
        .with_contract(Arc::clone(contract), Some(Text::ByOurRules), Vec::new())
        .unwrap()
}

#[derive(PartialEq, Eq)]
enum Expected {
    Refusal,
    Pass,
}

/// What is wrong with each request that is not judged as expected.
fn misjudged(file: &str, expected: Expected) -> Vec<String> {
    let contract = contract();
    let inspector = inspector(&contract);
    let all = corpus(file);
    assert!(all.len() >= 150, "{}", all.len());
    all.iter()
        .map(|one| (one, judge(&inspector, one, Some(&contract))))
        .filter(|(_, (is_refused, _))| *is_refused != (expected == Expected::Refusal))
        .map(|(one, (_, rules))| {
            let sent = [&one.target[..], b" ", &one.body].concat();
            format!("{rules:?} {}", String::from_utf8_lossy(&sent))
        })
        .collect()
}

#[test]
fn with_the_packaged_rules_every_attack_is_refused() {
    let missed = misjudged("attacks.http", Expected::Refusal);
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn with_the_packaged_rules_no_ordinary_request_is_refused() {
    let refused = misjudged("legitimate.http", Expected::Pass);
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

/// All matches of a request.
fn found(rules: &Ruleset, one: &Recorded, options: Options) -> Vec<(u32, String, String)> {
    let headers: Vec<(&[u8], &[u8])> =
        one.headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    let request = RequestView {
        method: &one.method,
        target: &one.target,
        protocol: &one.protocol,
        headers: &headers,
        body: &one.body,
        remote_address: [203, 0, 113, 9].into(),
        unique_id: "test",
    };
    let options = Options { mode: Some(Mode::DetectionOnly), ..options };
    let verdict = rules.inspect(&request, options, Phase::RequestBody);
    let matches = verdict.matched.into_iter();
    matches.map(|found| (found.id, found.variable, found.data)).collect()
}

#[test]
fn the_prefilter_loses_no_match_on_the_whole_corpus() {
    let rules = packaged(baseline());
    let level = |without_prefilter| Options {
        tx: vec![("paranoia_level".to_owned(), "4".to_owned())],
        without_prefilter,
        ..Options::default()
    };
    let mut matches = 0;
    for one in corpus("attacks.http").iter().chain(&corpus("legitimate.http")) {
        let with = found(&rules, one, level(false));
        let without = found(&rules, one, level(true));
        matches += with.len();
        assert_eq!(with, without, "{}", String::from_utf8_lossy(&one.target));
    }
    assert!(matches > 1000, "{matches}");
}

/// The ids that match a text in a query parameter, of rules that skip it where a contract
/// restricts it.
fn injections(rules: &Ruleset, text: &str) -> Vec<u32> {
    let raw = format!("GET /v1/jobs?q={text} HTTP/1.1\nHost: a\nUser-Agent: b\nAccept: */*\n");
    let one = &Recorded::read_all(raw.as_bytes()).unwrap()[0];
    let all = found(rules, one, Options::default()).into_iter();
    let ids = all.filter(|(_, variable, _)| variable.to_ascii_uppercase().starts_with("ARGS:"));
    ids.map(|(id, ..)| id).collect()
}

/// Texts of letters, digits, `-` and `_`: every language that the contract's proof accepts is part
/// of theirs. Words that rules look for turn up often.
fn harmless_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        3 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => "[A-Za-z0-9_-]{1,12}",
        1 => "-?[0-9]{1,9}",
        1 => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}",
    ];
    let joint = prop::sample::select(&["", "-", "_", "--", "__"][..]);
    prop::collection::vec((word, joint), 1..6)
        .prop_map(|parts| parts.into_iter().flat_map(|(a, b)| [a, b.to_owned()]).collect())
}

/// Every rule that matches any of so many harmless texts, each with one of them.
fn mistaken(rules: &Ruleset, texts: usize) -> BTreeMap<u32, String> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let strategy = harmless_text();
    let mut mistaken = BTreeMap::new();
    for _ in 0..texts {
        let text = strategy.new_tree(&mut runner).unwrap().current();
        for id in injections(rules, &text) {
            mistaken.entry(id).or_insert_with(|| text.clone());
        }
    }
    mistaken
}

#[test]
fn our_rules_find_nothing_in_harmless_text_but_two_hyphens_behind_a_number() {
    let rules = Ruleset::compile(&baseline(), &firewall::NoFiles).unwrap();

    let mut mistaken = mistaken(&rules, 5000);

    let comment = mistaken.remove(&10_301).unwrap();
    assert!(comment.contains("--"), "{comment}");
    assert!(mistaken.is_empty(), "{mistaken:?}");
}

#[test]
fn the_packaged_rules_find_only_words_in_harmless_text() {
    let rules = packaged(setup());

    let mut mistaken = mistaken(&rules, 1000);

    mistaken.retain(|id, _| !WORD_RULES.contains(id));
    assert!(mistaken.is_empty(), "{mistaken:?}");
}

/// Rules that take a word such as `shell_exec` or `information_schema` for an attack, whatever
/// stands around it, and the one that takes a number with `--` behind it for a comment.
const WORD_RULES: &[u32] = &[933_150, 942_100, 942_140, 942_360];

const WORDS: &[&str] = &[
    "select",
    "union",
    "from",
    "where",
    "or",
    "and",
    "sleep",
    "benchmark",
    "waitfor",
    "delay",
    "drop",
    "table",
    "insert",
    "into",
    "script",
    "onload",
    "onerror",
    "javascript",
    "alert",
    "eval",
    "exec",
    "system",
    "passthru",
    "base64_decode",
    "phpinfo",
    "cat",
    "ls",
    "curl",
    "wget",
    "bash",
    "sh",
    "nc",
    "python",
    "perl",
    "powershell",
    "cmd",
    "etc",
    "passwd",
    "proc",
    "self",
    "jndi",
    "ldap",
    "__proto__",
    "constructor",
    "prototype",
    "process",
    "require",
    "null",
    "true",
    "1e1",
    "0x41",
    "0b1",
    "NaN",
    "information_schema",
    "pg_sleep",
    "xp_cmdshell",
    "char",
    "concat",
    "version",
    "http",
    "file",
    "expect",
    "zip",
    "data",
    "localhost",
    "root",
    "_GET",
    "_SERVER",
    "shell_exec",
    "time",
    "id",
    "env",
    "set",
    "who",
    "ps",
    "sessionid",
    "PHPSESSID",
    "jsessionid",
];
