//! The header: exactly `typ`, `alg` and `kid`.

use super::*;

#[test]
fn any_typ_but_at_jwt_is_refused() {
    for typ in ["JWT", "AT+JWT", "application/at+jwt", "at+jwt ", "logout+jwt", ""] {
        assert_eq!(with_header("typ", json!(typ)).unwrap_err(), TokenError::Header, "{typ}");
    }
    assert_eq!(with_header("typ", Value::Null).unwrap_err(), TokenError::Header);
}

#[test]
fn a_missing_typ_alg_or_kid_is_refused() {
    let bench = Bench::new();
    for name in ["typ", "alg", "kid"] {
        let mut header = bench.header();
        header.as_object_mut().unwrap().remove(name);

        let refused = bench.verify(&bench.sign(&header.to_string(), &payload().to_string()));

        assert_eq!(refused.unwrap_err(), TokenError::Header, "{name}");
    }
}

#[test]
fn any_crit_is_refused() {
    for crit in [json!([]), json!(["exp"]), json!(["b64"]), json!("exp"), Value::Null] {
        assert_eq!(with_header("crit", crit).unwrap_err(), TokenError::Header);
    }
}

#[test]
fn b64_is_refused_whatever_it_says() {
    assert_eq!(with_header("b64", json!(false)).unwrap_err(), TokenError::Header);
    assert_eq!(with_header("b64", json!(true)).unwrap_err(), TokenError::Header);
}

#[test]
fn a_key_or_certificate_in_the_header_is_refused() {
    let key = SigningKey::generate();

    assert_eq!(with_header("jwk", key.jwk()).unwrap_err(), TokenError::Header);
    for name in ["jku", "x5u", "x5c", "zip", "cty", "unknown"] {
        let refused = with_header(name, json!("https://elsewhere.example"));

        assert_eq!(refused.unwrap_err(), TokenError::Header, "{name}");
    }
}

#[test]
fn any_alg_but_the_keys_is_refused() {
    for alg in ["none", "None", "HS256", "ES384", "RS256", "EdDSA", "es256", ""] {
        assert_eq!(with_header("alg", json!(alg)).unwrap_err(), TokenError::Header, "{alg}");
    }
}

#[test]
fn an_hmac_keyed_with_the_public_key_is_refused() {
    let bench = Bench::new();
    let mut header = bench.header();
    header["alg"] = json!("HS256");
    let message = format!("{}.{}", encode(&header.to_string()), encode(&payload().to_string()));
    let jwk = bench.key.jwk().to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, jwk.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());

    let token = format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));

    assert_eq!(bench.verify(&token).unwrap_err(), TokenError::Header);
}

#[test]
fn a_header_member_given_twice_is_refused() {
    let bench = Bench::new();
    let header =
        format!(r#"{{"typ":"at+jwt","alg":"ES256","alg":"ES256","kid":"{}"}}"#, bench.key.kid());

    let refused = bench.verify(&bench.sign(&header, &payload().to_string()));

    assert_eq!(refused.unwrap_err(), TokenError::Header);
}

#[test]
fn a_kid_outside_the_list_is_refused() {
    let stranger = SigningKey::generate();

    assert_eq!(with_header("kid", json!(stranger.kid())).unwrap_err(), TokenError::UnknownKey);
    assert_eq!(with_header("kid", json!("")).unwrap_err(), TokenError::UnknownKey);
}
