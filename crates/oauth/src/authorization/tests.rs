//! Authorization requests, refused first.

use proptest::prelude::*;

use super::*;
use crate::redirect::RedirectUri;
use crate::registered::Uses;

const AUDIENCE: &str = "https://api.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const GOOD: &str = "client_id=pc_a&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
    &state=s+1%26&scope=read:jobs";

fn client() -> RegisteredClient {
    RegisteredClient {
        client_id: "pc_a".to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses {
            authorization_code: true,
            redirect_uris: vec![RedirectUri::known("https://app.example/cb")],
            ..Uses::default()
        },
        secrets: Vec::new(),
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

fn checked(
    client: &RegisteredClient,
    query: &str,
    way: Way,
) -> Result<AuthorizationRequest, OAuthErrorKind> {
    let asked = Asked::parse(query.as_bytes()).unwrap();
    let back = asked.back(client).unwrap();
    asked.check(client, (back, way), AUDIENCE).map_err(|error| error.kind())
}

fn without(name: &str) -> String {
    let pairs = GOOD.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
    pairs.collect::<Vec<_>>().join("&")
}

fn with(name: &str, value: &str) -> String {
    format!("{}&{name}={value}", without(name))
}

#[test]
fn each_wrong_request_is_told_its_error() {
    use OAuthErrorKind::{
        InvalidRequest, InvalidScope, InvalidTarget, RequestNotSupported, UnsupportedResponseType,
    };
    for (query, kind) in [
        (with("response_type", "token"), UnsupportedResponseType),
        (with("response_type", "code+id_token"), UnsupportedResponseType),
        (without("response_type"), InvalidRequest),
        (with("response_mode", "fragment"), InvalidRequest),
        (without("code_challenge"), InvalidRequest),
        (with("code_challenge", ""), InvalidRequest),
        (with("code_challenge", "short"), InvalidRequest),
        (with("code_challenge", &"a".repeat(129)), InvalidRequest),
        (without("code_challenge_method"), InvalidRequest),
        (with("code_challenge_method", "plain"), InvalidRequest),
        (with("scope", "read:jobs+read:candidates"), InvalidScope),
        (with("scope", "read:jobs++write:jobs"), InvalidScope),
        (with("resource", "https://other.example"), InvalidTarget),
        (with("request", "e30.e30."), RequestNotSupported),
        (with("dpop_jkt", "short"), InvalidRequest),
    ] {
        assert_eq!(checked(&client(), &query, Way::Plain), Err(kind), "{query}");
    }
    let unregistered =
        RegisteredClient { uses: Uses { authorization_code: false, ..client().uses }, ..client() };
    let refused = checked(&unregistered, GOOD, Way::Plain);
    assert_eq!(refused, Err(OAuthErrorKind::UnauthorizedClient));
}

#[test]
fn who_has_to_push_is_not_heard_through_a_browser() {
    let strict = RegisteredClient { profile: Profile::Fapi2, ..client() };
    let pushing =
        RegisteredClient { uses: Uses { par_required: true, ..client().uses }, ..client() };
    for client in [strict, pushing] {
        let refused = checked(&client, GOOD, Way::Plain);

        assert_eq!(refused, Err(OAuthErrorKind::InvalidRequest));
        assert!(checked(&client, GOOD, Way::Pushed).is_ok());
    }
}

#[test]
fn nothing_is_sent_to_an_address_that_is_not_registered() {
    for (query, why) in [
        (without("redirect_uri"), Unproven::Redirect),
        (with("redirect_uri", ""), Unproven::Redirect),
        (with("redirect_uri", "https://app.example/cb/"), Unproven::Redirect),
        (with("redirect_uri", "https://evil.example"), Unproven::Redirect),
        (with("state", &"a".repeat(513)), Unproven::Malformed),
        (with("state", "%0d%0aset-cookie:x"), Unproven::Malformed),
        (with("state", "%C3%A9"), Unproven::Malformed),
    ] {
        let asked = Asked::parse(query.as_bytes()).unwrap();

        assert_eq!(asked.back(&client()), Err(why), "{query}");
    }
}

#[test]
fn what_is_given_twice_is_refused_and_what_is_unknown_or_empty_is_left_out() {
    for twice in ["state=b", "redirect_uri=https%3A%2F%2Fapp.example%2Fcb", "scop%65="] {
        assert!(Asked::parse(format!("{GOOD}&{twice}").as_bytes()).is_err(), "{twice}");
    }
    let more = format!("{GOOD}&nonce=1&prompt=consent&response_mode=&resource=");

    assert_eq!(checked(&client(), &more, Way::Plain), checked(&client(), GOOD, Way::Plain));
}

#[test]
fn a_good_request_is_read_as_it_stands() {
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let request = checked(&client(), &with("dpop_jkt", jkt), Way::Plain).unwrap();

    assert_eq!(request.scopes.to_string(), "read:jobs");
    assert_eq!(request.challenge.as_str(), CHALLENGE);
    assert_eq!(request.back.state.as_deref(), Some("s 1&"));
    assert_eq!(request.bound_to.as_deref(), Some(jkt));
    let whole = checked(&client(), &without("scope"), Way::Plain).unwrap();
    assert_eq!(whole.scopes, client().allowed);
}

#[test]
fn answers_carry_the_issuer_and_the_exact_state() {
    let back = |uri: &str| Return { redirect_uri: uri.to_owned(), state: Some("s 1&".to_owned()) };

    assert_eq!(
        back("https://app.example/cb").with_code("ac_1", "https://id.example"),
        "https://app.example/cb?code=ac_1&state=s%201%26&iss=https%3A%2F%2Fid.example"
    );
    assert_eq!(
        back("https://app.example/cb?x=1").with_error("access_denied", "no", "https://id.example"),
        "https://app.example/cb?x=1&error=access_denied&error_description=no&state=s%201%26\
         &iss=https%3A%2F%2Fid.example"
    );
}

#[test]
fn a_pushed_request_refers_to_no_other_one() {
    let form = format!("{GOOD}&client_secret=s");

    assert!(parse_pushed(None, format!("{form}&request_uri=urn:x").as_bytes()).is_err());
    let nobody = GOOD.replace("client_id=", "x=");
    assert!(parse_pushed(None, nobody.as_bytes()).is_err());
    assert!(parse_pushed(None, form.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_requests_do_not_panic(
        query in "(client_id=|redirect_uri=|state=|scope=|&|=|%|[a-f0-9+]|\\PC){0,24}",
    ) {
        if let Ok(asked) = Asked::parse(query.as_bytes()) {
            drop(asked.back(&client()));
            let back = Return { redirect_uri: String::new(), state: None };
            drop(asked.check(&client(), (back, Way::Plain), AUDIENCE));
        }
    }
}
