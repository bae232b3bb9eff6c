//! Where TLS ends: this binary beside nginx, asked by `wrk` over HTTP/1.1 and by `h2load` over
//! HTTP/2, with the same certificate and the same bytes, in turns.
//!
//! *passed-on*: `ringwall firewall proxy` and nginx's `proxy_pass` before one upstream; without
//! rules, and with ours. *page*: a public page of `ringwall serve`, which passes all its rings, and
//! nginx with the same page in a file.
//!
//! Needs Debian's packages `nginx`, `wrk` and `nghttp2-client`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench that cannot go on, stops"
)]
#![expect(clippy::disallowed_methods, reason = "a bench waits for time to pass")]

mod nginx;
mod ours;
mod tools;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gate::tls::LocalCa;
use kernel::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tools::Tool;

fn main() {
    let files = TempDir::new().unwrap();
    let tls = Certificate::issue(files.path());
    let serve = ours::serve(files.path(), &tls);
    let page = format!("{}{PAGE}", serve.url);
    let nginx = nginx::start(files.path(), &tls, &tools::body(&page));
    let beside = format!("{}{PAGE}", nginx.url);
    for tool in [Tool::Wrk, Tool::H2load] {
        compare(&format!("edge/page/{}", tool.name()), tool, [&page, &beside]);
    }
    for (name, rules) in [("without-rules", Some("")), ("our-rules", None)] {
        let proxy = ours::proxy(files.path(), &tls, &nginx.upstream, rules);
        let row = format!("edge/passed-on/{name}/{}", Tool::Wrk.name());
        compare(&row, Tool::Wrk, [&format!("{}/", proxy.url), &format!("{}/", nginx.url)]);
    }
}

/// One row: medians of both, and the median of the ratios of neighbouring rounds.
fn compare(name: &str, tool: Tool, [ours, peer]: [&str; 2]) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (tool.ask(ours), tool.ask(peer))).collect();
    let ratio = median(rounds.iter().map(|(ours, peer)| ours / peer));
    let ours = median(rounds.iter().map(|round| round.0));
    let peer = median(rounds.iter().map(|round| round.1));
    println!("RATIO {name} {ours:.0} req/s {peer:.0} req/s {ratio:.2} - ok");
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One for all servers.
struct Certificate {
    chain: PathBuf,
    key: PathBuf,
}

impl Certificate {
    fn issue(folder: &Path) -> Self {
        let ca = LocalCa::create(&[], SystemClock.now()).unwrap();
        let issued = ca.issue(&["localhost".to_owned()], SystemClock.now()).unwrap();
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        fs::write(&chain, &issued.chain_pem).unwrap();
        fs::write(&key, issued.key_pem.expose()).unwrap();
        // Keys that others can read are refused.
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        Self { chain, key }
    }
}

/// A server that runs, until it is dropped.
struct Running {
    process: Child,
    url: String,
}

impl Drop for Running {
    /// Asked to: whoever kills nginx leaves its workers behind.
    fn drop(&mut self) {
        let _asked = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ended = self.process.wait();
    }
}

/// Waits for what a server does when it is ready.
fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(done) = done() {
            return done;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not start");
        sleep(Duration::from_millis(10));
    }
}

/// Where clients find out about an authorization server (RFC 8414): for everybody, from memory.
const PAGE: &str = "/.well-known/oauth-authorization-server";
const ROUNDS: usize = 5;
