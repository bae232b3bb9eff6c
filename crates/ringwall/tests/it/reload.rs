//! Reloading the running binary: what holds, what waits, and what is refused.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::books;
use crate::database::Database;
use crate::server::{Server, trusting};
use crate::site::{Said, Site};

/// A site with a configuration file of its own, at first with this text.
struct Configured {
    site: Site,
    file: PathBuf,
}

impl Configured {
    async fn new(database: Database, text: &str) -> Self {
        let site = Site::new(database).await;
        let file = site.folder().join("ringwall.toml");
        fs::write(&file, text).expect("it is written");
        let site = site.variable("RINGWALL_CONFIG", file.display().to_string());
        Self { site, file }
    }

    /// Writes another text and asks the server to take it.
    fn reload(&self, text: &str) -> Said {
        fs::write(&self.file, text).expect("it is written");
        self.site.run(&["reload"])
    }
}

/// The status of a stranger's request for a host.
async fn status(server: &Server, host: &str) -> u16 {
    // HTTP/1.1, where the host is a header that a client may set.
    let client = trusting(&server.ca_pem()).http1_only().build().expect("a client");
    let ask = client.get(format!("{}/v1/jobs", server.url())).header("host", host);
    ask.send().await.expect("an answer").status().as_u16()
}

async fn metrics(server: &Server) -> String {
    let answer = server.client().get(format!("{}/metrics", server.admin_url())).send().await;
    answer.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn what_can_be_reloaded_holds_at_once_and_what_cannot_is_named_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let own = Configured::new(database, "").await;
        let server = own.site.start().await;
        assert_eq!(status(&server, "new.example").await, 421);

        let text = "[gate]\nhosts = ['new.example']\nheaders_max = 20\n\
                    [addresses]\ndeny = ['198.51.100.0/24']\n[telemetry]\nlog = 'debug'\n";
        let said = own.reload(text);

        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(
            said.out.contains("reloaded: gate.hosts, addresses.deny, telemetry.log"),
            "{said:?}"
        );
        assert!(said.out.contains("needs a restart: gate.headers_max"), "{said:?}");
        assert_eq!(status(&server, "new.example").await, 200);
        let metrics = metrics(&server).await;
        assert!(metrics.contains("ringwall_reloads_total{outcome=\"applied\"} 1\n"), "{metrics}");
        let denied = own.reload("[addresses]\ndeny = ['127.0.0.0/8']\n");
        assert_eq!(denied.code, Some(0), "{denied:?}");
        assert_eq!(status(&server, "localhost").await, 403);
        let opened = own.reload("");
        assert!(opened.out.contains("reloaded: addresses.deny\n"), "{opened:?}");
        assert_eq!(status(&server, "localhost").await, 200);
        let entries = books::entries(&own.site, "configuration").await;
        assert_eq!(entries.len(), 3, "{entries:#?}");
        assert!(entries[0].contains("addresses.deny") && !entries[0].contains("198.51.100"));
        server.stop().await;
    }
}

#[tokio::test]
async fn one_error_changes_nothing_and_every_error_is_told() {
    let own = Configured::new(Database::Sqlite, "").await;
    let rules = own.site.folder().join("own.conf");
    fs::write(&rules, "SecRule ARGS \"@wibble x\" \"id:1\"\n").expect("it is written");
    let server = own.site.start().await;

    let wrong = own.reload("[gate]\nhosts = ['a b']\nconcurrency_max = 0\nwibble = 1\n");
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let rules = rules.display();
    let broken = own.reload(&format!(
        "[gate]\nhosts = ['new.example']\n[firewall]\nrules = ['{rules}']\n\
         [[addresses.rules]]\nname = 'x'\noperation = 'GET /v1/jbos'\nallow = ['127.0.0.1']\n"
    ));

    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.err.contains("own.conf") && broken.err.contains("GET /v1/jobs"), "{broken:?}");
    assert_eq!(status(&server, "new.example").await, 421, "nothing of it holds");
    let metrics = metrics(&server).await;
    assert!(metrics.contains("ringwall_reloads_total{outcome=\"refused\"} 1\n"), "{metrics}");
    assert_eq!(books::entries(&own.site, "configuration").await, Vec::<String>::new());
    let mended = own.reload("[gate]\nhosts = ['new.example']\n");
    assert_eq!(mended.code, Some(0), "{mended:?}");
    assert_eq!(status(&server, "new.example").await, 200);
    let said = server.stop().await;
    assert!(said.contains("kept the configuration: the new one is wrong"), "{said}");
}

#[tokio::test]
async fn whoever_is_over_a_limit_stays_over_it() {
    let own = Configured::new(Database::Sqlite, "[limits]\nstrangers_max = 3\n").await;
    let site = own.site.with("LIMITS__EXEMPT", "[]");
    let own = Configured { site, ..own };
    let server = own.site.start().await;
    for _ in 0..3 {
        assert_eq!(status(&server, "localhost").await, 200);
    }
    assert_eq!(status(&server, "localhost").await, 429);

    let said = own.reload("[limits]\nstrangers_max = 3\nnodes = 2\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(status(&server, "localhost").await, 429, "what was counted stays counted");

    let said = own.reload("[limits]\nstrangers_max = 5\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(status(&server, "localhost").await, 200, "and there is more room now");
    server.stop().await;
}

#[tokio::test]
async fn without_a_server_there_is_nobody_to_ask() {
    let own = Configured::new(Database::Sqlite, "").await;
    let said = own.site.run(&["reload"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let server = own.site.start().await;
    let asked = own.site.run(&["reload", "--json"]);
    assert_eq!(asked.code, Some(0), "{asked:?}");
    let told: Value = serde_json::from_str(&asked.out).expect("JSON");
    assert_eq!((&told["outcome"], &told["number"]), (&"applied".into(), &1.into()));
    assert_eq!(told["process"], server.process());
    server.stop().await;

    let said = own.site.run(&["reload"]);

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no ringwall serves"), "{said:?}");
}
