//! This binary, with the bench's certificate.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Certificate, Running, until};

/// `serve --demo` with what it comes with, but for limits that one address would reach.
pub(super) fn serve(folder: &Path, tls: &Certificate) -> Running {
    let ready = folder.join("ready.json");
    let mut command = ringwall();
    command
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--ready-file")
        .arg(&ready)
        .env("RINGWALL__TLS__CERT_FILE", &tls.chain)
        .env("RINGWALL__TLS__KEY_FILE", &tls.key)
        .env("RINGWALL__LIMITS__EXEMPT", r#"["127.0.0.0/8", "::1"]"#)
        .stdout(Stdio::null());
    let process = command.spawn().unwrap();
    let said = until("ringwall serve", || fs::read_to_string(&ready).ok());
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let url = said.get("url").and_then(|url| url.as_str()).unwrap().to_owned();
    Running { process, url }
}

/// `firewall proxy` with its own rules, or with these.
pub(super) fn proxy(
    folder: &Path,
    tls: &Certificate,
    upstream: &str,
    rules: Option<&str>,
) -> Running {
    let mut command = ringwall();
    command
        .args(["firewall", "proxy", "--listen", "127.0.0.1:0", "--upstream", upstream])
        .arg("--cert")
        .arg(&tls.chain)
        .arg("--key")
        .arg(&tls.key)
        .stdout(Stdio::piped());
    if let Some(rules) = rules {
        let file = folder.join("rules.conf");
        fs::write(&file, rules).unwrap();
        command.arg("--rules").arg(file);
    }
    let mut process = command.spawn().unwrap();
    let said = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let url = said.split_whitespace().find(|word| word.starts_with("https://"));
    let port = url.unwrap().trim_end_matches(['/', ',', '.']).rsplit(':').next().unwrap();
    let url = format!("https://localhost:{port}");
    Running { process, url }
}

fn ringwall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
    command.stderr(Stdio::null());
    command
}
