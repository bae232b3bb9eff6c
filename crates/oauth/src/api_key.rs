//! API keys: `rw_<env>_<keyid>_<secret><checksum>`.
//!
//! The checksum tells typing errors and garbage from keys without asking a database, and a scanner
//! a key from what only looks like one. The secret has 256 random bits, so a keyed hash keeps it.

use std::fmt;

use kernel::{Secret, random};

/// A well-formed key with the right checksum. Nothing is proven yet.
#[derive(Clone)]
pub struct ApiKey {
    whole: Secret<String>,
    environment: KeyEnvironment,
    key_id: String,
}

/// Where a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnvironment {
    /// Real people.
    Live,
    /// Made-up people.
    Test,
}

/// The text is no API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It does not look like one.
    #[error("expected the form of an API key")]
    Form,
    /// It looks like one, but was mistyped or made up.
    #[error("the key's checksum does not fit")]
    Checksum,
}

impl KeyEnvironment {
    /// The word in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl ApiKeyError {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "key_form",
            Self::Checksum => "key_checksum",
        }
    }
}

impl ApiKey {
    /// A new key.
    #[must_use]
    pub fn generate(environment: KeyEnvironment) -> Self {
        let key_id = drawn(KEY_ID_ALPHABET, KEY_ID_CHARS);
        let secret = Secret::new(drawn(BASE62, SECRET_CHARS));
        // Room for all from the start, so that no outgrown copy of a secret is left behind.
        let mut whole = String::with_capacity(KEY_CHARS);
        for part in ["rw_", environment.as_str(), "_", &key_id, "_", secret.expose()] {
            whole.push_str(part);
        }
        let checksum = checksum(&whole);
        whole.push_str(&checksum);
        Self { whole: Secret::new(whole), environment, key_id }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When it has not the form, or its checksum does not fit.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let (environment, rest) = form(text).ok_or(ApiKeyError::Form)?;
        let (key_id, secret) = rest.split_once('_').ok_or(ApiKeyError::Form)?;
        let is_form = key_id.len() == KEY_ID_CHARS
            && key_id.bytes().all(|byte| KEY_ID_ALPHABET.contains(&byte))
            && secret.len() == SECRET_CHARS + CHECKSUM_CHARS
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let parted = text.split_at_checked(text.len().saturating_sub(CHECKSUM_CHARS));
        let (Some((before, sum)), true) = (parted, is_form) else { return Err(ApiKeyError::Form) };
        // No secret: anybody can compute it.
        if checksum(before) != sum {
            return Err(ApiKeyError::Checksum);
        }
        let whole = Secret::new(text.to_owned());
        Ok(Self { whole, environment, key_id: key_id.to_owned() })
    }

    /// Whether a text means to be an API key rather than an access token.
    #[must_use]
    pub fn is_alike(text: &str) -> bool {
        text.starts_with("rw_")
    }

    /// The whole key: to be shown once, and to be hashed.
    #[must_use]
    pub const fn whole(&self) -> &Secret<String> {
        &self.whole
    }

    /// Where it is for.
    #[must_use]
    pub const fn environment(&self) -> KeyEnvironment {
        self.environment
    }

    /// Its public name, which finds it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The last four characters, which help its owner to tell it from others.
    #[must_use]
    pub fn last_four(&self) -> &str {
        let whole = self.whole.expose();
        whole.split_at_checked(whole.len().saturating_sub(4)).map_or("", |(_, last)| last)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

fn form(text: &str) -> Option<(KeyEnvironment, &str)> {
    let rest = text.strip_prefix("rw_").filter(|_| text.len() == KEY_CHARS)?;
    let (word, rest) = rest.split_once('_')?;
    let known = [KeyEnvironment::Live, KeyEnvironment::Test];
    Some((known.into_iter().find(|known| known.as_str() == word)?, rest))
}

/// Characters of an alphabet, each as likely as any other: bytes behind the last whole multiple of
/// its length are drawn again.
fn drawn(alphabet: &[u8], count: usize) -> String {
    let fair = 256 - 256 % alphabet.len().max(1);
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in random::bytes::<64>() {
            let place = usize::from(byte);
            if let Some(character) = alphabet.get(place % alphabet.len().max(1))
                && place < fair
                && text.len() < count
            {
                text.push(char::from(*character));
            }
        }
    }
    text
}

/// CRC-32 (ISO-HDLC) in base 62, six digits, the highest first.
fn checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(rest % 62).ok().and_then(|at| BASE62.get(at)).map_or(b'0', |d| *d);
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const KEY_ID_ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const KEY_ID_CHARS: usize = 8;
/// 62^43 is just above 2^256.
const SECRET_CHARS: usize = 43;
/// 62^6 is above 2^32.
const CHECKSUM_CHARS: usize = 6;
/// `rw_live_` and `rw_test_` are alike in length.
const KEY_CHARS: usize = 8 + KEY_ID_CHARS + 1 + SECRET_CHARS + CHECKSUM_CHARS;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_not_the_form_is_refused_before_its_checksum() {
        let good = ApiKey::generate(KeyEnvironment::Live).whole().expose().clone();
        let upper = good.replacen("rw_live_", "rw_LIVE_", 1);
        let other = good.replacen("rw_live_", "rw_prod_", 1);
        let spaced = format!("{good} ");
        let (cut, _) = good.split_at(good.len() - 1);
        let dashed = good.replacen("rw_live_", "rw-live-", 1);
        let foreign = format!("{}é", good.split_at(good.len() - 2).0);
        for text in ["", "rw_", "rw_live_", &upper, &other, &spaced, cut, &dashed, &foreign] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), ApiKeyError::Form, "{text}");
        }
    }

    #[test]
    fn one_wrong_character_anywhere_is_found() {
        let good = ApiKey::generate(KeyEnvironment::Test).whole().expose().clone();
        for place in 8..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[place] = if bytes[place] == b'a' { b'b' } else { b'a' };
            let text = String::from_utf8(bytes).unwrap();

            assert!(ApiKey::parse(&text).is_err(), "{place}");
        }
        let other = good.replacen("rw_test_", "rw_live_", 1);
        assert_eq!(ApiKey::parse(&other).unwrap_err(), ApiKeyError::Checksum);
    }

    #[test]
    fn a_generated_key_is_read_as_it_was_made_and_never_printed() {
        for environment in [KeyEnvironment::Live, KeyEnvironment::Test] {
            let made = ApiKey::generate(environment);

            let read = ApiKey::parse(made.whole().expose()).unwrap();

            assert_eq!((read.key_id(), read.environment()), (made.key_id(), environment));
            assert_eq!(made.last_four().len(), 4);
            assert!(!format!("{made:?}").contains(made.last_four()));
            assert_ne!(made.whole().expose(), ApiKey::generate(environment).whole().expose());
        }
    }

    #[test]
    fn the_checksum_is_the_crc_32_of_everybody() {
        // 0xCBF43926, the check value of CRC-32/ISO-HDLC, in base 62.
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "(rw_|live_|test_|[0-9a-z]{8}_|\\PC){0,12}") {
            drop(ApiKey::parse(&text));
        }
    }
}
