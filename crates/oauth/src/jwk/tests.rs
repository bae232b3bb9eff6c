//! Keys that are not taken, and those of the RFCs, which are.

use serde_json::json;

use super::*;
use crate::jws::CLIENT_ALGORITHMS;
use crate::signer::{Signer, with};

fn refusal(jwk: &Value) -> JwkError {
    ForeignKey::parse(jwk.to_string().as_bytes()).unwrap_err()
}

fn rsa(n: &str, e: &str) -> Value {
    json!({ "kty": "RSA", "alg": "PS256", "n": n, "e": e })
}

fn encoded(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

#[test]
fn a_private_or_symmetric_member_is_refused() {
    for name in PRIVATE {
        let jwk = with(Signer::new().jwk(), name, json!("AA"));

        assert_eq!(refusal(&jwk), JwkError::Private, "{name}");
    }
    assert_eq!(refusal(&json!({ "kty": "oct", "k": "AA" })), JwkError::Private);
}

#[test]
fn a_key_for_something_else_is_refused() {
    let cases = [
        ("use", json!("enc")),
        ("use", json!(1)),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!(["verify", "sign"])),
        ("key_ops", json!([])),
        ("key_ops", json!("verify")),
    ];
    for (name, value) in cases {
        let jwk = with(Signer::new().jwk(), name, value);

        assert_eq!(refusal(&jwk), JwkError::Use, "{jwk}");
    }
}

#[test]
fn a_label_that_does_not_fit_is_refused() {
    let jwk = Signer::new().jwk();
    let cases = [
        with(jwk.clone(), "alg", json!("ES384")),
        with(jwk.clone(), "alg", json!("none")),
        with(jwk.clone(), "alg", json!("HS256")),
        with(jwk.clone(), "alg", json!(256)),
        with(jwk.clone(), "crv", json!("secp256k1")),
        with(jwk.clone(), "kty", json!("OKP")),
        with(jwk, "kty", json!(null)),
        json!({ "kty": "RSA", "n": "AQ", "e": "AQAB" }),
        json!({ "kty": "RSA", "alg": "RS1", "n": "AQ", "e": "AQAB" }),
    ];
    for case in cases {
        assert_eq!(refusal(&case), JwkError::Kind, "{case}");
    }
}

#[test]
fn numbers_that_are_no_point_are_refused() {
    let jwk = Signer::new().jwk();
    let x = jwk["x"].as_str().unwrap();
    let cases = [
        with(jwk.clone(), "x", json!(null)),
        with(jwk.clone(), "x", json!(7)),
        with(jwk.clone(), "x", json!(format!("{x}="))),
        with(jwk.clone(), "x", json!(encoded(&[0; 33]))),
        with(jwk.clone(), "x", json!(encoded(&[1; 32]))),
        // The label of another curve on this one's point.
        with(jwk.clone(), "crv", json!("P-384")),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(&[1; 31]) }),
    ];
    for case in cases {
        assert_eq!(refusal(&case), JwkError::Material, "{case}");
    }
}

#[test]
fn a_weak_modulus_or_exponent_is_refused() {
    let good = encoded(&[&[0xC5], [0x5A; 254].as_slice(), &[0xF1]].concat());
    let cases = [
        (encoded(&[0xC5; 255]), "AQAB"),
        (encoded(&[0xC5; 1025]), "AQAB"),
        (good.clone(), "Aw"),
        (good.clone(), "AQAA"),
        (good.clone(), "AQAAAAAAAQ"),
        // 65537^0 is 1 modulo every prime: the mark of the weak generator.
        (encoded(&[[0; 0].as_slice(), &product()].concat()), "AQAB"),
    ];
    for (n, e) in cases {
        assert_eq!(refusal(&rsa(&n, e)), JwkError::Weak, "{n} {e}");
    }
    assert_eq!(refusal(&rsa(&encoded(&[0, 0xC5]), "AQAB")), JwkError::Material);
    assert!(ForeignKey::parse(rsa(&good, "AQAB").to_string().as_bytes()).is_ok());
}

#[test]
fn of_the_ways_to_sign_by_rsa_clients_have_one() {
    let n = encoded(&[&[0xC5], [0x5A; 254].as_slice(), &[0xF1]].concat());
    let taken = ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"].map(|name| {
        let jwk = with(rsa(&n, "AQAB"), "alg", json!(name));
        let key = ForeignKey::parse(jwk.to_string().as_bytes()).unwrap();
        assert_eq!(key.algorithm().name(), name);
        CLIENT_ALGORITHMS.contains(&key.algorithm())
    });

    assert_eq!(taken, [true, false, false, false, false, false]);
}

/// A number of 256 bytes that is 1 modulo each of the small primes.
fn product() -> Vec<u8> {
    // Their product, times 2^k, plus 1: built byte by byte.
    let mut number = vec![0_u8; 256];
    let mut product = vec![1_u8];
    for prime in SMALL_PRIMES {
        let mut carry = 0;
        for byte in &mut product {
            let value = u32::from(*byte) * prime + carry;
            *byte = (value & 0xFF) as u8;
            carry = value >> 8;
        }
        while carry > 0 {
            product.push((carry & 0xFF) as u8);
            carry >>= 8;
        }
    }
    for (place, byte) in product.iter().rev().enumerate() {
        number[place] = *byte;
    }
    // The top bit set by doubling, which keeps it a multiple.
    while number[0] & 0x80 == 0 {
        let mut carry = 0;
        for byte in number.iter_mut().rev() {
            let value = (u16::from(*byte) << 1) | carry;
            *byte = (value & 0xFF) as u8;
            carry = value >> 8;
        }
    }
    number[255] |= 1;
    number
}

#[test]
fn what_is_no_object_of_members_named_once_is_refused() {
    let long = format!(r#"{{"kty":"{}"}}"#, "a".repeat(5000));
    for json in ["", "[]", "1", r#"{"kty":"EC","kty":"EC"}"#, &long] {
        assert_eq!(ForeignKey::parse(json.as_bytes()).unwrap_err(), JwkError::Shape, "{json}");
    }
}

#[test]
fn a_set_has_keys_and_each_a_name_of_its_own() {
    let named = |kid: &str| with(Signer::new().jwk(), "kid", json!(kid));
    let set = |keys: Value| ForeignKey::parse_set(json!({ "keys": keys }).to_string().as_bytes());
    let many: Vec<_> = (0..9).map(|n| named(&n.to_string())).collect();

    for keys in [json!([]), json!({}), json!([named("a"), named("a")]), json!(many)] {
        assert_eq!(set(keys.clone()).unwrap_err(), JwkError::Set, "{keys}");
    }
    assert_eq!(set(json!([Signer::new().jwk()])).unwrap_err(), JwkError::Set);
    assert_eq!(set(json!([named("a"), 1])).unwrap_err(), JwkError::Shape);
    assert_eq!(set(json!([named("a"), named("b")])).unwrap().len(), 2);
}

#[test]
fn the_thumbprint_is_that_of_the_example_in_rfc_9449() {
    let jwk = json!({
        "kty": "EC", "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });

    let key = ForeignKey::parse(jwk.to_string().as_bytes()).unwrap();

    assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

/// RFC 8037 §A: the key, its thumbprint and its signature.
#[test]
fn ed25519_is_that_of_the_example_in_rfc_8037() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();

    let key = ForeignKey::parse(jwk.to_string().as_bytes()).unwrap();

    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert!(key.verifies(message.as_bytes(), &signature));
    assert!(!key.verifies(b"another", &signature));
}
