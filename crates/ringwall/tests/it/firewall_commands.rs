//! `ringwall firewall check`, `explain`, `bench` and `replay`.

use std::fs;

use crate::database::Database;
use crate::site::Site;

const ATTACK: &str = "GET /v1/jobs?q=x%27%20OR%20%27secret%27=%27secret HTTP/1.1\nHost: a\n";
const HAR: &str = r#"{"log": {"entries": [
    {"request": {"method": "GET", "httpVersion": "HTTP/1.1", "headers": [],
        "url": "https://example.org/v1/jobs?q=forbidden"}},
    {"request": {"method": "GET", "httpVersion": "HTTP/1.1", "headers": [],
        "url": "https://example.org/v1/jobs?q=allowed"}}]}}"#;
const RULES: &str = "SecRule ARGS:q \"@streq forbidden\" \"id:1,phase:2,deny,status:403,log\"\n";

/// A file beside the site's own, as its path.
fn file(site: &Site, name: &str, text: &str) -> String {
    let path = site.folder().join(name);
    fs::write(&path, text).expect("a file");
    path.display().to_string()
}

#[tokio::test]
async fn an_explanation_names_rule_variable_and_place_and_hides_what_was_sent() {
    let site = Site::new(Database::Sqlite).await;
    let request = file(&site, "attack.http", ATTACK);

    let said = site.run(&["firewall", "explain", &request]);
    let shown = site.run(&["firewall", "explain", "--show-values", "--all", &request]);

    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("matched ARGS:q after urlDecodeUni"), "{}", said.out);
    assert!(said.out.contains("refused with 403 by rule 103"), "{}", said.out);
    assert!(
        said.out.contains("bytes 0 to 22 of 22") && !said.out.contains("secret"),
        "{}",
        said.out
    );
    assert!(shown.out.contains("secret") && shown.out.contains("looked at 1 values"), "{shown:?}");
}

#[tokio::test]
async fn a_check_tells_what_is_wrong_and_what_can_never_match() {
    let site = Site::new(Database::Sqlite).await;
    let wrong = file(&site, "wrong.conf", "SecRule ARGS \"@rxx a\" \"id:1,deny\"\n");
    let idle = file(
        &site,
        "idle.conf",
        "SecRule REMOTE_ADDR \"@geoLookup\" \"id:7,phase:1,pass,nolog\"\n",
    );

    let wrong = site.run(&["firewall", "check", &wrong]);
    let idle = site.run(&["firewall", "check", &idle]);

    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.err.contains("wrong.conf:1:") && wrong.err.contains("@rxx"), "{wrong:?}");
    assert_eq!(idle.code, Some(0), "{idle:?}");
    assert!(
        idle.out.contains("idle.conf:1:") && idle.out.ends_with("1 rules, 1 doubts\n"),
        "{idle:?}"
    );
}

#[tokio::test]
async fn a_replay_shows_what_other_rules_would_refuse() {
    let site = Site::new(Database::Sqlite).await;
    let (requests, rules) = (file(&site, "requests.har", HAR), file(&site, "new.conf", RULES));
    let words = ["firewall", "replay", &requests, "--rules", &rules];

    let told = site.run(&words);
    let failed = site.run(&[&words[..], &["--expect-passes"]].concat());

    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("request 1: GET /v1/jobs: passes -> refused"), "{told:?}");
    assert!(told.out.ends_with("2 requests, refused 0 -> 1\n"), "{told:?}");
    assert!(!told.out.contains("forbidden"), "{told:?}");
    assert_eq!(failed.code, Some(1), "{failed:?}");
}

#[tokio::test]
async fn a_bench_names_the_costliest_rules() {
    let site = Site::new(Database::Sqlite).await;
    let (requests, rules) = (file(&site, "requests.har", HAR), file(&site, "new.conf", RULES));

    let said = site.run(&["firewall", "bench", &requests, "--rounds", "1", "--rules", &rules]);

    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("2 requests, 1 rounds") && said.out.contains("rule 1: "), "{said:?}");
}
