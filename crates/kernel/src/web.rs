//! Names and addresses on the web: slugs and https URLs.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A name for URLs: 1 to 64 of `a-z`, `0-9`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

/// An https URL of at most 2,048 characters, without user information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HttpsUrl(String);

/// The text is not of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// Not a slug.
    #[error("expected 1 to 64 of `a-z`, `0-9` and `-`")]
    Slug,
    /// Not an https URL.
    #[error("expected an https URL of at most 2048 characters")]
    Url,
}

impl Slug {
    /// Parses a slug.
    ///
    /// # Errors
    /// When it is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, WebError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(WebError::Slug) }
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HttpsUrl {
    /// Parses a URL by shape (RFC 3986): https, a host name with a dot, no user information. What
    /// ends in a number is an address in one of its many spellings and no name (WHATWG URL §3.5).
    /// The signs are those of ordinary pages: of quotes, brackets, `;`, `$`, `!` and `*` none is
    /// taken, and percent-encoded is only the space and what is not ASCII.
    ///
    /// # Errors
    /// When it is not such a URL.
    pub fn parse(text: &str) -> Result<Self, WebError> {
        let rest = text.strip_prefix("https://").ok_or(WebError::Url)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        let fits = text.len() <= 2048
            && rest.split('%').skip(1).all(is_spelt_out)
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"#%&+,-./:=?@_~".contains(&b))
            && name.rsplit_once('.').is_some_and(|(_, last)| begins_with_letter(last))
            && name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_host_byte))
            && host.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
        if fits { Ok(Self(text.to_owned())) } else { Err(WebError::Url) }
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn begins_with_letter(label: &str) -> bool {
    label.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// What stands behind a `%`.
fn is_spelt_out(behind: &str) -> bool {
    match behind.as_bytes() {
        [b'2', b'0', ..] => true,
        [high, low, ..] => b"89ABCDEFabcdef".contains(high) && low.is_ascii_hexdigit(),
        _ => false,
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for HttpsUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9-]{1,64}$")).into()
    }
}
impl ToSchema for Slug {}

impl PartialSchema for HttpsUrl {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(2048))
            .pattern(Some(URL_PATTERN))
            .into()
    }
}
impl ToSchema for HttpsUrl {}

const URL_PATTERN: &str = concat!(
    r"^https://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*(:[0-9]{1,4})?",
    r"([/?#]([A-Za-z0-9#&+,\-./:=?@_~]|%20|%[89A-Fa-f][0-9A-Fa-f])*)?$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_urls_are_taken() {
        assert!(HttpsUrl::parse("https://example.org/careers?x=1").is_ok());
        assert!(HttpsUrl::parse("https://example.org/%C3%BCber%20uns/#top").is_ok());
        for text in [
            "http://example.org",
            "https://",
            "https://a@example.org",
            "https://localhost",
            "https://127.0.0.1",
            "https://0.0",
            "https://example.0x7f",
            "https://example.org.",
            "javascript:alert(1)",
            "https://exa mple.org",
            "https://example.org/?q='or'1'='1",
            "https://example.org/?q=%27or%271",
            "https://example.org/%2e%2e/",
            "https://example.org/%",
            "https://example.org/%c",
            "https://example.org/$(id)",
            "https://example.org/;id",
        ] {
            assert!(HttpsUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slug_is_lower_case() {
        assert!(Slug::parse("acme-talent").is_ok());
        assert!(Slug::parse("Acme").is_err());
        assert!(Slug::parse("").is_err());
    }
}
