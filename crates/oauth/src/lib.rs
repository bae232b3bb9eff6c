//! The OAuth 2 protocol, pure: requests, client authentication, access tokens, verification.
//!
//! One grant so far: client credentials (RFC 6749 §4.4) with HTTP Basic. Nothing here does I/O,
//! reads a clock or knows HTTP beyond a status number and the text of a header.

pub mod claims;
pub mod error;
pub mod grant;
pub mod key;
pub mod metadata;
pub mod request;
pub mod scope;
pub mod secret;
pub mod token;
pub mod verify;

mod basic;
mod form;
mod members;

pub use claims::Claims;
pub use error::{CODES, INVALID_TOKEN, OAuthError, OAuthErrorKind};
pub use grant::{ClientSecret, Granted, Issuance, Reason, Refused, RegisteredClient, grant};
pub use key::{KeyError, PublicKey, SigningKey, VerifyingKeys};
pub use metadata::metadata;
pub use request::{TokenRequest, parse_token_request};
pub use scope::{ScopeError, Scopes};
pub use secret::{
    Pepper, SecretHash, generate_client_id, generate_client_secret, hash_secret, secret_matches,
};
pub use token::{ACCESS_TOKEN_SECONDS, MintError, TokenResponse, mint};
pub use verify::{Expect, TokenError, verify};
