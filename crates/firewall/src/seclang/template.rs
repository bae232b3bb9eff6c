//! Texts with macros: `%{TX.score}`.

use super::{
    place::{Fault, Piece},
    variable::Variable,
};

/// A text that was split at its macros when it was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Stands for itself.
    Text(String),
    /// Stands for the value of a variable.
    Macro {
        /// The variable.
        variable: Variable,
        /// Its member, as written.
        key: Option<String>,
    },
}

impl Template {
    /// A text without macros.
    pub(crate) fn text(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())] }
    }

    /// Splits a text at its macros. A `%{` without an end is text.
    pub(crate) fn parse(piece: &Piece) -> Result<Self, Fault> {
        let text = piece.text();
        let mut parts = Vec::new();
        let mut rest = 0;
        while let Some((from, inner, to)) = next_macro(text, rest) {
            push_text(&mut parts, text.get(rest..from).unwrap_or_default());
            parts.push(part(inner, |message| piece.fault(from, message))?);
            rest = to;
        }
        push_text(&mut parts, text.get(rest..).unwrap_or_default());
        Ok(Self { parts })
    }

    /// The text, where no macro is in it.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn next_macro(text: &str, after: usize) -> Option<(usize, &str, usize)> {
    let from = after + text.get(after..)?.find("%{")?;
    let length = text.get(from + 2..)?.find('}')?;
    Some((from, text.get(from + 2..from + 2 + length)?, from + 3 + length))
}

fn part(inner: &str, fault: impl Fn(String) -> Fault) -> Result<Part, Fault> {
    let (name, key) = match inner.split_once(['.', ':']) {
        Some((name, key)) => (name, Some(key.to_owned())),
        None => (inner, None),
    };
    let variable = Variable::parse(name.trim(), &fault)?;
    let is_pattern = |key: &String| key.len() > 1 && key.starts_with('/') && key.ends_with('/');
    if key.as_ref().is_some_and(is_pattern) {
        let hint = Some("name one member; a rule can look at several".to_owned());
        return Err(fault("a macro takes no pattern".to_owned()).hint(hint));
    }
    if variable.is_collection() && key.is_none() && !is_joined(variable) {
        return Err(fault(format!("the collection `{name}` needs a member: `%{{{name}.member}}`")));
    }
    if !variable.is_collection() && key.is_some() {
        return Err(fault(format!("`{name}` has no members")));
    }
    Ok(Part::Macro { variable, key })
}

/// Collections whose first value a macro may mean.
const fn is_joined(variable: Variable) -> bool {
    matches!(
        variable,
        Variable::MatchedVars
            | Variable::MatchedVarsNames
            | Variable::Args
            | Variable::RequestHeaders
            | Variable::FilesNames
            | Variable::Files
    )
}
