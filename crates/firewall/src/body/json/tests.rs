//! What is JSON and what is not.

use proptest::prelude::*;

use super::*;

type Leaves = Vec<(String, String)>;

fn read(input: &[u8], depth_max: usize) -> (Leaves, Result<(), Fault>) {
    let mut leaves = Vec::new();
    let result = parse(input, depth_max, &mut |piece| {
        if let Piece::Argument { name, value } = piece {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            leaves.push((text(name), text(value)));
        }
        true
    });
    (leaves, result)
}

fn leaves(input: &str) -> Vec<String> {
    let (leaves, result) = read(input.as_bytes(), 64);
    assert_eq!(result, Ok(()), "{input}");
    leaves.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[test]
fn what_is_not_json_is_refused() {
    let inputs: [&[u8]; 33] = [
        b"{",
        b"[",
        b"}",
        b"]",
        b"{]",
        b"[}",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"[1,]",
        b"[,]",
        b"{,}",
        b"{a:1}",
        b"[1 2]",
        b"1 2",
        b"nul",
        b"tru",
        b"True",
        b"01",
        b"1.",
        b"-",
        b"1e",
        b"+1",
        b".5",
        b"\"",
        b"\"\\",
        b"\"\\x\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"\n\"",
        b"\"\xff\"",
        b"// c\n1",
        b"\xef\xbb\xbf1",
    ];
    for input in inputs {
        let (_, result) = read(input, 64);
        assert!(matches!(result, Err(Fault::Malformed { .. })), "{}", input.escape_ascii());
    }
}

#[test]
fn what_stands_before_a_fault_is_told() {
    let (leaves, result) = read(br#"{"a":"x","b":[1,2"#, 64);

    assert_eq!(result, Err(Fault::Malformed { what: EXPECTED, at: 17 }));
    assert_eq!(leaves.len(), 3);
}

const EXPECTED: &str = "expected `,` or the end of a container";

#[test]
fn nesting_is_bounded() {
    assert_eq!(read(b"[[1]]", 2).1, Ok(()));
    assert_eq!(read(b"[[[1]]]", 2).1, Err(Fault::Depth));
    assert_eq!(read(&b"[".repeat(1 << 20), 64).1, Err(Fault::Depth));
}

#[test]
fn paths_are_bounded() {
    let long = format!(r#"{{"{}":1}}"#, "k".repeat(NAME_BYTES_MAX));

    assert!(matches!(read(long.as_bytes(), 64).1, Err(Fault::Long { .. })));
}

#[test]
fn a_full_sink_ends_it() {
    assert_eq!(parse(b"[1,2]", 64, &mut |_| false), Err(Fault::Full));
}

#[test]
fn leaves_are_named_by_their_path() {
    let input = r#" {"a":1, "b":{"c":[true,{"d":"x"},[],null]},"":"e","a":-1.5e+7} "#;
    let expected = [
        "json.a=1",
        "json.b.c.0=true",
        "json.b.c.1.d=x",
        "json.b.c.3=",
        "json.=e",
        "json.a=-1.5e+7",
    ];

    assert_eq!(leaves(input), expected);
}

#[test]
fn the_root_may_be_anything() {
    assert_eq!(leaves(r#""x""#), ["json=x"]);
    assert_eq!(leaves(r#"[{"a":1},2]"#), ["json.0.a=1", "json.1=2"]);
    assert_eq!(leaves(" \n"), [] as [&str; 0]);
    assert_eq!(leaves("{}"), [] as [&str; 0]);
}

#[test]
fn strings_are_unescaped() {
    assert_eq!(leaves(r#""\"\\\/\b\f\n\r\t\u0041\u00e9""#), ["json=\"\\/\u{8}\u{c}\n\r\tAé"]);
    assert_eq!(leaves(r#""\ud83d\ude00 \ud83d \ude00 \ud83d\u0041""#), ["json=😀 ? ? ?A"]);
    assert_eq!(leaves(r#"{"\u0061":"\u0000"}"#), ["json.a=\0"]);
}

/// What serde makes of the same text, flattened.
fn flatten(value: &serde_json::Value, path: String, out: &mut Leaves) {
    match value {
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(name, value)| flatten(value, format!("{path}.{name}"), out));
        }
        serde_json::Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| flatten(value, format!("{path}.{index}"), out)),
        serde_json::Value::Null => out.push((path, String::new())),
        serde_json::Value::String(text) => out.push((path, text.clone())),
        other => out.push((path, other.to_string())),
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::hash_map("[a-c\"é.]{0,3}", inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn documents_are_read_as_serde_reads_them(value in values(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut expected = Leaves::new();
        flatten(&value, "json".into(), &mut expected);

        let (mut found, result) = read(text.as_bytes(), 64);

        prop_assert_eq!(result, Ok(()));
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn serde_refuses_what_we_refuse(text in r#"[\[\]{}:,"\\u0-9a-ftrue.eE+\- ]{0,24}"#) {
        let (_, result) = read(text.as_bytes(), 64);
        if !text.trim().is_empty() {
            // Serde also refuses numbers out of range and lone surrogates; never the other way.
            let serde = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert!(serde.is_err() || result.is_ok(), "{}", text);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(input in prop::collection::vec(any::<u8>(), 0..300)) {
        let (leaves, _) = read(&input, 8);
        prop_assert!(leaves.len() <= input.len());
    }
}
