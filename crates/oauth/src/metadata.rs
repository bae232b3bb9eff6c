//! The server's description of itself (RFC 8414).

use serde_json::{Value, json};

/// The metadata document of an issuer without a trailing slash.
///
/// There is no authorization endpoint: RFC 8414 §2 asks for one only where a grant type uses it.
#[must_use]
pub fn metadata(issuer: &str, scopes: &[&str]) -> Value {
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth/token"),
        "jwks_uri": format!("{issuer}/oauth/jwks"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "scopes_supported": scopes,
        // Required, although nothing here has a response type.
        "response_types_supported": [],
        "service_documentation": format!("{issuer}/docs"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_advertised_that_is_not_there() {
        let document = metadata("https://id.example", &["read:jobs"]);

        for name in ["authorization_endpoint", "code_challenge_methods_supported"] {
            assert!(document.get(name).is_none(), "{name}");
        }
        assert_eq!(document["grant_types_supported"], json!(["client_credentials"]));
        let methods = &document["token_endpoint_auth_methods_supported"];
        assert_eq!(*methods, json!(["client_secret_basic"]));
    }

    #[test]
    fn endpoints_stand_below_the_issuer() {
        let document = metadata("https://id.example", &[]);

        assert_eq!(document["issuer"], "https://id.example");
        assert_eq!(document["token_endpoint"], "https://id.example/oauth/token");
        assert_eq!(document["jwks_uri"], "https://id.example/oauth/jwks");
    }
}
