//! The rules that no other tool holds. All findings are told at once: `path:line: rule: message`.

use std::fmt;

use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

mod architecture;
mod codes;
mod controls;
mod dependencies;
mod floors;
mod lengths;
mod links;
mod markers;
mod modules;
mod names;
mod rings;
mod source;
mod sql;
mod tree;

use tree::Tree;

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    floors::check,
    architecture::check,
    rings::check,
    lengths::check,
    names::check,
    markers::check,
    modules::check,
    dependencies::check,
    controls::check,
    codes::check,
    links::check,
    sql::check,
];

/// One fault and where it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}

/// Reads the tree, applies every rule, prints what it found and fails if that is anything.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let tree = Tree::read(workspace)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    eprintln!("\ntidy: {}", lengths::report(&tree));
    match findings.len() {
        0 => {
            eprintln!("tidy: {} rules hold over {} files", RULES.len(), tree.files().len());
            Ok(())
        }
        count => Err(ChoreError::told(format!("tidy found {count} faults"))),
    }
}
