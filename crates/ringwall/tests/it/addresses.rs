//! Address lists of the running binary.

use std::fs;

use crate::database::Database;
use crate::server::Server;
use crate::site::Site;
use crate::wait;

/// What the server answers to somebody at this address, by the word of a proxy.
async fn status(server: &Server, address: &str) -> u16 {
    let asked = server.client().get(format!("{}/v1/jobs", server.url()));
    let answer = asked.header("x-forwarded-for", address).send().await.expect("an answer");
    answer.status().as_u16()
}

/// A site whose proxy is this machine.
async fn behind_a_proxy() -> Site {
    Site::new(Database::Sqlite).await.with("GATE__TRUSTED_PROXIES", r#"["127.0.0.1"]"#)
}

#[tokio::test]
async fn lists_and_rules_that_are_wrong_do_not_start() {
    let site = behind_a_proxy().await;
    let file = site.folder().join("deny.txt");
    fs::write(&file, "192.0.2.1\n192.0.2.0/33\n").expect("a file");
    let file = format!("[\"{}\"]", file.display());

    for (key, value, said_part) in [
        ("ADDRESSES__DENY_FILES", file.as_str(), "deny.txt:2: expected an address or a network"),
        ("ADDRESSES__ALLOW_FILES", r#"["nowhere.txt"]"#, "cannot read `nowhere.txt`"),
        ("ADDRESSES__DENY", r#"["10.0.0.1/8"]"#, "a network without host bits"),
        ("ADDRESSES__RULES", r#"[{ name = "a", deny = ["::1"] }]"#, "expected a `tenant`"),
        ("ADDRESSES__RULES", r#"[{ name = "a", client = "x" }]"#, "expected networks"),
        ("ADDRESSES__RULES", r#"[{ name = "a", tenant = "x", deny = ["::1"] }]"#, "of a tenant"),
        (
            "ADDRESSES__RULES",
            r#"[{ name = "a", operation = "GET /v1/job", deny = ["::1"] }]"#,
            "there is no operation `GET /v1/job`; did you mean `GET /v1/jobs`?",
        ),
    ] {
        let said = behind_a_proxy().await.with(key, value).refuses_to_start().await;

        assert_ne!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains(said_part), "{said_part}: {said:?}");
    }
}

#[tokio::test]
async fn a_list_is_read_again_while_serving_and_a_broken_one_is_not_taken() {
    let site = behind_a_proxy().await;
    let file = site.folder().join("deny.txt");
    fs::write(&file, "192.0.2.1\n").expect("a file");
    let site = site
        .with("ADDRESSES__DENY_FILES", format!("[\"{}\"]", file.display()))
        .with("ADDRESSES__RELOAD_S", "1");
    let server = site.start().await;
    assert_eq!(status(&server, "192.0.2.1").await, 403);
    assert_eq!(status(&server, "192.0.2.2").await, 200);

    fs::write(&file, "192.0.2.2\nnonsense\n").expect("a file");
    wait::until("the complaint", async || server.said().contains("deny.txt:2:").then_some(()))
        .await;
    assert_eq!(status(&server, "192.0.2.1").await, 403);
    assert_eq!(status(&server, "192.0.2.2").await, 200);

    fs::write(&file, "192.0.2.2\n").expect("a file");
    wait::until("the new list", async || (status(&server, "192.0.2.2").await == 403).then_some(()))
        .await;
    assert_eq!(status(&server, "192.0.2.1").await, 200);
    let said = server.stop().await;
    assert!(said.contains("kept the address lists"), "{said}");
    assert!(said.contains(r#""refused_by":"addresses""#), "{said}");
}

#[tokio::test]
async fn a_client_is_believed_from_its_own_addresses_only() {
    let site = behind_a_proxy().await;
    let partner = site.found("acme");
    let rule = format!(
        r#"[{{ name = "office", client = "{}", allow = ["192.0.2.0/24"] }}]"#,
        partner.client_id
    );
    let site = site.with("ADDRESSES__RULES", rule);
    let server = site.start().await;
    let token = server.api(&partner).await;

    for (address, status) in [("198.51.100.1", 403), ("192.0.2.7", 200)] {
        let ask = token.client.get(format!("{}/v1/clients", token.url)).bearer_auth(&token.token);
        let answer = ask.header("x-forwarded-for", address).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{address}");
    }
    server.stop().await;
}
