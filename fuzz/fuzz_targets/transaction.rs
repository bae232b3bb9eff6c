//! Any bytes are a request; the prefilter changes nothing about the verdict.
#![no_main]

use std::sync::OnceLock;

use firewall::Ruleset;
use libfuzzer_sys::fuzz_target;
use ringwall_fuzz::{inspect, ruleset};

static RULES: OnceLock<Ruleset> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let rules = RULES.get_or_init(ruleset);
    let with = inspect(rules, data, false);
    let without = inspect(rules, data, true);
    let ids = |verdict: &firewall::Verdict| -> Vec<u32> {
        verdict.matched.iter().map(|matched| matched.id).collect()
    };
    assert_eq!(ids(&with), ids(&without));
    assert_eq!(with.score, without.score);
});
