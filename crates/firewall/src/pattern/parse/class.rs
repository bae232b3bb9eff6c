//! `[…]`.

use super::{ByteSet, Parser, escape};
use crate::pattern::PatternError;

impl Parser<'_> {
    /// A class, after its `[`.
    pub(super) fn class(&mut self) -> Result<ByteSet, PatternError> {
        let start = self.at;
        let negated = self.takes(b"^");
        let mut set = ByteSet::EMPTY;
        let mut is_first = true;
        loop {
            let Some(byte) = self.peek() else {
                return Err(PatternError::at(start, "this class has no `]`"));
            };
            if byte == b']' && !is_first {
                self.at += 1;
                break;
            }
            is_first = false;
            let member = self.class_member()?;
            set = set.union(self.member_or_range(member)?);
        }
        let set = if self.flags.ignore_case { set.folded() } else { set };
        Ok(if negated { set.not() } else { set })
    }

    /// A member, or the range that it begins. A hyphen beside a class escape is a literal one.
    fn member_or_range(&mut self, first: Member) -> Result<ByteSet, PatternError> {
        let first = match first {
            Member::Byte(first) => first,
            Member::Set(set) => return Ok(set),
        };
        let after = self.text.get(self.at + 1);
        if self.peek() != Some(b'-') || matches!(after, None | Some(b']')) {
            return Ok(ByteSet::one(first));
        }
        self.at += 1;
        match self.class_member()? {
            Member::Byte(last) if first <= last => Ok(ByteSet::range(first, last)),
            Member::Byte(_) => Err(self.fault("the ends of this range are out of order")),
            Member::Set(set) => Ok(set.union(ByteSet::of(&[first, b'-']))),
        }
    }

    fn class_member(&mut self) -> Result<Member, PatternError> {
        let Some(byte) = self.next() else { return Err(self.fault("this class has no `]`")) };
        match byte {
            b'[' => self.posix(),
            b'\\' if self.takes(b"Q") || self.takes(b"E") => {
                Err(self.fault("`\\Q` and `\\E` inside a class are not supported"))
            }
            b'\\' if self.takes(b"b") => Ok(Member::Byte(0x08)),
            b'\\' => self.class_escape(),
            byte => Ok(Member::Byte(byte)),
        }
    }

    /// `[:alpha:]`, or a literal `[`.
    fn posix(&mut self) -> Result<Member, PatternError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(inside) = rest.strip_prefix(b":") else { return Ok(Member::Byte(b'[')) };
        let (negated, name) = match inside.strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, inside),
        };
        let letters = name.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let (Some(name), Some([b':', b']', ..])) = (name.get(..letters), name.get(letters..))
        else {
            return Ok(Member::Byte(b'['));
        };
        let Some(set) = named(name) else {
            return Err(self.fault("there is no POSIX class of this name"));
        };
        self.at += 1 + usize::from(negated) + letters + 2;
        Ok(Member::Set(if negated { set.not() } else { set }))
    }
}

/// What can stand between brackets.
pub(super) enum Member {
    Byte(u8),
    Set(ByteSet),
}

fn named(name: &[u8]) -> Option<ByteSet> {
    let of = |is: fn(&u8) -> bool| {
        let bytes: Vec<u8> = (0..=0x7f).filter(is).collect();
        ByteSet::of(&bytes)
    };
    Some(match name {
        b"alnum" => of(u8::is_ascii_alphanumeric),
        b"alpha" => of(u8::is_ascii_alphabetic),
        b"ascii" => ByteSet::range(0, 0x7f),
        b"blank" => ByteSet::of(b" \t"),
        b"cntrl" => of(u8::is_ascii_control),
        b"digit" => of(u8::is_ascii_digit),
        b"graph" => of(u8::is_ascii_graphic),
        b"lower" => of(u8::is_ascii_lowercase),
        b"print" => ByteSet::range(b' ', b'~'),
        b"punct" => of(u8::is_ascii_punctuation),
        b"space" => escape::space(),
        b"upper" => of(u8::is_ascii_uppercase),
        b"word" => escape::word(),
        b"xdigit" => of(u8::is_ascii_hexdigit),
        _ => return None,
    })
}
