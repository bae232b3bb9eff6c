//! Cases from `cases/transformations.toml`, and what holds for every value.

use proptest::prelude::{Strategy as _, any, prop_assert, prop_assert_eq, proptest};

use super::Transform;

#[derive(serde::Deserialize)]
struct Case {
    transform: String,
    input: String,
    output: String,
}

#[derive(serde::Deserialize)]
struct Cases {
    case: Vec<Case>,
}

fn apply(transform: Transform, input: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    let changed = transform.apply(input, &mut out);
    let tail = out.split_off(6);
    assert_eq!(out, b"before");
    assert!(changed || tail.is_empty(), "{transform:?} touched what it did not change");
    if changed { tail } else { input.to_vec() }
}

/// The text's bytes, with `{HH}` for one that is no character.
fn bytes(text: &str) -> Vec<u8> {
    let mut pieces = text.split('{');
    let mut out = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_once('}').unwrap();
        out.push(u8::from_str_radix(digits, 16).unwrap());
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

#[test]
fn every_case_comes_out_as_written() {
    let cases: Cases = toml::from_str(include_str!("../../cases/transformations.toml")).unwrap();
    for Case { transform, input, output } in &cases.case {
        let known = Transform::named(transform).unwrap_or_else(|| panic!("{transform}"));

        let out = apply(known, &bytes(input));

        assert_eq!(
            out.escape_ascii().to_string(),
            bytes(output).escape_ascii().to_string(),
            "{transform} of `{input}`"
        );
    }
    for transform in Transform::all() {
        let has_case =
            cases.case.iter().any(|case| Transform::named(&case.transform) == Some(transform));
        assert!(has_case, "{transform:?} has no case");
    }
}

#[test]
fn names_lead_back_to_their_transformation() {
    assert_eq!(Transform::named("no_such"), None);
    assert_eq!(Transform::named("none"), None);
    assert_eq!(Transform::named("URLDECODEUNI"), Some(Transform::UrlDecodeUni));
    for transform in Transform::all() {
        assert_eq!(Transform::named(transform.name()), Some(transform));
    }
}

/// Bytes that mean something to some transformation, and some that do not.
fn value() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    let pieces = proptest::sample::select(PIECES);
    let piece = proptest::prop_oneof![
        pieces.prop_map(<[u8]>::to_vec),
        proptest::collection::vec(any::<u8>(), 0..3),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&[u8]] = &[
    b"%",
    b"%u",
    b"%41",
    b"%uff1c",
    b"%u0131",
    b"+",
    b"\\",
    b"\\u",
    b"\\x41",
    b"\\ff1c",
    b"\\101",
    b"\\777",
    b"&",
    b"&#",
    b"&#x41;",
    b"&#0065",
    b"&lt",
    b"&quot;",
    b";",
    b"/",
    b"/*",
    b"*/",
    b"<!--",
    b"-->",
    b"--",
    b"#",
    b".",
    b"..",
    b"../",
    b"//",
    b"a",
    b"AB",
    b"0x41",
    b"0",
    b"\0",
    b" ",
    b"\t\r\n",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xf0\x9f\x98\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xa0",
    b"=",
    b"QUJD",
    b"^",
    b"\"",
    b"'",
    b",",
    b"(",
];

proptest! {
    #[test]
    fn all_are_total_and_say_truly_whether_they_changed(input in value()) {
        for transform in Transform::all() {
            let mut out = Vec::new();
            if transform.apply(&input, &mut out) {
                prop_assert!(out != input || is_always_new(transform), "{transform:?}");
            } else {
                prop_assert!(out.is_empty());
            }
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(input in value()) {
        let ways = [
            (Transform::Base64Encode, Transform::Base64Decode),
            (Transform::Base64Encode, Transform::Base64DecodeExt),
            (Transform::HexEncode, Transform::HexDecode),
            (Transform::UrlEncode, Transform::UrlDecode),
            (Transform::UrlEncode, Transform::UrlDecodeUni),
        ];
        for (encode, decode) in ways {
            prop_assert_eq!(&apply(decode, &apply(encode, &input)), &input);
        }
    }

    #[test]
    fn some_change_nothing_the_second_time(input in value()) {
        for transform in IDEMPOTENT {
            let once = apply(*transform, &input);
            prop_assert_eq!(&apply(*transform, &once), &once, "{:?}", transform);
        }
    }

    #[test]
    fn characters_survive_the_way_through_percent_u(input in "[!-$&-~\u{80}-\u{ffff}]{0,20}") {
        let escaped = apply(Transform::Utf8ToUnicode, input.as_bytes());

        prop_assert!(escaped.is_ascii());
        prop_assert_eq!(unescape(&escaped), input);
    }
}

/// Their result may be the value by chance, and nobody looks.
fn is_always_new(transform: Transform) -> bool {
    use Transform::{Base64Decode, Base64DecodeExt, HexDecode, RemoveComments, ReplaceComments};
    matches!(
        transform,
        Base64Decode | Base64DecodeExt | HexDecode | RemoveComments | ReplaceComments
    )
}

const IDEMPOTENT: &[Transform] = &[
    Transform::CompressWhitespace,
    Transform::Lowercase,
    Transform::Uppercase,
    Transform::RemoveNulls,
    Transform::ReplaceNulls,
    Transform::RemoveWhitespace,
    Transform::ParityZero7bit,
    Transform::Trim,
    Transform::TrimLeft,
    Transform::TrimRight,
];

fn unescape(escaped: &[u8]) -> String {
    let text = std::str::from_utf8(escaped).unwrap();
    let mut pieces = text.split("%u");
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at(4);
        out.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}
