//! A crate imports only what this table lets it. The same table stands in ARCHITECTURE.md.

use super::{Finding, Tree};

const RULE: &str = "floors";

/// One crate's place.
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    /// `None`: for development only, imported by nobody's product code.
    pub(crate) level: Option<u8>,
    imports: Imports,
}

enum Imports {
    Only(&'static [&'static str]),
    /// Every crate of the product.
    All,
}

/// Highest floor first.
pub(crate) const FLOORS: &[Floor] = &[
    Floor { name: "ringwall", level: Some(5), imports: Imports::All },
    only(
        "api",
        4,
        &[
            "gate", "store", "issuers", "oauth", "policy", "signin", "vault", "watch", "intake",
            "matching", "staffing", "kernel",
        ],
    ),
    only("console", 4, &["gate", "store", "policy", "watch", "staffing", "kernel"]),
    // Never `staffing`: the defence does not know the business.
    only(
        "gate",
        3,
        &[
            "store", "counters", "issuers", "firewall", "oauth", "policy", "signin", "throttle",
            "vault", "watch", "kernel",
        ],
    ),
    only("cloud", 3, &["counters", "throttle", "kernel"]),
    only(
        "store",
        2,
        &["oauth", "policy", "signin", "vault", "watch", "matching", "staffing", "kernel"],
    ),
    only("counters", 2, &["throttle", "kernel"]),
    only("issuers", 2, &["oauth", "kernel"]),
    only("courier", 2, &["vault", "watch", "kernel"]),
    only("firewall", 1, &["kernel"]),
    // Never `staffing`: a type with protected attributes must not even have a name here.
    only("matching", 1, &["kernel"]),
    only("oauth", 1, &["kernel"]),
    only("policy", 1, &["kernel"]),
    only("signin", 1, &["kernel"]),
    only("throttle", 1, &["kernel"]),
    only("vault", 1, &["kernel"]),
    only("watch", 1, &["kernel"]),
    only("intake", 1, &["kernel"]),
    only("staffing", 1, &["kernel"]),
    only("heap", 0, &[]),
    only("kernel", 0, &[]),
    Floor { name: "testkit", level: None, imports: Imports::All },
    Floor { name: "xtask", level: None, imports: Imports::Only(&[]) },
];

const fn only(name: &'static str, level: u8, imports: &'static [&'static str]) -> Floor {
    Floor { name, level: Some(level), imports: Imports::Only(imports) }
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.members() {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let Some(floor) = floor(&member.name) else {
            let message = format!("crate `{}` has no floor in the table", member.name);
            findings.push(Finding::new(&manifest, 1, RULE, message));
            continue;
        };
        for import in member.imports.iter().filter(|import| !may_import(floor, import)) {
            let line = tree.file(&manifest).map_or(1, |file| import_line(file.text(), import));
            let message = format!("`{}` may not import `{import}`", member.name);
            findings.push(Finding::new(&manifest, line, RULE, message));
        }
    }
    findings
}

fn floor(name: &str) -> Option<&'static Floor> {
    FLOORS.iter().find(|floor| floor.name == name)
}

fn may_import(importer: &Floor, import: &str) -> bool {
    let is_product = floor(import).is_some_and(|floor| floor.level.is_some());
    match importer.imports {
        Imports::All => is_product,
        Imports::Only(names) => is_product && names.contains(&import),
    }
}

fn import_line(manifest: &str, import: &str) -> usize {
    let is_import = |line: &str| {
        line.strip_prefix(import).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    manifest.lines().position(is_import).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_may_not_import_the_business() {
        let manifest = "[dependencies]\nstaffing-x = 1\nstaffing.workspace = true\n";
        let tree = Tree::sample(&[("crates/gate/Cargo.toml", manifest)])
            .with("gate", &["kernel", "staffing"]);

        let findings = check(&tree);

        assert_eq!(
            findings,
            [Finding::new("crates/gate/Cargo.toml", 3, RULE, "`gate` may not import `staffing`")]
        );
    }

    #[test]
    fn engines_do_not_know_each_other() {
        let tree = Tree::sample(&[]).with("oauth", &["vault"]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn nobody_ships_the_testkit() {
        let tree = Tree::sample(&[]).with("ringwall", &["testkit", "api"]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn a_crate_outside_of_the_table_is_found() {
        let tree = Tree::sample(&[]).with("newcomer", &[]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn what_the_table_allows_is_not_found() {
        let tree = Tree::sample(&[]).with("gate", &["store", "kernel"]).with("testkit", &["api"]);

        assert_eq!(check(&tree), []);
    }

    #[test]
    fn every_import_in_the_table_goes_down() {
        for importer in FLOORS {
            let Imports::Only(imports) = importer.imports else { continue };
            for import in imports {
                let below = floor(import).unwrap().level;
                assert!(below < importer.level, "{} → {import}", importer.name);
            }
        }
    }
}
