//! Where partners may have people sent back to, from the command line.

use crate::database::Database;
use crate::site::Site;

#[tokio::test]
async fn an_operator_says_which_application_takes_passwords() {
    let site = Site::new(Database::Sqlite).await;
    let partner = site.found("acme");
    let set = |client: &str, more: &[&str]| {
        let words = ["admin", "first-party", "--client", client];
        site.run(&[&words[..], more].concat())
    };

    let unknown = set("pc_nobody", &[]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.err.contains("no partner"), "{unknown:?}");
    let on = set(&partner.client_id, &[]);
    assert!(on.code == Some(0) && on.out.contains("may type"), "{on:?}");
    let off = set(&partner.client_id, &["--off"]);
    assert!(off.code == Some(0) && off.out.contains("may not type"), "{off:?}");
}

#[tokio::test]
async fn a_further_secret_is_shown_once_and_nobody_unknown_gets_one() {
    let site = Site::new(Database::Sqlite).await;
    let partner = site.found("acme");

    let unknown = site.run(&["admin", "secret", "--client", "pc_nobody"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let made = site.run(&["admin", "secret", "--client", &partner.client_id]);
    assert!(made.code == Some(0) && made.out.starts_with("rws_"), "{made:?}");
}

#[tokio::test]
async fn an_address_that_no_browser_should_be_sent_to_is_not_registered() {
    let site = Site::new(Database::Sqlite).await;
    let partner = site.found("acme");
    let set = |client: &str, more: &[&str]| {
        let words = ["admin", "redirects", "--client", client];
        site.run(&[&words[..], more].concat())
    };
    let id = partner.client_id.as_str();

    for (client, more, reason) in [
        (id, &["--uri", "http://app.example/cb"][..], "https"),
        (id, &["--uri", "http://localhost/cb", "--native"], "127.0.0.1"),
        (id, &["--uri", "http://127.0.0.1/cb"], "https"),
        (id, &["--uri", "https://app.example/cb#x"], "fragment"),
        (id, &["--uri", "https://*.example/cb"], "pattern"),
        (id, &["--uri", "javascript:alert(1)", "--native"], "https"),
        ("pc_nobody", &["--uri", "https://app.example/cb"], "no partner"),
    ] {
        let said = set(client, more);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }
    let native = set(id, &["--uri", "http://127.0.0.1/cb", "--native", "--par"]);
    assert_eq!(native.code, Some(0), "{native:?}");
    let none = set(id, &[]);
    assert_eq!(none.code, Some(0), "{none:?}");
}
