//! No SQL from text (control DAT-5): the ORM makes it, and binds every value. What it cannot say
//! stands as a constant in the few files that this rule names.

use super::{Finding, Tree};

const RULE: &str = "sql";
/// The ways past the ORM: SeaORM's and sqlx's.
const WAYS: &[&str] = &[
    "AssertSqlSafe",
    "Statement",
    "execute_unprepared",
    "from_sql_and_values",
    "cust",
    "cust_with_expr",
    "cust_with_values",
    "query_as",
    "query_scalar",
    "raw_sql",
];
const ALLOWED: &[&str] = &[
    "crates/store/src/dialect.rs",
    "crates/store/src/dialect/",
    "crates/store/src/session.rs",
    "crates/store/src/migrations/",
    // Makes and drops databases for tests.
    "crates/testkit/src/",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let path = file.path();
        let is_product = path.starts_with("crates/") && path.contains("/src/");
        let is_allowed = ALLOWED.iter().any(|allowed| path.starts_with(allowed));
        if !is_product || is_allowed || !path.ends_with(".rs") {
            continue;
        }
        // What does not parse is a finding of `lengths`.
        let Ok(source) = file.source() else { continue };
        let ways = source.words().iter().filter(|word| WAYS.contains(&word.text.as_str()));
        findings.extend(ways.map(|word| {
            let message = format!("`{}`: the ORM makes SQL and binds its values", word.text);
            Finding::new(path, word.line, RULE, message)
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_past_the_orm_is_found_outside_its_place() {
        let code = "//! A.\nfn a(name: &str) { Statement::from_string(B, name); }";
        let tree = Tree::sample(&[
            ("crates/store/src/jobs.rs", code),
            ("crates/store/src/dialect.rs", code),
            ("crates/store/tests/it/raw.rs", code),
        ]);

        let lines: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        let place = "crates/store/src/jobs.rs:2: sql: `Statement`";
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with(place), "{lines:?}");
    }
}
