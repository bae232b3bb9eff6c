//! How to reach someone: e-mail address and telephone number.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An e-mail address: RFC 5321 §4.1.2 Mailbox with a dot-string local part, domain in lower case.
///
/// The local part is what people have: letters, digits, `_`, `+` and `-`, or a name with one
/// apostrophe between letters (`o'brien`). Quoted local parts, address literals and the other
/// signs of RFC 5322 §3.2.3 (`` ` ``, `|`, `$`, `{` and so on) are not taken: no great provider
/// gives them out, and queries, shells and templates read them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// A telephone number in E.164 form: `+` and 7 to 15 digits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

/// The text is no address of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not an e-mail address that we take.
    #[error("expected an e-mail address of the form `local@domain.tld`")]
    Email,
    /// Not an E.164 number.
    #[error("expected `+` and 7 to 15 digits (E.164)")]
    Phone,
}

impl Email {
    /// Parses and normalises an address.
    ///
    /// # Errors
    /// When it is not a mailbox of at most 254 characters with a local part of at most 64.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let (local, domain) = text.rsplit_once('@').ok_or(ContactError::Email)?;
        let fits = text.len() <= 254
            && local.len() <= 64
            && is_local(local)
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if !fits {
            return Err(ContactError::Email);
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that equal mailboxes share: all in lower case. Only for finding, never for sending.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl Phone {
    /// Parses a number.
    ///
    /// # Errors
    /// When it is not in E.164 form.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let digits = text.strip_prefix('+').ok_or(ContactError::Phone)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(text.to_owned())) } else { Err(ContactError::Phone) }
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(254))
            .pattern(Some(EMAIL_PATTERN))
            .into()
    }
}
impl ToSchema for Email {}

impl PartialSchema for Phone {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(PHONE_PATTERN)).into()
    }
}
impl ToSchema for Phone {}

fn is_local(local: &str) -> bool {
    let is_atom_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
    match local.split_once('\'') {
        None => local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte)),
        Some((before, behind)) => {
            before.ends_with(|last: char| last.is_ascii_alphabetic())
                && behind.starts_with(|first: char| first.is_ascii_alphabetic())
                && is_name(before)
                && is_name(behind)
        }
    }
}

/// Words of letters and digits with a single sign between: nothing that a quote could set free.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split(['.', '_', '-']).all(is_word)
}

/// RFC 1123 §2.1 host label.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Without the length of the local part: that needs look-ahead, which linear-time engines lack.
const EMAIL_PATTERN: &str = concat!(
    r"^([A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*",
    r"|([A-Za-z0-9]+[._-])*[A-Za-z0-9]*[A-Za-z]'[A-Za-z][A-Za-z0-9]*([._-][A-Za-z0-9]+)*)",
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
);
const PHONE_PATTERN: &str = r"^\+[1-9][0-9]{6,14}$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubtful_addresses_are_refused() {
        for text in [
            "",
            "a",
            "@b.c",
            "a@b",
            "a..b@c.de",
            "a@-b.de",
            "\"a b\"@c.de",
            "a@[127.0.0.1]",
            "a@b.de\n",
            "a`id`@b.de",
            "a|id@b.de",
            "${7*7}@b.de",
            "a/../b@c.de",
            "x'or'1@b.de",
            "x'or-1--@b.de",
            "x'or=1@b.de",
            "'or@b.de",
            "x'@b.de",
            "x'1@b.de",
            "1'or@b.de",
            "x'.or@b.de",
            "x'or.@b.de",
            "x'or+1@b.de",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_that_people_have_are_taken() {
        for text in [
            "a@b.de",
            "ada.lovelace+jobs@example.org",
            "_a-_--b-@example.co.uk",
            "miles.o'brien@example.org",
            "d'arcy_2@example.org",
            "anne-marie.o'neill-smith.2@example.org",
            "1@2.de",
        ] {
            assert!(Email::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn the_domain_is_folded_and_the_local_part_kept() {
        assert_eq!(Email::parse("Ada.L@EXAMPLE.org").unwrap().as_str(), "Ada.L@example.org");
    }

    #[test]
    fn only_e164_is_a_phone_number() {
        assert!(Phone::parse("+441632960001").is_ok());
        for text in ["441632960001", "+0123456", "+12", "+44 1632 960001", "+1234567890123456"] {
            assert!(Phone::parse(text).is_err(), "{text}");
        }
    }
}
