//! Any text is either refused with places, or rules that inspect requests without failing.
#![no_main]

use firewall::{NoFiles, Ruleset, Source};
use libfuzzer_sys::fuzz_target;
use ringwall_fuzz::inspect;

const REQUEST: &[u8] = b"POST /a/../b?x=1'or'1&y=%u0041 HTTP/1.1\nHost: a\nCookie: a=b; c\n\
    Content-Type: application/x-www-form-urlencoded\n\nq=<script>&r=%3cb%3e";

fuzz_target!(|text: &str| {
    match Ruleset::compile(&[Source::new("fuzz", text)], &NoFiles) {
        Ok(rules) => {
            let _ = rules.lint();
            let with = inspect(&rules, REQUEST, false);
            let without = inspect(&rules, REQUEST, true);
            assert_eq!(with.score, without.score);
        }
        Err(faults) => {
            let lines = text.split('\n').count() + 1;
            assert!(faults.iter().all(|fault| fault.line as usize <= lines));
        }
    }
});
