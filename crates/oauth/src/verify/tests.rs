//! Each rule of verification, refused first. Tokens are built by hand, so that they can be odd.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use serde_json::{Value, json};

use super::*;
use crate::{Scopes, SigningKey, mint};

mod claims;
mod header;
mod properties;
mod shape;
mod signature;
mod times;

const NOW: i64 = 1_800_000_000;
const EXPECT: Expect<'_> = Expect { issuer: "https://id.example", audience: "https://api.example" };

struct Bench {
    key: SigningKey,
    keys: VerifyingKeys,
}

impl Bench {
    fn new() -> Self {
        let key = SigningKey::generate();
        let keys = VerifyingKeys::new([key.public().clone()]).unwrap();
        Self { key, keys }
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.key.kid() })
    }

    fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_as(&ECDSA_P256_SHA256_FIXED_SIGNING, header, payload)
    }

    fn sign_as(
        &self,
        algorithm: &'static EcdsaSigningAlgorithm,
        header: &str,
        payload: &str,
    ) -> String {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, self.key.pkcs8().expose()).unwrap();
        let message = format!("{}.{}", encode(header), encode(payload));
        let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let verified = verify(token, &self.keys, &EXPECT, Timestamp::from_millis(NOW * 1000))?;
        assert_eq!(verified.kid, self.key.kid());
        Ok(verified.claims)
    }
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

fn payload() -> Value {
    json!({
        "iss": EXPECT.issuer,
        "sub": "pc_a",
        "aud": EXPECT.audience,
        "client_id": "pc_a",
        "jti": "t1",
        "iat": NOW,
        "exp": NOW + 900,
        "scope": "read:jobs",
        "tenant": "ten_00000000000000000000000001",
        "env": "sandbox",
        "roles": ["partner"],
    })
}

/// What becomes of a good token whose header has this member as well or instead.
fn with_header(name: &str, value: Value) -> Result<Claims, TokenError> {
    let bench = Bench::new();
    let mut header = bench.header();
    header[name] = value;
    bench.verify(&bench.sign(&header.to_string(), &payload().to_string()))
}

/// What becomes of a good token that claims this as well or instead.
fn with_claim(name: &str, value: Value) -> Result<Claims, TokenError> {
    let mut payload = payload();
    payload[name] = value;
    with_payload(&payload.to_string())
}

fn with_payload(payload: &str) -> Result<Claims, TokenError> {
    let bench = Bench::new();
    bench.verify(&bench.sign(&bench.header().to_string(), payload))
}

fn with_times(iat: i64, exp: i64) -> Result<Claims, TokenError> {
    let mut payload = payload();
    payload["iat"] = json!(iat);
    payload["exp"] = json!(exp);
    with_payload(&payload.to_string())
}

#[test]
fn unknown_claims_given_once_are_skipped() {
    assert!(with_claim("nickname", json!({ "any": ["thing"] })).is_ok());
}

#[test]
fn what_was_minted_is_verified() {
    let bench = Bench::new();
    let claims = Claims {
        iss: EXPECT.issuer.to_owned(),
        sub: "pc_a".to_owned(),
        aud: EXPECT.audience.to_owned(),
        client_id: "pc_a".to_owned(),
        jti: "t1".to_owned(),
        iat: NOW,
        exp: NOW + ACCESS_TOKEN_SECONDS,
        scope: Scopes::parse("read:jobs write:jobs").unwrap(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        env: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        person: None,
        cnf: None,
    };

    let token = mint(&bench.key, &claims).unwrap();

    assert_eq!(bench.verify(&token).unwrap(), claims);
    assert!(token.len() <= 1024, "{} bytes", token.len());
    let answer = crate::TokenResponse::mint(&bench.key, &claims).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 900);
    assert_eq!(answer["scope"], "read:jobs write:jobs");
}

#[test]
fn a_key_kept_for_a_while_still_verifies() {
    let old = Bench::new();
    let new = SigningKey::generate();
    let keys = VerifyingKeys::new([new.public().clone(), old.key.public().clone()]).unwrap();
    let token = old.sign(&old.header().to_string(), &payload().to_string());

    assert!(verify(&token, &keys, &EXPECT, Timestamp::from_millis(NOW * 1000)).is_ok());
}

#[test]
fn only_expiry_is_told_apart_to_the_caller() {
    let expired = Problem::from(TokenError::Expired);
    let forged = Problem::from(TokenError::Signature);
    let strange = Problem::from(TokenError::Audience);

    assert_eq!(forged.detail, strange.detail);
    assert_eq!(forged.headers, strange.headers);
    assert_ne!(expired.detail, forged.detail);
    assert!(expired.headers[0].1.starts_with("Bearer realm=\"ringwall\", error=\"invalid_token\""));
}
