//! The kinds of up to five tokens, as letters.

use std::fmt;
use std::ops::Deref;

/// What an SQL injection looks like: one letter for the kind of each token, such as `s&1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    letters: [u8; Self::LENGTH_MAX],
    length: usize,
}

impl Fingerprint {
    /// How many letters there are at most.
    pub const LENGTH_MAX: usize = 5;

    /// Takes up to five letters.
    pub(super) fn new(letters: impl Iterator<Item = u8>) -> Self {
        let mut fingerprint = Self { letters: [0; Self::LENGTH_MAX], length: 0 };
        for (place, letter) in fingerprint.letters.iter_mut().zip(letters) {
            *place = letter;
            fingerprint.length += 1;
        }
        fingerprint
    }
}

impl AsRef<[u8]> for Fingerprint {
    fn as_ref(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

impl Deref for Fingerprint {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.as_ref()).unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
