//! Each control we claim names evidence that exists.

use toml::{Table, Value};

use super::{Finding, Tree, tree::File};

const RULE: &str = "controls";
const PAGE: &str = "docs/reference/controls.toml";
const STATES: &[&str] = &["holds", "partial"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else { return Vec::new() };
    let table = match page.text().parse::<Table>() {
        Ok(table) => table,
        Err(error) => return vec![Finding::new(PAGE, 1, RULE, error.message())],
    };
    let rows = table.get("control").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        return vec![Finding::new(PAGE, 1, RULE, "there is no `[[control]]`")];
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for row in rows {
        let id = text(row, "id");
        let line = page.line_of(&format!("\"{id}\""));
        let mut faults = faults(tree, row);
        if ids.contains(&id) {
            faults.push("the id stands twice".to_owned());
        }
        ids.push(id);
        let told = faults.into_iter().map(|fault| format!("`{id}`: {fault}"));
        findings.extend(told.map(|message| Finding::new(PAGE, line, RULE, message)));
    }
    findings
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn faults(tree: &Tree, row: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if text(row, "id").is_empty() || text(row, "what").is_empty() {
        faults.push("`id` and `what` are needed".to_owned());
    }
    if !STATES.contains(&text(row, "state")) {
        faults.push(format!("`state` is one of {STATES:?}"));
    }
    let evidence = row.get("evidence").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if evidence.is_empty() {
        faults.push("`evidence` is needed: a test or a file".to_owned());
    }
    let missing = evidence.iter().filter_map(|item| missing(tree, item.as_str().unwrap_or("")));
    faults.extend(missing);
    faults
}

/// Evidence is `path`, or `path::name_of_a_test`.
fn missing(tree: &Tree, evidence: &str) -> Option<String> {
    let (path, name) = match evidence.split_once("::") {
        Some((path, rest)) => (path, rest.rsplit("::").next()),
        None => (evidence, None),
    };
    let Some(file) = tree.file(path) else {
        return Some(format!("evidence `{path}` is not a file"));
    };
    let name = name?;
    (!has_test(file, name)).then(|| format!("`{path}` has no test `{name}`"))
}

fn has_test(file: &File, name: &str) -> bool {
    if !file.path().ends_with(".rs") {
        return file.text().contains(name);
    }
    let Ok(source) = file.source() else { return false };
    let functions = source.functions();
    if functions.iter().any(|function| function.name == name) {
        return functions.iter().any(|function| function.is_test && function.name == name);
    }
    // Inside a macro such as `proptest!` there are only words to go by.
    source
        .words()
        .windows(2)
        .any(|pair| matches!(pair, [keyword, word] if keyword.text == "fn" && word.text == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(page: &str) -> Vec<String> {
        let tests = "#[tokio::test] async fn refuses() {}\nfn helper() {}\n\
                     proptest! { #[test] fn holds(x in 0..1) {} }";
        let tree = Tree::sample(&[(PAGE, page), ("t.rs", tests), ("page.md", "")]);
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn evidence_that_does_not_exist_is_found() {
        let page = "[[control]]\nid = \"A-1\"\nstate = \"holds\"\nwhat = \"x\"\n\
                    evidence = [\"gone.rs::a\", \"t.rs::gone\", \"t.rs::helper\"]\n";

        assert_eq!(
            messages(page),
            [
                "`A-1`: evidence `gone.rs` is not a file",
                "`A-1`: `t.rs` has no test `gone`",
                "`A-1`: `t.rs` has no test `helper`",
            ]
        );
    }

    #[test]
    fn rows_that_claim_without_saying_are_found() {
        let row = "[[control]]\nid = \"A-1\"\nstate = \"sure\"\nevidence = []\n";

        assert_eq!(messages(&format!("{row}{row}")).len(), 7);
        assert_eq!(messages("[[control]\n").len(), 1);
        assert_eq!(messages("").len(), 1);
    }

    #[test]
    fn evidence_that_exists_is_silent() {
        let page = "[[control]]\nid = \"A-1\"\nstate = \"partial\"\nwhat = \"x\"\n\
                    evidence = [\"t.rs::refuses\", \"t.rs::tests::holds\", \"page.md\"]\n";

        assert_eq!(messages(page), [""; 0]);
    }
}
