//! What a client that proved itself may have, refused first.

use kernel::Secret;

use super::*;
use crate::authentication::{Against, authenticate};
use crate::proof::{ClientProof, Evidence};
use crate::registered::{ClientSecret, Uses};
use crate::secret::{Pepper, hash_secret};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);
const ISSUANCE: Issuance<'_> = Issuance {
    issuer: "https://id.example",
    audience: "https://api.example",
    jti: "t1",
    now: NOW,
    bound_to: None,
};

fn client() -> RegisteredClient {
    let pepper = Pepper::new(1, &Secret::new([1; 32]));
    let secret =
        ClientSecret { id: "s1".to_owned(), hash: hash_secret(&pepper, "s"), expires: None };
    RegisteredClient {
        client_id: "pc_a".to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses::default(),
        secrets: vec![secret],
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

fn request(scope: Option<&str>) -> TokenRequest {
    let evidence = Evidence::Basic(Secret::new("s".to_owned()));
    TokenRequest {
        client: ClientProof { client_id: "pc_a".to_owned(), evidence },
        grant: GrantRequest::ClientCredentials,
        scope: scope.map(|text| Scopes::parse(text).unwrap()),
        resource: None,
    }
}

fn decide(
    client: &RegisteredClient,
    request: &TokenRequest,
    issuance: &Issuance<'_>,
) -> Result<Granted, Refused> {
    let peppers = [Pepper::new(1, &Secret::new([1; 32]))];
    // The profile decides about the method as well, which is not what is tried here.
    let lenient = RegisteredClient { profile: Profile::Baseline, ..client.clone() };
    let against =
        Against { peppers: &peppers, issuer: issuance.issuer, certificate: None, now: NOW };
    let settled = authenticate(Some(&lenient), &request.client, &against)?.settle(true)?;
    grant(&settled.of(client), request, issuance)
}

#[test]
fn more_scope_than_registered_is_refused() {
    let refused = decide(&client(), &request(Some("read:jobs admin")), &ISSUANCE).unwrap_err();

    assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidScope);
    assert_eq!(refused.reason, Reason::ScopeNotAllowed);
}

#[test]
fn a_client_without_scopes_gets_no_token() {
    let client = RegisteredClient { allowed: Scopes::default(), ..client() };

    let refused = decide(&client, &request(None), &ISSUANCE).unwrap_err();

    assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidScope);
}

#[test]
fn another_resource_is_refused() {
    let mut request = request(None);
    request.resource = Some("https://other.example".to_owned());

    let refused = decide(&client(), &request, &ISSUANCE).unwrap_err();

    assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidTarget);
    assert_eq!(refused.reason, Reason::UnknownResource);
}

#[test]
fn a_strict_client_gets_no_token_that_anybody_can_use() {
    let strict = RegisteredClient { profile: Profile::Fapi2, ..client() };

    let refused = decide(&strict, &request(None), &ISSUANCE).unwrap_err();
    let thumb = Confirmation::Key("thumb".to_owned());
    let bound = Issuance { bound_to: Some(&thumb), ..ISSUANCE };
    let granted = decide(&strict, &request(None), &bound).unwrap();

    assert_eq!(refused.reason, Reason::Dpop(DpopError::Missing));
    assert_eq!(granted.claims.cnf, Some(thumb));
}

#[test]
fn without_a_scope_all_that_is_registered_is_granted() {
    let granted = decide(&client(), &request(None), &ISSUANCE).unwrap();

    assert_eq!(granted.claims.scope.to_string(), "read:jobs write:jobs");
    assert_eq!(granted.claims.cnf, None);
}

#[test]
fn who_signs_in_anew_within_the_second_of_a_revocation_is_not_refused() {
    let issued = || decide(&client(), &request(None), &ISSUANCE).unwrap().claims;
    let after = |revoked_at: &[i64]| {
        let at = revoked_at.iter().map(|millis| Timestamp::from_millis(*millis));
        let claims = issued().issued_after(at);
        (claims.iat, claims.exp)
    };

    assert_eq!(after(&[]), (1_800_000_000, 1_800_000_900));
    assert_eq!(after(&[1_799_999_999_999]), (1_800_000_000, 1_800_000_900));
    assert_eq!(after(&[1_700_000_000_000, 1_800_000_000_999]), (1_800_000_001, 1_800_000_901));
}

#[test]
fn a_narrower_scope_and_our_own_resource_are_granted() {
    let mut request = request(Some("read:jobs"));
    request.resource = Some(ISSUANCE.audience.to_owned());

    let claims = decide(&client(), &request, &ISSUANCE).unwrap().claims;

    assert_eq!(claims.scope.to_string(), "read:jobs");
    assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("pc_a", "pc_a"));
    assert_eq!((claims.iat, claims.exp), (1_800_000_000, 1_800_000_900));
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (ISSUANCE.issuer, ISSUANCE.audience));
}
