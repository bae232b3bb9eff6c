//! `(…)` in all its forms, and groups said again.

use super::{CAPTURES_MAX, DEPTH_MAX, Flags, Parser};
use crate::pattern::PatternError;
use crate::pattern::syntax::{Around, Node};

impl Parser<'_> {
    /// A group, after its `(`; nothing for one that only sets flags.
    pub(super) fn group(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        if self.takes(b"*") {
            return Err(PatternError::at(start, "verbs are not supported"));
        }
        if !self.takes(b"?") {
            return self.capture(None).map(Some);
        }
        for (sign, behind, negative) in AROUND {
            if self.takes(sign) {
                return self.around(start, *behind, *negative).map(Some);
            }
        }
        if self.takes(b">") {
            return Ok(Some(Node::Atomic(Box::new(self.inside()?))));
        }
        if self.takes(b"P<") || self.takes(b"<") {
            return self.named(b'>').map(Some);
        }
        if self.takes(b"'") {
            return self.named(b'\'').map(Some);
        }
        if self.takes(b"P=") {
            return self.again_by_name(b')').map(Some);
        }
        self.flags_or_group(start)
    }

    fn around(&mut self, start: usize, behind: bool, negative: bool) -> Result<Node, PatternError> {
        let node = self.inside()?;
        if behind && !has_widths(&node) {
            return Err(PatternError::at(start, "look-behind of a known width was expected"));
        }
        Ok(Node::Around(Box::new(Around { node, behind, negative })))
    }

    /// `(?i)`, `(?i-s:…)`, `(?:…)`.
    fn flags_or_group(&mut self, start: usize) -> Result<Option<Node>, PatternError> {
        let before = self.flags;
        let mut value = true;
        loop {
            match self.next() {
                Some(b')') => return Ok(None),
                Some(b':') => {
                    let node = self.inside()?;
                    self.flags = before;
                    return Ok(Some(node));
                }
                Some(b'-') if value => value = false,
                Some(letter) if set(&mut self.flags, letter, value) => {}
                _ => return Err(PatternError::at(start, "this kind of group is not supported")),
            }
        }
    }

    /// The alternation up to the closing parenthesis.
    fn inside(&mut self) -> Result<Node, PatternError> {
        if self.depth == DEPTH_MAX {
            return Err(self.fault("at most 100 groups inside each other were expected"));
        }
        self.depth += 1;
        let node = self.alternation()?;
        self.depth -= 1;
        if self.takes(b")") { Ok(node) } else { Err(self.fault("a `)` was expected")) }
    }

    fn capture(&mut self, name: Option<Vec<u8>>) -> Result<Node, PatternError> {
        if self.captures == CAPTURES_MAX {
            return Err(self.fault("at most 1000 groups were expected"));
        }
        self.captures += 1;
        let number = self.captures;
        if let Some(name) = name {
            self.names.insert(name, number);
        }
        Ok(Node::Capture(number, Box::new(self.inside()?)))
    }

    fn named(&mut self, close: u8) -> Result<Node, PatternError> {
        let name = self.name(close)?;
        self.capture(Some(name))
    }

    fn name(&mut self, close: u8) -> Result<Vec<u8>, PatternError> {
        let mut name = Vec::new();
        while let Some(byte) = self.next() {
            if byte == close && !name.is_empty() {
                return Ok(name);
            }
            if !byte.is_ascii_alphanumeric() && byte != b'_' {
                break;
            }
            name.push(byte);
        }
        Err(self.fault("a group's name was expected"))
    }

    /// `\1`. Two digits are a group only if there are so many; else they are an octal number.
    pub(super) fn numbered_again(&mut self, first: u8) -> Option<Node> {
        let mut group = u16::from(first - b'0');
        if let Some(second @ b'0'..=b'9') = self.peek() {
            let both = group * 10 + u16::from(second - b'0');
            if both > self.captures {
                return None;
            }
            self.at += 1;
            group = both;
        }
        Some(self.again(group))
    }

    /// `\k<n>`, `\k{n}`, `\g{n}`, `\g1`.
    pub(super) fn group_again(&mut self, letter: u8) -> Result<Node, PatternError> {
        match self.next() {
            Some(digit @ b'1'..=b'9') if letter == b'g' => {
                self.numbered_again(digit).ok_or_else(|| self.fault("there is no such group"))
            }
            Some(b'{') => self.again_by_name(b'}'),
            Some(b'<') if letter == b'k' => self.again_by_name(b'>'),
            Some(b'\'') if letter == b'k' => self.again_by_name(b'\''),
            _ => Err(self.fault("a group's name was expected")),
        }
    }

    fn again_by_name(&mut self, close: u8) -> Result<Node, PatternError> {
        let name = self.name(close)?;
        let number = std::str::from_utf8(&name).ok().and_then(|name| name.parse().ok());
        match number.or_else(|| self.names.get(&name).copied()) {
            Some(group) => Ok(self.again(group)),
            None => Err(self.fault("there is no such group")),
        }
    }

    fn again(&mut self, group: u16) -> Node {
        self.again_max = self.again_max.max(group);
        Node::Again { group, ignore_case: self.flags.ignore_case }
    }
}

/// What opens a look-around: whether it looks behind, and whether it is negative.
const AROUND: &[(&[u8], bool, bool)] =
    &[(b"=", false, false), (b"!", false, true), (b"<=", true, false), (b"<!", true, true)];

/// PCRE: each branch of a look-behind has one width.
fn has_widths(node: &Node) -> bool {
    match node {
        Node::Alternation(branches) => branches.iter().all(|branch| branch.width().is_some()),
        node => node.width().is_some(),
    }
}

fn set(flags: &mut Flags, letter: u8, value: bool) -> bool {
    let flag = match letter {
        b'i' => &mut flags.ignore_case,
        b'm' => &mut flags.multi_line,
        b's' => &mut flags.dot_all,
        b'x' => &mut flags.extended,
        b'U' => &mut flags.lazy,
        _ => return false,
    };
    *flag = value;
    true
}
