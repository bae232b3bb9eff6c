//! Any bytes are a body of any kind. What is found never exceeds what was sent by much.
#![no_main]

use firewall::body::{Piece, json, multipart, urlencoded, xml};
use firewall::{cookies, uri, validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    let mut bytes = 0;
    let mut sink = |piece: Piece<'_>| {
        bytes += match piece {
            Piece::Argument { value, .. } => value.len(),
            Piece::File { content, .. } => content.len(),
            Piece::PartHeader { line, .. } => line.len(),
            Piece::Text(text) | Piece::Attribute(text) => text.len(),
        };
        true
    };
    match kind % 6 {
        0 => drop(urlencoded::parse(body, b'&', &mut sink)),
        1 => drop(json::parse(body, 32, &mut sink)),
        2 => drop(xml::parse(body, 32, &mut sink)),
        3 => {
            let (kind, body) = body.split_at(body.len().min(60));
            multipart::parse(kind, body, &mut sink);
        }
        4 => {
            multipart::parse(b"multipart/form-data; boundary=b", body, &mut sink);
        }
        _ => {
            cookies::parse(body, &mut |_, _| true);
            let target = uri::Target::parse(body);
            let _ = target.basename();
            let _ = (validate::first_bad_escape(body), validate::first_bad_utf8(body));
        }
    }
    assert!(bytes <= body.len() * 4 + 64, "{bytes} bytes found in {}", body.len());
});
