//! How long `ringwall serve --demo` takes to start, and what it holds when nobody calls.

#![expect(clippy::unwrap_used, reason = "a bench that cannot start, stops")]
#![expect(clippy::disallowed_methods, reason = "a bench waits for time to pass")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

fn main() {
    let files = tempfile::tempdir().unwrap();
    let (first, after_demo) = start(files.path());
    let (mut second, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (took, resident) = start(files.path());
        second.push(took);
        idle.push(resident);
    }
    report("start/first-with-demo-data", first, "s", START_S, "-");
    report("start/second", median(second), "s", START_S, "<=1.00");
    report("memory/idle", median(idle), "MiB", IDLE_MIB, "<=1.00");
    report("memory/idle-after-making-the-demo", after_demo, "MiB", IDLE_MIB, "<=1.00");
}

/// Starts, waits until requests are accepted and then a while; seconds to accept, and resident MiB.
fn start(files: &Path) -> (f64, f64) {
    let ready = files.join("ready.json");
    let begin = Instant::now();
    let server = serve(files, &ready);
    while !ready.exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the server does not start");
        sleep(Duration::from_millis(1));
    }
    let took = begin.elapsed().as_secs_f64();
    // Idle is not just started: buffers of the start have been given back, or never will be.
    sleep(Duration::from_secs(3));
    let resident = resident_mib(server.id());
    fs::remove_file(&ready).unwrap();
    stop(server);
    (took, resident)
}

fn serve(files: &Path, ready: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(files.join("data"))
        .arg("--ready-file")
        .arg(ready)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn stop(mut server: Child) {
    let pid = Pid::from_raw(i32::try_from(server.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success(), "the server drains and ends well");
}

fn resident_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}

/// Beside the limit as the peer.
fn report(name: &str, ours: f64, unit: &str, limit: f64, target: &str) {
    let ratio = ours / limit;
    let verdict = if target == "-" || ratio <= 1.0 { "ok" } else { "MISSED" };
    println!("RATIO {name} {ours:.2} {unit} {limit:.2} {unit} {ratio:.2} {target} {verdict}");
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

const STARTS: usize = 3;
const START_S: f64 = 1.0;
const IDLE_MIB: f64 = 60.0;
