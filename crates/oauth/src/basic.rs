//! HTTP Basic as OAuth uses it: id and secret are form-encoded before base64 (RFC 6749 §2.3.1).

use data_encoding::BASE64;
use kernel::Secret;

use crate::error::OAuthError;
use crate::form;

/// What a client says of itself. Nothing is proven yet.
pub(crate) struct Basic {
    pub(crate) client_id: String,
    pub(crate) secret: Secret<String>,
}

impl Basic {
    /// Parses the value of an `Authorization` header.
    pub(crate) fn parse(header: &str) -> Result<Self, OAuthError> {
        let (scheme, credentials) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(SCHEME);
        }
        credentials_of(credentials.trim_start_matches(' ')).ok_or(MALFORMED)
    }
}

fn credentials_of(encoded: &str) -> Option<Basic> {
    if encoded.len() > CREDENTIALS_BYTES_MAX {
        return None;
    }
    let plain = Secret::new(BASE64.decode(encoded.as_bytes()).ok()?);
    let colon = plain.expose().iter().position(|b| *b == b':')?;
    let (id, secret) = plain.expose().split_at_checked(colon)?;
    let client_id = form::decode(id)?;
    let secret = Secret::new(form::decode(secret.get(1..)?)?);
    let fits = is_client_id(&client_id) && is_secret(secret.expose());
    fits.then_some(Basic { client_id, secret })
}

/// Whether a text can be a client's id.
pub(crate) fn is_client_id(text: &str) -> bool {
    (1..=CLIENT_ID_BYTES_MAX).contains(&text.len()) && is_visible(text)
}

/// Whether a text can be a client's secret.
pub(crate) fn is_secret(text: &str) -> bool {
    (1..=SECRET_BYTES_MAX).contains(&text.len()) && is_visible(text)
}

/// RFC 6749 §A.1: *VSCHAR.
fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x7E))
}

const SCHEME: OAuthError = OAuthError::client("of the schemes, clients authenticate by HTTP Basic");
const MALFORMED: OAuthError = OAuthError::client("the Basic credentials are malformed");
const CREDENTIALS_BYTES_MAX: usize = 2048;
const CLIENT_ID_BYTES_MAX: usize = 64;
const SECRET_BYTES_MAX: usize = 256;
