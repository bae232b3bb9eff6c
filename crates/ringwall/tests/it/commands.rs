//! Commands besides `serve`: what they print, and how they exit.

use crate::books::Books;
use crate::database::Database;
use crate::server::Server;
use crate::site::Site;
use crate::storm::storm;

#[tokio::test]
async fn a_wrong_configuration_is_told_whole_and_exits_2() {
    let site = Site::new(Database::Sqlite)
        .await
        .with("GATE__HEADERS_MAX", "5")
        .with("SERVER__LISTEN", "nowhere")
        .with("STORE__URL", "env:NOT_SET");

    let said = site.run(&["config", "check"]);

    assert_eq!(said.code, Some(2), "{said:?}");
    for name in ["RINGWALL__GATE__HEADERS_MAX", "RINGWALL__SERVER__LISTEN"] {
        assert!(said.err.contains(name), "{said:?}");
    }
    assert_eq!(site.run(&["serve"]).code, Some(2));
    assert_eq!(site.run(&["db", "status"]).code, Some(2));
    assert!(!site.data_dir().exists(), "nothing is made before the configuration holds");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_by_check_and_by_serve() {
    let rule = |name: &str, operation: &str| {
        let named = format!("name = '{name}', operation = '{operation}'");
        format!("{{ {named}, by = ['client'], max = 1, window_s = 9 }}")
    };
    let rules = format!("[{}, {}]", rule("one", "GET /v1/jbos"), rule("two", "GET /v1/clnts"));
    let exclusion = "[{ operation = 'PATCH /v1/jbos', rules = ['942100'] }]";
    let site = Site::new(Database::Sqlite)
        .await
        .with("GATE__HEADERS_MAX", "5")
        .with("STORE__URL", "env:NOT_SET")
        .with("LIMITS__STORE", "file:/nowhere/redis")
        .with("LIMITS__RULES", &rules)
        .with("ADDRESSES__DENY_FILES", "['/nowhere/feed']")
        .with("FIREWALL__RULES", "['/nowhere/rules']")
        .with("FIREWALL__EXCLUSIONS", exclusion)
        .with("TLS__CERT_FILE", "/nowhere/cert.pem")
        .with("TLS__KEY_FILE", "/nowhere/key.pem")
        .with("TLS__CLIENT_CERTIFICATES", "handshake")
        .with("TLS__CLIENT_CA_FILE", "/nowhere/clients.pem");

    for command in [&["config", "check"][..], &["serve"]] {
        let said = site.run(command);

        assert_eq!(said.code, Some(2), "{said:?}");
        for part in [
            "the configuration has 10 errors",
            "`gate.headers_max`",
            "`NOT_SET` is not set",
            "/nowhere/redis",
            "RINGWALL__LIMITS__RULES: `limits.rules`, rule `one`: there is no operation",
            "rule `two`: there is no operation",
            "RINGWALL__FIREWALL__EXCLUSIONS: `firewall.exclusions`: there is no operation",
            "/nowhere/feed",
            "/nowhere/rules",
            "RINGWALL__TLS__CERT_FILE: `tls.cert_file`",
            "RINGWALL__TLS__CLIENT_CA_FILE: `tls.client_ca_file`",
        ] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
        assert!(!site.data_dir().exists(), "nothing is made before the configuration holds");
    }
}

#[tokio::test]
async fn a_redis_on_another_machine_in_plain_text_is_refused() {
    let site = Site::new(Database::Sqlite).await.with("LIMITS__STORE", "env:WHICH_REDIS");
    let site = site.variable("WHICH_REDIS", "redis://:hunter2@cache.example/0");

    for command in [&["config", "check"][..], &["serve"]] {
        let said = site.run(command);

        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains("over TLS only") && !said.err.contains("hunter2"), "{said:?}");
    }
}

#[tokio::test]
async fn a_right_configuration_exits_0() {
    let site = Site::new(Database::Sqlite).await.with("GATE__HEADERS_MAX", "32");

    let said = site.run(&["config", "check"]);
    let shown = site.run(&["config", "show"]);

    assert_eq!(said.code, Some(0));
    assert!(said.out.starts_with("the configuration is in order\n"), "{said:?}");
    let waits = "these keys need a restart to change: server.data_dir";
    assert!(said.out.contains(waits), "{said:?}");
    assert!(shown.out.contains("headers_max = 32  # RINGWALL__GATE__HEADERS_MAX"), "{shown:?}");
}

#[tokio::test]
async fn completions_are_a_script() {
    let site = Site::new(Database::Sqlite).await;

    let said = site.run(&["completions", "bash"]);

    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("complete -F _ringwall"), "{}", said.out);
    assert!(!site.data_dir().exists(), "a script is all it makes");
}

#[tokio::test]
async fn the_schema_is_migrated_once_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await.with("STORE__MIGRATE_ON_START", "false");

        let before = site.run(&["db", "status"]);
        assert_eq!(before.code, Some(1), "{before:?}");
        assert!(before.out.starts_with("missing  ") && before.err.contains("db migrate"));
        assert_eq!(site.refuses_to_start().await.code, Some(1));

        let made = site.run(&["db", "migrate"]);
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(!made.out.starts_with("0 "), "{made:?}");
        assert!(site.run(&["db", "migrate"]).out.starts_with("0 migration(s) applied"));

        let after = site.run(&["db", "status"]);
        assert_eq!(after.code, Some(0), "{after:?}");
        assert!(after.out.starts_with("applied  ") && !after.out.contains("missing"));
        site.start().await.stop().await;
    }
}

#[tokio::test]
async fn an_unreachable_database_is_told() {
    let site = Site::new(Database::Sqlite).await.with("STORE__URL", "postgres://x@127.0.0.1:1/x");

    let said = site.run(&["db", "status"]);

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("cannot reach PostgreSQL"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_founded_while_the_server_writes_is_served_at_once() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let partner = site.found("acme");
        let mut server = site.start().await;
        let company = server.api(&partner).await.company().await;

        let found = async |server: &mut Server| {
            let globex = tokio::task::block_in_place(|| site.found("globex"));
            let api = server.api(&globex).await;
            api.company().await;
            assert_eq!(api.get("/v1/clients").await.is(200).body["data"][0]["name"], "Kestrel");
            server.terminate();
        };
        let aftermath = storm(&mut server, (&partner, &company, "busy"), 20, found).await;

        server.stopped().await;
        assert_eq!(
            Books::read(&site).await.versions.len(),
            aftermath.acknowledged.len() + 2,
            "{database:?}"
        );
    }
}

#[tokio::test]
async fn a_bootstrap_that_cannot_be_right_changes_nothing() {
    let site = Site::new(Database::Sqlite).await;
    let base = ["admin", "bootstrap", "--tenant-name", "A", "--partner-name", "B"];
    let run = |flags: &[&str]| site.run(&[&base[..], flags].concat());

    let scope = run(&["--tenant-slug", "acme", "--scopes", "read:jobs write:everything"]);
    let role = run(&["--tenant-slug", "acme", "--role", "recruiter"]);
    let slug = run(&["--tenant-slug", "Not A Slug"]);

    assert_eq!(scope.code, Some(1), "{scope:?}");
    assert!(scope.err.contains("unknown scope `write:everything`"), "{scope:?}");
    assert!(scope.err.contains("read:candidates.pii"), "{scope:?}");
    assert_eq!(role.code, Some(1), "{role:?}");
    assert!(role.err.contains("role for people"), "{role:?}");
    assert_eq!(slug.code, Some(2), "{slug:?}");

    site.found("acme");
    let taken = run(&["--tenant-slug", "acme"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.err.contains("slug"), "{taken:?}");
    assert!(taken.out.is_empty(), "{taken:?}");
}
