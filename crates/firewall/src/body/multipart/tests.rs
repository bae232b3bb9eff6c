//! What parsers of forms disagree about.

use proptest::prelude::*;

use super::*;

type Found = Vec<String>;

const TYPE: &str = "multipart/form-data; boundary=b";

fn read(content_type: &str, body: &[u8]) -> (Found, Report) {
    let mut found = Found::new();
    let report = parse(content_type.as_bytes(), body, &mut |piece| {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        found.push(match piece {
            Piece::Argument { name, value } => format!("arg {}={}", text(name), text(value)),
            Piece::File { name, filename, content } => {
                format!("file {}={}:{}", text(name), text(filename), text(content))
            }
            Piece::PartHeader { name, line } => format!("line {}:{}", text(name), text(line)),
            other => panic!("{other:?}"),
        });
        true
    });
    (found, report)
}

fn one_part(disposition: &str) -> (Found, Report) {
    let body = format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nv\r\n--b--\r\n");
    read(TYPE, body.as_bytes())
}

#[test]
fn boundaries_that_parsers_read_differently_are_refused() {
    let types = [
        "text/plain; boundary=b",
        "multipart/form-data",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b; boundary=c",
        "multipart/form-data; BOUNDARY=b",
        "multipart/form-data; boundary=\"b",
        "multipart/form-data; boundary=b\"",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=<b>",
        "multipart/form-data; x; boundary=b",
        "multipart/form-data;; boundary=b",
        "multipart/form-data; boundaryx=b",
        "multipart/form-data; boundary=boundary=b",
    ];
    for content_type in types {
        let (found, report) = read(content_type, b"--b--\r\n");
        assert!(report.fault.is_some(), "{content_type}");
        assert!(report.flags.error && report.flags.is_strict_error(), "{content_type}");
        assert!(found.is_empty());
    }
    let long = format!("{TYPE}{}", "b".repeat(1024));
    assert!(read(&long, b"").1.fault.is_some());
}

#[test]
fn odd_boundaries_are_marked() {
    let flags = |content_type: &str| read(content_type, b"").1.flags;

    assert!(!flags(TYPE).is_strict_error());
    assert!(flags("multipart/form-data boundary=b").missing_semicolon);
    assert!(flags("multipart/form-data; boundary= b").boundary_whitespace);
    assert!(flags("multipart/form-data; boundary =b").boundary_whitespace);
    assert!(flags("multipart/form-data; boundary=\"b\"").boundary_quoted);
    assert!(!flags("multipart/form-data; boundary=b;charset=utf-8").is_strict_error());
}

#[test]
fn broken_structures_are_faults() {
    let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n";
    let bodies = [
        "x".to_owned(),
        format!("--b\r\n{part}"),
        format!("--b\r\n{part}--b"),
        format!("--b\r\n{part}--b-\r\n"),
        format!("--b\r\n{part}-- b--\r\n"),
        "--b\r\nContent-Type: x\r\n\r\nv\r\n--b--\r\n".to_owned(),
        format!("--b\r\nX\r\n{part}--b--\r\n"),
        format!("--b\r\n: x\r\n{part}--b--\r\n"),
        format!("--b\r\nX Y: x\r\n{part}--b--\r\n"),
        format!("--b\r\nX: \0\r\n{part}--b--\r\n"),
        format!("--b\r\n fold\r\n{part}--b--\r\n"),
        format!("--b\r\nX: 1\r\nx: 2\r\n{part}--b--\r\n"),
        format!("--b\r\nX: {}\r\n{part}--b--\r\n", "x".repeat(HEADER_BYTES_MAX)),
        format!(
            "--b\r\n{}{part}--b--\r\n",
            (0..HEADERS_MAX).map(|n| format!("X{n}: 1\r\n")).collect::<String>()
        ),
    ];
    for body in bodies {
        let (_, report) = read(TYPE, body.as_bytes());
        assert!(report.fault.is_some() && report.flags.is_strict_error(), "{body}");
    }
    let quoted = "multipart/form-data; boundary=\"b\"";
    assert!(read(quoted, b"--b\r\n--\"b\"\r\n").1.fault.is_some());
}

#[test]
fn dispositions_that_parsers_read_differently_are_faults() {
    let dispositions = [
        "attachment; name=\"a\"",
        "form-data",
        "form-data; name",
        "form-data; name=",
        "form-data; filename=\"f\"",
        "form-data; name=\"a\"; name=\"b\"",
        "form-data; x=\"a\"",
        "form-data; name=\"a\" filename=\"f\"",
        "form-data; name=\"a",
        "form-data; name=\"a\\",
        "form-data; name=\"a\"; filename=\"f\"; filename=\"g\"",
        "form-data; name=\"a\"; filename*=UTF-8''f",
        "form-data; name=\"a\"; filename=\"f\"; filename*=f",
        "form-data; name=\"a\"; filename=\"f\"; filename*=''f",
        "form-data; name=\"a\"; filename=\"f\"; filename*=UTF-8''%f",
        "form-data; name=\"a\"; filename=\"f\"; filename*=UTF-8''f/g",
        "form-data; name=\"a\"; filename=\"f\"; filename*=UTF-8'f",
        "form-data; name=\"a\"; filename=\"f\"; filename*=U''f; filename*=U''g",
        "form-data name=\"a\"",
        "Form-Data; name=\"a\"",
    ];
    for disposition in dispositions {
        assert!(one_part(disposition).1.fault.is_some(), "{disposition}");
    }
}

#[test]
fn a_value_is_told_even_where_its_header_is_at_fault() {
    let (found, report) = one_part("form-data; name=\"a\"; x=1");

    assert!(report.fault.is_some());
    assert_eq!(found.first().map(String::as_str), Some("arg a=v"));
}

#[test]
fn odd_quoting_is_marked() {
    for disposition in ["form-data; name='a'", "form-data; name=a'b", "form-data; name=\"a\"b\""] {
        assert!(one_part(disposition).1.flags.invalid_quoting, "{disposition}");
    }
    assert!(!one_part("form-data; name=\"O'Brien\"").1.flags.invalid_quoting);
}

#[test]
fn line_ends_are_marked() {
    let unix = read(TYPE, b"--b\nContent-Disposition: form-data; name=\"a\"\n\nv\n--b--\n");
    assert_eq!(unix.0.first().map(String::as_str), Some("arg a=v"));
    assert!(unix.1.flags.lf_line && !unix.1.flags.has_mixed_lines());

    let mixed =
        read(TYPE, b"--b\r\nContent-Disposition: form-data; name=\"a\"\n\r\nv\r\n--b--\r\n");
    assert!(mixed.1.flags.has_mixed_lines());
}

#[test]
fn data_around_the_parts_is_marked() {
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b--\r\n";

    assert!(read(TYPE, format!("x\r\n{part}").as_bytes()).1.flags.data_before);
    assert!(read(TYPE, format!("{part}x").as_bytes()).1.flags.data_after);
    assert!(!read(TYPE, part.as_bytes()).1.flags.is_strict_error());
}

#[test]
fn folded_headers_are_unfolded_and_marked() {
    let body = b"--b\r\nContent-Disposition: form-data;\r\n\t name=\"a\"\r\n\r\nv\r\n--b--";

    let (found, report) = read(TYPE, body);

    assert_eq!(found, ["arg a=v", "line a:Content-Disposition: form-data; name=\\\"a\\\""]);
    assert!(report.flags.header_folding && !report.flags.invalid_header_folding);

    let odd = b"--b\r\nContent-Disposition: form-data;\r\n\x0bname=\"a\"\r\n\r\nv\r\n--b--";
    assert!(read(TYPE, odd).1.flags.invalid_header_folding);
}

#[test]
fn lines_that_look_like_boundaries_are_told_apart() {
    let body = |value: &str| {
        let text = format!(
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--b--\r\n"
        );
        read(TYPE, text.as_bytes()).1
    };
    assert_eq!(body("v").flags.unmatched_boundary, 2);
    assert!(body("v\r\n-- b").fault.is_some());

    let unmatched =
        read(TYPE, b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx--b\r\n--c\r\n");
    assert_eq!(unmatched.1.flags.unmatched_boundary, 1);

    let empty = read(TYPE, b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--b--\r\n");
    assert!(empty.1.flags.invalid_part);
}

#[test]
fn a_full_sink_ends_it() {
    let body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b--\r\n";

    let report = parse(TYPE.as_bytes(), body, &mut |_| false);

    assert_eq!(report.fault, Some(Fault::Full));
}

#[test]
fn fields_files_and_headers_are_told() {
    let body =
        b"--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\nline 1\r\nline 2\r\n\
        --b\r\ncontent-disposition: form-data; name=f; filename=\"x\"; filename*=U''x%20y\r\n\
        Content-Type: text/plain\r\n\r\n\0--\n--c\r\n\r\n--b--\r\n";

    let (found, report) = read(TYPE, body);

    let expected = [
        r#"arg a\"b=line 1\r\nline 2"#,
        r#"line a\"b:Content-Disposition: form-data; name=\"a\\\"b\""#,
        r"file f=x:\x00--\n--c\r\n",
        r#"line f:content-disposition: form-data; name=f; filename=\"x\"; filename*=U\'\'x%20y"#,
        "line f:Content-Type: text/plain",
    ];
    assert_eq!(found, expected);
    assert_eq!(report.fault, None);
    assert!(!report.flags.is_strict_error());
}

proptest! {
    #[test]
    fn values_are_read_back(values in prop::collection::vec("[ -~\r\n]{0,30}", 1..6)) {
        let mut body = String::new();
        for (index, value) in values.iter().enumerate() {
            body += "--=_b\r\nContent-Disposition: form-data; name=";
            body += &format!("\"{index}\"\r\n\r\n{value}\r\n");
        }
        body += "--=_b--\r\n";
        prop_assume!(values.iter().all(|value| !value.contains("--")));

        let (found, report) = read("multipart/form-data; boundary==_b", body.as_bytes());

        prop_assert_eq!(report.fault, None);
        let fields: Vec<_> = found.into_iter().filter(|found| found.starts_with("arg")).collect();
        let expected: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(index, value)| format!("arg {index}={}", value.as_bytes().escape_ascii()))
            .collect();
        prop_assert_eq!(fields, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        content_type in "multipart/form-data[; ]{0,2}(boundary|)[ =\"b]{0,6}",
        body in prop::collection::vec(prop_oneof![
            Just("--b".to_owned()), Just("\r\n".to_owned()), Just("\n".to_owned()),
            Just("Content-Disposition: form-data; name=\"".to_owned()), Just("--".to_owned()),
            "[ -~]{0,6}", "\\PC{0,3}",
        ], 0..30),
    ) {
        let body = body.concat();
        let (found, report) = read(&content_type, body.as_bytes());
        prop_assert!(found.len() <= body.len());
        prop_assert!(report.bytes_without_files <= body.len());
    }
}
