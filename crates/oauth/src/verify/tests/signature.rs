//! The signature: ours, over these very bytes.

use super::*;

#[test]
fn a_strangers_signature_under_our_kid_is_refused() {
    let (ours, stranger) = (Bench::new(), Bench::new());

    let token = stranger.sign(&ours.header().to_string(), &payload().to_string());

    assert_eq!(ours.verify(&token).unwrap_err(), TokenError::Signature);
}

#[test]
fn a_changed_payload_is_refused() {
    let bench = Bench::new();
    let token = bench.sign(&bench.header().to_string(), &payload().to_string());
    let parts: Vec<_> = token.split('.').collect();
    let mut changed = payload();
    changed["scope"] = json!("admin");

    let token = format!("{}.{}.{}", parts[0], encode(&changed.to_string()), parts[2]);

    assert_eq!(bench.verify(&token).unwrap_err(), TokenError::Signature);
}

#[test]
fn an_empty_zero_or_short_signature_is_refused() {
    let bench = Bench::new();
    let token = bench.sign(&bench.header().to_string(), &payload().to_string());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let short = signature.get(4..).unwrap();
    let zero = BASE64URL_NOPAD.encode(&[0; 64]);

    for signature in ["", zero.as_str(), short] {
        let refused = bench.verify(&format!("{message}.{signature}"));

        assert!(refused.is_err(), "{signature}");
    }
}

#[test]
fn a_signature_in_asn_1_form_is_refused() {
    let bench = Bench::new();
    let header = bench.header().to_string();

    let token = bench.sign_as(&ECDSA_P256_SHA256_ASN1_SIGNING, &header, &payload().to_string());

    assert_eq!(bench.verify(&token).unwrap_err(), TokenError::Signature);
}
