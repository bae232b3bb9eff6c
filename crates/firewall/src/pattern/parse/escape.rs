//! What follows a backslash.

use super::class::Member;
use super::{ByteSet, Parser};
use crate::pattern::PatternError;
use crate::pattern::syntax::{Around, Node, Place, Repeat};

impl Parser<'_> {
    /// An escape outside of a class, after its backslash; nothing for one that means nothing.
    pub(super) fn escape(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        let node = match self.next() {
            Some(b'A') => Node::Place(Place::Start),
            Some(b'z') => Node::Place(Place::End),
            Some(b'Z') => end_or_last_newline(),
            Some(b'b') => Node::Place(Place::WordEdge),
            Some(b'B') => Node::Place(Place::NoWordEdge),
            Some(b'R') => any_newline(),
            Some(b'Q') => self.quoted(),
            // The end of a quotation that was never opened.
            Some(b'E') => return Ok(None),
            Some(letter @ (b'k' | b'g')) => self.group_again(letter)?,
            Some(digit @ b'1'..=b'9') => match self.numbered_again(digit) {
                Some(node) => node,
                None => self.member_escape(start)?,
            },
            _ => self.member_escape(start)?,
        };
        Ok(Some(node))
    }

    fn member_escape(&mut self, start: usize) -> Result<Node, PatternError> {
        self.at = start;
        Ok(match self.class_escape()? {
            Member::Byte(byte) => self.literal(byte),
            Member::Set(set) => Node::Class(set),
        })
    }

    /// An escape that stands for bytes, after its backslash; inside a class too.
    pub(super) fn class_escape(&mut self) -> Result<Member, PatternError> {
        let Some(byte) = self.next() else {
            return Err(self.fault("something after the backslash was expected"));
        };
        Ok(match byte {
            b'd' => Member::Set(ByteSet::range(b'0', b'9')),
            b'D' => Member::Set(ByteSet::range(b'0', b'9').not()),
            b's' => Member::Set(space()),
            b'S' => Member::Set(space().not()),
            b'w' => Member::Set(word()),
            b'W' => Member::Set(word().not()),
            b'h' => Member::Set(ByteSet::of(b"\t \xa0")),
            b'H' => Member::Set(ByteSet::of(b"\t \xa0").not()),
            b'v' => Member::Set(ByteSet::of(b"\n\x0b\x0c\r\x85")),
            b'V' => Member::Set(ByteSet::of(b"\n\x0b\x0c\r\x85").not()),
            b'N' => Member::Set(ByteSet::one(b'\n').not()),
            b'a' => Member::Byte(0x07),
            b'e' => Member::Byte(0x1b),
            b'f' => Member::Byte(0x0c),
            b'n' => Member::Byte(b'\n'),
            b'r' => Member::Byte(b'\r'),
            b't' => Member::Byte(b'\t'),
            b'c' => match self.next() {
                Some(letter) if letter.is_ascii_graphic() => {
                    Member::Byte(letter.to_ascii_uppercase() ^ 0x40)
                }
                _ => return Err(self.fault("a letter after `\\c` was expected")),
            },
            b'x' => Member::Byte(self.hex()?),
            b'o' => Member::Byte(self.braced(8)?),
            digit @ b'0'..=b'7' => Member::Byte(self.octal(digit)?),
            letter if letter.is_ascii_alphanumeric() => {
                return Err(self.fault("PCRE knows no such escape, or it is not supported"));
            }
            literal => Member::Byte(literal),
        })
    }

    /// `\xh`, `\xhh`, `\x{hh}`. Without a digit it is a zero byte.
    fn hex(&mut self) -> Result<u8, PatternError> {
        if self.peek() == Some(b'{') {
            return self.braced(16);
        }
        let mut value = 0;
        for _ in 0..2 {
            let Some(digit) = self.digit(16) else { break };
            value = value << 4 | digit;
        }
        Ok(value)
    }

    /// Up to three digits, the first of which is read already.
    fn octal(&mut self, first: u8) -> Result<u8, PatternError> {
        let mut value = u32::from(first - b'0');
        for _ in 0..2 {
            let Some(digit) = self.digit(8) else { break };
            value = value << 3 | u32::from(digit);
        }
        u8::try_from(value).map_err(|_| self.fault("a byte of at most `\\377` was expected"))
    }

    fn braced(&mut self, base: u32) -> Result<u8, PatternError> {
        let mut value: u32 = 0;
        if !self.takes(b"{") {
            return Err(self.fault("a `{` was expected"));
        }
        while let Some(digit) = self.digit(base) {
            value = value.saturating_mul(base).saturating_add(u32::from(digit));
        }
        match u8::try_from(value) {
            Ok(byte) if self.takes(b"}") => Ok(byte),
            _ => Err(self.fault("a byte of at most `\\x{ff}` was expected")),
        }
    }

    fn digit(&mut self, base: u32) -> Option<u8> {
        let digit = char::from(self.peek()?).to_digit(base)?;
        self.at += 1;
        u8::try_from(digit).ok()
    }

    /// `\Q…\E`.
    fn quoted(&mut self) -> Node {
        let mut parts = Vec::new();
        while !self.takes(b"\\E") {
            let Some(byte) = self.next() else { break };
            parts.push(self.literal(byte));
        }
        Node::Concat(parts)
    }
}

/// `\w`.
pub(super) fn word() -> ByteSet {
    let letters = ByteSet::range(b'a', b'z').union(ByteSet::range(b'A', b'Z'));
    letters.union(ByteSet::range(b'0', b'9')).union(ByteSet::one(b'_'))
}

/// `\s`, which has the vertical tab since PCRE 8.34.
pub(super) fn space() -> ByteSet {
    ByteSet::of(b" \t\n\x0b\x0c\r")
}

/// `\Z`.
fn end_or_last_newline() -> Node {
    let newline = Node::Class(ByteSet::one(b'\n'));
    let maybe = Repeat { node: newline, min: 0, max: Some(1), greedy: true };
    let node = Node::Concat(vec![Node::Repeat(Box::new(maybe)), Node::Place(Place::End)]);
    Node::Around(Box::new(Around { node, behind: false, negative: false }))
}

/// `\R`.
fn any_newline() -> Node {
    let pair = b"\r\n".map(|byte| Node::Class(ByteSet::one(byte)));
    let one = Node::Class(ByteSet::of(b"\n\x0b\x0c\r\x85"));
    Node::Atomic(Box::new(Node::Alternation(vec![Node::Concat(pair.into()), one])))
}
