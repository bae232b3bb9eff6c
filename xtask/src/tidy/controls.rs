//! Each control we claim, and each statement of the OAuth profile, names evidence that exists.

use toml::{Table, Value};

use super::{Finding, Tree, tree::File};
use crate::statements;

const RULE: &str = "controls";
/// What is claimed: the page, the name of its rows, and where a row may stand.
const PAGES: &[(&str, &str, &[&str])] = &[
    (PAGE, "control", STATES),
    (STATEMENTS, "statement", &["holds", "partial", OPEN]),
    (ATTACKS, "attack", STATES),
];
const PAGE: &str = "docs/reference/controls.toml";
const STATEMENTS: &str = statements::LIST;
const ATTACKS: &str = "docs/reference/oauth-attacks.toml";
const STATES: &[&str] = &["holds", "partial"];
/// Nothing is claimed, so nothing has to be shown.
const OPEN: &str = "open";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let each = PAGES.iter().map(|(path, rows, states)| check_page(tree, path, rows, states));
    each.flatten().chain(check_made(tree)).collect()
}

/// Where the page of the statements is, it says what the list says.
fn check_made(tree: &Tree) -> Option<Finding> {
    let (list, page) = (tree.file(STATEMENTS)?, tree.file(statements::PAGE)?);
    match statements::page(list.text()) {
        Ok(made) if made == page.text() => None,
        Ok(_) => {
            let old = "older than its list: `cargo xtask bless` writes it";
            Some(Finding::new(statements::PAGE, 1, RULE, old))
        }
        Err(fault) => Some(Finding::new(STATEMENTS, 1, RULE, fault)),
    }
}

fn check_page(tree: &Tree, path: &str, rows: &str, states: &[&str]) -> Vec<Finding> {
    let Some(page) = tree.file(path) else { return Vec::new() };
    let table = match page.text().parse::<Table>() {
        Ok(table) => table,
        Err(error) => return vec![Finding::new(path, 1, RULE, error.message())],
    };
    let found = table.get(rows).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if found.is_empty() {
        return vec![Finding::new(path, 1, RULE, format!("there is no `[[{rows}]]`"))];
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for row in found {
        let id = text(row, "id");
        let line = page.line_of(&format!("\"{id}\""));
        let mut faults = faults(tree, row, states);
        if ids.contains(&id) {
            faults.push("the id stands twice".to_owned());
        }
        ids.push(id);
        let told = faults.into_iter().map(|fault| format!("`{id}`: {fault}"));
        findings.extend(told.map(|message| Finding::new(path, line, RULE, message)));
    }
    findings
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn faults(tree: &Tree, row: &Value, states: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    if text(row, "id").is_empty() || text(row, "what").is_empty() {
        faults.push("`id` and `what` are needed".to_owned());
    }
    if !states.contains(&text(row, "state")) {
        faults.push(format!("`state` is one of {states:?}"));
    }
    let evidence = row.get("evidence").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if evidence.is_empty() == (text(row, "state") != OPEN) {
        faults.push("`evidence` is needed where something is claimed, and only there".to_owned());
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
    fn a_statement_that_is_open_claims_nothing() {
        let tree = |rows: &str| Tree::sample(&[(STATEMENTS, rows), ("page.md", "")]);
        let row = |state: &str, evidence: &str| {
            format!("[[statement]]\nid = \"1\"\nstate = \"{state}\"\nwhat = \"x\"\n{evidence}\n")
        };
        let shown = "evidence = [\"page.md\"]";

        assert_eq!(check(&tree(&row("open", shown))).len(), 1);
        assert_eq!(check(&tree(&row("holds", ""))).len(), 1);
        assert_eq!(check(&tree(&row("open", ""))).len(), 0);
        assert_eq!(check(&tree(&row("holds", shown))).len(), 0);
    }

    #[test]
    fn a_page_of_the_statements_that_is_older_than_its_list_is_found() {
        let row =
            |id| format!("[[statement]]\nid = \"OAUTH-{id}\"\nstate = \"open\"\nwhat = \"x\"\n");
        let list: String = (1..=statements::COUNT).map(row).collect();
        let made = statements::page(&list).unwrap();
        let found = |page: &str, list: &str| {
            check(&Tree::sample(&[(STATEMENTS, list), (statements::PAGE, page)])).len()
        };

        assert_eq!(found(&made.replace(" x ", " y "), &list), 1);
        assert_eq!(found(&made, &row(1)), 1);
        assert_eq!(found(&made, &list), 0);
    }

    #[test]
    fn evidence_that_exists_is_silent() {
        let page = "[[control]]\nid = \"A-1\"\nstate = \"partial\"\nwhat = \"x\"\n\
                    evidence = [\"t.rs::refuses\", \"t.rs::tests::holds\", \"page.md\"]\n";

        assert_eq!(messages(page), [""; 0]);
    }
}
