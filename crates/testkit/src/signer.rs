//! A key of a client: it signs client assertions and DPoP proofs.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use kernel::Timestamp;
use oauth::ForeignKey;
use serde_json::{Value, json};

use crate::platform::PUBLIC_URL;

/// A key pair of a client.
pub struct Signer {
    pair: EcdsaKeyPair,
    curve: &'static str,
    algorithm: &'static str,
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Signer {
    /// A new key.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self { pair: pair.expect("a key is made"), curve: "P-256", algorithm: "ES256" }
    }

    /// A new key that signs by ES384.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn longer() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING);
        Self { pair: pair.expect("a key is made"), curve: "P-384", algorithm: "ES384" }
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
        self.sign(&json!({ "alg": self.algorithm, "kid": kid }), &payload)
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
        let header = json!({ "typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.bare() });
        self.sign(&header, &payload)
    }

    /// What names the key (RFC 7638).
    ///
    /// # Panics
    /// Never: the key is one.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let key = ForeignKey::parse(self.bare().to_string().as_bytes());
        key.expect("our own key is a key").thumbprint().to_owned()
    }

    fn bare(&self) -> Value {
        // SEC 1 §2.3.3: a byte that says so, and both coordinates.
        let point = self.pair.public_key().as_ref().get(1..).expect("a point is not empty");
        let (x, y) = point.split_at(point.len() / 2);
        let encode = |part: &[u8]| BASE64URL_NOPAD.encode(part);
        json!({ "kty": "EC", "crv": self.curve, "x": encode(x), "y": encode(y) })
    }

    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.expect("a key signs");
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn fresh() -> String {
    HEXLOWER.encode(&kernel::random::bytes::<16>())
}
