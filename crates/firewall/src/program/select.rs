//! Choosing members of collections by name.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::{
    pattern::{Pattern, Syntax},
    seclang::{
        target::{Selector, Target},
        variable::Variable,
    },
};

/// Chooses members of one collection.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    variable: Variable,
    choice: Choice,
}

#[derive(Debug, Clone)]
enum Choice {
    All,
    /// In lower case where the collection's names are without case.
    Key(Box<[u8]>),
    Pattern(Arc<Pattern>),
}

impl Matcher {
    /// Compiles a target's selector.
    pub(crate) fn new(target: &Target) -> Result<Self, String> {
        let variable = target.variable;
        let choice = match &target.selector {
            Selector::All => Choice::All,
            Selector::XPath(path) => Choice::Key(path.as_bytes().into()),
            Selector::Key(key) if variable.is_case_sensitive() => {
                Choice::Key(key.as_bytes().into())
            }
            Selector::Key(key) => Choice::Key(key.to_ascii_lowercase().into_bytes().into()),
            Selector::Regex(text) => {
                let ignore_case = !variable.is_case_sensitive();
                let syntax = Syntax { ignore_case, ..Syntax::default() };
                let pattern =
                    Pattern::compile_with(text, syntax).map_err(|fault| fault.to_string())?;
                Choice::Pattern(Arc::new(pattern))
            }
        };
        Ok(Self { variable, choice })
    }

    pub(crate) const fn variable(&self) -> Variable {
        self.variable
    }

    /// The name, where it chooses by one.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match &self.choice {
            Choice::Key(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it chooses every member.
    pub(crate) const fn is_all(&self) -> bool {
        matches!(self.choice, Choice::All)
    }

    /// Whether it chooses the member of the collection with the name.
    pub(crate) fn matches(&self, variable: Variable, name: &[u8]) -> bool {
        self.covers(variable) && self.matches_name(name)
    }

    /// Whether it chooses by the name alone, in a collection that it is known to be about.
    pub(crate) fn matches_name(&self, name: &[u8]) -> bool {
        match &self.choice {
            Choice::All => true,
            Choice::Key(key) if self.variable.is_case_sensitive() => **key == *name,
            Choice::Key(key) => key.eq_ignore_ascii_case(name),
            Choice::Pattern(pattern) => pattern.is_match(name),
        }
    }

    /// `ARGS` means `ARGS_GET` and `ARGS_POST` too.
    fn covers(&self, variable: Variable) -> bool {
        self.variable == variable
            || matches!(
                (self.variable, variable),
                (Variable::Args, Variable::ArgsGet | Variable::ArgsPost)
                    | (Variable::ArgsNames, Variable::ArgsGetNames | Variable::ArgsPostNames)
            )
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.variable == other.variable
            && match (&self.choice, &other.choice) {
                (Choice::All, Choice::All) => true,
                (Choice::Key(a), Choice::Key(b)) => a == b,
                (Choice::Pattern(a), Choice::Pattern(b)) => a.text() == b.text(),
                _ => false,
            }
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.variable.hash(state);
        match &self.choice {
            Choice::All => 0_u8.hash(state),
            Choice::Key(key) => key.hash(state),
            Choice::Pattern(pattern) => pattern.text().hash(state),
        }
    }
}
