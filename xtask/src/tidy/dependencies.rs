//! Every dependency is declared once, in the root manifest, under a comment that says what for.

use toml::Table;

use super::{Finding, Tree};

const RULE: &str = "dependencies";
const ROOT: &str = "Cargo.toml";
/// How many lines one comment may speak for.
const GROUP_MAX: usize = 3;
const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.file(ROOT) else {
        return vec![Finding::new(ROOT, 1, RULE, "the root manifest is missing")];
    };
    let mut findings = uncommented(root.text());
    let mut used = Vec::new();
    for member in tree.members() {
        let path = format!("{}/{ROOT}", member.folder);
        let Some(manifest) = tree.file(&path) else { continue };
        let table = manifest.text().parse::<Table>().unwrap_or_default();
        for (name, value) in SECTIONS.iter().flat_map(|section| entries(&table, section)) {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                let message = format!("`{name}` is not taken from the workspace");
                findings.push(Finding::new(
                    &path,
                    declaration(manifest.text(), name),
                    RULE,
                    message,
                ));
            }
            used.push(name.clone());
        }
    }
    let table = root.text().parse::<Table>().unwrap_or_default();
    let declared = table.get("workspace").and_then(toml::Value::as_table);
    for (name, _) in declared.into_iter().flat_map(|table| entries(table, "dependencies")) {
        if !used.contains(name) {
            let message = format!("no crate uses `{name}`");
            findings.push(Finding::new(ROOT, declaration(root.text(), name), RULE, message));
        }
    }
    findings
}

fn entries<'a>(
    table: &'a Table,
    section: &str,
) -> impl Iterator<Item = (&'a String, &'a toml::Value)> {
    table.get(section).and_then(toml::Value::as_table).into_iter().flatten()
}

fn declaration(manifest: &str, name: &str) -> usize {
    let is_it =
        |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '=', '.']));
    manifest.lines().position(is_it).map_or(1, |index| index + 1)
}

/// Dependencies without a comment above them or above their group. Our own crates need none.
fn uncommented(manifest: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_inside = false;
    let mut spoken_for = 0;
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            is_inside = line.trim() == "[workspace.dependencies]";
            spoken_for = 0;
        } else if line.starts_with("# --") || line.trim().is_empty() {
            spoken_for = 0;
        } else if line.starts_with('#') {
            spoken_for = GROUP_MAX;
        } else if is_inside && line.starts_with(char::is_alphanumeric) && !line.contains("path =") {
            if spoken_for == 0 {
                let name = line.split([' ', '=', '.']).next().unwrap_or_default();
                let message = format!("no comment says what `{name}` is for");
                findings.push(Finding::new(ROOT, index + 1, RULE, message));
            }
            spoken_for = spoken_for.saturating_sub(1);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(root: &str, member: &str) -> Vec<String> {
        let tree = Tree::sample(&[(ROOT, root), ("crates/a/Cargo.toml", member)]).with("a", &[]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn dependencies_without_a_reason_are_found() {
        let root = "[workspace.dependencies]\n# -- words ---\na = \"1\"\n# Why.\nb = \"1\"\n\
                    c = \"1\"\nd = \"1\"\ne = \"1\"\n";
        let member = "[dependencies]\na.workspace = true\nb.workspace = true\n\
                      [dev-dependencies]\nc.workspace = true\nd.workspace = true\n\
                      e = { workspace = true }\n";

        assert_eq!(
            messages(root, member),
            [
                "Cargo.toml:3: dependencies: no comment says what `a` is for",
                "Cargo.toml:8: dependencies: no comment says what `e` is for",
            ]
        );
    }

    #[test]
    fn dependencies_declared_elsewhere_or_for_nobody_are_found() {
        let root = "[workspace.dependencies]\n# Why.\nserde_json = \"1\"\nserde = \"1\"\n";
        let member = "[dependencies]\nserde_json.workspace = true\nb = \"1\"\n";

        assert_eq!(
            messages(root, member),
            [
                "crates/a/Cargo.toml:3: dependencies: `b` is not taken from the workspace",
                "Cargo.toml:4: dependencies: no crate uses `serde`",
            ]
        );
    }

    #[test]
    fn our_own_crates_need_no_reason() {
        let root = "[workspace.dependencies]\nkernel = { path = \"crates/kernel\" }\n";

        assert_eq!(messages(root, "[dependencies]\nkernel.workspace = true\n"), [""; 0]);
    }
}
