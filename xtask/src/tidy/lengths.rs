//! Files, functions and lines end somewhere.

use super::{Finding, Tree};

const RULE: &str = "lengths";
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let lines = file.text().lines().count();
        if lines > FILE_LINES_MAX {
            let message = format!("{lines} lines; a file stops at {FILE_LINES_MAX}");
            findings.push(Finding::new(file.path(), 1, RULE, message));
        }
        for (index, line) in file.text().lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && is_breakable(line) {
                let message = format!("{columns} columns; a line stops at {COLUMNS_MAX}");
                findings.push(Finding::new(file.path(), index + 1, RULE, message));
            }
        }
        match file.source() {
            Err(error) => findings.push(Finding::new(file.path(), 1, RULE, error)),
            Ok(source) => {
                let long = source.functions().into_iter().filter(|f| f.lines > FUNCTION_LINES_MAX);
                findings.extend(long.map(|function| {
                    let message = format!(
                        "`{}` has {} lines; a function stops at {FUNCTION_LINES_MAX}",
                        function.name, function.lines
                    );
                    Finding::new(file.path(), function.line, RULE, message)
                }));
            }
        }
    }
    findings
}

/// A single long word, such as a test vector, cannot be broken.
fn is_breakable(line: &str) -> bool {
    line.split_whitespace().nth(1).is_some()
}

/// How long things are, in one line.
pub(crate) fn report(tree: &Tree) -> String {
    let files = tree.rust().map(|file| file.text().lines().count()).collect();
    let functions = tree
        .rust()
        .filter_map(|file| file.source().ok())
        .flat_map(|source| source.functions().into_iter().map(|function| function.lines))
        .collect();
    format!("{}; {}", spread("files", files), spread("functions", functions))
}

fn spread(what: &str, mut lengths: Vec<usize>) -> String {
    lengths.sort_unstable();
    let p95 = lengths.get(lengths.len() * 95 / 100).copied().unwrap_or_default();
    let longest = lengths.last().copied().unwrap_or_default();
    format!("{} Rust {what}, 95 % within {p95} lines, longest {longest}", lengths.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let tree = Tree::sample(&[("a.rs", &"//\n".repeat(601))]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn a_long_function_is_found() {
        let text = format!("\nfn long() {{\n{}}}\n", "\n".repeat(69));
        let tree = Tree::sample(&[("a.rs", &text)]);

        assert_eq!(
            check(&tree),
            [Finding::new("a.rs", 2, RULE, "`long` has 71 lines; a function stops at 70")]
        );
    }

    #[test]
    fn a_long_line_is_found() {
        let tree = Tree::sample(&[("a.rs", &format!("// {}", "é".repeat(98)))]);

        assert_eq!(
            check(&tree),
            [Finding::new("a.rs", 1, RULE, "101 columns; a line stops at 100")]
        );
    }

    #[test]
    fn what_is_not_rust_is_found() {
        let tree = Tree::sample(&[("a.rs", "fn {")]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let function = format!("fn f() {{\n{}}}\n", "\n".repeat(68));
        let text = format!("//{}\n{function}{}", "x".repeat(98), "//\n".repeat(529));
        let tree = Tree::sample(&[("a.rs", &text)]);

        assert_eq!(check(&tree), []);
        assert_eq!(
            report(&tree),
            "1 Rust files, 95 % within 600 lines, longest 600; \
             1 Rust functions, 95 % within 70 lines, longest 70"
        );
    }
}
