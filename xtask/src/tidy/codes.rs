//! Each code of a problem is documented, and a test's assertion names it; so is each event's name.
//!
//! A name counts where a run of the test must have seen it: in `.problem("…")`, in `assert_eq!`, or
//! as a member of a document (`"code":"…"`) in an `assert!` that denies nothing.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

use super::{Finding, Tree, tree::File};

const RULE: &str = "codes";
const PAGE: &str = "docs/reference/problems.md";
/// That no other name is written, the journal asserts.
const EVENTS: &str = "docs/reference/events.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else { return Vec::new() };
    let documented: BTreeSet<&str> = page.text().lines().filter_map(row).collect();
    let mut findings = Vec::new();
    for (path, code) in tree.rust().flat_map(declared) {
        if !documented.contains(code.as_str()) {
            let message = format!("`{code}` is not in {PAGE}: is it in a list of codes?");
            findings.push(Finding::new(path, 1, RULE, message));
        }
    }
    let claims: Vec<Claim> = tree.rust().flat_map(claims).collect();
    for page in [Some(page), tree.file(EVENTS)].into_iter().flatten() {
        findings.extend(unshown(page, &claims));
    }
    findings
}

/// The names of a page that no test has seen.
fn unshown(page: &File, claims: &[Claim]) -> Vec<Finding> {
    let names: BTreeSet<&str> = page.text().lines().filter_map(row).collect();
    let unshown = names.into_iter().filter(|name| !claims.iter().any(|claim| claim.shows(name)));
    let found = unshown.map(|name| {
        let line = page.line_of(&format!("`{name}`"));
        Finding::new(page.path(), line, RULE, format!("no test produces `{name}`"))
    });
    found.collect()
}

/// The code of a row: what stands in backticks in its first cell.
fn row(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split('`').next()
}

/// Names of the `Code { name: "…" }` constants of a product's file.
fn declared(file: &File) -> Vec<(&str, String)> {
    let is_product = file.path().starts_with("crates/") && file.path().contains("/src/");
    let mut found = Vec::new();
    if let (true, Some(tokens)) = (is_product, file.tokens()) {
        walk(tokens, &mut |before, group| {
            let is_code = matches!(before, [.., TokenTree::Ident(word)] if *word == "Code");
            if is_code && group.delimiter() == Delimiter::Brace {
                found.extend(name_of(group.stream()).map(|name| (file.path(), name)));
            }
        });
    }
    found
}

fn name_of(members: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = members.into_iter().collect();
    tokens.windows(3).find_map(|three| match three {
        [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Literal(text)]
            if *word == "name" =>
        {
            value(text)
        }
        _ => None,
    })
}

/// A text in an assertion of a test.
struct Claim {
    text: String,
    /// Whether it is the whole of what is compared, or has to be a member.
    is_whole: bool,
}

impl Claim {
    fn shows(&self, code: &str) -> bool {
        (self.is_whole && self.text == code) || self.text.contains(&format!("\"code\":\"{code}\""))
    }
}

fn claims(file: &File) -> Vec<Claim> {
    let (Ok(source), Some(tokens)) = (file.source(), file.tokens()) else { return Vec::new() };
    let functions = source.functions();
    let tests: Vec<_> = functions.iter().filter(|function| function.is_test).collect();
    let mut found = Vec::new();
    walk(tokens, &mut |before, group| {
        let line = group.span_open().start().line;
        let is_in_test =
            tests.iter().any(|test| (test.line..test.line + test.lines).contains(&line));
        if let (true, Some(is_whole)) = (is_in_test, asserts(before, group)) {
            let texts = texts(group.stream()).into_iter();
            found.extend(texts.map(|text| Claim { text, is_whole }));
        }
    });
    found
}

/// Whether a group holds what is asserted, and whether each text in it is compared as a whole.
fn asserts(before: &[TokenTree], group: &Group) -> Option<bool> {
    let is = |token: &TokenTree, text: &str| token.to_string() == text;
    match before {
        [.., dot, call] if is(dot, ".") && is(call, "problem") => Some(true),
        [.., call, mark] if is(call, "assert_eq") && is(mark, "!") => Some(true),
        [.., call, mark] if is(call, "assert") && is(mark, "!") => {
            (!denies(group.stream())).then_some(false)
        }
        _ => None,
    }
}

/// Whether there is a `!` that is no part of `!=`.
fn denies(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut pairs = tokens.iter().zip(tokens.iter().skip(1));
    pairs.any(|(one, next)| one.to_string() == "!" && next.to_string() != "=")
        || tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => denies(group.stream()),
            _ => false,
        })
}

/// Calls with each group of a file and what stands before it beside it.
fn walk(tokens: TokenStream, see: &mut impl FnMut(&[TokenTree], &Group)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            see(tokens.get(..at).unwrap_or_default(), group);
            walk(group.stream(), see);
        }
    }
}

fn texts(tokens: TokenStream) -> Vec<String> {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => texts(group.stream()),
        TokenTree::Literal(text) => value(&text).into_iter().collect(),
        _ => Vec::new(),
    });
    each.flatten().collect()
}

fn value(literal: &Literal) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: &str = "const A: Code = Code { status: 400, name: \"a.one\", title: \"\" };";

    fn messages(page: &str, test: &str) -> Vec<String> {
        let files = [(PAGE, page), ("crates/a/src/a.rs", CODES), ("crates/a/tests/t.rs", test)];
        check(&Tree::sample(&files)).into_iter().map(|finding| finding.message).collect()
    }

    fn shown(body: &str) -> bool {
        messages("| `a.one` | 400 |", &format!("#[test] fn a() {{ {body} }}")).is_empty()
    }

    #[test]
    fn a_code_that_no_list_names_is_found() {
        let found = messages("| code |\n", "");

        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("`a.one` is not in"), "{found:?}");
    }

    #[test]
    fn only_an_assertion_of_a_test_shows_a_code() {
        let helper = "fn a() { x.problem(\"a.one\") }";

        assert_eq!(messages("| `a.one` | 400 |", helper), ["no test produces `a.one`"]);
        assert!(!shown("let code = \"a.one\";"));
        assert!(!shown("assert!(all.contains(\"a.one\"));"));
        assert!(!shown("assert!(!all.contains(\"\\\"code\\\":\\\"a.one\\\"\"));"));
        assert!(!shown("x.problem(\"a.one.more\");"));
        assert!(shown("x.await.is(400).problem(\"a.one\");"));
        assert!(shown("assert_eq!(problem.code.name, \"a.one\");"));
        assert!(shown("assert!(all != b && all.contains(\"\\\"code\\\":\\\"a.one\\\"\"));"));
    }
}
