//! What patterns match, against PCRE's documentation and the rules of the Core Rule Set.

use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::{Pattern, Syntax};

fn is_match(pattern: &str, text: &[u8]) -> bool {
    Pattern::compile(pattern).unwrap().is_match(text)
}

#[test]
fn what_pcre_refuses_is_refused() {
    for pattern in [
        "(",
        ")",
        "a)",
        "[a",
        "*a",
        "a|*",
        "{2}",
        "a{3,2}",
        "a{70000}",
        "\\",
        "[b-a]",
        "\\1",
        "(?<=a+)b",
        "(?R)",
        "(*UTF8)a",
        "\\x{100}",
        "[[:nope:]]",
        "\\i",
        "(?<n>a)\\k<m>",
        "a{9}{9}{9}{9}",
    ] {
        assert!(Pattern::compile(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn patterns_without_end_are_refused() {
    assert!(Pattern::compile(&"(".repeat(5000)).is_err());
    assert!(Pattern::compile(&"a".repeat(70_000)).is_err());
    assert!(Pattern::compile("((((a{100}){100}){100}){100}){100}").is_err());
}

#[test]
fn every_case_is_as_it_says() {
    let text = include_str!("../../cases/patterns.toml");
    let cases: toml::Table = text.parse().unwrap();
    let list = |case: &toml::Value, key| -> Vec<String> {
        let strings = case.get(key).and_then(toml::Value::as_array).into_iter().flatten();
        strings.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    for case in cases["case"].as_array().unwrap() {
        let pattern = Pattern::compile(case["pattern"].as_str().unwrap()).unwrap();
        let bounded = case.get("bounded").and_then(toml::Value::as_bool).unwrap_or_default();
        assert_eq!(pattern.is_bounded(), bounded, "{pattern:?}");
        for text in list(case, "yes") {
            assert!(pattern.is_match(&bytes(&text)), "{pattern:?} on {text:?}");
        }
        for text in list(case, "no") {
            assert!(!pattern.is_match(&bytes(&text)), "{pattern:?} on {text:?}");
        }
    }
}

/// Characters up to U+00FF as bytes.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

#[test]
fn a_dollar_is_the_end_and_lines_are_asked_for() {
    let lines = Syntax { multi_line: true, ..Syntax::default() };

    assert!(!is_match("^b$", b"a\nb\n"));
    assert!(Pattern::compile_with("^b$", lines).unwrap().is_match(b"a\nb\n"));
}

#[test]
fn groups_have_their_bounds() {
    let pattern = Pattern::compile("(a+)(x)?(b)").unwrap();

    assert_eq!(pattern.captures(b"zaab", 10), Some(vec![Some(1..4), Some(1..3), None, Some(3..4)]));
    assert_eq!(pattern.captures(b"zaab", 2).unwrap().len(), 2);
    assert_eq!(pattern.captures(b"zaa", 10), None);
    assert_eq!(pattern.find(b"zaab"), Some(1..4));
}

#[test]
fn groups_of_bounded_patterns_have_their_bounds() {
    let pattern = Pattern::compile(r"(\w+)=(?!\1)(\w+)").unwrap();

    assert_eq!(pattern.captures(b"?a=b", 10), Some(vec![Some(1..4), Some(1..2), Some(3..4)]));
    assert_eq!(pattern.captures(b"?a=a", 10), None);
}

#[test]
fn a_search_that_would_never_end_gives_up_and_counts_as_a_match() {
    let pattern = Pattern::compile(r"(x)?(?:a|aa|aaa)*\1c").unwrap();
    let text = [b"a".repeat(60).as_slice(), b"bc"].concat();

    assert!(pattern.is_bounded());
    assert!(Pattern::compile(r"(?:a|aa|aaa)*(?=c)").unwrap().find(&text).is_some());
    assert!(pattern.is_match(&text));
}

const TEXT: &str = "[a-dA-D \n(){}=<-]{0,12}";

const ANY_PATTERN: &str = "[-a-c0-9(){}\\[\\]|*+?^$.\\\\:<>!=,xnswdbQEkgi#]{0,40}";

proptest! {
    /// Where both read a pattern, they must agree on what it matches.
    #[test]
    fn it_reads_as_the_other_parser_does(pattern in regular(), text in TEXT) {
        let other = syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true);
        let other = Regex::builder().syntax(other).build(&pattern);
        prop_assume!(other.is_ok());
        let ours = Pattern::compile(&pattern);
        prop_assert!(ours.is_ok(), "{:?}", ours);
        let theirs = other.unwrap().find(text.as_bytes()).map(|found| found.range());
        prop_assert_eq!(ours.unwrap().find(text.as_bytes()), theirs);
    }

    /// The bounded matcher agrees with the automata on what both can run.
    #[test]
    fn the_bounded_matcher_finds_the_same(pattern in regular(), text in TEXT) {
        let ours = Pattern::compile(&pattern);
        prop_assume!(ours.is_ok());
        let bounded = Pattern::compile(&format!("(?:{pattern})(?=)"));
        prop_assume!(bounded.is_ok());
        let (ours, bounded) = (ours.unwrap(), bounded.unwrap());
        prop_assert_eq!(ours.find(text.as_bytes()), bounded.find(text.as_bytes()));
    }

    #[test]
    fn no_text_makes_the_parser_fail(pattern in ANY_PATTERN) {
        if let Ok(pattern) = Pattern::compile(&pattern) {
            let _ = pattern.is_match(b"abc(){}123 abc");
        }
    }
}

/// Patterns of a small grammar.
pub(crate) fn regular() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-d]",
        "[a-d]{2}",
        Just(".".to_owned()),
        Just(r"\s".to_owned()),
        Just(r"\W".to_owned()),
        Just(r"[a-c]".to_owned()),
        Just(r"[^b\s]".to_owned()),
        Just("^".to_owned()),
        Just("$".to_owned()),
        Just(r"\b".to_owned()),
        Just(r"\x62".to_owned()),
        Just(r"\(".to_owned()),
        Just("=".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|b| format!("(?:{})", b.join("|"))),
            inner.clone().prop_map(|part| format!("({part})")),
            inner.clone().prop_map(|part| format!("(?i:{part})")),
            inner.clone().prop_map(|part| format!("(?:{part})*")),
            inner.clone().prop_map(|part| format!("(?:{part})+?")),
            inner.clone().prop_map(|part| format!("(?:{part})?")),
            inner.prop_map(|part| format!("(?:{part}){{1,3}}")),
        ]
    })
}
