//! The steps of a person who grants an application something, and of the application.

use std::collections::BTreeMap;

use http::Method;
use policy::Role;
use testkit::{Answer, Ask, Browser, CALLBACK, Caller, Credentials, Platform, Tenant};

/// RFC 7636 §B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CONSENT: &str = "/oauth/consent";
pub(crate) const SCOPES: &[&str] = &["read:jobs", "write:jobs", "read:candidates", "read:events"];

/// Parameters of a good request, in a query or a form.
fn parameters(client_id: &str) -> Vec<(&'static str, String)> {
    vec![
        ("client_id", client_id.to_owned()),
        ("response_type", "code".to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("state", "s 1&".to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// The same with others in place of some.
pub(crate) fn with(client_id: &str, changes: &[(&'static str, &str)]) -> String {
    let mut all = parameters(client_id);
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    all.retain(|(_, value)| value != LEFT_OUT);
    encode(&all)
}

pub(crate) fn encode(all: &[(&str, String)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(all.iter().map(|(name, value)| (*name, value.as_str())));
    form.finish()
}

/// Stands for a parameter that is not sent.
pub(crate) const LEFT_OUT: &str = "\u{1}";

/// A page's text.
pub(crate) fn page(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.bytes()).into_owned()
}

/// What an answer hands over to the application that it sends the browser to.
pub(crate) fn handed(answer: &Answer) -> BTreeMap<String, String> {
    let location = answer.header("location").unwrap();
    let (uri, query) = location.split_once('?').unwrap();
    assert!(uri == CALLBACK || uri.starts_with("http://127.0.0.1:"), "{location}");
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Somebody who has signed in.
pub(crate) async fn signed_in(acme: &Tenant, role: Role) -> Browser {
    let name = role.as_str().replace('_', "-");
    let (person, browser) = (acme.enrolled(&name, role).await, acme.browser());
    browser.sign_in(&person).await;
    browser
}

/// Goes to the authorization endpoint with a request, and to the page that it leads to.
pub(crate) async fn asked(browser: &Browser, query: &str) -> Answer {
    let onward = browser.open(&format!("/oauth/authorize?{query}")).await.is(200);
    assert!(page(&onward).contains("content=\"0; url=/oauth/consent\""));
    browser.open(CONSENT).await
}

/// What the application is handed after somebody agreed to a request.
pub(crate) async fn agreed(browser: &Browser, query: &str) -> BTreeMap<String, String> {
    asked(browser, query).await.is(200);
    handed(&browser.send(CONSENT, &[("decision", "allow")]).await.is(303))
}

/// A code that somebody granted.
pub(crate) async fn code(browser: &Browser, client_id: &str) -> String {
    agreed(browser, &with(client_id, &[])).await["code"].clone()
}

/// A request for what a code gives.
pub(crate) fn redeem(nobody: &Caller, known: &Credentials, code: &str) -> Ask {
    redeem_with(nobody, known, &[("code", code), ("code_verifier", VERIFIER)])
}

pub(crate) fn redeem_with(nobody: &Caller, known: &Credentials, more: &[(&str, &str)]) -> Ask {
    let mut all = vec![("grant_type", "authorization_code".to_owned())];
    all.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let ask = nobody.ask(Method::POST, "/oauth/token").form(&encode(&all));
    ask.with_header("authorization", &known.basic())
}

/// A request for the next token.
pub(crate) fn refresh(nobody: &Caller, known: &Credentials, token: &str) -> Ask {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    let ask = nobody.ask(Method::POST, "/oauth/token").form(&form);
    ask.with_header("authorization", &known.basic())
}

/// A person's grant to an application: its tokens.
pub(crate) struct Granted {
    pub(crate) known: Credentials,
    pub(crate) browser: Browser,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// A recruiter grants an application all that it asks for.
pub(crate) async fn granted(platform: &Platform, acme: &Tenant) -> Granted {
    let known = acme.asking(SCOPES).await;
    let browser = signed_in(acme, Role::Recruiter).await;
    let code = code(&browser, &known.client_id).await;
    let given = redeem(&platform.stranger(), &known, &code).await.is(200);
    let (access, refresh) = (given.text_of("/access_token"), given.text_of("/refresh_token"));
    Granted { known, browser, access, refresh }
}
