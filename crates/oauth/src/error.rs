//! Refusals of the endpoints that clients call (RFC 6749 §5.2, RFC 9126 §2.3), and how they become
//! problems.

use kernel::{Code, Problem};

/// Why a request of a client is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthErrorKind {
    /// The request is malformed.
    InvalidRequest,
    /// The client could not be authenticated.
    InvalidClient,
    /// The grant is not, or no longer, good.
    InvalidGrant,
    /// The client is not registered for this grant.
    UnauthorizedClient,
    /// The server has no such grant type.
    UnsupportedGrantType,
    /// The server has no such response type.
    UnsupportedResponseType,
    /// The server takes no request objects (RFC 9101 §6.3.4).
    RequestNotSupported,
    /// The scope is malformed or wider than what is registered.
    InvalidScope,
    /// The resource is not one that this server issues tokens for (RFC 8707 §2).
    InvalidTarget,
    /// The DPoP proof is missing or not good (RFC 9449 §5).
    InvalidDpopProof,
}

/// A refusal, safe to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct OAuthError {
    kind: OAuthErrorKind,
    description: &'static str,
}

impl OAuthErrorKind {
    /// The code of the problem that this becomes.
    #[must_use]
    pub const fn code(self) -> &'static Code {
        match self {
            Self::InvalidRequest => &INVALID_REQUEST,
            Self::InvalidClient => &INVALID_CLIENT,
            Self::InvalidGrant => &INVALID_GRANT,
            Self::UnauthorizedClient => &UNAUTHORIZED_CLIENT,
            Self::UnsupportedGrantType => &UNSUPPORTED_GRANT_TYPE,
            Self::UnsupportedResponseType => &UNSUPPORTED_RESPONSE_TYPE,
            Self::RequestNotSupported => &REQUEST_NOT_SUPPORTED,
            Self::InvalidScope => &INVALID_SCOPE,
            Self::InvalidTarget => &INVALID_TARGET,
            Self::InvalidDpopProof => &INVALID_DPOP_PROOF,
        }
    }

    /// The value of the `error` member: `invalid_client`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let name = self.code().name;
        name.strip_prefix("oauth.").unwrap_or(name)
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.code().status
    }
}

impl OAuthError {
    /// A refusal. The description is fixed text, so that it never repeats what was submitted.
    #[must_use]
    pub const fn new(kind: OAuthErrorKind, description: &'static str) -> Self {
        // INVARIANT: RFC 6749 §5.2 bounds the description's characters.
        debug_assert!(is_describable(description));
        Self { kind, description }
    }

    pub(crate) const fn request(description: &'static str) -> Self {
        Self::new(OAuthErrorKind::InvalidRequest, description)
    }

    pub(crate) const fn client(description: &'static str) -> Self {
        Self::new(OAuthErrorKind::InvalidClient, description)
    }

    /// Why.
    #[must_use]
    pub const fn kind(&self) -> OAuthErrorKind {
        self.kind
    }

    /// The `error_description`.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }
}

impl From<OAuthError> for Problem {
    fn from(error: OAuthError) -> Self {
        let problem = Self::new(error.kind.code()).detail(error.description);
        match error.kind {
            OAuthErrorKind::InvalidClient => problem.header("WWW-Authenticate", BASIC_CHALLENGE),
            _ => problem,
        }
    }
}

/// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E, so no quote and no backslash.
const fn is_describable(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        if !matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E) {
            return false;
        }
        rest = tail;
    }
    true
}

/// How a client authenticates, for a `401` (RFC 7617 §2).
pub const BASIC_CHALLENGE: &str = r#"Basic realm="ringwall", charset="UTF-8""#;

/// The request is malformed.
pub const INVALID_REQUEST: Code = Code {
    status: 400,
    name: "oauth.invalid_request",
    title: "The request is malformed",
    mend: "Send each parameter once, form-encoded, and authenticate the client in one way.",
};

/// The client could not be authenticated.
pub const INVALID_CLIENT: Code = Code {
    status: 401,
    name: "oauth.invalid_client",
    title: "The client could not be authenticated",
    mend: "Check the client id and its secret or key, and that the client is active.",
};

/// The grant is not, or no longer, good.
pub const INVALID_GRANT: Code = Code {
    status: 400,
    name: "oauth.invalid_grant",
    title: "The grant is not valid",
    mend: "Start the grant anew.",
};

/// The client is not registered for this grant.
pub const UNAUTHORIZED_CLIENT: Code = Code {
    status: 400,
    name: "oauth.unauthorized_client",
    title: "The client is not registered for this grant",
    mend: "Use a grant that the client is registered for, or have it registered.",
};

/// The server has no such response type.
pub const UNSUPPORTED_RESPONSE_TYPE: Code = Code {
    status: 400,
    name: "oauth.unsupported_response_type",
    title: "The response type is not supported",
    mend: "Ask with `response_type=code`.",
};

/// The server takes no request objects.
pub const REQUEST_NOT_SUPPORTED: Code = Code {
    status: 400,
    name: "oauth.request_not_supported",
    title: "Request objects are not supported",
    mend: "Send the parameters themselves, to `/oauth/par` where they must not be changed.",
};

/// The server has no such grant type.
pub const UNSUPPORTED_GRANT_TYPE: Code = Code {
    status: 400,
    name: "oauth.unsupported_grant_type",
    title: "The grant type is not supported",
    mend: "Use a grant type that the server's metadata lists.",
};

/// The scope is malformed or wider than what is registered.
pub const INVALID_SCOPE: Code = Code {
    status: 400,
    name: "oauth.invalid_scope",
    title: "The scope is not valid",
    mend: "Ask only for scopes that the client is registered for, or leave `scope` out.",
};

/// The resource is not one that this server issues tokens for.
pub const INVALID_TARGET: Code = Code {
    status: 400,
    name: "oauth.invalid_target",
    title: "The resource is not valid",
    mend: "Leave `resource` out, or send this API's own identifier.",
};

/// The DPoP proof is missing or not good.
pub const INVALID_DPOP_PROOF: Code = Code {
    status: 400,
    name: "oauth.invalid_dpop_proof",
    title: "The DPoP proof is not valid",
    mend: "Send one new DPoP proof for this method and URL, signed just now.",
};

/// The access token is not valid; see [`crate::TokenError`] for why.
pub const INVALID_TOKEN: Code = Code {
    status: 401,
    name: "auth.invalid_token",
    title: "The access token is not valid",
    mend: "Ask the token endpoint for a new access token.",
};

/// The problems that this crate makes.
pub const CODES: &[&Code] = &[
    &INVALID_REQUEST,
    &INVALID_CLIENT,
    &INVALID_GRANT,
    &UNAUTHORIZED_CLIENT,
    &UNSUPPORTED_GRANT_TYPE,
    &UNSUPPORTED_RESPONSE_TYPE,
    &REQUEST_NOT_SUPPORTED,
    &INVALID_SCOPE,
    &INVALID_TARGET,
    &INVALID_DPOP_PROOF,
    &INVALID_TOKEN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_controls_and_other_scripts_are_not_describable() {
        for text in ["\"", "\\", "\n", "\u{7f}", "é"] {
            assert!(!is_describable(text), "{text:?}");
        }
        assert!(is_describable("client authentication failed: use `Basic`"));
    }

    #[test]
    fn only_invalid_client_challenges() {
        let challenged = Problem::from(OAuthError::client("a"));
        let plain = Problem::from(OAuthError::request("a"));

        let challenge = vec![("WWW-Authenticate", BASIC_CHALLENGE.to_owned())];
        assert_eq!(challenged.headers, challenge);
        assert!(plain.headers.is_empty());
    }

    #[test]
    fn the_name_is_that_of_the_standard() {
        assert_eq!(OAuthErrorKind::UnsupportedGrantType.name(), "unsupported_grant_type");
        assert_eq!(OAuthErrorKind::InvalidClient.status(), 401);
    }

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let mut names: Vec<_> = CODES.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), CODES.len());
    }
}
