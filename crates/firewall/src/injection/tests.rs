//! Cases from `cases/injections.toml`, and what holds for every value.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Fingerprint, sqli, xss};

#[derive(serde::Deserialize)]
struct Cases {
    sqli: Vec<Attack>,
    pass: Pass,
    script: Script,
}

#[derive(serde::Deserialize)]
struct Attack {
    fingerprint: String,
    values: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Pass {
    sqli: Vec<String>,
    xss: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Script {
    text: Vec<String>,
    attribute: Vec<String>,
}

fn cases() -> Cases {
    toml::from_str(include_str!("../../cases/injections.toml")).unwrap()
}

/// The text's bytes, with `{HH}` for one that is no character.
fn bytes(text: &str) -> Vec<u8> {
    let mut pieces = text.split('{');
    let mut out = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        match piece.split_once('}').map(|(digits, rest)| (u8::from_str_radix(digits, 16), rest)) {
            Some((Ok(byte), rest)) => {
                out.push(byte);
                out.extend_from_slice(rest.as_bytes());
            }
            _ => out.extend_from_slice(format!("{{{piece}").as_bytes()),
        }
    }
    out
}

#[test]
fn sql_is_known_by_its_fingerprint() {
    for Attack { fingerprint, values } in cases().sqli {
        for value in values {
            let found = sqli(&bytes(&value));

            assert_eq!(found.as_deref(), Some(fingerprint.as_str()), "`{value}`");
        }
    }
}

#[test]
fn prose_is_no_sql() {
    for value in cases().pass.sqli {
        assert_eq!(sqli(&bytes(&value)), None, "`{value}`");
    }
}

#[test]
fn script_is_known_wherever_it_stands() {
    let Script { text, attribute } = cases().script;
    for value in text.into_iter().chain(attribute) {
        assert!(xss(&bytes(&value)), "`{value}`");
    }
}

#[test]
fn harmless_markup_is_no_script() {
    for value in cases().pass.xss {
        assert!(!xss(&bytes(&value)), "`{value}`");
    }
}

/// Values of pieces that mean something in SQL or HTML.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::sample::select(PIECES).prop_map(<[u8]>::to_vec);
    let piece =
        proptest::prop_oneof![3 => pieces, 1 => proptest::collection::vec(any::<u8>(), 0..3)];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&[u8]] = &[
    b"'",
    b"\"",
    b"`",
    b"--",
    b"#",
    b"/*",
    b"*/",
    b"/*!",
    b";",
    b"(",
    b")",
    b",",
    b"=",
    b"1",
    b"0x4",
    b"1.e",
    b"$a$",
    b"$1",
    b"@",
    b"q'[",
    b"]'",
    b"u&'",
    b"{",
    b"}",
    b"[",
    b"\\",
    b"::",
    b" union ",
    b" select ",
    b" or ",
    b" in ",
    b" like ",
    b" user",
    b" collate a_b",
    b" int ",
    b" not ",
    b"sp_password",
    b"<",
    b">",
    b"<!--",
    b"-->",
    b"<%",
    b"<?",
    b"</",
    b"/>",
    b"href=",
    b"javascript:",
    b"&#x6a",
    b"style",
    b"onload",
    b"<![CDATA[",
    b"\0",
    b" ",
    b"\xa0",
    b"\xff",
];

proptest! {
    #[test]
    fn both_are_total(value in value()) {
        let found = sqli(&value);
        let _: bool = xss(&value);

        let length = found.map(|fingerprint| fingerprint.len());
        prop_assert!(length.is_none_or(|length| (1..=Fingerprint::LENGTH_MAX).contains(&length)));
    }

    #[test]
    fn capitals_do_not_matter_to_sql(value in "[a-z0-9'\" ();=-]{0,30}") {
        let capitals = value.to_ascii_uppercase();

        prop_assert_eq!(sqli(value.as_bytes()), sqli(capitals.as_bytes()));
    }

    #[test]
    fn what_has_neither_bracket_nor_equals_brings_no_script(value in "[^<=]{0,40}") {
        prop_assert!(!xss(value.as_bytes()));
    }
}
