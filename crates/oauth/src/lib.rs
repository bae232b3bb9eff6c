//! The OAuth 2 protocol, pure: requests, client authentication, access tokens, verification.
//!
//! Three grants: client credentials (RFC 6749 §4.4) for what a client does for itself, and codes
//! with refresh tokens for what it does for a person. Clients prove themselves by a secret or a
//! key. Nothing here does I/O, reads a clock or knows HTTP beyond a status number and the text of a
//! header.

pub mod api_key;
pub mod assertion;
pub mod authentication;
pub mod authorization;
pub mod certificate;
pub mod claims;
pub mod dpop;
pub mod error;
pub mod grant;
pub mod grants;
pub mod id_token;
pub mod jti;
pub mod jwk;
pub mod jws;
pub mod key;
pub mod leaks;
pub mod metadata;
pub mod opaque;
pub mod outside;
pub mod pkce;
pub mod proof;
pub mod provider;
pub mod published;
pub mod redirect;
pub mod registered;
pub mod request;
pub mod schedule;
pub mod scope;
pub mod secret;
pub mod token;
pub mod verify;

mod basic;
mod form;
mod members;
#[cfg(test)]
mod signer;

pub use api_key::{ApiKey, ApiKeyError, KeyEnvironment};
pub use assertion::sign_assertion;
pub use authentication::{Against, Authenticated, Proven, authenticate};
pub use authorization::{AuthorizationRequest, parse_pushed};
pub use certificate::{Certificate, CertificateError, CertificateRule};
pub use claims::{Claims, Confirmation, Delegation};
pub use dpop::{DpopError, Proof, ProofOf, verify_proof};
pub use error::{CODES, INVALID_TOKEN, OAuthError, OAuthErrorKind};
pub use grant::{Granted, Issuance, Person, Reason, Refused, delegate, grant, may_ask};
pub use id_token::{
    Between, IdTokenError, Identity, SignedOut, Sought, verify_id_token, verify_logout_token,
};
pub use jti::JtiClaim;
pub use jwk::{ForeignKey, JwkError};
pub use key::{KeyError, PublicKey, SigningKey, VerifyingKeys};
pub use metadata::{MutualTls, metadata};
pub use outside::{OutsideError, OutsideKind, OutsideRules, OutsideToken};
pub use proof::{ClientProof, Evidence, Said};
pub use provider::{MetadataError, ProviderMetadata, metadata_url};
pub use published::{Ask, Kept, PublishedKeys, named_key};
pub use redirect::{RedirectError, RedirectUri};
pub use registered::{ClientCertificate, ClientKey, ClientSecret, Profile, RegisteredClient, Uses};
pub use request::{AboutToken, GrantRequest, TokenRequest, parse_about_token, parse_token_request};
pub use schedule::{KeyState, Schedule, Turn};
pub use scope::{ScopeError, Scopes};
pub use secret::{
    Pepper, SecretHash, generate_client_id, generate_client_secret, hash_secret, secret_matches,
};
pub use token::{ACCESS_TOKEN_SECONDS, MintError, TokenResponse, mint};
pub use verify::{Expect, TokenError, Verified, verify};
