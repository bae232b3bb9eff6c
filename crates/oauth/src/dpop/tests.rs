//! Each rule of DPoP proofs, refused first.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::signer::{Signer, with};

const NOW: i64 = 1_800_000_000;
const URL: &str = "https://api.example/v1/jobs";

fn of() -> ProofOf<'static> {
    let now = Timestamp::from_millis(NOW * 1000);
    ProofOf { method: "GET", url: URL, token: None, nonce: None, now }
}

fn header(signer: &Signer) -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": signer.jwk() })
}

fn payload() -> Value {
    json!({ "jti": "j1", "htm": "GET", "htu": URL, "iat": NOW })
}

#[test]
fn each_claim_that_is_wrong_is_refused_for_its_reason() {
    let signer = Signer::new();
    let cases = [
        ("htm", json!("POST"), DpopError::Request),
        ("htm", json!("get"), DpopError::Request),
        ("htm", json!(null), DpopError::Malformed),
        ("htu", json!("https://api.example/v1/jobs/"), DpopError::Request),
        ("htu", json!("https://api.example/v1/JOBS"), DpopError::Request),
        ("htu", json!("http://api.example/v1/jobs"), DpopError::Request),
        ("htu", json!("https://api.example:8443/v1/jobs"), DpopError::Request),
        ("htu", json!("https://evil.example/v1/jobs"), DpopError::Request),
        ("htu", json!("/v1/jobs"), DpopError::Request),
        ("htu", json!(null), DpopError::Malformed),
        ("iat", json!(NOW - 61), DpopError::Time),
        ("iat", json!(NOW + 6), DpopError::Time),
        ("iat", json!(1.8e9), DpopError::Malformed),
        ("iat", json!(null), DpopError::Malformed),
        ("jti", json!(""), DpopError::Malformed),
        ("jti", json!("j".repeat(257)), DpopError::Malformed),
        ("jti", json!(null), DpopError::Malformed),
    ];
    for (name, value, error) in cases {
        let payload = with(payload(), name, value);
        let proof = signer.sign(&header(&signer), &payload);

        assert_eq!(verify_proof(&proof, &of()), Err(error), "{payload}");
    }
}

#[test]
fn each_header_that_is_odd_is_refused_for_its_reason() {
    let signer = Signer::new();
    let private = with(signer.jwk(), "d", json!("AA"));
    let cases = [
        ("typ", json!("JWT"), DpopError::Malformed),
        ("typ", json!(null), DpopError::Malformed),
        ("alg", json!("none"), DpopError::Signature),
        ("alg", json!("HS256"), DpopError::Signature),
        ("jwk", json!(null), DpopError::Malformed),
        ("jwk", private, DpopError::Malformed),
        ("jwk", Signer::new().jwk(), DpopError::Signature),
        ("crit", json!(["jwk"]), DpopError::Malformed),
    ];
    for (name, value, error) in cases {
        let header = with(header(&signer), name, value);
        let proof = signer.sign(&header, &payload());

        assert_eq!(verify_proof(&proof, &of()), Err(error), "{header}");
    }
}

#[test]
fn a_proof_for_another_token_or_for_none_is_refused() {
    let signer = Signer::new();
    let of = ProofOf { token: Some("a.b.c"), ..of() };
    for ath in [json!(null), json!(token_hash("x.y.z")), json!("a.b.c")] {
        let proof = signer.sign(&header(&signer), &with(payload(), "ath", ath));

        assert_eq!(verify_proof(&proof, &of), Err(DpopError::Token));
    }
    let fitting = with(payload(), "ath", json!(token_hash("a.b.c")));
    assert!(verify_proof(&signer.sign(&header(&signer), &fitting), &of).is_ok());
}

#[test]
fn a_nonce_is_needed_where_one_was_asked_for() {
    let signer = Signer::new();
    let of = ProofOf { nonce: Some("n1"), ..of() };
    for nonce in [json!(null), json!("n0")] {
        let proof = signer.sign(&header(&signer), &with(payload(), "nonce", nonce));

        assert_eq!(verify_proof(&proof, &of), Err(DpopError::Nonce));
    }
    let fitting = with(payload(), "nonce", json!("n1"));
    assert!(verify_proof(&signer.sign(&header(&signer), &fitting), &of).is_ok());
}

#[test]
fn a_good_proof_names_its_key_and_the_id_to_claim() {
    let signer = Signer::new();
    let urls = [URL, "https://api.example/v1/jobs?a=b#c", "HTTPS://API.example:443/v1/jobs"];
    for url in urls {
        let payload = with(payload(), "htu", json!(url));

        let proof = verify_proof(&signer.sign(&header(&signer), &payload), &of()).unwrap();

        let key = signer.key("k");
        assert_eq!(proof.thumbprint, key.thumbprint());
        assert_eq!(proof.claim, JtiClaim::new("dpop", key.thumbprint(), "j1", NOW + 61));
    }
}

/// RFC 9449 §7: the example's hash.
#[test]
fn the_hash_of_a_token_is_that_of_the_example() {
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    assert_eq!(token_hash(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

proptest! {
    #[test]
    fn arbitrary_text_does_not_panic(text in "([A-Za-z0-9_-]|\\.|eyJ|\\PC){0,64}") {
        drop(verify_proof(&text, &of()));
    }

    #[test]
    fn arbitrary_urls_do_not_panic(text in "(https?://|[a-z.:/?#@]|\\PC){0,24}") {
        let _same = is_same_url(&text, URL);
    }
}

#[test]
fn who_is_held_to_fapi_proves_no_key_by_es384() {
    let (short, long) = (Signer::new(), Signer::longer());
    let header = json!({ "typ": "dpop+jwt", "alg": "ES384", "jwk": long.jwk() });
    let by_long = verify_proof(&long.sign(&header, &payload()), &of()).unwrap();

    assert_eq!(by_long.check(Profile::Fapi2), Err(DpopError::Algorithm));
    assert_eq!(by_long.check(Profile::Baseline), Ok(()));

    let header = self::header(&short);
    let by_short = verify_proof(&short.sign(&header, &payload()), &of()).unwrap();
    assert_eq!(by_short.check(Profile::Fapi2), Ok(()));
}
