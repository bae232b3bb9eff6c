//! Somebody who signs, for tests: with a key of their own, any header and any payload.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::jwk::ForeignKey;
use crate::key::SigningKey;

pub(crate) struct Signer(SigningKey);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(SigningKey::generate())
    }

    /// The public half, without what only our own keys carry.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = self.0.jwk();
        jwk.as_object_mut()
            .unwrap()
            .retain(|name, _| matches!(name.as_str(), "kty" | "crv" | "x" | "y"));
        jwk
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
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, self.0.pkcs8().expose());
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let message = format!("{}.{}", encode(header), encode(payload));
        let signature = pair.unwrap().sign(&SystemRandom::new(), message.as_bytes()).unwrap();
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
