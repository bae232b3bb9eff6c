//! What an identity provider says about itself (OpenID Connect Discovery 1.0, RFC 8414).

use serde::Deserialize;

use crate::members;

/// Where an identity provider is asked for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Where people are sent.
    pub authorization_endpoint: String,
    /// Where codes become tokens.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign out of it, where it has such a place.
    pub end_session_endpoint: Option<String>,
    /// Whether its answers name it (RFC 9207).
    pub names_itself: bool,
}

/// The document is not one that we go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not JSON of the expected form.
    #[error("expected metadata that names each endpoint once")]
    Shape,
    /// It is about somebody else.
    #[error("the metadata is of another issuer")]
    Issuer,
    /// An endpoint is not reached by TLS.
    #[error("expected endpoints that begin with https://")]
    Endpoint,
    /// It does not do what we rely on.
    #[error("expected a provider with codes and PKCE by S256")]
    Unable,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    response_types_supported: Option<Vec<String>>,
}

impl ProviderMetadata {
    /// Reads the document that was found under an issuer.
    ///
    /// # Errors
    /// When it is about another issuer, to the character, or of no use.
    pub fn parse(json: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let found: Document = members::read(json).ok_or(MetadataError::Shape)?;
        if found.issuer != issuer {
            return Err(MetadataError::Issuer);
        }
        let lists = |list: &Option<Vec<String>>, word: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|each| each == word))
        };
        let is_able = lists(&found.code_challenge_methods_supported, "S256")
            && lists(&found.response_types_supported, "code");
        if !is_able {
            return Err(MetadataError::Unable);
        }
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        let all = endpoints.into_iter().chain(&found.end_session_endpoint);
        if !all.into_iter().all(|url| is_https(url)) {
            return Err(MetadataError::Endpoint);
        }
        Ok(Self {
            authorization_endpoint: found.authorization_endpoint,
            token_endpoint: found.token_endpoint,
            jwks_uri: found.jwks_uri,
            end_session_endpoint: found.end_session_endpoint,
            names_itself: found.authorization_response_iss_parameter_supported,
        })
    }
}

/// Where the metadata of an issuer is (OpenID Connect Discovery 1.0 §4).
#[must_use]
pub fn metadata_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Whether it is an https URL without user information or fragment, of signs that URLs have.
#[must_use]
pub fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    url.len() <= URL_BYTES_MAX
        && !host.is_empty()
        && !host.contains('@')
        && rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b))
}

const URL_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.example/realms/a";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/auth",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://keys.example/jwks",
            "authorization_response_iss_parameter_supported": true,
            "code_challenge_methods_supported": ["plain", "S256"],
            "response_types_supported": ["code"],
        })
    }

    fn parse(document: &Value) -> Result<ProviderMetadata, MetadataError> {
        ProviderMetadata::parse(document.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn metadata_of_another_issuer_by_plain_http_or_without_pkce_is_refused() {
        for (member, value, error) in [
            ("issuer", json!("https://id.example/realms/a/"), MetadataError::Issuer),
            ("issuer", json!("https://ID.example/realms/a"), MetadataError::Issuer),
            ("token_endpoint", json!("http://id.example/token"), MetadataError::Endpoint),
            ("jwks_uri", json!("file:///etc/passwd"), MetadataError::Endpoint),
            ("jwks_uri", json!("https://a@id.example/"), MetadataError::Endpoint),
            ("end_session_endpoint", json!("javascript:alert(1)"), MetadataError::Endpoint),
            ("code_challenge_methods_supported", json!(["plain"]), MetadataError::Unable),
            ("response_types_supported", json!(["id_token"]), MetadataError::Unable),
            ("authorization_endpoint", json!(null), MetadataError::Shape),
        ] {
            let mut changed = document();
            changed[member] = value;
            assert_eq!(parse(&changed), Err(error), "{member}");
        }
    }

    #[test]
    fn metadata_that_fits_says_where_to_ask() {
        let found = parse(&document()).unwrap();

        assert!(found.names_itself);
        assert_eq!(found.jwks_uri, "https://keys.example/jwks");
        assert_eq!(found.end_session_endpoint, None);
        assert_eq!(metadata_url("https://a.example/"), metadata_url("https://a.example"));
    }
}
