//! Somebody who signs, for tests: with a key of their own, any header and any payload.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::jwk::ForeignKey;

pub(crate) struct Signer {
    pair: EcdsaKeyPair,
    curve: &'static str,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { pair, curve: "P-256" }
    }

    /// One that signs by ES384.
    pub(crate) fn longer() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        Self { pair, curve: "P-384" }
    }

    /// The public half, without what only our own keys carry.
    pub(crate) fn jwk(&self) -> Value {
        // SEC 1 §2.3.3: a byte that says so, and both coordinates.
        let point = self.pair.public_key().as_ref().get(1..).unwrap();
        let (x, y) = point.split_at(point.len() / 2);
        let encode = |part: &[u8]| BASE64URL_NOPAD.encode(part);
        json!({ "kty": "EC", "crv": self.curve, "x": encode(x), "y": encode(y) })
    }

    pub(crate) fn key(&self, kid: &str) -> ForeignKey {
        let mut jwk = self.jwk();
        jwk["kid"] = json!(kid);
        ForeignKey::parse(jwk.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        self.sign_text(&header.to_string(), &payload.to_string())
    }

    pub(crate) fn sign_text(&self, header: &str, payload: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let message = format!("{}.{}", encode(header), encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

/// With one member set, or taken away by `null`.
pub(crate) fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}
