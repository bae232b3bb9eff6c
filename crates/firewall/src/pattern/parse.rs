//! Reads PCRE's syntax as `ModSecurity` compiles it: bytes, not characters; `.` matches a newline.

mod class;
mod escape;
mod group;

use std::collections::HashMap;

use super::syntax::{Node, Place, Repeat};
use super::{PatternError, Syntax};
use crate::byte_set::ByteSet;

/// Bytes of one pattern.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Groups inside groups.
const DEPTH_MAX: u32 = 100;
/// The upper number of `{n,m}`; PCRE has 65,535.
const REPEAT_MAX: u32 = 65_535;
/// Quantifiers in a row, as in `a{2}{3}`.
const STACKED_MAX: u32 = 3;
/// Groups with a number.
const CAPTURES_MAX: u16 = 1000;

/// States that one pattern may take once its repetitions are written out.
const SIZE_MAX: u64 = 200_000;

/// Reads a pattern.
pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Parsed, PatternError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(PatternError::at(TEXT_BYTES_MAX, "a pattern of at most 64 KiB was expected"));
    }
    let flags = Flags {
        ignore_case: syntax.ignore_case,
        multi_line: syntax.multi_line,
        dot_all: true,
        extended: false,
        lazy: false,
    };
    let names = HashMap::new();
    let text = text.as_bytes();
    let mut parser = Parser { text, at: 0, flags, captures: 0, again_max: 0, names, depth: 0 };
    let node = parser.alternation()?;
    if parser.peek().is_some() {
        return Err(parser.fault("a `)` closes nothing"));
    }
    if parser.again_max > parser.captures {
        return Err(parser.fault("there is no group of this number"));
    }
    if node.size() > SIZE_MAX {
        return Err(parser.fault("a pattern of at most 200,000 states was expected"));
    }
    Ok(Parsed { node, captures: parser.captures })
}

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) node: Node,
    /// How many groups have a number.
    pub(super) captures: u16,
}

/// What `(?imsxU)` switches.
#[derive(Clone, Copy)]
struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    lazy: bool,
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    flags: Flags,
    captures: u16,
    again_max: u16,
    names: HashMap<Vec<u8>, u16>,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn takes(&mut self, text: &[u8]) -> bool {
        let is_next = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(text));
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    fn fault(&self, message: &'static str) -> PatternError {
        PatternError::at(self.at, message)
    }

    /// Branches up to a `)` or the end. Flags that are set inside end with it.
    fn alternation(&mut self) -> Result<Node, PatternError> {
        let flags = self.flags;
        let mut branches = vec![self.concat()?];
        while self.takes(b"|") {
            branches.push(self.concat()?);
        }
        self.flags = flags;
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            last => Node::Alternation(branches.into_iter().chain(last).collect()),
        })
    }

    fn concat(&mut self) -> Result<Node, PatternError> {
        let mut parts = Vec::new();
        loop {
            self.skip_comments();
            if matches!(self.peek(), None | Some(b'|' | b')')) {
                break;
            }
            if let Some(atom) = self.atom()? {
                parts.push(self.quantified(atom)?);
            }
        }
        Ok(match parts.pop() {
            None => Node::Empty,
            Some(only) if parts.is_empty() => only,
            last => Node::Concat(parts.into_iter().chain(last).collect()),
        })
    }

    /// Blanks and `# …` under `(?x)`, and `(?#…)` everywhere.
    fn skip_comments(&mut self) {
        loop {
            let before = self.at;
            if self.takes(b"(?#") {
                while self.next().is_some_and(|byte| byte != b')') {}
            }
            if self.flags.extended {
                while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0x0b) {
                    self.at += 1;
                }
                if self.takes(b"#") {
                    while self.next().is_some_and(|byte| byte != b'\n') {}
                }
            }
            if self.at == before {
                return;
            }
        }
    }

    /// One thing that can be repeated; nothing for a piece that only sets flags or quotes nothing.
    fn atom(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        let Some(byte) = self.next() else { return Ok(None) };
        let node = match byte {
            b'(' => return self.group(),
            b'[' => Node::Class(self.class()?),
            b'\\' => return self.escape(),
            b'.' if self.flags.dot_all => Node::Class(ByteSet::ALL),
            b'.' => Node::Class(ByteSet::one(b'\n').not()),
            b'^' if self.flags.multi_line => Node::Place(Place::LineStart),
            b'^' => Node::Place(Place::Start),
            b'$' if self.flags.multi_line => Node::Place(Place::LineEnd),
            b'$' => Node::Place(Place::End),
            b'*' | b'+' | b'?' => {
                return Err(PatternError::at(start, "there is nothing to repeat here"));
            }
            b'{' if self.bounds_at(start).is_some() => {
                return Err(PatternError::at(start, "there is nothing to repeat here"));
            }
            literal => self.literal(literal),
        };
        Ok(Some(node))
    }

    fn literal(&self, byte: u8) -> Node {
        let set = ByteSet::one(byte);
        Node::Class(if self.flags.ignore_case { set.folded() } else { set })
    }

    /// The atom with the quantifiers that follow it.
    fn quantified(&mut self, mut node: Node) -> Result<Node, PatternError> {
        self.skip_comments();
        let mut stacked = 0;
        while let Some((min, max)) = self.bounds()? {
            stacked += 1;
            if stacked > STACKED_MAX {
                return Err(self.fault("at most three quantifiers in a row were expected"));
            }
            let possessive = self.takes(b"+");
            let other = !possessive && self.takes(b"?");
            let repeat = Repeat { node, min, max, greedy: possessive || other == self.flags.lazy };
            node = Node::Repeat(Box::new(repeat));
            if possessive {
                node = Node::Atomic(Box::new(node));
            }
            self.skip_comments();
            if node.size() > SIZE_MAX {
                return Err(self.fault("this repetition is too large"));
            }
        }
        Ok(node)
    }

    fn bounds(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let bounds = match self.peek() {
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => {
                let Some((min, max, end)) = self.bounds_at(self.at) else { return Ok(None) };
                if max.is_some_and(|max| max < min) {
                    return Err(self.fault("the numbers of this repetition are out of order"));
                }
                if min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX) {
                    return Err(self.fault("a repetition of at most 65,535 was expected"));
                }
                self.at = end;
                return Ok(Some((min, max)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(bounds))
    }

    /// `{n}`, `{n,}`, `{n,m}` and where it ends. Any other brace is a literal one.
    fn bounds_at(&self, start: usize) -> Option<(u32, Option<u32>, usize)> {
        let rest = self.text.get(start..)?.strip_prefix(b"{")?;
        let inside = rest.get(..rest.iter().position(|byte| *byte == b'}')?)?;
        let end = start + inside.len() + 2;
        let number = |digits: &[u8]| {
            let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            let value = || std::str::from_utf8(digits).ok()?.parse().ok();
            is_number.then(|| value().unwrap_or(u32::MAX))
        };
        match inside.iter().position(|byte| *byte == b',') {
            None => number(inside).map(|times| (times, Some(times), end)),
            Some(comma) => {
                let (min, max) = (number(inside.get(..comma)?)?, inside.get(comma + 1..)?);
                if max.is_empty() {
                    return Some((min, None, end));
                }
                number(max).map(|max| (min, Some(max), end))
            }
        }
    }
}
