//! Any bytes go through any transformation; where there is an inverse, it gives them back.
#![no_main]

use firewall::injection;
use firewall::transform::Transform;
use libfuzzer_sys::fuzz_target;

fn apply(name: &str, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let transform = Transform::named(name).expect("a name that exists");
    if transform.apply(input, &mut out) { out } else { input.to_vec() }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, input)) = data.split_first() else { return };
    let all: Vec<Transform> = Transform::all().collect();
    let transform = all[usize::from(*kind) % all.len()];
    let mut out = b"kept".to_vec();
    let before = out.clone();
    let changed = transform.apply(input, &mut out);
    // Untouched when nothing changes, and never much longer than what came in.
    assert!(changed || out == before, "{transform:?}");
    assert!(out.len() <= input.len() * 8 + 160, "{transform:?}");

    assert_eq!(apply("hexDecode", &apply("hexEncode", input)), input);
    assert_eq!(apply("base64Decode", &apply("base64Encode", input)), input);
    assert_eq!(apply("urlDecode", &apply("urlEncode", input)), input);
    for name in ["lowercase", "removeNulls", "removeWhitespace", "compressWhitespace"] {
        let once = apply(name, input);
        assert_eq!(apply(name, &once), once, "{name}");
    }
    let _ = (injection::sqli(input), injection::xss(input));
});
