//! That nothing is lost, and that something is gained.

use proptest::prelude::*;

use super::{Needs, Prefilter};
use crate::bit_set::BitSet;
use crate::pattern::Pattern;
use crate::pattern::tests::regular;
use crate::phrases::Phrases;

fn candidates(patterns: &[&str], value: &[u8]) -> Vec<usize> {
    let of = |pattern: &&str| Needs::of_pattern(&Pattern::compile(pattern).unwrap());
    let filter = Prefilter::build(&patterns.iter().map(of).collect::<Vec<_>>());
    let mut out = BitSet::default();
    filter.candidates(value, &mut out);
    out.iter().collect()
}

#[test]
fn values_that_lack_what_a_pattern_needs_are_ruled_out() {
    let patterns =
        [r"(?i)union\s+select", r"[;|]\s*ls\b", r"^\d{4}$", r"(?i)<script", "^$", ".", r"\.\./"];

    assert_eq!(candidates(&patterns, b"Select Committee"), [5]);
    assert_eq!(candidates(&patterns, b"2026"), [2, 5]);
    assert_eq!(candidates(&patterns, b""), [4]);
    assert_eq!(candidates(&patterns, b"a; ls"), [1, 5]);
    assert_eq!(candidates(&patterns, b"UNION  SELECT"), [0, 5]);
    assert_eq!(candidates(&patterns, b"x<sCript"), [3, 5]);
}

#[test]
fn a_pattern_that_matches_nothing_is_never_a_candidate() {
    assert_eq!(candidates(&[r"a[^\x00-\xff]"], b"aaaa").len(), 0);
}

#[test]
fn one_branch_that_needs_little_keeps_its_pattern() {
    assert_eq!(candidates(&[r"^(?:json\.)?id$|sleep\("], b"id"), [0]);
    assert_eq!(candidates(&[r"^(?:json\.)?id$|sleep\("], b"x sleep(1)"), [0]);
}

#[test]
fn bounded_patterns_are_kept_wherever_they_match() {
    assert_eq!(candidates(&[r"<\?(?!xml)", r"(?<!&amp);", r"(a)=\1"], b"<?php;a=a"), [0, 1, 2]);
}

#[test]
fn many_operators_are_told_apart() {
    let patterns: Vec<String> = (100..400).map(|number| format!("x{number}y")).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();

    assert_eq!(candidates(&patterns, b"--x250Y--x399y"), [150, 299]);
}

#[test]
fn phrases_that_are_candidates_match() {
    let list = [Phrases::words("sleep benchmark").unwrap(), Phrases::words("nul|00| x").unwrap()];
    let filter = Prefilter::build(&list.iter().map(Needs::of_phrases).collect::<Vec<_>>());
    let mut out = BitSet::default();
    for value in [b"BenchMark".as_slice(), b"sle ep", b"nul\0", b"X", b"", b"nul", b"\0lunsleep"] {
        filter.candidates(value, &mut out);
        for (number, phrases) in list.iter().enumerate() {
            assert_eq!(out.contains(number), phrases.is_match(value), "{value:?}");
        }
    }
}

#[test]
fn an_empty_text_is_in_every_value() {
    let filter = Prefilter::build(&[Needs::of_texts(vec![b"a".to_vec(), Vec::new()])]);
    let mut out = BitSet::default();
    filter.candidates(b"b", &mut out);

    assert!(out.contains(0));
}

const VALUE: &str = "[a-dA-D \n(){}=<-]{0,10}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The invariant. The patterns stand in one filter, so that they may spoil each other.
    #[test]
    fn no_match_is_lost(
        patterns in prop::collection::vec(regular(), 1..6),
        values in prop::collection::vec(VALUE, 1..16),
    ) {
        let compiled = patterns.iter().map(|pattern| Pattern::compile(pattern));
        let compiled: Vec<Pattern> = compiled.filter_map(Result::ok).collect();
        let filter = Prefilter::build(&compiled.iter().map(Needs::of_pattern).collect::<Vec<_>>());
        let mut out = BitSet::default();
        for value in values {
            filter.candidates(value.as_bytes(), &mut out);
            for (number, pattern) in compiled.iter().enumerate() {
                let is_lost = pattern.is_match(value.as_bytes()) && !out.contains(number);
                prop_assert!(!is_lost, "{:?} on {:?}", pattern, value);
            }
        }
    }

    /// The same for words, so that the automaton has work.
    #[test]
    fn no_match_of_words_is_lost(
        words in prop::collection::vec("[ab]{1,3}", 1..6),
        value in "[abAB.]{0,12}",
    ) {
        let pattern = Pattern::compile(&format!("(?i)(?:{})[ab]?\\.", words.join("|"))).unwrap();
        let filter = Prefilter::build(&[Needs::of_pattern(&pattern)]);
        let mut out = BitSet::default();
        filter.candidates(value.as_bytes(), &mut out);
        prop_assert!(out.contains(0) || !pattern.is_match(value.as_bytes()));
    }
}
