//! Each rule of ID tokens and logout tokens, refused first.

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::signer::{Signer, with};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example";

fn between() -> Between<'static> {
    let now = Timestamp::from_millis(NOW * 1000);
    Between { issuer: ISSUER, client_id: "ringwall", algorithms: &[Algorithm::Es256], now }
}

fn sought() -> Sought<'static> {
    Sought { nonce: "n-1", max_age_s: 3600, access_token: Some("at"), groups_claim: "groups" }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" })
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "sub": "00u1", "aud": "ringwall", "nonce": "n-1",
        "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 60,
        "acr": "phr", "amr": ["hwk", "user"], "groups": ["admins"], "email": "a@b.example",
    })
}

fn logout() -> Value {
    json!({
        "iss": ISSUER, "sub": "00u1", "sid": "s1", "aud": "ringwall", "jti": "j1",
        "iat": NOW, "exp": NOW + 120, "events": { LOGOUT_EVENT: {} },
    })
}

fn check(signer: &Signer, header: &Value, payload: &Value) -> Result<Identity, IdTokenError> {
    verify_id_token(&signer.sign(header, payload), &signer.key("k1"), &between(), &sought())
}

#[test]
fn each_claim_that_is_wrong_is_refused_for_its_reason() {
    let signer = Signer::new();
    for (name, value, error) in [
        ("iss", json!("https://id.example/"), IdTokenError::Issuer),
        ("iss", json!(["https://id.example"]), IdTokenError::Claims),
        ("iss", json!(null), IdTokenError::Issuer),
        ("aud", json!("another"), IdTokenError::Audience),
        ("aud", json!(["ringwall", "another"]), IdTokenError::Audience),
        ("aud", json!([]), IdTokenError::Audience),
        ("aud", json!(null), IdTokenError::Claims),
        ("azp", json!("another"), IdTokenError::Audience),
        ("nonce", json!("n-2"), IdTokenError::Nonce),
        ("nonce", json!(null), IdTokenError::Nonce),
        ("exp", json!(NOW - 30), IdTokenError::Time),
        ("exp", json!(null), IdTokenError::Claims),
        ("exp", json!(1.5), IdTokenError::Claims),
        ("iat", json!(NOW + 31), IdTokenError::Time),
        ("iat", json!(NOW - 601), IdTokenError::Time),
        ("iat", json!(null), IdTokenError::Claims),
        ("nbf", json!(NOW + 31), IdTokenError::Time),
        ("auth_time", json!(NOW - 3631), IdTokenError::AuthTime),
        ("auth_time", json!(NOW + 31), IdTokenError::AuthTime),
        ("auth_time", json!(null), IdTokenError::AuthTime),
        ("at_hash", json!("AAAA"), IdTokenError::AccessToken),
        ("sub", json!(null), IdTokenError::Claims),
        ("sub", json!(""), IdTokenError::Claims),
        ("sub", json!("ü"), IdTokenError::Claims),
        ("sub", json!(7), IdTokenError::Claims),
        ("groups", json!([1]), IdTokenError::Claims),
        ("groups", json!({ "a": 1 }), IdTokenError::Claims),
        ("amr", json!([["mfa"]]), IdTokenError::Claims),
    ] {
        let changed = with(payload(), name, value.clone());
        assert_eq!(check(&signer, &header(), &changed), Err(error), "{name} {value}");
    }
}

#[test]
fn no_algorithm_but_the_keys_own_is_believed() {
    let signer = Signer::new();
    for alg in ["none", "HS256", "ES384", "RS256", "es256", ""] {
        let header = with(header(), "alg", json!(alg));
        assert_eq!(check(&signer, &header, &payload()), Err(IdTokenError::Signature), "{alg}");
    }
    // Nothing signed it, and the public key was used as a secret.
    let unsigned = signer.sign(&with(header(), "alg", json!("none")), &payload());
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    let mac = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA256,
            signer.jwk().to_string().as_bytes(),
        ),
        message.as_bytes(),
    );
    for signature in [String::new(), BASE64URL_NOPAD.encode(mac.as_ref())] {
        let jwt = format!("{message}.{signature}");
        let found = verify_id_token(&jwt, &signer.key("k1"), &between(), &sought());
        assert_eq!(found, Err(IdTokenError::Signature));
    }
}

#[test]
fn another_key_another_name_and_an_algorithm_that_is_not_listed_are_refused() {
    let (signer, other) = (Signer::new(), Signer::new());
    let jwt = signer.sign(&header(), &payload());
    let unlisted = Between { algorithms: &[Algorithm::Rs256], ..between() };

    for (key, between) in
        [(other.key("k1"), between()), (signer.key("k2"), between()), (signer.key("k1"), unlisted)]
    {
        let found = verify_id_token(&jwt, &key, &between, &sought());
        assert_eq!(found, Err(IdTokenError::Signature));
    }
    let nameless = signer.sign(&with(header(), "kid", json!(null)), &payload());
    let found = verify_id_token(&nameless, &signer.key("k1"), &between(), &sought());
    assert_eq!(found, Err(IdTokenError::Signature));
}

#[test]
fn a_token_of_another_type_or_with_critical_members_is_refused() {
    let signer = Signer::new();
    for (name, value) in [
        ("typ", json!("at+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("jwt ")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        let header = with(header(), name, value);
        assert_eq!(check(&signer, &header, &payload()), Err(IdTokenError::Malformed), "{name}");
    }
}

#[test]
fn a_token_that_fits_says_who_it_is() {
    let signer = Signer::new();
    let hash = aws_lc_rs::digest::digest(&SHA256, b"at");
    let at_hash = json!(BASE64URL_NOPAD.encode(&hash.as_ref()[..16]));
    let full = with(with(payload(), "at_hash", at_hash), "aud", json!(["ringwall"]));

    let found = check(&signer, &with(header(), "typ", json!(null)), &full).unwrap();

    assert_eq!((found.subject.as_str(), found.acr.as_deref()), ("00u1", Some("phr")));
    assert_eq!(
        (found.amr, found.groups),
        (vec!["hwk".into(), "user".into()], vec!["admins".into()])
    );
}

#[test]
fn one_group_alone_is_a_list_of_one_and_methods_alone_are_none() {
    let signer = Signer::new();
    let changed = with(with(payload(), "groups", json!("admins")), "amr", json!("mfa"));

    let found = check(&signer, &header(), &changed).unwrap();

    assert_eq!(found.groups, ["admins"]);
    assert_eq!(found.amr, Vec::<String>::new());
    let none = check(&signer, &header(), &with(payload(), "groups", json!(null))).unwrap();
    assert_eq!(none.groups, Vec::<String>::new());
}

#[test]
fn a_logout_token_that_is_not_one_ends_nothing() {
    let signer = Signer::new();
    let typed = |typ: Value| with(header(), "typ", typ);
    let ask = |header: &Value, payload: &Value| {
        verify_logout_token(&signer.sign(header, payload), &signer.key("k1"), &between())
    };
    for (name, value, error) in [
        ("iss", json!("https://evil.example"), IdTokenError::Issuer),
        ("aud", json!("another"), IdTokenError::Audience),
        ("iat", json!(NOW - 601), IdTokenError::Time),
        ("exp", json!(NOW - 30), IdTokenError::Time),
        ("nonce", json!("n-1"), IdTokenError::Claims),
        ("events", json!(null), IdTokenError::Claims),
        ("events", json!({ "other": {} }), IdTokenError::Claims),
        ("events", json!({ LOGOUT_EVENT: true }), IdTokenError::Claims),
        ("jti", json!(null), IdTokenError::Claims),
    ] {
        let changed = with(logout(), name, value.clone());
        assert_eq!(ask(&typed(json!("logout+jwt")), &changed), Err(error), "{name} {value}");
    }
    let nobody = with(with(logout(), "sub", json!(null)), "sid", json!(null));
    assert_eq!(ask(&typed(json!("logout+jwt")), &nobody), Err(IdTokenError::Claims));
    for typ in [json!("JWT"), json!(null), json!("at+jwt")] {
        assert_eq!(ask(&typed(typ), &logout()), Err(IdTokenError::Malformed));
    }

    let out = ask(&typed(json!("logout+jwt")), &logout()).unwrap();
    assert_eq!((out.subject.as_deref(), out.session.as_deref()), (Some("00u1"), Some("s1")));
}

proptest! {
    #[test]
    fn whatever_is_sent_nothing_unsigned_is_believed(text in "[A-Za-z0-9_.-]{0,200}") {
        let key = Signer::new().key("k1");
        prop_assert!(verify_id_token(&text, &key, &between(), &sought()).is_err());
        prop_assert!(verify_logout_token(&text, &key, &between()).is_err());
    }

    #[test]
    fn one_changed_character_anywhere_is_found(at in any::<prop::sample::Index>()) {
        let signer = Signer::new();
        let mut jwt = signer.sign(&header(), &payload()).into_bytes();
        let at = at.index(jwt.len());
        jwt[at] = if jwt[at] == b'A' { b'B' } else { b'A' };
        let jwt = String::from_utf8(jwt).unwrap();

        prop_assert!(verify_id_token(&jwt, &signer.key("k1"), &between(), &sought()).is_err());
    }
}
