//! Our engine, timed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use firewall::{Files, Options, Ruleset, Source};
use rustix::time::{ClockId, clock_gettime};

use crate::{Request, median, rules};

/// Rounds over the requests of a case; the first ones only warm.
const ROUNDS: usize = 24;
const WARMING: usize = 4;
/// At least so many transactions are timed.
const TRANSACTIONS_MIN: usize = 200;

pub(crate) struct Ours {
    rules: Ruleset,
    pub(crate) load_ms: f64,
    pub(crate) load_mib: f64,
}

impl Ours {
    pub(crate) fn load(file: &Path) -> Self {
        let resident = resident_mib();
        let start = now_us();
        let source = Source::new(file.display().to_string(), rules::text(file));
        let rules = match Ruleset::compile(&[source], &Disk) {
            Ok(rules) => rules,
            Err(faults) => {
                faults.iter().for_each(|fault| eprintln!("{fault}"));
                std::process::exit(1);
            }
        };
        Self { rules, load_ms: (now_us() - start) / 1000.0, load_mib: resident_mib() - resident }
    }

    /// How many rules there are.
    pub(crate) fn count(&self) -> usize {
        self.rules.rules()
    }

    /// Microseconds of processor time a transaction. Each request has its own median over the
    /// rounds, and the case the median of these.
    pub(crate) fn median(&self, requests: &[Request]) -> f64 {
        let rounds = ROUNDS.max(TRANSACTIONS_MIN / requests.len().max(1));
        let mut times: Vec<Vec<f64>> = requests.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            for (request, times) in requests.iter().zip(&mut times) {
                let start = now_us();
                self.transaction(request);
                if round >= WARMING {
                    times.push(now_us() - start);
                }
            }
        }
        median(times.into_iter().map(median).collect())
    }

    /// What the process grew by since the rules were not loaded, after these requests.
    pub(crate) fn resident_after(&self, requests: &[Request]) -> f64 {
        let before = resident_mib() - self.load_mib;
        requests.iter().for_each(|request| self.transaction(request));
        resident_mib() - before
    }

    fn transaction(&self, request: &Request) {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut transaction = self.rules.transaction(Options::default());
        transaction.connection((local, 40000), (local, 80));
        let method = request.method.as_bytes();
        transaction.request_line(method, request.target.as_bytes(), b"HTTP/1.1");
        for (name, value) in &request.headers {
            transaction.request_header(name.as_bytes(), value.as_bytes());
        }
        let mut stopped = transaction.phase1();
        if stopped.is_none() {
            transaction.request_body(request.body.as_bytes());
            stopped = transaction.phase2();
        }
        if stopped.is_none() {
            transaction.response_line(200, b"HTTP/1.1");
            transaction.response_header(b"Content-Type", b"application/json");
            stopped = transaction.phase3();
        }
        if stopped.is_none() {
            transaction.response_body(br#"{"status":"ok"}"#);
            stopped = transaction.phase4();
        }
        transaction.phase5();
        std::hint::black_box((stopped, transaction.finish()));
    }
}

fn now_us() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

fn resident_mib() -> f64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / f64::from(1 << 20)
}

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        vec![pattern.to_owned()]
    }
}
