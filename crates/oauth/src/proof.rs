//! How a client says who it is: exactly one method a request (RFC 6749 §2.3).

use kernel::Secret;

use crate::assertion::{self, ASSERTION_TYPE};
use crate::basic::{self, Basic};
use crate::error::OAuthError;
use crate::form::Form;

/// What a client says of itself, and how it means to prove it. Nothing is proven yet.
#[derive(Clone, Debug)]
pub struct ClientProof {
    /// Who it says it is: 1 to 64 visible ASCII characters.
    pub client_id: String,
    /// How it means to prove it.
    pub evidence: Evidence,
}

/// How a client means to prove who it is.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// `client_secret_basic`.
    Basic(Secret<String>),
    /// `client_secret_post`.
    Post(Secret<String>),
    /// `private_key_jwt`.
    Assertion(String),
    /// `tls_client_auth` or `self_signed_tls_client_auth`: nothing in the request proves anything.
    Certificate,
}

/// What a body says of its client, whatever form the body has.
#[derive(Clone, Copy, Default)]
pub struct Said<'a> {
    /// `client_id`.
    pub client_id: Option<&'a str>,
    /// `client_secret`.
    pub secret: Option<&'a str>,
    /// `client_assertion`.
    pub assertion: Option<&'a str>,
    /// `client_assertion_type`.
    pub assertion_type: Option<&'a str>,
}

impl ClientProof {
    pub(crate) fn parse(authorization: Option<&str>, form: &Form) -> Result<Self, OAuthError> {
        let said = Said {
            client_id: form.get("client_id"),
            secret: form.get("client_secret"),
            assertion: form.get("client_assertion"),
            assertion_type: form.get("client_assertion_type"),
        };
        Self::of(authorization, said)
    }

    /// Reads how a client means to prove who it is, from the `Authorization` header or the body.
    ///
    /// # Errors
    /// When it does not authenticate in exactly one way.
    pub fn of(authorization: Option<&str>, body: Said<'_>) -> Result<Self, OAuthError> {
        let Said { client_id: said, secret, assertion, assertion_type: kind } = body;
        let proof = match (authorization, secret, assertion, kind) {
            (Some(header), None, None, None) => {
                let Basic { client_id, secret } = Basic::parse(header)?;
                Self { client_id, evidence: Evidence::Basic(secret) }
            }
            (None, Some(secret), None, None) => posted(said, secret)?,
            (None, None, Some(jwt), Some(kind)) => asserted(jwt, kind)?,
            (None, None, None, None) => by_certificate(said)?,
            (None, None, Some(_), None) | (None, None, None, Some(_)) => return Err(HALF),
            _ => return Err(SEVERAL),
        };
        if said.is_some_and(|id| id != proof.client_id) {
            return Err(OAuthError::request("`client_id` is not the client that authenticates"));
        }
        Ok(proof)
    }

    /// The method's name (RFC 8414 §2), as metadata and the audit trail state it.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self.evidence {
            Evidence::Basic(_) => "client_secret_basic",
            Evidence::Post(_) => "client_secret_post",
            Evidence::Assertion(_) => "private_key_jwt",
            Evidence::Certificate => "tls_client_auth",
        }
    }
}

fn posted(client_id: Option<&str>, secret: &str) -> Result<ClientProof, OAuthError> {
    let client_id = client_id.ok_or(MISSING)?;
    if !basic::is_client_id(client_id) || !basic::is_secret(secret) {
        return Err(OAuthError::client("the client id or secret is malformed"));
    }
    let evidence = Evidence::Post(Secret::new(secret.to_owned()));
    Ok(ClientProof { client_id: client_id.to_owned(), evidence })
}

fn asserted(jwt: &str, kind: &str) -> Result<ClientProof, OAuthError> {
    if kind != ASSERTION_TYPE {
        return Err(OAuthError::request("`client_assertion_type` is not the one for JWTs"));
    }
    let client_id = assertion::claimed_client(jwt).filter(|id| basic::is_client_id(id));
    let client_id =
        client_id.ok_or(OAuthError::client("the client assertion is not a JWT that is taken"))?;
    Ok(ClientProof { client_id, evidence: Evidence::Assertion(jwt.to_owned()) })
}

/// RFC 8705 §2: the client names itself, and the connection proves it.
fn by_certificate(client_id: Option<&str>) -> Result<ClientProof, OAuthError> {
    let client_id = client_id.ok_or(MISSING)?;
    if !basic::is_client_id(client_id) {
        return Err(OAuthError::client("the client id is malformed"));
    }
    Ok(ClientProof { client_id: client_id.to_owned(), evidence: Evidence::Certificate })
}

pub(crate) const MISSING: OAuthError = OAuthError::client(
    "client authentication is required: use HTTP Basic, `client_secret`, a client assertion or a \
     certificate",
);
const HALF: OAuthError =
    OAuthError::request("`client_assertion` and `client_assertion_type` belong together");
const SEVERAL: OAuthError =
    OAuthError::request("the client authenticates in several ways at once: use one");
