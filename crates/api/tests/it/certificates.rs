//! Clients that prove themselves by certificates, and tokens that are bound to them (RFC 8705).

use std::net::Ipv4Addr;
use std::sync::Arc;

use data_encoding::BASE64;
use gate::tls::{ClientCertificates, ShownBy};
use oauth::{Certificate, CertificateRule};
use policy::Role;
use serde_json::json;
use testkit::certificates::{Authority, self_signed};
use testkit::{Answer, Ask, Caller, Credentials, Platform, Setup, Signer, days};

/// A platform that trusts an authority, and a client of one name.
struct Scene {
    platform: Platform,
    authority: Authority,
    known: Credentials,
    tenant: testkit::Tenant,
}

const NAME: &str = "hr.acme.example";
const PROXY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

async fn scene(by: ShownBy) -> Scene {
    let authority = Authority::new("Partners");
    let judge = ClientCertificates::new(by, Some(authority.pem().as_bytes())).unwrap();
    let mut setup = Setup { certificates: Some(Arc::new(judge)), ..Setup::default() };
    setup.gate.trusted_proxies = vec!["10.0.0.0/8".to_owned()];
    let platform = Platform::with(setup).await;
    let tenant = platform.tenant("acme").await;
    let known = tenant.register(Role::Partner, &["read:jobs"]).await;
    let rule = CertificateRule::parse("san_dns", NAME).unwrap();
    tenant.set_certificates(&known.client_id, &[rule], false).await;
    Scene { platform, authority, known, tenant }
}

impl Scene {
    fn asks(&self) -> Ask {
        let form = format!("grant_type=client_credentials&client_id={}", self.known.client_id);
        self.platform.stranger().ask(http::Method::POST, "/oauth/token").form(&form)
    }

    fn holder(&self, token: &Answer) -> Caller {
        self.platform.stranger().with_token(token.text_of("/access_token"))
    }
}

fn refused(answer: Answer) {
    let answer = answer.is(401);
    assert_eq!(answer.body()["error"], "invalid_client");
}

#[tokio::test]
async fn whoever_shows_no_certificate_of_the_client_is_refused_alike() {
    let scene = scene(ShownBy::Handshake).await;
    let other = Authority::new("Partners");
    let wrong = [
        other.issue("hr", &[NAME], |_| {}),
        self_signed("hr", &[NAME]),
        scene.authority.issue("hr", &["x.acme.example"], |_| {}),
        scene.authority.issue(NAME, &[], |_| {}),
    ];

    refused(scene.asks().await);
    let mut told = Vec::new();
    for certificate in wrong {
        let answer = scene.asks().showing(&[certificate]).await.is(401);
        told.push(answer.body()["error_description"].clone());
    }

    assert!(told.iter().all(|text| *text == "client authentication failed"), "{told:?}");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_or_of_another_use_proves_nothing() {
    let scene = scene(ShownBy::Handshake).await;
    let authority = &scene.authority;
    let old = authority.issue("hr", &[NAME], |p| p.not_after = rcgen::date_time_ymd(2001, 1, 1));
    let early = authority.issue("hr", &[NAME], |p| p.not_before = rcgen::date_time_ymd(2999, 1, 1));
    let server = authority.issue("hr", &[NAME], |p| {
        p.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    });
    let good = authority.issue("hr", &[NAME], |_| {});

    for certificate in [old, early, server] {
        refused(scene.asks().showing(&[certificate]).await);
    }
    let long = vec![good; 6];
    refused(scene.asks().showing(&long).await);
}

#[tokio::test]
async fn a_bound_token_is_good_with_its_certificate_only() {
    let scene = scene(ShownBy::Handshake).await;
    let certificate = scene.authority.issue("hr", &[NAME], |_| {});
    let renewed = scene.authority.issue("hr", &[NAME], |_| {});

    let token = scene.asks().showing(std::slice::from_ref(&certificate)).await.is(200);

    assert_eq!(token.text_of("/token_type"), "Bearer");
    let holder = scene.holder(&token);
    holder.get("/v1/limits").await.is(401).problem("auth.invalid_token");
    let other = holder.get("/v1/limits").showing(&[renewed]).await;
    other.is(401).problem("auth.invalid_token");
    holder.get("/v1/limits").showing(std::slice::from_ref(&certificate)).await.is(200);
    let thumbprint = Certificate::read(&certificate).unwrap().thumbprint().to_owned();
    let form = format!("client_id={}&token={}", scene.known.client_id, holder.bearer());
    let asked = scene.platform.stranger().ask(http::Method::POST, "/oauth/introspect").form(&form);
    let says = asked.showing(&[certificate]).await.is(200).body();
    assert_eq!(says["cnf"], json!({ "x5t#S256": thumbprint }));
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_is_good_no_more() {
    let scene = scene(ShownBy::Handshake).await;
    let certificate = scene.authority.issue("hr", &[NAME], |params| {
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    });
    scene.asks().showing(std::slice::from_ref(&certificate)).await.is(200);

    scene.platform.clock().advance(days(3650));

    refused(scene.asks().showing(&[certificate]).await);
}

#[tokio::test]
async fn a_certificate_that_was_registered_itself_needs_no_authority() {
    let scene = scene(ShownBy::Handshake).await;
    let own = self_signed("anybody", &[]);
    let other = self_signed("anybody", &[]);
    let thumbprint = Certificate::read(&own).unwrap().thumbprint().to_owned();
    let rule = CertificateRule::parse("thumbprint", &thumbprint).unwrap();
    scene.tenant.set_certificates(&scene.known.client_id, &[rule], false).await;

    refused(scene.asks().showing(&[other]).await);

    scene.asks().showing(&[own]).await.is(200);
}

#[tokio::test]
async fn a_header_is_believed_from_trusted_proxies_only_and_only_where_it_was_chosen() {
    let certificate = Authority::new("x").issue("hr", &[], |_| {});
    let thumbprint = Certificate::read(&certificate).unwrap().thumbprint().to_owned();
    let rule = CertificateRule::parse("thumbprint", &thumbprint).unwrap();
    let header = format!(":{}:", BASE64.encode(&certificate));
    let behind = scene(ShownBy::Proxy).await;
    let direct = scene(ShownBy::Handshake).await;
    for scene in [&behind, &direct] {
        let rules = std::slice::from_ref(&rule);
        scene.tenant.set_certificates(&scene.known.client_id, rules, false).await;
    }

    refused(behind.asks().with_header("client-cert", &header).await);
    for scene in [&behind, &direct] {
        let shown = std::slice::from_ref(&certificate);
        refused(scene.asks().showing(shown).from_peer(PROXY).await);
    }
    refused(direct.asks().with_header("client-cert", &header).from_peer(PROXY).await);

    let told = behind.asks().with_header("client-cert", &header).from_peer(PROXY).await.is(200);
    let holder = behind.holder(&told);
    let asks = || holder.get("/v1/limits").with_header("client-cert", &header);
    asks().await.is(401);
    asks().from_peer(PROXY).await.is(200);
}

#[tokio::test]
async fn fapi_2_takes_a_certificate_for_the_proof_and_for_the_binding() {
    let scene = scene(ShownBy::Handshake).await;
    let client_id = &scene.known.client_id;
    let signer = Signer::new();
    scene.tenant.set_keys(client_id, &[signer.jwk("k")], true).await;
    let certificate = scene.authority.issue("hr", &[NAME], |_| {});
    let by_secret = || scene.platform.stranger().token(client_id, scene.known.secret.expose());

    by_secret().showing(std::slice::from_ref(&certificate)).await.is(401);

    let token = scene.asks().showing(std::slice::from_ref(&certificate)).await.is(200);
    scene.holder(&token).get("/v1/limits").await.is(401);
    scene.holder(&token).get("/v1/limits").showing(&[certificate]).await.is(200);
}

#[tokio::test]
async fn a_client_that_is_registered_so_gets_bound_tokens_or_none() {
    let scene = scene(ShownBy::Handshake).await;
    let client_id = &scene.known.client_id;
    scene.tenant.set_certificates(client_id, &[], true).await;
    let by_secret = || scene.platform.stranger().token(client_id, scene.known.secret.expose());
    let any = self_signed("anybody", &[]);

    let without = by_secret().await.is(400);

    assert_eq!(without.body()["error"], "invalid_request");
    let token = by_secret().showing(std::slice::from_ref(&any)).await.is(200);
    scene.holder(&token).get("/v1/limits").await.is(401);
    scene.holder(&token).get("/v1/limits").showing(&[any]).await.is(200);
}

#[tokio::test]
async fn certificates_are_offered_in_the_metadata_where_they_are_asked_for() {
    let path = "/.well-known/oauth-authorization-server";
    let scene = scene(ShownBy::Handshake).await;
    let plain = Platform::new().await;

    let offered = scene.platform.stranger().get(path).await.is(200).body();
    let not = plain.stranger().get(path).await.is(200).body();

    assert_eq!(offered["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(not.get("tls_client_certificate_bound_access_tokens"), None);
}
