//! The tests as they stand in the checkout: YAML in the schema of `ftw-tests-schema` 2.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::error::{ChoreError, Outcome};

/// One test with its id, such as `942100-3`.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) id: String,
    pub(super) stages: Vec<Stage>,
}

/// One request and what is expected of it.
#[derive(Debug, Deserialize)]
pub(super) struct Stage {
    #[serde(default)]
    pub(super) input: Input,
    #[serde(default)]
    pub(super) output: Output,
}

/// How the request is built.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Input {
    pub(super) method: Option<String>,
    pub(super) uri: Option<String>,
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
    pub(super) data: Option<String>,
    pub(super) encoded_data: Option<String>,
    pub(super) encoded_request: Option<String>,
    pub(super) autocomplete_headers: Option<bool>,
    pub(super) stop_magic: Option<bool>,
}

/// What must come of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Output {
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) expect_error: bool,
    #[serde(default)]
    pub(super) retry_once: bool,
    #[serde(default)]
    pub(super) isolated: bool,
    #[serde(default)]
    pub(super) log: Expected,
}

/// What the log must and must not hold.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Expected {
    #[serde(default)]
    pub(super) expect_ids: Vec<u32>,
    #[serde(default)]
    pub(super) no_expect_ids: Vec<u32>,
    pub(super) match_regex: Option<String>,
    pub(super) no_match_regex: Option<String>,
}

#[derive(Deserialize)]
struct File {
    rule_id: Option<u32>,
    #[serde(default)]
    tests: Vec<FileTest>,
}

#[derive(Deserialize)]
struct FileTest {
    test_id: Option<u32>,
    stages: Vec<Stage>,
}

/// All tests below `tests/regression/tests`, in the order of their files.
pub(super) fn load(checkout: &Path) -> Outcome<Vec<Test>> {
    let mut files = Vec::new();
    collect(&checkout.join("tests/regression/tests"), &mut files)?;
    files.sort();
    let mut tests = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(ChoreError::path(&path))?;
        let read = parse(&text, &path.file_stem().unwrap_or_default().to_string_lossy());
        let told = |fault| ChoreError::told(format!("{}: {fault}", path.display()));
        tests.extend(read.map_err(told)?);
    }
    Ok(tests)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder).map_err(ChoreError::path(folder))? {
        let path = entry.map_err(ChoreError::path(folder))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The rule's id stands in the file, or else in its name; a test's, or else its place.
fn parse(text: &str, stem: &str) -> Result<Vec<Test>, String> {
    let file: Option<File> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let Some(file) = file else { return Ok(Vec::new()) };
    let rule = file.rule_id.map_or_else(|| stem.to_owned(), |id| id.to_string());
    let tests = file.tests.into_iter().zip(1..);
    Ok(tests
        .map(|(test, place)| Test {
            id: format!("{rule}-{}", test.test_id.unwrap_or(place)),
            stages: test.stages,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_test_is_refused() {
        assert!(parse("tests: 5", "1").is_err());
        assert!(parse("tests:\n  - test_id: 1\n", "1").is_err());
    }

    #[test]
    fn tests_are_read() {
        let text = "---
meta:
  author: x
rule_id: 920100
tests:
  - test_id: 7
    stages:
      - input:
          headers:
            Content-Length: 0
            Host: h
          data: |
            a
            b
        output:
          log:
            expect_ids: [1, 2]
  - stages: []
";

        let tests = parse(text, "x").unwrap();

        let ids: Vec<_> = tests.iter().map(|test| test.id.as_str()).collect();
        assert_eq!(ids, ["920100-7", "920100-2"]);
        let stage = &tests[0].stages[0];
        assert_eq!(stage.input.headers["Content-Length"].as_deref(), Some("0"));
        assert_eq!(stage.input.data.as_deref(), Some("a\nb\n"));
        assert_eq!(stage.output.log.expect_ids, [1, 2]);
    }

    #[test]
    fn an_empty_file_holds_no_test() {
        assert!(parse("---\n", "1").unwrap().is_empty());
    }
}
