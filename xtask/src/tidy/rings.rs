//! ARCHITECTURE.md and SECURITY.md have a row for each ring of the defence.

use super::{Finding, Tree};

const RULE: &str = "rings";
const LIST: &str = "crates/gate/src/rings.rs";
const PAGES: [&str; 2] = ["ARCHITECTURE.md", "SECURITY.md"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.file(LIST) else { return Vec::new() };
    let rings: Vec<&str> = list.text().lines().filter_map(ring).collect();
    let missing = PAGES.iter().flat_map(|page| {
        let text = tree.file(page).map(|file| file.text()).unwrap_or_default();
        let rows: Vec<&str> = text.lines().filter_map(name).collect();
        let missing: Vec<Finding> = rings
            .iter()
            .filter(|ring| !rows.contains(ring))
            .map(|ring| {
                Finding::new(page, 1, RULE, format!("no row of a table reads `| {ring} |`"))
            })
            .collect();
        missing
    });
    missing.collect()
}

/// `contract` of `contract::ring(app),   // is this operation declared at all?`
fn ring(line: &str) -> Option<&str> {
    let (name, _) = line.trim().split_once("::ring(app)")?;
    name.bytes().all(|byte| byte.is_ascii_lowercase()).then_some(name)
}

/// The first cell of a row.
fn name(line: &str) -> Option<&str> {
    line.trim().strip_prefix('|')?.split('|').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGS: (&str, &str) =
        (LIST, "vec![\n    origin::ring(app), // x\n    flood::ring(app),\n]");

    #[test]
    fn a_ring_that_a_page_does_not_name_is_found() {
        let pages = [("ARCHITECTURE.md", "| origin | x |\n| flood | y |"), (PAGES[1], "| flood |")];
        let tree = Tree::sample(&[RINGS, pages[0], pages[1]]);

        let told = "no row of a table reads `| origin |`";
        assert_eq!(check(&tree), [Finding::new("SECURITY.md", 1, RULE, told)]);
    }

    #[test]
    fn pages_with_a_row_for_each_are_silent() {
        let rows = "| origin | x |\n| flood | y |";
        let tree = Tree::sample(&[RINGS, (PAGES[0], rows), (PAGES[1], rows)]);

        assert_eq!(check(&tree), []);
    }
}
