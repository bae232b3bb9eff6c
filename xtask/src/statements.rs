//! The page that shows, for each statement of the OAuth profile, the tests that try it. Made from
//! the list that `cargo xtask tidy` checks the tests of.

use std::fs;

use toml::{Table, Value};

use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

/// The list.
pub(crate) const LIST: &str = "docs/reference/oauth-statements.toml";
/// What is made of it.
pub(crate) const PAGE: &str = "docs/reference/oauth-statements.md";
/// How many statements there are, numbered from 1.
pub(crate) const COUNT: usize = 50;

/// Writes the page.
pub(crate) fn write(workspace: &Workspace) -> Outcome {
    let list = workspace.root().join(LIST);
    let text = fs::read_to_string(&list).map_err(ChoreError::path(&list))?;
    let made = page(&text).map_err(ChoreError::told)?;
    let page = workspace.root().join(PAGE);
    fs::write(&page, made).map_err(ChoreError::path(&page))
}

/// The page that a list makes.
///
/// # Errors
/// When the list is not TOML, or a number is missing or out of its order.
pub(crate) fn page(list: &str) -> Result<String, String> {
    let table = list.parse::<Table>().map_err(|error| error.message().to_owned())?;
    let rows = table.get("statement").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if rows.len() != COUNT {
        return Err(format!("there are {} statements, expected {COUNT}", rows.len()));
    }
    let mut page = HEAD.to_owned();
    for (row, number) in rows.iter().zip(1..) {
        let id = text(row, "id");
        if id != format!("OAUTH-{number}") {
            return Err(format!("`{id}` stands in the place of `OAUTH-{number}`"));
        }
        let evidence = row.get("evidence").and_then(Value::as_array);
        let tests = evidence.into_iter().flatten().filter_map(Value::as_str).map(link);
        let (what, state) = (text(row, "what").replace('|', "\\|"), text(row, "state"));
        page.push_str(&format!(
            "| {number} | {what} | {state} | {} |\n",
            tests.collect::<Vec<_>>().join("<br>")
        ));
    }
    Ok(page)
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn link(evidence: &str) -> String {
    let (path, name) = evidence.split_once("::").unwrap_or((evidence, evidence));
    format!("[`{name}`](../../{path})")
}

const HEAD: &str = "# The OAuth profile, and the tests that try it\n\n\
    Written by `cargo xtask bless` from [oauth-statements.toml](oauth-statements.toml): RFC 9700 \
    and OAuth 2.1 as statements. `cargo xtask tidy` refuses a test that does not exist, and a \
    page that is older than its list.\n\n\
    | | statement | state | tests |\n|---|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: impl Iterator<Item = usize>) -> String {
        let row = |id| {
            format!(
                "[[statement]]\nid = \"OAUTH-{id}\"\nstate = \"holds\"\nwhat = \"a | b\"\n\
                 evidence = [\"a/b.rs::c\"]\n"
            )
        };
        ids.map(row).collect()
    }

    #[test]
    fn a_list_with_a_gap_or_out_of_order_makes_no_page() {
        assert!(page("[[statement]\n").is_err());
        assert!(page(&list(1..COUNT)).unwrap_err().contains("49 statements"));
        let swapped = (1..COUNT - 1).chain([COUNT, COUNT - 1]);
        assert!(page(&list(swapped)).unwrap_err().contains("in the place of `OAUTH-49`"));
    }

    #[test]
    fn each_statement_is_a_row_that_leads_to_its_tests() {
        let page = page(&list(1..=COUNT)).unwrap();

        let last = page.lines().last().unwrap();
        assert_eq!(last, r"| 50 | a \| b | holds | [`c`](../../a/b.rs) |");
        assert_eq!(page.lines().filter(|line| line.contains("`c`")).count(), COUNT);
    }
}
