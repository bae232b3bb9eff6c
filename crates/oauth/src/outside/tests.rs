//! Access tokens of other issuers: what their public documentation shows is taken, and whatever is
//! wrong with one is refused for its reason.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::signer::{Signer, with};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example/realm";
const US: &str = "https://api.example";

fn rules(kind: OutsideKind) -> OutsideRules {
    OutsideRules {
        issuer: ISSUER.to_owned(),
        kind,
        audiences: vec![US.to_owned()],
        algorithms: vec![Algorithm::Es256],
        age_max_s: 3600,
        scope_claim: None,
        acr_claim: "acr".to_owned(),
        amr_claim: "amr".to_owned(),
    }
}

fn cognito() -> OutsideRules {
    OutsideRules { audiences: Vec::new(), ..rules(OutsideKind::Cognito) }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "at+jwt" })
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "aud": US, "sub": "app-1", "client_id": "app-1", "jti": "j-1",
        "iat": NOW, "exp": NOW + 600, "scope": "read:jobs write:jobs", "groups": ["a"],
    })
}

fn read(signer: &Signer, token: &str, rules: &OutsideRules) -> Result<OutsideToken, OutsideError> {
    let now = Timestamp::from_millis(NOW * 1000);
    OutsideJws::parse(token, rules.kind)?.verify(&signer.key("k1"), rules, now)
}

fn check(header: &Value, payload: &Value) -> Result<OutsideToken, OutsideError> {
    let signer = Signer::new();
    read(&signer, &signer.sign(header, payload), &rules(OutsideKind::Rfc9068))
}

#[test]
fn each_claim_that_is_wrong_is_refused_for_its_reason() {
    for (name, value, error) in [
        ("iss", json!("https://id.example/realm/"), OutsideError::Issuer),
        ("iss", json!("https://ID.example/realm"), OutsideError::Issuer),
        ("iss", json!([ISSUER]), OutsideError::Claims),
        ("iss", json!(null), OutsideError::Issuer),
        ("aud", json!("https://api.example/"), OutsideError::Audience),
        ("aud", json!(["app-1", "another"]), OutsideError::Audience),
        ("aud", json!([]), OutsideError::Audience),
        ("aud", json!([[US]]), OutsideError::Claims),
        ("aud", json!({ US: 1 }), OutsideError::Claims),
        ("aud", json!(null), OutsideError::Audience),
        ("sub", json!(null), OutsideError::Claims),
        ("sub", json!(""), OutsideError::Claims),
        ("sub", json!("a".repeat(256)), OutsideError::Claims),
        ("sub", json!("a\nb"), OutsideError::Claims),
        ("sub", json!("é"), OutsideError::Claims),
        ("client_id", json!(null), OutsideError::Claims),
        ("client_id", json!(7), OutsideError::Claims),
        ("jti", json!(7), OutsideError::Claims),
        ("exp", json!(null), OutsideError::Claims),
        ("exp", json!(1.8e9), OutsideError::Claims),
        ("exp", json!("1800000600"), OutsideError::Claims),
        ("exp", json!(NOW), OutsideError::Lifetime),
        ("exp", json!(NOW + 3601), OutsideError::Lifetime),
        ("exp", json!(i64::MAX), OutsideError::Lifetime),
        ("iat", json!(null), OutsideError::Claims),
        ("iat", json!(NOW + 31), OutsideError::IssuedInFuture),
        ("iat", json!(i64::MIN), OutsideError::Lifetime),
        ("nbf", json!(NOW + 31), OutsideError::NotYetValid),
        ("nbf", json!("soon"), OutsideError::Claims),
        ("auth_time", json!(NOW + 31), OutsideError::IssuedInFuture),
        ("scope", json!({ "read:jobs": true }), OutsideError::Claims),
        ("cnf", json!({ "x5t": "AA" }), OutsideError::Claims),
        ("cnf", json!({ "jkt": "a", "x5t#S256": "b" }), OutsideError::Claims),
        ("cnf", json!("jkt"), OutsideError::Claims),
        ("nonce", json!("n"), OutsideError::Use),
        ("at_hash", json!("h"), OutsideError::Use),
        ("c_hash", json!("h"), OutsideError::Use),
        ("events", json!({}), OutsideError::Use),
        ("token_use", json!("id"), OutsideError::Use),
    ] {
        let found = check(&header(), &with(payload(), name, value.clone()));
        assert_eq!(found.map(|_| ()), Err(error), "{name}: {value}");
    }
    let old = with(with(payload(), "iat", json!(NOW - 700)), "exp", json!(NOW - 30));
    assert_eq!(check(&header(), &old).map(|_| ()), Err(OutsideError::Expired));
}

#[test]
fn each_header_that_is_wrong_is_refused_for_its_reason() {
    let own = Signer::new().jwk();
    for (name, value, error) in [
        ("alg", json!("none"), OutsideError::Signature),
        ("alg", json!("HS256"), OutsideError::Signature),
        ("alg", json!("RS256"), OutsideError::Signature),
        ("alg", json!("ES384"), OutsideError::Signature),
        ("alg", json!(null), OutsideError::Malformed),
        ("kid", json!(null), OutsideError::Key),
        ("kid", json!(""), OutsideError::Key),
        ("kid", json!("k".repeat(256)), OutsideError::Key),
        ("kid", json!("k2"), OutsideError::Signature),
        ("kid", json!(["k1"]), OutsideError::Malformed),
        ("typ", json!("JWT"), OutsideError::Type),
        ("typ", json!("logout+jwt"), OutsideError::Type),
        ("typ", json!("dpop+jwt"), OutsideError::Type),
        ("typ", json!(null), OutsideError::Type),
        ("crit", json!(["exp"]), OutsideError::Malformed),
        ("crit", json!([]), OutsideError::Malformed),
        ("b64", json!(false), OutsideError::Malformed),
        ("jwk", own, OutsideError::Key),
        ("jku", json!("https://evil.example/jwks"), OutsideError::Key),
        ("x5u", json!("https://evil.example/chain"), OutsideError::Key),
        ("x5c", json!(["AA"]), OutsideError::Key),
    ] {
        let found = check(&with(header(), name, value.clone()), &payload());
        assert_eq!(found.map(|_| ()), Err(error), "{name}: {value}");
    }
}

#[test]
fn what_was_signed_by_nobody_or_with_the_public_key_is_refused() {
    let signer = Signer::new();
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let secret = signer.jwk().to_string();
    for alg in ["none", "None", "HS256"] {
        let message =
            format!("{}.{}", encode(&with(header(), "alg", json!(alg))), encode(&payload()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = BASE64URL_NOPAD.encode(hmac::sign(&key, message.as_bytes()).as_ref());
        for signature in [String::new(), signature] {
            let found =
                read(&signer, &format!("{message}.{signature}"), &rules(OutsideKind::Rfc9068));
            assert_eq!(found.map(|_| ()), Err(OutsideError::Signature), "{alg}");
        }
    }
    let forger = Signer::new();
    let found = read(&signer, &forger.sign(&header(), &payload()), &rules(OutsideKind::Rfc9068));
    assert_eq!(found.map(|_| ()), Err(OutsideError::Signature));
    // The key is of a kind that this issuer does not sign with.
    let other = OutsideRules { algorithms: vec![Algorithm::Rs256], ..rules(OutsideKind::Rfc9068) };
    let found = read(&signer, &signer.sign(&header(), &payload()), &other);
    assert_eq!(found.map(|_| ()), Err(OutsideError::Signature));
}

#[test]
fn a_member_named_twice_is_refused_and_names_no_issuer() {
    let signer = Signer::new();
    let text = payload().to_string();
    let members = text.strip_suffix('}').unwrap();
    for again in [format!(r#""iss":"{ISSUER}""#), r#""x":1,"x":2"#.to_owned()] {
        let token = signer.sign_text(&header().to_string(), &format!("{members},{again}}}"));
        let found = read(&signer, &token, &rules(OutsideKind::Rfc9068));
        assert_eq!(found.map(|_| ()), Err(OutsideError::Claims), "{again}");
        assert_eq!(claimed_issuer(&token), None, "{again}");
    }
    let twice = r#"{"alg":"ES256","kid":"k1","typ":"at+jwt","alg":"ES256"}"#;
    let found = read(&signer, &signer.sign_text(twice, &text), &rules(OutsideKind::Rfc9068));
    assert_eq!(found.map(|_| ()), Err(OutsideError::Malformed));
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let signer = Signer::new();
    let large = signer.sign(&header(), &with(payload(), "x", json!("x".repeat(9000))));

    let found = read(&signer, &large, &rules(OutsideKind::Rfc9068));

    assert_eq!(found.map(|_| ()), Err(OutsideError::TooLarge));
    assert_eq!(claimed_issuer(&large), None);
}

#[test]
fn an_application_and_a_person_are_told_apart() {
    let person = with(payload(), "sub", json!("user-1"));
    for (payload, is_own) in [(payload(), true), (person, false)] {
        let found = check(&header(), &payload).unwrap();

        assert_eq!((found.is_own, found.client.as_str()), (is_own, "app-1"));
        assert_eq!(found.scopes, ["read:jobs", "write:jobs"]);
    }
}

/// As Cognito writes them: no `typ`, no `aud`.
#[test]
fn a_token_of_cognito_is_one_that_says_it_is_for_access() {
    let signer = Signer::new();
    let header = json!({ "kid": "k1", "alg": "ES256" });
    let person = json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["recruiters"],
        "iss": ISSUER, "version": 2, "client_id": "xxxxxxxxxxxxexample",
        "origin_jti": "o-1", "event_id": "e-1", "token_use": "access",
        "scope": "ringwall/jobs.read openid", "auth_time": NOW - 60, "exp": NOW + 3600, "iat": NOW,
        "jti": "j-1", "username": "mara",
    });
    let machine = json!({
        "sub": "xxxxxxxxxxxxexample", "token_use": "access", "scope": "ringwall/jobs.read",
        "auth_time": NOW, "iss": ISSUER, "exp": NOW + 3600, "iat": NOW, "version": 2, "jti": "j-2",
        "client_id": "xxxxxxxxxxxxexample",
    });
    let id_token = json!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["recruiters"],
        "iss": ISSUER, "cognito:username": "mara", "origin_jti": "o-1",
        "aud": "xxxxxxxxxxxxexample", "event_id": "e-1", "token_use": "id",
        "auth_time": NOW, "exp": NOW + 3600, "iat": NOW, "jti": "j-3", "email": "mara@acme.example",
    });
    let read = |payload: &Value, rules: &OutsideRules| {
        read(&signer, &signer.sign(&header, payload), rules)
    };

    assert_eq!(read(&id_token, &cognito()).map(|_| ()), Err(OutsideError::Use));
    let silent = with(machine.clone(), "token_use", json!(null));
    assert_eq!(read(&silent, &cognito()).map(|_| ()), Err(OutsideError::Use));
    // One for somebody else's API, and one that names none where we have a name.
    let elsewhere = with(machine.clone(), "aud", json!("https://other.example"));
    assert_eq!(read(&elsewhere, &cognito()).map(|_| ()), Err(OutsideError::Audience));
    let named = rules(OutsideKind::Cognito);
    assert_eq!(read(&machine, &named).map(|_| ()), Err(OutsideError::Audience));
    assert!(read(&with(machine.clone(), "aud", json!(US)), &named).is_ok());
    let disguised = with(machine.clone(), "username", json!("app"));
    assert!(!read(&disguised, &cognito()).unwrap().is_own);
    assert!(read(&machine, &cognito()).unwrap().is_own);
    let found = read(&person, &cognito()).unwrap();
    assert_eq!(found.words("cognito:groups").unwrap(), ["recruiters"]);
    assert_eq!((found.is_own, found.auth_time), (false, Some(NOW - 60)));
}

/// As Auth0 writes them with its default profile, and with that of RFC 9068.
#[test]
fn a_token_of_auth0_names_its_application_in_one_way() {
    let signer = Signer::new();
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" });
    let rules = rules(OutsideKind::Auth0);
    let person = json!({
        "iss": ISSUER, "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
        "aud": [US, "https://acme.auth0.com/userinfo"], "iat": NOW, "exp": NOW + 3600,
        "azp": "my_client_id", "scope": "openid profile read:jobs",
        "permissions": ["read:jobs", "write:jobs"], "https://acme.example/roles": ["recruiter"],
    });
    let machine = json!({
        "iss": ISSUER, "sub": "my_client_id@clients", "aud": US, "iat": NOW, "exp": NOW + 3600,
        "azp": "my_client_id", "gty": "client-credentials", "scope": "read:jobs",
    });
    let id_token = json!({
        "iss": ISSUER, "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": "my_client_id",
        "iat": NOW, "exp": NOW + 3600, "nickname": "mara", "sid": "s-1",
    });
    let read = |payload: &Value| read(&signer, &signer.sign(&header, payload), &rules);

    assert_eq!(read(&id_token).map(|_| ()), Err(OutsideError::Audience));
    let id_token_for_us = with(id_token, "aud", json!(US));
    assert_eq!(read(&id_token_for_us).map(|_| ()), Err(OutsideError::Claims));
    let two = with(person.clone(), "client_id", json!("another"));
    assert_eq!(read(&two).map(|_| ()), Err(OutsideError::Claims));
    let disguised = with(machine.clone(), "gty", json!("password"));
    assert!(!read(&disguised).unwrap().is_own);
    let of_another = with(machine.clone(), "sub", json!("another@clients"));
    assert!(!read(&of_another).unwrap().is_own);
    let standard = with(with(machine.clone(), "azp", json!(null)), "client_id", json!("c"));
    assert_eq!(read(&standard).unwrap().client, "c");
    let found = read(&machine).unwrap();
    assert_eq!((found.is_own, found.id.len()), (true, 43), "no `jti`: its hash");
    let found = read(&person).unwrap();
    assert_eq!(found.words("https://acme.example/roles").unwrap(), ["recruiter"]);
    let by_permission =
        OutsideRules { scope_claim: Some("permissions".to_owned()), ..rules.clone() };
    let found = self::read(&signer, &signer.sign(&header, &person), &by_permission);
    assert_eq!(found.unwrap().scopes, ["read:jobs", "write:jobs"]);
}

/// As Okta's custom authorization servers write them.
#[test]
fn a_token_of_okta_names_a_person_by_id_and_not_by_address() {
    let signer = Signer::new();
    let header = json!({ "kid": "k1", "alg": "ES256" });
    let rules = rules(OutsideKind::Okta);
    let person = json!({
        "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "iss": ISSUER,
        "aud": US, "sub": "mara@acme.example", "iat": NOW, "exp": NOW + 3600,
        "cid": "0oabskvc6442nkvQO0h7", "uid": "00u5t60iloOHN9pBi0h7",
        "scp": ["openid", "read:jobs"], "groups": ["Recruiters"],
    });
    let machine = json!({
        "ver": 1, "jti": "AT.1", "iss": ISSUER, "aud": US, "iat": NOW, "exp": NOW + 3600,
        "cid": "0oabskvc6442nkvQO0h7", "scp": ["read:jobs"], "sub": "0oabskvc6442nkvQO0h7",
    });
    let id_token = json!({
        "ver": 1, "sub": "00u5t60iloOHN9pBi0h7", "iss": ISSUER, "aud": "0oabskvc6442nkvQO0h7",
        "iat": NOW, "exp": NOW + 3600, "jti": "ID.1", "amr": ["pwd"], "idp": "00o1",
        "auth_time": NOW, "at_hash": "h",
    });
    let read = |payload: &Value| read(&signer, &signer.sign(&header, payload), &rules);

    assert_eq!(read(&id_token).map(|_| ()), Err(OutsideError::Use));
    let bare = with(with(id_token, "at_hash", json!(null)), "aud", json!(US));
    assert_eq!(read(&bare).map(|_| ()), Err(OutsideError::Claims));
    let nobody = with(person.clone(), "uid", json!(null));
    assert_eq!(read(&nobody).map(|_| ()), Err(OutsideError::Claims));
    let disguised = with(machine.clone(), "uid", json!("00u"));
    assert!(!read(&disguised).unwrap().is_own);
    assert!(read(&machine).unwrap().is_own);
    let found = read(&person).unwrap();
    assert_eq!((found.subject.as_str(), found.is_own), ("00u5t60iloOHN9pBi0h7", false));
    assert_eq!(found.scopes, ["openid", "read:jobs"]);
}

#[test]
fn a_claim_is_a_members_name_or_a_pointer() {
    let claims = with(payload(), "realm_access", json!({ "roles": ["r"], "a/b": ["s"] }));
    let claims = with(claims, "https://acme.example/roles", json!("t"));
    let found = check(&header(), &claims).unwrap();

    for nothing in ["realm_access.roles", "/realm_access/role", "/groups/0/x", "/", "/scope/x"] {
        assert_eq!(found.words(nothing).unwrap(), Vec::<String>::new(), "{nothing}");
    }
    assert!(found.words("realm_access").is_err());
    assert_eq!(found.words("/realm_access/roles").unwrap(), ["r"]);
    assert_eq!(found.words("/realm_access/a~1b").unwrap(), ["s"]);
    assert_eq!(found.words("https://acme.example/roles").unwrap(), ["t"]);
}

#[test]
fn what_it_is_bound_to_is_kept() {
    let bound = with(payload(), "cnf", json!({ "jkt": "thumb" }));

    let found = check(&header(), &bound).unwrap();

    assert_eq!(found.cnf, Some(Confirmation::Key("thumb".to_owned())));
}

proptest! {
    #[test]
    fn whatever_is_sent_nothing_is_believed(text in "\\PC{0,80}|[a-zA-Z0-9_.-]{0,400}") {
        let signer = Signer::new();
        for kind in
            [OutsideKind::Rfc9068, OutsideKind::Cognito, OutsideKind::Auth0, OutsideKind::Okta]
        {
            prop_assert!(read(&signer, &text, &rules(kind)).is_err());
        }
        prop_assert_eq!(claimed_issuer(&text), None);
    }

    #[test]
    fn one_other_byte_anywhere_spoils_it(place in any::<prop::sample::Index>(), by in 1_u8..=255) {
        let signer = Signer::new();
        let mut token = signer.sign(&header(), &payload()).into_bytes();
        let place = place.index(token.len());
        token[place] ^= by;

        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(read(&signer, &token, &rules(OutsideKind::Rfc9068)).is_err());
        }
    }
}
