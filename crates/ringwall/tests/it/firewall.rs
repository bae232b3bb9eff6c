//! The firewall of the running binary.

use std::fs;

use crate::database::Database;
use crate::server::Server;
use crate::site::Site;

const ATTACK: &str = "/v1/jobs?q=x%27%20UNION%20SELECT%20name%20FROM%20sqlite_master--";
const ORDINARY: &str = "/v1/jobs?q=O%27Brien%20select%20committee";

async fn status(server: &Server, target: &str) -> (u16, String) {
    let url = format!("{}{target}", server.url());
    let answer = server.client().get(url).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a body"))
}

#[tokio::test]
async fn an_attack_is_refused_over_https_and_an_ordinary_request_passes() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;

    let (refused, body) = status(&server, ATTACK).await;
    let (passed, _) = status(&server, ORDINARY).await;

    assert_eq!(refused, 403, "{body}");
    assert!(body.contains("firewall.refused") && body.contains("request_id"), "{body}");
    assert!(!body.contains("sqlite") && !body.to_lowercase().contains("union"), "{body}");
    assert_eq!(passed, 200);
    let said = server.stop().await;
    assert!(said.contains(r#""firewall":{"blocked":true,"score":0,"rules":["#), "{said}");
}

#[tokio::test]
async fn in_log_only_mode_an_attack_passes_and_is_noted() {
    let site = Site::new(Database::Sqlite).await.with("FIREWALL__MODE", "log_only");
    let log = site.folder().join("matches.log");
    let site = site.with("FIREWALL__MATCH_LOG", log.display().to_string());
    let server = site.start().await;

    let (passed, body) = status(&server, ATTACK).await;

    assert_eq!(passed, 200, "{body}");
    let said = server.stop().await;
    assert!(said.contains(r#""firewall":{"blocked":false"#), "{said}");
    let line = fs::read_to_string(log).expect("the match log");
    assert!(line.contains(r#"{"marker":null,"matched_rule_ids":["#), "{line}");
}

#[tokio::test]
async fn rules_that_do_not_compile_do_not_start() {
    let site = Site::new(Database::Sqlite).await;
    let rules = site.folder().join("mine.conf");
    fs::write(&rules, "SecRule ARGS \"@nonsense x\" \"id:1,deny\"\n").expect("a file");
    let site = site.with("FIREWALL__RULES", format!("[\"{}\"]", rules.display()));

    let said = site.refuses_to_start().await;

    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("mine.conf:1:"), "{}", said.err);
}

#[tokio::test]
async fn rules_of_the_operator_hold_besides_ours() {
    let site = Site::new(Database::Sqlite).await;
    let rules = site.folder().join("mine.conf");
    let text = "SecRule ARGS:q \"@streq forbidden\" \"id:1,phase:2,deny,status:403,log\"\n";
    fs::write(&rules, text).expect("a file");
    let site = site.with("FIREWALL__RULES", format!("[\"{}\"]", rules.display()));
    let server = site.start().await;

    assert_eq!(status(&server, "/v1/jobs?q=forbidden").await.0, 403);
    assert_eq!(status(&server, ATTACK).await.0, 403);
    assert_eq!(status(&server, "/v1/jobs?q=allowed").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn exclusions_that_name_nothing_do_not_start() {
    for (exclusions, said_part) in [
        ("[{ rules = [] }]", "expected `rules`"),
        (r#"[{ rules = ["9-1"] }]"#, "a range such as"),
        (r#"[{ rules = ["942100"] }]"#, "there is no rule `942100`"),
        (r#"[{ rules = ["attack-nothing"] }]"#, "there is no rule `attack-nothing`"),
        (
            r#"[{ rules = ["ringwall/injection"], operation = "GET /v1/job" }]"#,
            "did you mean `GET /v1/jobs`?",
        ),
        (r#"[{ rules = ["ringwall/injection"], targets = ["NONSENSE:x"] }]"#, "NONSENSE"),
    ] {
        let site = Site::new(Database::Sqlite).await.with("FIREWALL__EXCLUSIONS", exclusions);

        let said = site.refuses_to_start().await;

        assert_ne!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains(said_part), "{said_part}: {said:?}");
    }
}

#[tokio::test]
async fn an_exclusion_holds_for_its_operation_and_target_only() {
    let exclusions = r#"[{ operation = "GET /v1/jobs", rules = ["ringwall/injection"],
        targets = ["ARGS:q", "ARGS_GET:q"] }]"#;
    let site = Site::new(Database::Sqlite).await.with("FIREWALL__EXCLUSIONS", exclusions);
    let server = site.start().await;

    assert_eq!(status(&server, ATTACK).await.0, 200);
    assert_eq!(status(&server, &ATTACK.replace("q=", "skill=")).await.0, 403);
    assert_eq!(status(&server, &ATTACK.replace("jobs", "jobs/facets")).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_a_rule_matches_is_withheld_where_answers_are_inspected() {
    let site = Site::new(Database::Sqlite).await;
    let rules = site.folder().join("mine.conf");
    let text = "SecResponseBodyAccess On\nSecResponseBodyMimeType application/json\n\
                SecRule RESPONSE_BODY \"@contains has_more\" \"id:1,phase:4,deny,log\"\n";
    fs::write(&rules, text).expect("a file");
    let site = site.with("FIREWALL__RULES", format!("[\"{}\"]", rules.display()));

    let unseen = site.start().await;
    assert_eq!(status(&unseen, ORDINARY).await.0, 200);
    unseen.stop().await;
    let site = site.with("FIREWALL__INSPECT_ANSWERS", "true");
    let server = site.start().await;
    let (withheld, body) = status(&server, ORDINARY).await;

    assert_eq!(withheld, 500, "{body}");
    assert!(body.contains("firewall.withheld") && !body.contains("has_more"), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn in_sampling_mode_a_share_of_requests_is_looked_at() {
    let site = Site::new(Database::Sqlite)
        .await
        .with("FIREWALL__MODE", "sampling")
        .with("FIREWALL__SAMPLING_PERCENT", "50");
    let server = site.start().await;

    let mut refused = 0;
    for _ in 0..REQUESTS {
        refused += usize::from(status(&server, ATTACK).await.0 == 403);
    }

    // Neither none nor all: by chance one of 2^63 runs would fail.
    assert!(0 < refused && refused < REQUESTS, "{refused}");
    server.stop().await;
}

const REQUESTS: usize = 64;
