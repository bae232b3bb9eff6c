//! A key of a client: it signs client assertions and DPoP proofs.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use kernel::Timestamp;
use oauth::SigningKey;
use serde_json::{Value, json};

use crate::platform::PUBLIC_URL;

/// A key pair of a client.
pub struct Signer(SigningKey);

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Signer {
    /// A new key.
    #[must_use]
    pub fn new() -> Self {
        Self(SigningKey::generate())
    }

    /// The public half under a name, as it is registered.
    #[must_use]
    pub fn jwk(&self, kid: &str) -> String {
        let mut jwk = self.bare();
        jwk["kid"] = json!(kid);
        jwk.to_string()
    }

    /// An assertion that a client is who it says (RFC 7523), of this moment.
    #[must_use]
    pub fn assertion(&self, kid: &str, client_id: &str, now: Timestamp) -> String {
        let payload = json!({
            "iss": client_id, "sub": client_id, "aud": PUBLIC_URL,
            "jti": fresh(), "iat": now.seconds(), "exp": now.seconds() + 60,
        });
        self.sign(&json!({ "alg": "ES256", "kid": kid }), &payload)
    }

    /// A form that asks for a token by an assertion.
    #[must_use]
    pub fn form(&self, kid: &str, client_id: &str, now: Timestamp) -> String {
        let assertion = self.assertion(kid, client_id, now);
        format!(
            "grant_type=client_credentials&client_assertion={assertion}\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        )
    }

    /// A DPoP proof for a request (RFC 9449), of this moment.
    #[must_use]
    pub fn proof(&self, method: &str, path: &str, token: Option<&str>, now: Timestamp) -> String {
        let mut payload = json!({
            "jti": fresh(), "htm": method, "htu": format!("{PUBLIC_URL}{path}"),
            "iat": now.seconds(),
        });
        if let Some(token) = token {
            let hash = digest(&SHA256, token.as_bytes());
            payload["ath"] = json!(BASE64URL_NOPAD.encode(hash.as_ref()));
        }
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.bare() });
        self.sign(&header, &payload)
    }

    /// What names the key (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.0.kid().to_owned()
    }

    fn bare(&self) -> Value {
        let jwk = self.0.jwk();
        json!({ "kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"] })
    }

    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let pkcs8 = self.0.pkcs8().expose();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(payload));
        let pair = pair.expect("our own key is a key");
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.expect("a key signs");
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn fresh() -> String {
    HEXLOWER.encode(&kernel::random::bytes::<16>())
}
