//! Every Rust file of a crate is compiled: some `mod` declaration or target reaches it.

use std::collections::BTreeSet;

use super::{Finding, Tree};

const RULE: &str = "modules";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    for root in tree.members().iter().flat_map(|member| &member.roots) {
        reach(tree, root, folder(root), &mut reached);
    }
    tree.rust()
        .filter(|file| tree.members().iter().any(|m| is_inside(file.path(), &m.folder)))
        .filter(|file| !reached.contains(file.path()))
        .map(|file| Finding::new(file.path(), 1, RULE, "no `mod` declaration reaches this file"))
        .collect()
}

/// Marks `path` and whatever its declarations reach; its child modules are below `children`.
fn reach(tree: &Tree, path: &str, children: &str, reached: &mut BTreeSet<String>) {
    if !reached.insert(path.to_owned()) {
        return;
    }
    let Some(Ok(source)) = tree.file(path).map(|file| file.source()) else { return };
    declarations(tree, &source.syntax().items, folder(path), children, reached);
}

fn declarations(
    tree: &Tree,
    items: &[syn::Item],
    beside: &str,
    children: &str,
    reached: &mut BTreeSet<String>,
) {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        let inner = join(children, &module.ident.to_string());
        if let Some((_, items)) = &module.content {
            declarations(tree, items, beside, &inner, reached);
        } else if let Some(named) = named_path(&module.attrs) {
            let path = join(beside, &named);
            reach(tree, &path, folder(&path), reached);
        } else {
            reach(tree, &format!("{inner}.rs"), &inner, reached);
            reach(tree, &format!("{inner}/mod.rs"), &inner, reached);
        }
    }
}

/// The value of `#[path = "…"]`.
fn named_path(attributes: &[syn::Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
        return None;
    };
    Some(text.value())
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nothing_declares_is_found() {
        let tree = Tree::sample(&[
            ("crates/a/src/lib.rs", "mod seen;"),
            ("crates/a/src/seen.rs", "// mod dead;"),
            ("crates/a/src/seen/dead.rs", ""),
        ])
        .with("a", &[]);

        assert_eq!(
            check(&tree),
            [Finding::new(
                "crates/a/src/seen/dead.rs",
                1,
                RULE,
                "no `mod` declaration reaches this file"
            )]
        );
    }

    #[test]
    fn declared_files_are_reached_wherever_they_are() {
        let tree = Tree::sample(&[
            ("crates/a/src/lib.rs", "mod b; mod inline { mod d; } #[path = \"odd/e.rs\"] mod e;"),
            ("crates/a/src/b.rs", "#[cfg(test)] mod c;"),
            ("crates/a/src/b/c.rs", ""),
            ("crates/a/src/inline/d.rs", ""),
            ("crates/a/src/odd/e.rs", "mod f;"),
            ("crates/a/src/odd/f.rs", ""),
            ("fuzz/outside.rs", ""),
        ])
        .with("a", &[]);

        assert_eq!(check(&tree), []);
    }
}
