//! What is well-formed and what is not.

use proptest::prelude::*;

use super::*;

fn read(input: &[u8], depth_max: usize) -> (String, Vec<String>, Result<(), Fault>) {
    let (mut text, mut attributes) = (String::new(), Vec::new());
    let result = parse(input, depth_max, &mut |piece| {
        match piece {
            Piece::Text(found) => text.push_str(&String::from_utf8_lossy(found)),
            Piece::Attribute(found) => attributes.push(String::from_utf8_lossy(found).into_owned()),
            other => panic!("{other:?}"),
        }
        true
    });
    (text, attributes, result)
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let inputs = [
        "x",
        "<",
        "<a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a b/>",
        "<a b=/>",
        "<a b=c/>",
        "<a b=\"c/>",
        "<a b='1'c='2'/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<1/>",
        "< a/>",
        "<a>&lt</a>",
        "<a>&x;</a>",
        "<a>&#0;</a>",
        "<a>&#x110000;</a>",
        "<a>&#+5;</a>",
        "<a>&;</a>",
        "<a><!-- -- --></a>",
        "<a><!-- </a>",
        "<![CDATA[x]]><a/>",
        "<a><![CDATA[x]]</a>",
        "<a/>>",
        "<a/><!DOCTYPE a>",
        "<!DOCTYPE a [",
        "<?xml",
        "<a/ >",
        "<a><a/></a ",
        "<!ELEMENT a><a/>",
    ];
    for input in inputs {
        let (_, _, result) = read(input.as_bytes(), 64);
        assert!(matches!(result, Err(Fault::Malformed { .. })), "{input}");
    }
}

#[test]
fn entities_are_not_expanded() {
    let bomb =
        r#"<!DOCTYPE a [<!ENTITY b "x&c;"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;</a>"#;

    let (text, _, result) = read(bomb.as_bytes(), 64);

    assert!(matches!(result, Err(Fault::Malformed { what: "an unknown entity", .. })));
    assert_eq!(text, "");
}

#[test]
fn encodings_that_hide_markup_are_refused() {
    let wide: Vec<u8> = "<a>x</a>".bytes().flat_map(|byte| [byte, 0]).collect();
    let inputs: [&[u8]; 4] = [
        &wide,
        b"\xff\xfe<\0a\0/\0>\0",
        b"<?xml version='1.0' encoding='UTF-7'?><a>x</a>",
        b"<?xml version='1.0' encoding='ibm037'?><a/>",
    ];
    for input in inputs {
        assert!(read(input, 64).2.is_err(), "{}", input.escape_ascii());
    }
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(read(b"<a><b/></a>", 2).2, Ok(()));
    assert_eq!(read(b"<a><b><c/></b></a>", 2).2, Err(Fault::Depth));
    assert_eq!(read("<a>".repeat(100_000).as_bytes(), 64).2, Err(Fault::Depth));
}

#[test]
fn attributes_are_bounded() {
    let many: String = (0..=ATTRIBUTES_MAX).map(|number| format!(" a{number}='x'")).collect();

    let (_, attributes, result) = read(format!("<a{many}/>").as_bytes(), 64);

    assert!(matches!(result, Err(Fault::Long { .. })));
    assert_eq!(attributes.len(), ATTRIBUTES_MAX);
}

#[test]
fn a_full_sink_ends_it() {
    assert_eq!(parse(b"<a b='c'/>", 64, &mut |_| false), Err(Fault::Full));
    assert_eq!(parse(b"<a>b</a>", 64, &mut |_| false), Err(Fault::Full));
}

#[test]
fn what_stands_before_a_fault_is_told() {
    let (text, attributes, result) = read(b"<a b='c'>d<e>f</a>", 64);

    assert!(result.is_err());
    assert_eq!((text.as_str(), attributes.as_slice()), ("df", &["c".to_owned()][..]));
}

#[test]
fn text_and_attributes_are_told() {
    let input = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE a [<!-- ]> --><!ENTITY e ">]">]>
<!-- before --><a xmlns="urn:n" xmlns:p="urn:p" b="1&lt;2"
 p:c='x
y&#10;z'>one <p:d e=""/><![CDATA[<two>&amp;]]><?pi three?> &#x26;&apos;fo&#117;r<!-- five --></a >
"#;
    let (text, attributes, result) = read(input.as_bytes(), 64);

    assert_eq!(result, Ok(()));
    assert_eq!(text, "one <two>&amp; &'four");
    assert_eq!(attributes, ["1<2", "x y\nz", ""]);
}

#[test]
fn an_empty_body_is_no_fault() {
    assert_eq!(read(b" \n", 64).2, Ok(()));
    assert_eq!(read(b"\xef\xbb\xbf<a/>", 64).2, Ok(()));
}

/// A document made of known texts and attribute values, with their expected concatenation.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;").replace('\n', "&#xA;")
}

proptest! {
    #[test]
    fn what_is_escaped_is_read_back(
        texts in prop::collection::vec("[^\0-\u{8}\u{b}-\u{1f}]{0,12}", 1..12),
    ) {
        let mut document = "<r>".to_owned();
        for (index, text) in texts.iter().enumerate() {
            let value = escaped(&text.replace(['\t', '\r'], " "));
            document += &if index % 2 == 0 {
                format!("<e a='{value}'>{}</e>", escaped(text))
            } else {
                format!("<!-- c -->{}<f/>", escaped(text))
            };
        }
        document += "</r>";

        let (text, attributes, result) = read(document.as_bytes(), 4);

        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(text, texts.concat());
        prop_assert_eq!(attributes.len(), texts.len().div_ceil(2));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        input in prop::collection::vec(prop_oneof![
            prop::sample::select(b"<>/!?-[]&;#'\"=ab ".to_vec()),
            any::<u8>(),
        ], 0..200),
    ) {
        let (text, attributes, _) = read(&input, 8);
        prop_assert!(text.len() + attributes.len() <= 3 * input.len());
    }
}
