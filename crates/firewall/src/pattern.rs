//! Patterns of `@rx`: PCRE's syntax, matched in linear time.
//!
//! A pattern is read here and handed to `regex-automata` as a tree. The few that no regular
//! expression can say (look-around, possessive quantifiers, groups said again) are run by a bounded
//! matcher, after a regular expression that matches at least as much has found a place to begin.
//!
//! Bytes are matched, not characters; `.` matches a newline; `$` is the end of the value only.

mod bounded;
mod lower;
mod parse;
mod syntax;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::captures::Captures;
use regex_syntax::hir::Hir;

use bounded::{Outcome, Program};
use parse::Parsed;

/// How to read a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Syntax {
    /// ASCII letters match in both cases.
    pub ignore_case: bool,
    /// `^` and `$` match at lines.
    pub multi_line: bool,
}

/// Why a pattern does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The byte of the pattern near which it is wrong.
    pub at: usize,
    /// What was expected or found.
    pub message: String,
}

impl PatternError {
    fn at(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the pattern)", self.message, self.at)
    }
}

impl std::error::Error for PatternError {}

/// A compiled pattern. Its automata are made when they are first needed.
pub struct Pattern {
    text: Box<str>,
    syntax: Syntax,
    plain: OnceLock<Option<Regex>>,
    capturing: OnceLock<Option<Regex>>,
    bounded: Option<Box<Program>>,
    captures: u16,
}

impl Pattern {
    /// Compiles a pattern as `@rx` has it.
    ///
    /// # Errors
    /// What is wrong with its syntax, or that it is too large.
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        Self::compile_with(text, Syntax::default())
    }

    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with its syntax, or that it is too large.
    pub fn compile_with(text: &str, syntax: Syntax) -> Result<Self, PatternError> {
        let Parsed { node, captures } = parse::parse(text, syntax)?;
        let bounded = (!node.is_regular()).then(|| Box::new(Program::new(&node, captures)));
        Ok(Self {
            text: text.into(),
            syntax,
            plain: OnceLock::new(),
            capturing: OnceLock::new(),
            bounded,
            captures,
        })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is run by the bounded matcher, which gives up after a stated number of steps.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.bounded.is_some()
    }

    /// Whether the pattern matches somewhere. When the bounded matcher gives up, it does: doubt
    /// must not let an attack through.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.bounded.is_some() {
            return self.find(text).is_some();
        }
        match self.plain() {
            Some(regex) => regex.is_match(text),
            None => true,
        }
    }

    /// The bounds of the leftmost match; of the whole text when the matcher gives up.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        let Some(regex) = self.plain() else { return Some(0..text.len()) };
        let found = regex.find(text)?.range();
        let Some(program) = &self.bounded else { return Some(found) };
        match program.search(text, found.start) {
            Outcome::Absent => None,
            Outcome::GaveUp => Some(0..text.len()),
            Outcome::Found(slots) => bounds(&slots).next().flatten(),
        }
    }

    /// The bounds of the leftmost match and of its groups, up to `count` in all.
    #[must_use]
    pub fn captures(&self, text: &[u8], count: usize) -> Option<Vec<Option<Range<usize>>>> {
        if self.captures == 0 || count < 2 {
            return self.find(text).map(|whole| vec![Some(whole)]);
        }
        if let Some(program) = &self.bounded {
            let from = self.find(text)?.start;
            return match program.search(text, from) {
                Outcome::Absent => None,
                Outcome::GaveUp => Some(vec![Some(0..text.len())]),
                Outcome::Found(slots) => Some(bounds(&slots).take(count).collect()),
            };
        }
        let regex = self.capturing.get_or_init(|| self.regex(WhichCaptures::All));
        let Some(regex) = regex else { return Some(vec![Some(0..text.len())]) };
        let mut captures: Captures = regex.create_captures();
        regex.captures(text, &mut captures);
        captures.is_match().then(|| {
            let groups =
                (0..captures.group_len().min(count)).map(|group| captures.get_group(group));
            groups.map(|span| span.map(|span| span.range())).collect()
        })
    }

    /// A regular expression that matches at least what the pattern does.
    #[must_use]
    pub(crate) fn hir(&self) -> Hir {
        match parse::parse(&self.text, self.syntax) {
            Ok(parsed) => lower::hir(&parsed.node, false),
            Err(_) => Hir::empty(),
        }
    }

    fn plain(&self) -> Option<&Regex> {
        self.plain.get_or_init(|| self.regex(WhichCaptures::Implicit)).as_ref()
    }

    /// Nothing if the automaton would be too large, which the limit on states excludes.
    fn regex(&self, captures: WhichCaptures) -> Option<Regex> {
        let parsed = parse::parse(&self.text, self.syntax).ok()?;
        build(&lower::hir(&parsed.node, matches!(captures, WhichCaptures::All)), captures).ok()
    }
}

fn build(hir: &Hir, captures: WhichCaptures) -> Result<Regex, Box<BuildError>> {
    let config = Regex::config()
        .utf8_empty(false)
        .which_captures(captures)
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        .hybrid_cache_capacity(CACHE_BYTES_MAX);
    Regex::builder().configure(config).build_from_hir(hir).map_err(Box::new)
}

fn bounds(slots: &[Option<usize>]) -> impl Iterator<Item = Option<Range<usize>>> {
    slots.chunks_exact(2).map(|pair| match pair {
        [Some(start), Some(end)] => Some(*start..*end),
        _ => None,
    })
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

/// What one automaton may take. The limit on states is reached first.
const NFA_BYTES_MAX: usize = 64 << 20;
/// What one automaton may remember for each thread, in each direction.
const CACHE_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
pub(crate) mod tests;
