//! Each way to fail, which is one to the client, and what a good proof needs to count.

use kernel::Secret;
use serde_json::json;

use super::*;
use crate::error::OAuthErrorKind;
use crate::registered::Uses;
use crate::scope::Scopes;
use crate::secret::hash_secret;
use crate::signer::Signer;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);
const ISSUER: &str = "https://id.example";

fn peppers() -> [Pepper; 2] {
    [2, 1].map(|version| Pepper::new(version, &Secret::new([version; 32])))
}

fn kept(id: &str, secret: &str, expires: Option<Timestamp>) -> ClientSecret {
    ClientSecret { id: id.to_owned(), hash: hash_secret(&peppers()[1], secret), expires }
}

fn client() -> RegisteredClient {
    RegisteredClient {
        client_id: "pc_a".to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses::default(),
        secrets: vec![kept("s1", "old", Some(NOW)), kept("s2", "new", None)],
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

fn with_secret(secret: &str) -> ClientProof {
    let evidence = Evidence::Basic(Secret::new(secret.to_owned()));
    ClientProof { client_id: "pc_a".to_owned(), evidence }
}

fn with_assertion(signer: &Signer) -> ClientProof {
    with_assertion_by("ES256", signer)
}

fn with_assertion_by(algorithm: &str, signer: &Signer) -> ClientProof {
    let payload = json!({
        "iss": "pc_a", "sub": "pc_a", "aud": ISSUER, "jti": "j1", "exp": NOW.seconds() + 60,
    });
    let jwt = signer.sign(&json!({ "alg": algorithm, "kid": "k1" }), &payload);
    ClientProof { client_id: "pc_a".to_owned(), evidence: Evidence::Assertion(jwt) }
}

fn attempt<'a>(
    client: Option<&'a RegisteredClient>,
    proof: &ClientProof,
) -> Result<Proven<'a>, Refused> {
    let peppers = peppers();
    authenticate(
        client,
        proof,
        &Against { peppers: &peppers, issuer: ISSUER, certificate: None, now: NOW },
    )
}

#[test]
fn whoever_shows_no_certificate_learns_what_to_show_and_nothing_of_any_client() {
    let proof = ClientProof { client_id: "pc_a".to_owned(), evidence: Evidence::Certificate };

    for client in [None, Some(&client())] {
        let refused = attempt(client, &proof).unwrap_err();

        assert_eq!(refused, Refused { error: MISSING, reason: Reason::NoCertificate });
        assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidClient);
    }
}

#[test]
fn unknown_wrong_expired_and_suspended_are_one_error_to_the_client() {
    let suspended = RegisteredClient { active: false, ..client() };
    let other = RegisteredClient { client_id: "pc_b".to_owned(), ..client() };
    let secretless = RegisteredClient { secrets: Vec::new(), ..client() };
    let strict = RegisteredClient { profile: Profile::Fapi2, ..client() };
    let cases = [
        (None, "new", Reason::UnknownClient),
        (Some(&other), "new", Reason::UnknownClient),
        (Some(&client()), "guess", Reason::WrongSecret),
        (Some(&secretless), "new", Reason::WrongSecret),
        (Some(&client()), "old", Reason::ExpiredSecret),
        (Some(&suspended), "new", Reason::SuspendedClient),
        (Some(&suspended), "guess", Reason::WrongSecret),
        (Some(&strict), "new", Reason::MethodNotAllowed),
    ];
    for (client, secret, reason) in cases {
        let refused = attempt(client, &with_secret(secret)).unwrap_err();

        assert_eq!(refused, Refused { error: UNAUTHENTICATED, reason });
        assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidClient);
    }
}

#[test]
fn an_unknown_client_and_a_wrong_key_are_one_error_to_the_client() {
    let signer = Signer::new();
    let key = |kid: &str, signer: &Signer, expires| ClientKey {
        id: "key_1".to_owned(),
        key: signer.key(kid),
        expires,
    };
    let keyed = |keys| RegisteredClient { keys, ..client() };
    let wrong = Reason::Assertion(AssertionError::Signature);
    let cases = [
        (None, Reason::UnknownClient),
        (Some(client()), wrong),
        (Some(keyed(vec![key("k2", &signer, None)])), wrong),
        (Some(keyed(vec![key("k1", &Signer::new(), None)])), wrong),
        (Some(keyed(vec![key("k1", &signer, Some(NOW))])), wrong),
    ];
    for (client, reason) in cases {
        let refused = attempt(client.as_ref(), &with_assertion(&signer)).unwrap_err();

        assert_eq!(refused, Refused { error: UNAUTHENTICATED, reason });
    }
}

#[test]
fn who_is_held_to_fapi_asserts_nothing_by_es384() {
    let signer = Signer::longer();
    let key = ClientKey { id: "key_1".to_owned(), key: signer.key("k1"), expires: None };
    let client = RegisteredClient { keys: vec![key], ..client() };
    let strict = RegisteredClient { profile: Profile::Fapi2, ..client.clone() };
    let proof = with_assertion_by("ES384", &signer);

    let refused = attempt(Some(&strict), &proof).unwrap_err();

    let reason = Reason::Assertion(AssertionError::Signature);
    assert_eq!(refused, Refused { error: UNAUTHENTICATED, reason });
    assert!(attempt(Some(&client), &proof).is_ok());
}

#[test]
fn a_secret_behind_the_most_is_not_looked_at() {
    let mut client = client();
    client.secrets = vec![kept("s", "other", None); SECRETS_MAX];
    client.secrets.push(kept("s9", "ninth", None));

    let refused = attempt(Some(&client), &with_secret("ninth")).unwrap_err();

    assert_eq!(refused.reason, Reason::WrongSecret);
}

#[test]
fn an_assertion_counts_once() {
    let signer = Signer::new();
    let key = ClientKey { id: "key_1".to_owned(), key: signer.key("k1"), expires: None };
    let client = RegisteredClient { keys: vec![key], profile: Profile::Fapi2, ..client() };

    let again = attempt(Some(&client), &with_assertion(&signer)).unwrap().settle(false);
    let first = attempt(Some(&client), &with_assertion(&signer)).unwrap();

    assert_eq!(again.unwrap_err().reason, Reason::ReplayedAssertion);
    assert!(first.claim().is_some());
    assert_eq!(first.settle(true).unwrap().credential(), "key_1");
}

#[test]
fn a_secret_is_good_until_its_end_and_needs_no_claim() {
    let mut client = client();
    client.secrets = vec![kept("s1", "old", Some(Timestamp::from_millis(NOW.millis() + 1)))];

    let proven = attempt(Some(&client), &with_secret("old")).unwrap();

    assert!(proven.claim().is_none());
    assert_eq!(proven.settle(false).unwrap().credential(), "s1");
}
