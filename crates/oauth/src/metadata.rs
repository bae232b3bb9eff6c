//! The server's description of itself (RFC 8414).

use serde_json::{Value, json};

use crate::jws::CLIENT_ALGORITHMS;

/// How clients may show certificates (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// Where, if only at an address of its own: scheme and authority.
    pub alias: Option<String>,
}

/// The metadata document of an issuer without a trailing slash.
#[must_use]
pub fn metadata(issuer: &str, scopes: &[&str], mutual_tls: Option<&MutualTls>) -> Value {
    let mut document = plain(issuer, scopes);
    let (Some(offered), Some(members)) = (mutual_tls, document.as_object_mut()) else {
        return document;
    };
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = [&METHODS[..], &CERTIFICATE_METHODS].concat();
        members.insert(format!("{endpoint}_endpoint_auth_methods_supported"), json!(methods));
    }
    // RFC 8705 §3.3.
    members.insert("tls_client_certificate_bound_access_tokens".to_owned(), json!(true));
    if let Some(alias) = &offered.alias {
        // RFC 8705 §5.
        let aliases = json!({
            "token_endpoint": format!("{alias}/oauth/token"),
            "revocation_endpoint": format!("{alias}/oauth/revoke"),
            "introspection_endpoint": format!("{alias}/oauth/introspect"),
            "pushed_authorization_request_endpoint": format!("{alias}/oauth/par"),
        });
        members.insert("mtls_endpoint_aliases".to_owned(), aliases);
    }
    document
}

fn plain(issuer: &str, scopes: &[&str]) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        // RFC 9207 §3: whose answer it is, the answer says.
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        // RFC 9126 §5. Which clients have to push, their registration says.
        "pushed_authorization_request_endpoint": format!("{issuer}/oauth/par"),
        "require_pushed_authorization_requests": false,
        // RFC 9101 §10.5: nothing is fetched, and no request objects are read.
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms(),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "introspection_endpoint_auth_methods_supported": METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms(),
        "jwks_uri": format!("{issuer}/oauth/jwks"),
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": algorithms(),
        "dpop_signing_alg_values_supported": algorithms(),
        "scopes_supported": scopes,
        "service_documentation": format!("{issuer}/docs"),
    })
}

/// Of any client. Who is held to FAPI 2.0 has [`FAPI_ALGORITHMS`], and all of them stand here.
///
/// [`FAPI_ALGORITHMS`]: crate::jws::FAPI_ALGORITHMS
fn algorithms() -> Vec<&'static str> {
    CLIENT_ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect()
}

/// How clients may prove who they are.
const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// How they may where certificates are asked for (RFC 8705 §2).
const CERTIFICATE_METHODS: [&str; 2] = ["tls_client_auth", "self_signed_tls_client_auth"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_offered_where_they_are_asked_for_only() {
        let without = metadata("https://id.example", &[], None);
        let with = metadata("https://id.example", &[], Some(&MutualTls { alias: None }));
        let alias = Some("https://mtls.example".to_owned());
        let apart = metadata("https://id.example", &[], Some(&MutualTls { alias }));

        assert!(!without.to_string().contains("tls_client"));
        let methods = with["token_endpoint_auth_methods_supported"].as_array().unwrap();
        assert!(CERTIFICATE_METHODS.iter().all(|method| methods.contains(&json!(method))));
        assert_eq!(with["tls_client_certificate_bound_access_tokens"], true);
        assert_eq!(with.get("mtls_endpoint_aliases"), None);
        let aliases = &apart["mtls_endpoint_aliases"];
        assert_eq!(aliases["token_endpoint"], "https://mtls.example/oauth/token");
        assert_eq!(apart["token_endpoint"], "https://id.example/oauth/token");
    }

    #[test]
    fn nothing_is_advertised_that_is_not_there() {
        let document = metadata("https://id.example", &["read:jobs"], None);

        for name in ["registration_endpoint", "userinfo_endpoint", "id_token_signing_alg_values"] {
            assert!(document.get(name).is_none(), "{name}");
        }
        let grants = ["authorization_code", "client_credentials", "refresh_token"];
        assert_eq!(document["grant_types_supported"], json!(grants));
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        let methods = &document["token_endpoint_auth_methods_supported"];
        assert_eq!(*methods, json!(METHODS));
        assert!(!METHODS.contains(&"none"));
    }

    #[test]
    fn where_assertions_are_taken_their_algorithms_are_named() {
        let document = metadata("https://id.example", &[], None);

        for endpoint in ["token", "revocation", "introspection"] {
            let member =
                |what: &str| &document[format!("{endpoint}_endpoint_auth_{what}_supported")];
            assert_eq!(*member("methods"), json!(METHODS), "{endpoint}");
            assert_eq!(*member("signing_alg_values"), json!(algorithms()), "{endpoint}");
        }
        assert!(!algorithms().contains(&"none") && !algorithms().contains(&"HS256"));
    }

    #[test]
    fn endpoints_stand_below_the_issuer() {
        let document = metadata("https://id.example", &[], None);

        assert_eq!(document["issuer"], "https://id.example");
        assert_eq!(document["authorization_endpoint"], "https://id.example/oauth/authorize");
        assert_eq!(document["token_endpoint"], "https://id.example/oauth/token");
        assert_eq!(document["jwks_uri"], "https://id.example/oauth/jwks");
    }
}
