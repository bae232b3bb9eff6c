//! JSON (RFC 8259): one pass, no tree, no recursion. Leaves are arguments named by their path:
//! `json.a.0.b`.
//!
//! Strict, as what stands behind must not read more than the rules saw: one value, no comments, no
//! trailing commas, UTF-8 only. `null` is an empty value, an empty container none.

use super::{Fault, Piece, Sink};
use crate::uri::nibble;

/// The longest path that a leaf may have. A long path over many leaves would cost its square.
pub const NAME_BYTES_MAX: usize = 4096;

/// Reads a JSON body. White space alone is an empty body and no fault.
///
/// # Errors
/// [`Fault::Malformed`], [`Fault::Depth`] beyond `depth_max`, [`Fault::Long`] for a path over
/// [`NAME_BYTES_MAX`], [`Fault::Full`]. The leaves before the fault are told.
pub fn parse(input: &[u8], depth_max: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut reader =
        Reader { input, at: 0, path: b"json".to_vec(), open: Vec::new(), depth_max, sink };
    reader.blanks();
    if reader.peek().is_none() {
        return Ok(());
    }
    reader.document()
}

struct Reader<'a, 's, 'k> {
    input: &'a [u8],
    at: usize,
    /// The path to the value at hand.
    path: Vec<u8>,
    open: Vec<Container>,
    depth_max: usize,
    sink: &'s mut Sink<'k>,
}

/// An object or array that is not closed yet.
struct Container {
    /// How much of the path names the container itself.
    path_bytes: usize,
    /// The next element's index; nothing for an object.
    index: Option<usize>,
}

impl Reader<'_, '_, '_> {
    fn document(&mut self) -> Result<(), Fault> {
        // Each round reads one value or closes one container.
        let mut wants_value = true;
        loop {
            self.blanks();
            if wants_value {
                wants_value = self.value()?;
            } else if let Some(container) = self.open.last() {
                let is_array = container.index.is_some();
                wants_value = match (self.take(), is_array) {
                    (Some(b','), true) => self.element()?,
                    (Some(b','), false) => self.member()?,
                    (Some(b']'), true) | (Some(b'}'), false) => self.close(),
                    _ => {
                        return Err(self.malformed_before("expected `,` or the end of a container"));
                    }
                };
            } else if self.peek().is_none() {
                return Ok(());
            } else {
                return Err(self.malformed("more than one value"));
            }
        }
    }

    /// Reads a leaf, or opens a container. Returns whether a value must follow.
    fn value(&mut self) -> Result<bool, Fault> {
        match self.peek() {
            Some(b'{') => self.open_container(None),
            Some(b'[') => self.open_container(Some(0)),
            Some(b'"') => {
                let value = self.string()?;
                self.leaf(value.bytes())
            }
            Some(b't') => self.word(b"true", b"true"),
            Some(b'f') => self.word(b"false", b"false"),
            Some(b'n') => self.word(b"null", b""),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.malformed("expected a value")),
        }
    }

    fn open_container(&mut self, index: Option<usize>) -> Result<bool, Fault> {
        if self.open.len() >= self.depth_max {
            return Err(Fault::Depth);
        }
        self.at += 1;
        self.open.push(Container { path_bytes: self.path.len(), index });
        self.blanks();
        match (self.peek(), index.is_some()) {
            (Some(b']'), true) | (Some(b'}'), false) => {
                self.at += 1;
                Ok(self.close())
            }
            (_, true) => self.element(),
            (_, false) => self.member(),
        }
    }

    /// After a container no value must follow.
    fn close(&mut self) -> bool {
        if let Some(container) = self.open.pop() {
            self.path.truncate(container.path_bytes);
        }
        false
    }

    fn element(&mut self) -> Result<bool, Fault> {
        let Some(container) = self.open.last_mut() else { return Ok(true) };
        let index = container.index.unwrap_or_default();
        container.index = Some(index + 1);
        self.path.truncate(container.path_bytes);
        self.path.push(b'.');
        self.path.extend_from_slice(index.to_string().as_bytes());
        self.check_path()
    }

    fn member(&mut self) -> Result<bool, Fault> {
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err(self.malformed("expected a name"));
        }
        let name = self.string()?;
        let kept = self.open.last().map_or(0, |container| container.path_bytes);
        self.path.truncate(kept);
        self.path.push(b'.');
        self.path.extend_from_slice(name.bytes());
        self.blanks();
        if self.take() != Some(b':') {
            return Err(self.malformed_before("expected `:`"));
        }
        self.check_path()
    }

    fn check_path(&self) -> Result<bool, Fault> {
        if self.path.len() > NAME_BYTES_MAX {
            return Err(Fault::Long { what: "path of a value", max: NAME_BYTES_MAX });
        }
        Ok(true)
    }

    fn leaf(&mut self, value: &[u8]) -> Result<bool, Fault> {
        if (self.sink)(Piece::Argument { name: &self.path, value }) {
            Ok(false)
        } else {
            Err(Fault::Full)
        }
    }

    fn word(&mut self, word: &[u8], value: &[u8]) -> Result<bool, Fault> {
        if !self.rest().starts_with(word) {
            return Err(self.malformed("expected a value"));
        }
        self.at += word.len();
        self.leaf(value)
    }

    /// RFC 8259 §6. The text is passed on as it is: no arithmetic, no loss.
    fn number(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        self.skip_if(b"-");
        let has_zero = self.skip_if(b"0");
        if !has_zero && self.digits() == 0 {
            return Err(self.malformed("expected a digit"));
        }
        if self.skip_if(b".") && self.digits() == 0 {
            return Err(self.malformed("expected a digit"));
        }
        if self.skip_if(b"eE") {
            self.skip_if(b"+-");
            if self.digits() == 0 {
                return Err(self.malformed("expected a digit"));
            }
        }
        let text = self.input.get(start..self.at).unwrap_or_default();
        self.leaf(text)
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn skip_if(&mut self, any_of: &[u8]) -> bool {
        let is_there = self.peek().is_some_and(|byte| any_of.contains(&byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn blanks(&mut self) {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.at += self.rest().iter().take_while(is_blank).count();
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += 1;
        byte
    }

    fn malformed(&self, what: &'static str) -> Fault {
        Fault::Malformed { what, at: self.at }
    }

    fn malformed_before(&self, what: &'static str) -> Fault {
        Fault::Malformed { what, at: self.at.saturating_sub(1) }
    }
}

/// A string: borrowed where nothing is escaped.
enum Text<'a> {
    Plain(&'a [u8]),
    Unescaped(Vec<u8>),
}

impl Text<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Unescaped(bytes) => bytes,
        }
    }
}

impl<'a> Reader<'a, '_, '_> {
    /// Reads a string from its opening quote.
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        self.at += 1;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let run = self.run()?;
            match (self.take(), &mut unescaped) {
                (Some(b'"'), None) => return Ok(Text::Plain(run)),
                (Some(b'"'), Some(text)) => {
                    text.extend_from_slice(run);
                    return Ok(Text::Unescaped(unescaped.unwrap_or_default()));
                }
                (Some(b'\\'), text) => {
                    let text = text.get_or_insert_default();
                    text.extend_from_slice(run);
                    self.escape(text)?;
                }
                (Some(_), _) => return Err(self.malformed_before("control character in a string")),
                (None, _) => return Err(self.malformed_before("string without an end")),
            }
        }
    }

    /// What stands before the next quote, backslash or control character. It must be UTF-8, which
    /// can be judged piece by piece because the three are ASCII.
    fn run(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let run = rest.get(..rest.iter().take_while(is_plain).count()).unwrap_or_default();
        if let Err(fault) = std::str::from_utf8(run) {
            let at = self.at + fault.valid_up_to();
            return Err(Fault::Malformed { what: "not UTF-8 in a string", at });
        }
        self.at += run.len();
        Ok(run)
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        text.push(match self.take() {
            Some(plain @ (b'"' | b'\\' | b'/')) => plain,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode(text),
            _ => return Err(self.malformed_before("unknown escape in a string")),
        });
        Ok(())
    }

    /// RFC 8259 §7: pairs of surrogates are one character. Half a pair is none, but `?`.
    fn unicode(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        let first = self.four_digits()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            } else {
                self.at = before;
            }
        }
        let character = char::from_u32(code).unwrap_or('?');
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(nibble);
            let digit = digit.ok_or_else(|| self.malformed_before("expected four digits"))?;
            value = value << 4 | u32::from(digit);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
