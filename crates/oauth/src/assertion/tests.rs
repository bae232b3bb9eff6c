//! Each rule of client assertions, refused first.

use serde_json::{Value, json};

use super::*;
use crate::signer::{Signer, with};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1" })
}

fn payload() -> Value {
    json!({ "iss": "pc_a", "sub": "pc_a", "aud": ISSUER, "jti": "j1", "iat": NOW, "exp": NOW + 60 })
}

struct Bench {
    signer: Signer,
    keys: Vec<ForeignKey>,
}

impl Bench {
    fn new() -> Self {
        let signer = Signer::new();
        let keys = vec![Signer::new().key("k0"), signer.key("k1")];
        Self { signer, keys }
    }

    fn verify(&self, header: &Value, payload: &Value) -> Result<JtiClaim, AssertionError> {
        self.verify_text(&self.signer.sign(header, payload))
    }

    fn verify_text(&self, jwt: &str) -> Result<JtiClaim, AssertionError> {
        let decoy = Signer::new().key("decoy");
        let now = Timestamp::from_millis(NOW * 1000);
        verify(jwt, ("pc_a", &self.keys, &decoy), ISSUER, now).map(|(_, claim)| claim)
    }
}

#[test]
fn each_claim_that_is_wrong_is_refused_for_its_reason() {
    let bench = Bench::new();
    let cases = [
        ("iss", json!("pc_b"), AssertionError::Parties),
        ("sub", json!("pc_b"), AssertionError::Parties),
        ("iss", json!(null), AssertionError::Claims),
        ("jti", json!(null), AssertionError::Claims),
        ("jti", json!(""), AssertionError::Claims),
        ("jti", json!("j".repeat(257)), AssertionError::Claims),
        ("exp", json!(null), AssertionError::Claims),
        ("exp", json!(1.8e9), AssertionError::Claims),
        ("exp", json!("1800000060"), AssertionError::Claims),
        ("aud", json!(null), AssertionError::Claims),
        // RFC 7523bis: the issuer, and neither the token endpoint nor a list.
        ("aud", json!("https://id.example/oauth/token"), AssertionError::Audience),
        ("aud", json!("https://id.example/"), AssertionError::Audience),
        ("aud", json!([ISSUER]), AssertionError::Claims),
        ("aud", json!([ISSUER, "https://evil.example"]), AssertionError::Claims),
        ("exp", json!(NOW - 5), AssertionError::Time),
        ("exp", json!(NOW + 306), AssertionError::Time),
        ("exp", json!(i64::MAX), AssertionError::Time),
        ("exp", json!(i64::MIN), AssertionError::Time),
        ("iat", json!(NOW + 6), AssertionError::Time),
        ("nbf", json!(NOW + 6), AssertionError::Time),
    ];
    for (name, value, error) in cases {
        let payload = with(payload(), name, value);

        assert_eq!(bench.verify(&header(), &payload), Err(error), "{payload}");
    }
}

#[test]
fn each_header_that_is_odd_is_refused() {
    let bench = Bench::new();
    let cases = [
        ("alg", json!("none"), AssertionError::Signature),
        ("alg", json!("HS256"), AssertionError::Signature),
        ("alg", json!("ES384"), AssertionError::Signature),
        ("alg", json!(null), AssertionError::Malformed),
        ("kid", json!(null), AssertionError::Signature),
        ("kid", json!("k0"), AssertionError::Signature),
        ("kid", json!("decoy"), AssertionError::Signature),
        ("typ", json!("at+jwt"), AssertionError::Malformed),
        ("typ", json!("dpop+jwt"), AssertionError::Malformed),
        ("crit", json!(["exp"]), AssertionError::Malformed),
        ("b64", json!(false), AssertionError::Malformed),
    ];
    for (name, value, error) in cases {
        let header = with(header(), name, value);

        assert_eq!(bench.verify(&header, &payload()), Err(error), "{header}");
    }
}

#[test]
fn a_key_in_the_header_is_not_believed() {
    let (bench, stranger) = (Bench::new(), Signer::new());
    let header = with(header(), "jwk", stranger.jwk());

    let forged = stranger.sign(&header, &payload());

    assert_eq!(bench.verify_text(&forged), Err(AssertionError::Signature));
}

#[test]
fn what_is_no_canonical_jws_is_refused() {
    let bench = Bench::new();
    let good = bench.signer.sign(&header(), &payload());
    let dotted = format!("{good}.");
    let padded = format!("{good}=");
    let long = format!("{good}{}", "A".repeat(8192));
    for text in ["", "..", "a.b", "a.b.c", &dotted, &padded, &long] {
        assert_eq!(bench.verify_text(text), Err(AssertionError::Malformed), "{text}");
    }
}

#[test]
fn a_good_assertion_is_taken_and_its_id_is_to_be_claimed_until_it_ends() {
    let bench = Bench::new();
    for typ in [json!(null), json!("JWT"), json!("client-authentication+jwt")] {
        let claim = bench.verify(&with(header(), "typ", typ), &payload()).unwrap();

        assert_eq!(claim, JtiClaim::new("assertion", "pc_a", "j1", NOW + 65));
    }
    let jwt = bench.signer.sign(&header(), &payload());
    assert_eq!(claimed_client(&jwt).as_deref(), Some("pc_a"));
}

#[test]
fn what_we_sign_as_a_client_is_good_by_our_own_rules() {
    let key = SigningKey::generate();
    let jwk = ForeignKey::parse(key.jwk().to_string().as_bytes()).unwrap();
    let now = Timestamp::from_millis(NOW * 1000);

    let jwt = sign_assertion(&key, "ringwall", ISSUER, now).unwrap();

    let decoy = Signer::new().key("decoy");
    assert!(verify(&jwt, ("ringwall", &[jwk], &decoy), ISSUER, now).is_ok());
}
