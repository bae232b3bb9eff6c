//! Authorization requests (RFC 6749 §4.1.1, RFC 7636, RFC 9126), read in three steps: the
//! parameters, then where people are sent back to, then what is asked for. Until the second step is
//! done nothing is sent anywhere.

use serde::{Deserialize, Serialize};

use crate::error::{OAuthError, OAuthErrorKind};
use crate::form::{Form, encode};
use crate::pkce::Challenge;
use crate::proof::ClientProof;
use crate::registered::{Profile, RegisteredClient};
use crate::scope::Scopes;

/// The parameters of an authorization request, each given once. Nothing is proven yet.
pub struct Asked(Form);

/// Where the answer goes: a registered redirection URI, with the client's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The redirection URI as it was asked for, which is a registered one.
    pub redirect_uri: String,
    /// What the client wants back as it is.
    pub state: Option<String>,
}

/// An authorization request that its client may make. Whether somebody grants it is another thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: String,
    /// Where the answer goes.
    pub back: Return,
    /// What is asked for; never more than the client is registered for.
    pub scopes: Scopes,
    /// What the client committed to.
    pub challenge: Challenge,
    /// The key that tokens are to be bound to (RFC 9449 §10).
    pub bound_to: Option<String>,
}

/// The request is not shown to be of a client that we know: nothing is sent to where it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The parameters cannot be read, or one is given twice.
    #[error("the link is malformed")]
    Malformed,
    /// No such client, or one that is suspended.
    #[error("no application that may ask is known under this name")]
    Client,
    /// Not a redirection URI that is registered for the client.
    #[error("the application did not register the address that the answer would go to")]
    Redirect,
    /// Not a `request_uri` of ours, of this client, and in time (RFC 9126 §4).
    #[error("the link is over, or was used before")]
    Pushed,
}

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through the browser.
    Plain,
    /// From the client itself, which proved who it is (RFC 9126).
    Pushed,
}

impl Asked {
    /// Reads parameters, from a query or a form. Unknown ones are left alone, empty ones count as
    /// left out.
    ///
    /// # Errors
    /// When they are malformed, too many, or one is given twice.
    pub fn parse(content: &[u8]) -> Result<Self, OAuthError> {
        Form::parse(content).map(Self)
    }

    /// The client that is named.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.0.get("client_id")
    }

    /// A reference to a request that was pushed.
    #[must_use]
    pub fn request_uri(&self) -> Option<&str> {
        self.0.get("request_uri")
    }

    /// Where the answer goes, once it is a registered redirection URI.
    ///
    /// # Errors
    /// When it is none of the client's, or the state cannot be handed back as it is.
    pub fn back(&self, client: &RegisteredClient) -> Result<Return, Unproven> {
        let uri = self.0.get("redirect_uri").ok_or(Unproven::Redirect)?;
        if !client.uses.redirect_uris.iter().any(|known| known.is(uri)) {
            return Err(Unproven::Redirect);
        }
        // RFC 6749 §A.5: visible characters and spaces.
        let state = self.0.get("state").map(str::to_owned);
        let is_state = |text: &String| {
            text.len() <= STATE_BYTES_MAX && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
        };
        if !state.as_ref().is_none_or(is_state) {
            return Err(Unproven::Malformed);
        }
        Ok(Return { redirect_uri: uri.to_owned(), state })
    }

    /// What is asked for, once the client may ask for it in this way.
    ///
    /// # Errors
    /// With what the client is told.
    pub fn check(
        &self,
        client: &RegisteredClient,
        (back, way): (Return, Way),
        audience: &str,
    ) -> Result<AuthorizationRequest, OAuthError> {
        if self.0.get("request").is_some() {
            return Err(REQUEST_OBJECT);
        }
        match self.0.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(RESPONSE_TYPE),
            None => return Err(OAuthError::request("`response_type` is missing")),
        }
        if self.0.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(OAuthError::request("the only `response_mode` is `query`"));
        }
        if !client.uses.authorization_code {
            return Err(GRANT_TYPE);
        }
        let must_push = client.uses.par_required || client.profile == Profile::Fapi2;
        if must_push && way == Way::Plain {
            return Err(OAuthError::request("this client pushes its requests: see RFC 9126"));
        }
        if self.0.get("resource").is_some_and(|resource| resource != audience) {
            return Err(RESOURCE);
        }
        Ok(AuthorizationRequest {
            client_id: client.client_id.clone(),
            back,
            scopes: self.scopes(client)?,
            challenge: self.challenge()?,
            bound_to: self.bound_to()?,
        })
    }

    fn challenge(&self) -> Result<Challenge, OAuthError> {
        let text = self.0.get("code_challenge").ok_or(NO_CHALLENGE)?;
        let method = self.0.get("code_challenge_method");
        Challenge::parse(method, text).map_err(|_| CHALLENGE)
    }

    fn scopes(&self, client: &RegisteredClient) -> Result<Scopes, OAuthError> {
        let asked = self.0.get("scope").map(Scopes::parse).transpose().map_err(|_| SCOPE)?;
        let scopes = asked.unwrap_or_else(|| client.allowed.clone());
        let is_allowed = !scopes.is_empty() && scopes.is_subset(&client.allowed);
        if is_allowed { Ok(scopes) } else { Err(SCOPE) }
    }

    /// RFC 9449 §10: the thumbprint of the key that the code is for.
    fn bound_to(&self) -> Result<Option<String>, OAuthError> {
        let Some(text) = self.0.get("dpop_jkt") else { return Ok(None) };
        let is_hash = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes());
        match is_hash.is_ok_and(|hash| hash.len() == 32) {
            true => Ok(Some(text.to_owned())),
            false => Err(OAuthError::request("`dpop_jkt` is no SHA-256 thumbprint of a key")),
        }
    }
}

/// Reads a pushed authorization request (RFC 9126 §2.1). The client is not authenticated yet.
///
/// # Errors
/// When the body is no form, the client does not authenticate in exactly one way, or the request
/// refers to another one.
pub fn parse_pushed(
    authorization: Option<&str>,
    content: &[u8],
) -> Result<(ClientProof, Asked), OAuthError> {
    let form = Form::parse(content)?;
    let client = ClientProof::parse(authorization, &form)?;
    if form.get("request_uri").is_some() {
        return Err(OAuthError::request("a pushed request does not refer to another one"));
    }
    Ok((client, Asked(form)))
}

impl Return {
    /// The URI that hands a code over (RFC 6749 §4.1.2, RFC 9207 §2).
    #[must_use]
    pub fn with_code(&self, code: &str, issuer: &str) -> String {
        self.with(&[("code", code)], issuer)
    }

    /// The URI that hands an error over (RFC 6749 §4.1.2.1, RFC 9207 §2).
    #[must_use]
    pub fn with_error(&self, error: &str, description: &str, issuer: &str) -> String {
        self.with(&[("error", error), ("error_description", description)], issuer)
    }

    fn with(&self, answer: &[(&str, &str)], issuer: &str) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = answer.iter().copied().chain(state).chain([("iss", issuer)]);
        let mut uri = self.redirect_uri.clone();
        for (name, value) in all {
            // RFC 6749 §3.1.2: a query that is registered is kept.
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(name);
            uri.push('=');
            uri.push_str(&encode(value));
        }
        uri
    }
}

/// What a client is told when a person refuses.
pub const ACCESS_DENIED: (&str, &str) = ("access_denied", "the person refused");
/// How long a pushed request may be used, in seconds (RFC 9126 §2.2).
pub const PUSHED_SECONDS: u64 = 90;
const STATE_BYTES_MAX: usize = 512;
const RESPONSE_TYPE: OAuthError =
    OAuthError::new(OAuthErrorKind::UnsupportedResponseType, "the only response type is `code`");
const REQUEST_OBJECT: OAuthError =
    OAuthError::new(OAuthErrorKind::RequestNotSupported, "request objects are not taken");
const GRANT_TYPE: OAuthError = OAuthError::new(
    OAuthErrorKind::UnauthorizedClient,
    "the client is not registered for authorization codes",
);
const RESOURCE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidTarget, "no tokens are issued for this resource");
const NO_CHALLENGE: OAuthError = OAuthError::request("`code_challenge` is missing: see RFC 7636");
const CHALLENGE: OAuthError = OAuthError::request(
    "expected `code_challenge_method=S256` and a challenge of 43 base64url characters",
);
const SCOPE: OAuthError = OAuthError::new(
    OAuthErrorKind::InvalidScope,
    "the scope is malformed, or more than the client is registered for",
);

#[cfg(test)]
mod tests;
