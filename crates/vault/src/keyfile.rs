//! The key file: the one secret that must come from outside.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use kernel::Secret;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::derive::{KeyBytes, Label, derive, fresh};
use crate::envelope::{Cipher, KeyName};

/// The key that seals the keyring. 64 hexadecimal digits and a line feed when it rests in a file.
pub struct KeyFile(KeyBytes);

impl KeyFile {
    /// A fresh key.
    #[must_use]
    pub fn generate() -> Self {
        Self(fresh())
    }

    /// Reads a key file's text; the line feed may be missing.
    ///
    /// # Errors
    /// When it is not exactly 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let digits = text.strip_suffix('\n').unwrap_or(text).as_bytes();
        let mut key = Zeroizing::new([0; 32]);
        // The decoder demands an output of the right length.
        if digits.len() != key.len() * 2 {
            return Err(VaultError::KeyFile);
        }
        HEXLOWER_PERMISSIVE
            .decode_mut(digits, key.as_mut_slice())
            .map_err(|_| VaultError::KeyFile)?;
        Ok(Self(Secret::new(*key)))
    }

    /// The text to write into a key file.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        // Sized at once: growing would leave a copy behind.
        let mut text = String::with_capacity(self.0.expose().len() * 2 + 1);
        HEXLOWER.encode_append(self.0.expose(), &mut text);
        text.push('\n');
        Secret::new(text)
    }

    /// Named after the key itself, so that a keyring tells "another key file" from "tampered with".
    pub(crate) fn cipher(&self) -> Cipher {
        let name = derive(self.0.expose(), Label::Name, "");
        let mut id = [0; 16];
        id.copy_from_slice(name.expose().split_at(16).0);
        Cipher::new(KeyName { id, version: 1 }, self.0.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_text_is_refused() {
        let short = "0".repeat(63);
        let long = "0".repeat(65);
        let accented = format!("{}é", "0".repeat(62));
        let two_lines = format!("{}\n\n", "0".repeat(64));
        for text in ["", "\n", &short, &long, &accented, &two_lines, &"g".repeat(64)] {
            assert_eq!(KeyFile::parse(text).err(), Some(VaultError::KeyFile), "{text:?}");
        }
    }

    #[test]
    fn text_and_key_are_inverse() {
        let text = KeyFile::generate().to_text();
        let again = KeyFile::parse(text.expose()).unwrap();

        assert_eq!(text.expose().len(), 65);
        assert_eq!(again.to_text().expose(), text.expose());
    }
}
