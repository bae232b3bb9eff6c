//! Relative links in the pages lead somewhere.

use super::{Finding, Tree, tree::File};

const RULE: &str = "links";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in tree.files().iter().filter(|file| file.path().ends_with(".md")) {
        for (line, target) in links(page.text()) {
            if let Some(fault) = fault(tree, page, &target) {
                findings.push(Finding::new(page.path(), line, RULE, fault));
            }
        }
    }
    findings
}

fn fault(tree: &Tree, page: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() {
        page.path().to_owned()
    } else {
        match resolve(page.path(), path) {
            Some(file) if tree.holds(&file) => file,
            _ => return Some(format!("`{target}` leads nowhere")),
        }
    };
    if anchor.is_empty() || !file.ends_with(".md") {
        return None;
    }
    let found = tree.file(&file).is_some_and(|file| anchors(file.text()).any(|it| it == anchor));
    (!found).then(|| format!("`{file}` has no heading `#{anchor}`"))
}

/// `None` where the link leaves the project.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Every link of the page with its line, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (line, prose) in prose(text) {
        let mut rest = prose.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let (target, after) = after.split_once(')').unwrap_or((after, ""));
            let target = target.split_whitespace().next().unwrap_or_default();
            links.push((line, target.trim_matches(['<', '>']).to_owned()));
            rest = after;
        }
    }
    links
}

/// Lines outside of fences, without their inline code.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        let outside = || line.split('`').step_by(2).collect::<Vec<_>>().join("");
        (!is_fenced && !is_fence).then(|| (index + 1, outside()))
    })
}

/// Headings as a page's anchors are written: small letters, dashes for spaces, no punctuation.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let mut is_fenced = false;
    let headings = text.lines().filter(move |line| {
        is_fenced ^= line.trim_start().starts_with("```");
        !is_fenced && line.starts_with('#')
    });
    headings.map(|heading| {
        heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                letter if letter.is_alphanumeric() || matches!(letter, '-' | '_') => Some(letter),
                _ => None,
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let tree = Tree::sample(&[
            ("docs/a.md", "# A page\n[x](b.md) and [y](../gone/)\n[z](#nothing)\n"),
            ("README.md", "[out](../elsewhere.md) [in](docs/a.md#a-page) [bad](docs/a.md#b)"),
        ]);

        let lines: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(
            lines,
            [
                "docs/a.md:2: links: `b.md` leads nowhere",
                "docs/a.md:2: links: `../gone/` leads nowhere",
                "docs/a.md:3: links: `docs/a.md` has no heading `#nothing`",
                "README.md:1: links: `../elsewhere.md` leads nowhere",
                "README.md:1: links: `docs/a.md` has no heading `#b`",
            ]
        );
    }

    #[test]
    fn links_that_lead_somewhere_and_code_are_silent() {
        let tree = Tree::sample(&[
            (
                "docs/a.md",
                "## `The` page, twice\n[x](../README.md \"title\")[y](.)[z](#the-page-twice)",
            ),
            ("README.md", "`[a](b)`\n```\n[a](b)\n```\n[d](docs/) [e](https://example.org/x)"),
        ]);

        assert_eq!(check(&tree), []);
    }
}
