//! From which addresses the API can be used.

use std::sync::Arc;

use firewall::address::Network;
use gate::GateConfig;
use gate::addresses::{AddressPlan, AddressRule, Addresses, Feed, Lists};
use policy::Role;
use testkit::{Platform, Setup};

/// The address that the testkit's requests come from.
const PROXY: &str = "198.51.100.7";

#[expect(clippy::expect_used, reason = "a helper of tests")]
fn feed(networks: &[&str]) -> Feed {
    let networks = networks.iter().map(|text| Network::parse(text).expect("a network"));
    Feed { networks: networks.collect(), files: Vec::new() }
}

/// A platform behind a proxy, with these lists.
#[expect(clippy::expect_used, reason = "a helper of tests")]
async fn platform(plan: AddressPlan) -> Platform {
    let gate = GateConfig { trusted_proxies: vec![PROXY.to_owned()], ..Setup::default().gate };
    let addresses = Addresses::load(plan).expect("no files");
    let setup =
        Setup { gate, addresses: Some(Arc::new(addresses)), access_log: true, ..Setup::default() };
    Platform::with(setup).await
}

#[tokio::test]
async fn a_denied_address_is_refused_by_the_edge_whatever_it_asks_for() {
    let deny = feed(&["203.0.113.0/24", "2001:db8:7::/48"]);
    let edge = Lists { allow: Feed::default(), deny };
    let platform = platform(AddressPlan { edge, rules: Vec::new() }).await;
    let nobody = platform.stranger();

    for (path, from, status) in [
        ("/v1/jobs", "203.0.113.9", 403),
        ("/v1/jobs", "::ffff:203.0.113.9", 403),
        ("/v1/jobs", "2001:db8:7::1", 403),
        ("/nowhere", "203.0.113.9", 403),
        ("/nowhere", "203.0.114.9", 404),
        ("/v1/jobs", "203.0.114.9", 200),
        // Hearsay: the proxy speaks for the last address only.
        ("/v1/jobs", "203.0.113.9, 203.0.114.9", 200),
        ("/v1/jobs", "203.0.114.9, 203.0.113.9", 403),
    ] {
        let answer = nobody.get(path).with_header("x-forwarded-for", from).await;
        let answer = answer.is(status);
        if status == 403 {
            assert_eq!(answer.body()["code"], "addresses.refused", "{from}");
        }
    }

    assert!(platform.metrics().contains("addresses.refused"), "{}", platform.metrics());
    drop(nobody);
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""refused_by":"addresses""#), "{lines}");
}

#[tokio::test]
async fn an_operation_is_reached_from_its_addresses_only_and_the_refusal_is_in_the_trail() {
    let contract = Platform::new().await;
    let wanted = contract.contract().operations().find(|op| op.label == "GET /v1/clients");
    let operation = Some(wanted.expect("it is declared").index);
    let lists = Lists { allow: feed(&["203.0.113.0/24"]), deny: Feed::default() };
    let (tenant, client) = (None, None);
    let rule = AddressRule { name: "office".to_owned(), tenant, client, operation, lists };
    let platform = platform(AddressPlan { edge: Lists::default(), rules: vec![rule] }).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let from = |path: &str, address: &str| mara.get(path).with_header("x-forwarded-for", address);

    let refused = from("/v1/clients", "203.0.114.9").await.is(403);
    from("/v1/clients", "203.0.113.9").await.is(200);
    from("/v1/jobs", "203.0.114.9").await.is(200);

    assert_eq!(refused.body()["code"], "addresses.refused");
    let trail = serde_json::Value::from(acme.audit().await).to_string();
    assert!(trail.contains("addresses/office"), "{trail}");
    let id = refused.header("x-request-id").expect("each answer has one");
    assert!(trail.contains(id), "{trail}");
}
