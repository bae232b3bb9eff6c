//! Judges signatures of others: each line of the file is an object with a `key` (a JWK or a key
//! set) and a `jws`; each line of output says `verified`, `refused`, or `key` for a key not taken.

use std::io::{Error, Write, stdout};

use oauth::ForeignKey;
use oauth::jws::{ALGORITHMS, signed};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    key: Value,
    jws: String,
}

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).ok_or_else(|| Error::other("expected a file"))?;
    let mut out = stdout().lock();
    for line in std::fs::read_to_string(path)?.lines() {
        let case: Case = serde_json::from_str(line)?;
        writeln!(out, "{}", judge(&case))?;
    }
    Ok(())
}

fn judge(case: &Case) -> &'static str {
    let bytes = case.key.to_string();
    let keys = match case.key.get("keys") {
        Some(_) => ForeignKey::parse_set(bytes.as_bytes()),
        None => ForeignKey::parse(bytes.as_bytes()).map(|key| vec![key]),
    };
    let Ok(keys) = keys else { return "key" };
    match signed(&case.jws, &keys, &ALGORITHMS) {
        Some(_) => "verified",
        None => "refused",
    }
}
