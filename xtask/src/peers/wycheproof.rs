//! Project Wycheproof's signatures, judged by our reader of keys and of compact JWS.
//!
//! The vectors are given as a directory and are not ours. Those with a public key are judged: a
//! client's symmetric key is never taken.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

const FILES: [&str; 3] =
    ["json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"];
/// What we verify; clients sign with fewer.
const SPOKEN: [&str; 9] =
    ["ES256", "ES384", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
const PAGE: &str = "docs/reference/jws-vectors.md";
const HEAD: &str = "# Signatures of others\n\n\
                    Written by `cargo xtask peers --wycheproof DIR --write`: Project Wycheproof's \
                    JSON Web Signatures with public keys, through the reader that client \
                    assertions, DPoP proofs and registered keys pass. Symmetric keys and P-521 \
                    are not read. Where a key names another algorithm than the signature does, \
                    the vectors say that it is valid; it is refused on purpose, as is P-521.\n\n\
                    | vectors | judged | verified | refused | refused on purpose | wrong |\n\
                    |---|---|---|---|---|---|\n";

#[derive(Deserialize)]
struct Vectors {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    public: Option<Value>,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "tcId")]
    id: u64,
    comment: String,
    #[serde(default)]
    jws: Value,
    result: String,
}

/// A vector with its key.
struct Case {
    key: Value,
    vector: Vector,
}

/// How many were judged how.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

pub(super) fn run(workspace: &Workspace, directory: &Path, write: bool) -> Outcome {
    let mut page = HEAD.to_owned();
    let mut wrong = Vec::new();
    for name in FILES {
        let cases = read(&directory.join(name))?;
        let answers = answers(workspace, &cases)?;
        let mut tally = Tally::default();
        for (case, answer) in cases.iter().zip(&answers) {
            let verdict = verdict(case, answer);
            *tally.0.entry(verdict).or_default() += 1;
            if verdict == "wrong" {
                let Vector { id, comment, result, .. } = &case.vector;
                wrong.push(format!("{name} {id} ({comment}): {result}, answered `{answer}`"));
            }
        }
        page.push_str(&tally.row(name, cases.len()));
    }
    println!("{page}");
    if write {
        let path = workspace.root().join(PAGE);
        fs::write(&path, &page).map_err(ChoreError::path(&path))?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(ChoreError::told(wrong.join("\n"))) }
}

impl Tally {
    fn row(&self, name: &str, judged: usize) -> String {
        let of = |verdict: &str| self.0.get(verdict).copied().unwrap_or_default();
        let mut row = format!("| `{name}` | {judged} |");
        for verdict in ["verified", "refused", "purpose", "wrong"] {
            // Writing into a text does not fail.
            let _written = write!(row, " {} |", of(verdict));
        }
        row.push('\n');
        row
    }
}

/// Whether an answer is right.
fn verdict(case: &Case, answer: &str) -> &'static str {
    match (case.vector.result.as_str(), answer) {
        ("valid", "verified") => "verified",
        ("invalid", "refused" | "key") => "refused",
        ("valid", "refused" | "key") if !is_ours(case) => "purpose",
        _ => "wrong",
    }
}

/// Whether the algorithm is one that we verify, and the key means the same one.
fn is_ours(case: &Case) -> bool {
    let header = case.vector.jws.as_str().and_then(|text| text.split('.').next());
    let header = header.and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let header: Option<Value> = header.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let said = header.and_then(|header| header.get("alg")?.as_str().map(str::to_owned));
    let meant = case.key.get("alg").and_then(Value::as_str);
    said.is_some_and(|said| {
        SPOKEN.contains(&said.as_str()) && meant.is_none_or(|meant| meant == said)
    })
}

fn read(path: &Path) -> Outcome<Vec<Case>> {
    let bytes = fs::read(path).map_err(ChoreError::path(path))?;
    let vectors: Vectors = serde_json::from_slice(&bytes)
        .map_err(|error| ChoreError::told(format!("`{}`: {error}", path.display())))?;
    let groups = vectors.groups.into_iter().filter_map(|group| Some((group.public?, group.tests)));
    let cases = groups.flat_map(|(key, tests)| {
        // The others are encrypted.
        let signed = tests.into_iter().filter(|vector| !vector.jws.is_null());
        signed.map(move |vector| Case { key: key.clone(), vector })
    });
    Ok(cases.collect())
}

/// Our answers, one for each case. What is no compact JWS is given as its JSON.
fn answers(workspace: &Workspace, cases: &[Case]) -> Outcome<Vec<String>> {
    let lines = cases.iter().map(|case| {
        let jws =
            case.vector.jws.as_str().map_or_else(|| case.vector.jws.to_string(), str::to_owned);
        json!({ "key": case.key, "jws": jws }).to_string()
    });
    let path = workspace.target().join("wycheproof-input");
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).map_err(ChoreError::path(&path))?;
    let mut command = run::cargo(workspace.root());
    command.args(["run", "--quiet", "-p", "oauth", "--example", "judge", "--"]);
    let text = run::output(command.arg(&path))?;
    let answers: Vec<String> = text.lines().map(str::to_owned).collect();
    if answers.len() == cases.len() {
        Ok(answers)
    } else {
        Err(ChoreError::told(format!("{} answers to {} vectors", answers.len(), cases.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(result: &str, said: &str, meant: Option<&str>) -> Case {
        let header = BASE64URL_NOPAD.encode(json!({ "alg": said }).to_string().as_bytes());
        let vector = Vector {
            id: 1,
            comment: String::new(),
            jws: json!(format!("{header}..")),
            result: result.to_owned(),
        };
        Case { key: json!({ "alg": meant }), vector }
    }

    #[test]
    fn only_what_we_do_not_speak_may_be_refused_although_it_is_valid() {
        assert_eq!(verdict(&case("valid", "ES256", Some("ES256")), "refused"), "wrong");
        assert_eq!(verdict(&case("valid", "ES256", None), "key"), "wrong");
        assert_eq!(verdict(&case("invalid", "ES256", None), "verified"), "wrong");
        assert_eq!(verdict(&case("invalid", "RS512", None), "verified"), "wrong");
        assert_eq!(verdict(&case("valid", "ES512", Some("ES512")), "key"), "purpose");
        assert_eq!(verdict(&case("valid", "PS256", Some("RS256")), "refused"), "purpose");
        assert_eq!(verdict(&case("valid", "ES256", Some("ES256")), "verified"), "verified");
    }
}
