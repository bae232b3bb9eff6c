//! ARCHITECTURE.md names each crate, on the floor where it stands.

use super::{Finding, Tree, floors::FLOORS};

const RULE: &str = "architecture";
const PAGE: &str = "ARCHITECTURE.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Finding::new(PAGE, 1, RULE, "the page is missing")];
    };
    tree.members().iter().filter_map(|member| fault(page.text(), &member.name)).collect()
}

/// A row reads `| 3 | `gate` | …`; crates for development only have a dash for a floor.
fn fault(page: &str, name: &str) -> Option<Finding> {
    let row = page.lines().enumerate().find_map(|(index, line)| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let floor = cells.next()?;
        (cells.next()? == format!("`{name}`")).then_some((index + 1, floor))
    });
    let Some((line, written)) = row else {
        let message = format!("no row of a table reads `| floor | `{name}` | …`");
        return Some(Finding::new(PAGE, 1, RULE, message));
    };
    let level = FLOORS.iter().find(|floor| floor.name == name)?.level;
    let is_right =
        level.map_or(written.parse::<u8>().is_err(), |level| level.to_string() == written);
    let meant = level.map_or_else(|| "–".to_owned(), |level| level.to_string());
    (!is_right).then(|| {
        Finding::new(PAGE, line, RULE, format!("`{name}` stands on floor {meant}, not {written}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_page_is_found() {
        assert_eq!(check(&Tree::sample(&[])).len(), 1);
    }

    #[test]
    fn a_crate_that_the_page_does_not_name_is_found() {
        let tree = Tree::sample(&[(PAGE, "| 1 | `oauth` | x |\n`vault`")]).with("vault", &[]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn a_crate_on_the_wrong_floor_is_found() {
        let tree = Tree::sample(&[(PAGE, "\n| 2 | `vault` | x |")]).with("vault", &[]);

        assert_eq!(check(&tree), [Finding::new(PAGE, 2, RULE, "`vault` stands on floor 1, not 2")]);
    }

    #[test]
    fn a_right_page_is_silent() {
        let page = "| 1 | `vault` | x |\n| – | `testkit` | x |";
        let tree = Tree::sample(&[(PAGE, page)]).with("vault", &[]).with("testkit", &[]);

        assert_eq!(check(&tree), []);
    }
}
