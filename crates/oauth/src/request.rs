//! Requests of clients: for a token (RFC 6749 §4.1.3, §4.4.2, §6), and about one (RFC 7009, RFC
//! 7662).

use kernel::Secret;

use crate::error::{OAuthError, OAuthErrorKind};
use crate::form::Form;
use crate::proof::ClientProof;
use crate::scope::Scopes;

/// A well-formed request for a token. The client is not authenticated yet.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who the client says it is, and how it means to prove it.
    pub client: ClientProof,
    /// What it asks by.
    pub grant: GrantRequest,
    /// What it asks for; `None` means all that it may have.
    pub scope: Option<Scopes>,
    /// Which API the token is for (RFC 8707).
    pub resource: Option<String>,
}

/// What a token is asked for by.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// By the client itself (RFC 6749 §4.4).
    ClientCredentials,
    /// By a code (RFC 6749 §4.1.3).
    Code {
        /// The code, as it was sent.
        code: Secret<String>,
        /// What the client committed to (RFC 7636 §4.5).
        verifier: Option<Secret<String>>,
        /// Where the client says that the code was sent to.
        redirect_uri: Option<String>,
    },
    /// By somebody who has just signed in through a first-party client: a code that never left us.
    /// No request of the token endpoint is read as this.
    Login {
        /// The code.
        code: Secret<String>,
        /// What its challenge was made from.
        verifier: Secret<String>,
    },
    /// By a refresh token (RFC 6749 §6).
    Refresh {
        /// The token, as it was sent.
        token: Secret<String>,
    },
}

/// A well-formed request to revoke a token, or to say what it is worth. The client is not
/// authenticated yet. Hints are not needed: no token of ours looks like one of another kind.
#[derive(Clone, Debug)]
pub struct AboutToken {
    /// Who the client says it is, and how it means to prove it.
    pub client: ClientProof,
    /// The token.
    pub token: Secret<String>,
}

/// Reads a token request from its `Authorization` header and body.
///
/// # Errors
/// When the body is no form of at most 64 KiB and 64 parameters, a parameter is given twice, the
/// client does not authenticate in exactly one way, or the grant type is another.
pub fn parse_token_request(
    authorization: Option<&str>,
    content: &[u8],
) -> Result<TokenRequest, OAuthError> {
    let form = Form::parse(content)?;
    let client = ClientProof::parse(authorization, &form)?;
    let grant = grant(&form)?;
    let scope = form.get("scope").map(Scopes::parse).transpose().map_err(|_| SCOPE)?;
    let resource = form.get("resource").map(str::to_owned);
    Ok(TokenRequest { client, grant, scope, resource })
}

fn grant(form: &Form) -> Result<GrantRequest, OAuthError> {
    let secret = |name: &str| form.get(name).map(|text| Secret::new(text.to_owned()));
    match form.get("grant_type") {
        Some("client_credentials") => Ok(GrantRequest::ClientCredentials),
        Some("authorization_code") => Ok(GrantRequest::Code {
            code: secret("code").ok_or(OAuthError::request("`code` is missing"))?,
            verifier: secret("code_verifier"),
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
        }),
        Some("refresh_token") => {
            let missing = OAuthError::request("`refresh_token` is missing");
            Ok(GrantRequest::Refresh { token: secret("refresh_token").ok_or(missing)? })
        }
        Some(_) => Err(UNSUPPORTED),
        None => Err(OAuthError::request("`grant_type` is missing")),
    }
}

/// Reads a request about a token from its `Authorization` header and body.
///
/// # Errors
/// When the body is no form, a parameter is given twice, the client does not authenticate in
/// exactly one way, or the token is missing or, like its hint, longer than any.
pub fn parse_about_token(
    authorization: Option<&str>,
    content: &[u8],
) -> Result<AboutToken, OAuthError> {
    let form = Form::parse(content)?;
    let client = ClientProof::parse(authorization, &form)?;
    let token = form.get("token").ok_or(OAuthError::request("`token` is missing"))?;
    let hint = form.get("token_type_hint").unwrap_or_default();
    if token.chars().count() > TOKEN_CHARS_MAX || hint.chars().count() > HINT_CHARS_MAX {
        return Err(OAuthError::request("`token` or `token_type_hint` is too long"));
    }
    Ok(AboutToken { client, token: Secret::new(token.to_owned()) })
}

const TOKEN_CHARS_MAX: usize = 8192;
const HINT_CHARS_MAX: usize = 64;
const UNSUPPORTED: OAuthError = OAuthError::new(
    OAuthErrorKind::UnsupportedGrantType,
    "the grant types are `authorization_code`, `client_credentials` and `refresh_token`",
);
const SCOPE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidScope, "the scope is malformed or too long");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::proof::Evidence;

    #[test]
    fn a_token_longer_than_any_is_refused() {
        let asked = |token: usize, hint: usize| {
            let form = format!(
                "client_id=pc_a&client_secret=b&token={}&token_type_hint={}",
                "0".repeat(token),
                "h".repeat(hint)
            );
            parse_about_token(None, form.as_bytes())
        };

        assert!(asked(TOKEN_CHARS_MAX + 1, 0).is_err());
        assert!(asked(1, HINT_CHARS_MAX + 1).is_err());
        assert!(asked(TOKEN_CHARS_MAX, HINT_CHARS_MAX).is_ok());
    }

    const CASES: &str = include_str!("../cases/token_request.toml");

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Cases {
        refused: Vec<Refused>,
        taken: Vec<Taken>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Refused {
        name: String,
        credentials: Option<String>,
        authorization: Option<String>,
        body: String,
        error: String,
        says: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Taken {
        name: String,
        credentials: Option<String>,
        authorization: Option<String>,
        body: String,
        client_id: String,
        secret: String,
        method: Option<String>,
        scope: Option<String>,
        resource: Option<String>,
    }

    /// `credentials` stand for themselves in base64; `authorization` is the header as it is.
    fn header(credentials: Option<String>, authorization: Option<String>) -> Option<String> {
        let encode = |text: String| data_encoding::BASE64.encode(text.as_bytes());
        credentials.map(|text| format!("Basic {}", encode(text))).or(authorization)
    }

    #[test]
    fn each_refused_case_is_refused_for_its_reason() {
        let cases: Cases = toml::from_str(CASES).unwrap();
        for case in cases.refused {
            let header = header(case.credentials, case.authorization);

            let error = parse_token_request(header.as_deref(), case.body.as_bytes()).unwrap_err();

            assert_eq!(error.kind().name(), case.error, "{}", case.name);
            assert!(error.description().contains(&case.says), "{}: {error}", case.name);
        }
    }

    #[test]
    fn each_taken_case_is_read_as_it_says() {
        let cases: Cases = toml::from_str(CASES).unwrap();
        for case in cases.taken {
            let header = header(case.credentials, case.authorization);

            let request = parse_token_request(header.as_deref(), case.body.as_bytes());

            let request = request.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_eq!(request.client.client_id, case.client_id, "{}", case.name);
            let method = case.method.as_deref().unwrap_or("client_secret_basic");
            assert_eq!(request.client.method(), method, "{}", case.name);
            let secret = match &request.client.evidence {
                Evidence::Basic(secret) | Evidence::Post(secret) => secret.expose().as_str(),
                Evidence::Certificate => "",
                Evidence::Assertion(_) => panic!("{}: an assertion", case.name),
            };
            assert_eq!(secret, case.secret, "{}", case.name);
            assert_eq!(request.scope.map(|s| s.to_string()), case.scope, "{}", case.name);
            assert_eq!(request.resource, case.resource, "{}", case.name);
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let header = header(Some("pc_a:hunter2".to_owned()), None);
        let body = b"grant_type=client_credentials";

        let request = parse_token_request(header.as_deref(), body).unwrap();

        assert!(!format!("{request:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(
            header in proptest::option::of(".*"),
            body in proptest::collection::vec(any::<u8>(), 0..512),
        ) {
            drop(parse_token_request(header.as_deref(), &body));
            drop(parse_about_token(header.as_deref(), &body));
        }

        #[test]
        fn nearly_right_requests_do_not_panic(
            credentials in proptest::collection::vec(any::<u8>(), 0..96),
            body in "(grant_type=|client_credentials|scope=|resource=|&|=|%|[a-f0-9+]|\\PC){0,24}",
        ) {
            let header = format!("Basic {}", data_encoding::BASE64.encode(&credentials));
            drop(parse_token_request(Some(&header), body.as_bytes()));
        }
    }
}
