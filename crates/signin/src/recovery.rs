//! Recovery codes: for the day on which the authenticator is lost. Each is 80 random bits, shown
//! once, and counts once.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use kernel::{Secret, random};

/// A recovery code, without the hyphens that it is shown with.
#[derive(Clone)]
pub struct RecoveryCode(Secret<String>);

impl RecoveryCode {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(BASE32_NOPAD.encode(&random::bytes::<10>())))
    }

    /// Reads one as somebody types it: in any case, with hyphens and spaces or without.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let plain: String = typed
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .take(CHARS + 1)
            .collect();
        let is_code = plain.len() == CHARS
            && plain.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
        is_code.then(|| Self(Secret::new(plain)))
    }

    /// As it is shown: four groups of four.
    #[must_use]
    pub fn to_text(&self) -> String {
        let groups = self.0.expose().as_bytes().chunks(4);
        let groups: Vec<&str> =
            groups.filter_map(|group| std::str::from_utf8(group).ok()).collect();
        groups.join("-")
    }

    pub(crate) fn plain(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode")
    }
}

/// How many somebody gets.
pub const RECOVERY_CODES: usize = 10;
const CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_refused() {
        for text in
            ["", "ABCD-EFGH-IJKL", "ABCD-EFGH-IJKL-MNO1", "ABCDEFGHIJKLMNOPQ", "äBCDEFGHIJKLMNO"]
        {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::generate();
        let shown = code.to_text();
        assert_eq!(shown.len(), 19);

        for typed in
            [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), shown.replace('-', " ")]
        {
            let read = RecoveryCode::parse(&typed).unwrap();
            assert_eq!(read.plain(), code.plain());
        }
    }
}
