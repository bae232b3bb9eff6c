//! Reloads and certificates that change while requests are served: not one is lost, and memory
//! stays what it was. `cargo xtask reloads` runs it with 200 of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gate::tls::LocalCa;
use kernel::{Clock, SystemClock};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::database::Database;
use crate::server::{Server, trusting};
use crate::site::{Partner, Site};
use crate::wait;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_configuration_and_certificate_change() {
    let count = std::env::var("RINGWALL_TEST_RELOADS").ok().and_then(|text| text.parse().ok());
    reload_under_load(count.unwrap_or(5)).await;
}

async fn reload_under_load(count: u32) {
    let authority = LocalCa::create(&[], SystemClock.now()).expect("an authority");
    let site = Site::new(Database::Sqlite).await;
    let (cert, key) = (site.folder().join("cert.pem"), site.folder().join("key.pem"));
    issue(&authority, &cert, &key);
    let file = site.folder().join("ringwall.toml");
    fs::write(&file, configuration(0)).expect("it is written");
    let site = site
        .variable("RINGWALL_CONFIG", file.display().to_string())
        .with("TLS__CERT_FILE", cert.display().to_string())
        .with("TLS__KEY_FILE", key.display().to_string())
        .with("TELEMETRY__ACCESS_LOG", "off");
    let partner = site.found("acme");
    let server = site.start().await;
    let load = Load::begin(&server, &authority, &partner).await;
    let mut settled = 0;
    for number in 1..=count {
        issue(&authority, &cert, &key);
        fs::write(&file, configuration(number)).expect("it is written");
        let before = load.answered();
        let said = site.run(&["reload"]);
        assert_eq!(said.code, Some(0), "{number}: {said:?}");
        wait::until("requests after the reload", async || {
            (load.answered() >= before + 10).then_some(())
        })
        .await;
        if number == count.div_ceil(4) {
            settled = resident_kb(&server);
        }
    }
    let (answered, resident) = (load.end().await, resident_kb(&server));
    println!("{count} reloads: {answered} requests answered, none failed");
    println!("resident after a quarter of them {settled} KB, after all {resident} KB");
    // A few reloads say nothing about memory: what is replaced is given back later.
    let bound = if count < 50 { settled * 2 } else { settled + settled / 10 };
    assert!(resident <= bound, "{settled} KB became {resident} KB");
    let said = server.stop().await;
    let applied = said.matches(" reloaded").count();
    assert_eq!(u32::try_from(applied).expect("a number"), count, "{said}");
}

/// Rules, lists and limits that are others each time, and none that refuses anybody.
fn configuration(number: u32) -> String {
    let (a, b) = (number / 200 % 200, number % 200);
    format!(
        "[gate]\nhosts = ['host-{number}.example']\nconcurrency_max = {}\n\
         [addresses]\ndeny = ['198.51.{a}.{b}']\n[limits]\nnodes = {}\n\
         [bans]\nshare_floor = {}\n",
        500 + number % 10,
        1 + number % 7,
        5 + number % 3,
    )
}

/// Clients that ask until they are told to end; one that is not answered fails the test.
struct Load {
    clients: JoinSet<()>,
    answered: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    async fn begin(server: &Server, authority: &LocalCa, partner: &Partner) -> Self {
        let trusting = || trusting(authority.certificate_pem().as_bytes());
        let first = trusting().build().expect("a client");
        let api = Api::log_in(first, server.url(), partner).await;
        let kinds = [
            trusting().http1_only(),
            trusting(),
            // A handshake for each request: some fall into the change of the certificate.
            trusting().http1_only().pool_max_idle_per_host(0),
            trusting().pool_max_idle_per_host(0),
        ];
        let (answered, is_over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut clients = JoinSet::new();
        for kind in kinds {
            let api = api.with(kind.build().expect("a client"));
            let (answered, is_over) = (Arc::clone(&answered), Arc::clone(&is_over));
            clients.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let reply = api.get("/v1/jobs?limit=1").await;
                    assert_eq!(reply.status, 200, "{reply:?}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { clients, answered, is_over }
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    async fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        // Whoever was not answered fails here.
        self.clients.join_all().await;
        self.answered.load(Ordering::Relaxed)
    }
}

fn issue(authority: &LocalCa, cert: &Path, key: &Path) {
    let issued = authority.issue(&[], SystemClock.now()).expect("a certificate");
    fs::write(key, issued.key_pem.expose()).expect("the key is written");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    fs::write(cert, issued.chain_pem).expect("the certificate is written");
}

/// What the server has in memory, in kilobytes.
fn resident_kb(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process()));
    let status = status.expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
