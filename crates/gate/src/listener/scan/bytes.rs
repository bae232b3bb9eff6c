//! Which bytes may stand where (RFC 9110 §5.6.2, §5.5; RFC 3986 §3).

use super::Reason;

/// A byte of a token: names of fields, chunk extensions.
pub(super) const fn is_token(byte: u8) -> bool {
    matches!(
        byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'!' | b'#' | b'$' | b'%' | b'&'
            | b'\'' | b'*' | b'+' | b'.' | b'^' | b'`' | b'|' | b'~'
    )
}

/// A byte of a field's value: all but control bytes; a tab may stand inside (RFC 9110 §5.5).
pub(super) const fn is_value(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=0x7e | 0x80..)
}

/// A byte of a path or query. What no URI has unescaped is not taken, so that nothing behind us
/// has to repair it: no fragment, no quotes, no braces, nothing beyond ASCII.
pub(super) const fn is_target(byte: u8) -> bool {
    matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'_' | b'a'..=b'z' | b'|' | b'~')
}

/// A byte of a host with its port. No user name, list, escape or white space is.
pub(super) const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']')
}

/// White space inside a line (OWS).
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// How many bytes from the first are `allowed`; sixteen at a time, which needs no branch for each.
pub(super) fn run(bytes: &[u8], allowed: impl Fn(u8) -> bool) -> usize {
    let are_all = |part: &&[u8]| part.iter().fold(true, |all, &byte| all & allowed(byte));
    let parts = bytes.chunks_exact(RUN_BYTES).take_while(are_all).count();
    let rest = bytes.get(parts * RUN_BYTES..).unwrap_or_default();
    parts * RUN_BYTES + rest.iter().take_while(|byte| allowed(**byte)).count()
}

/// Why `byte` may not stand here: for what it is itself, or else for `otherwise`.
pub(super) const fn odd(byte: u8, otherwise: Reason) -> Reason {
    match byte {
        b'\n' => Reason::LineEnd,
        0x00..=0x08 | 0x0b..=0x0c | 0x0e..=0x1f | 0x7f => Reason::ControlByte,
        _ => otherwise,
    }
}

/// Checks the line feed behind a carriage return.
pub(super) const fn line_feed(byte: u8) -> Result<(), Reason> {
    if byte == b'\n' { Ok(()) } else { Err(Reason::LineEnd) }
}

/// The first bytes of a word, in lower case; enough to know the words that matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<const MAX: usize> {
    kept: [u8; MAX],
    length: usize,
}

impl<const MAX: usize> Word<MAX> {
    pub(super) const fn new() -> Self {
        Self { kept: [0; MAX], length: 0 }
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.kept.get_mut(self.length) {
            *place = byte.to_ascii_lowercase();
        }
        self.length = self.length.saturating_add(1);
    }

    /// The word, unless it is longer than all that matter.
    pub(super) fn get(&self) -> Option<&[u8]> {
        self.kept.get(..self.length)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

const RUN_BYTES: usize = 16;
