//! The clients that people measure servers with.

use std::process::Command;

/// One of them.
#[derive(Clone, Copy)]
pub(super) enum Tool {
    /// HTTP/1.1, 32 connections.
    Wrk,
    /// HTTP/2, 8 connections with 16 requests at once.
    H2load,
}

impl Tool {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Wrk => "wrk-h1",
            Self::H2load => "h2load-h2",
        }
    }

    /// Requests a second, all of which were answered well.
    pub(super) fn ask(self, url: &str) -> f64 {
        let said = match self {
            Self::Wrk => said("wrk", &["-t1", "-c32", "-d4s", url], "wrk"),
            Self::H2load => said("h2load", &["-t1", "-c8", "-m16", "-D4", url], "nghttp2-client"),
        };
        assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
        let per_second = match self {
            Self::Wrk => after(&said, "Requests/sec:"),
            Self::H2load => {
                assert!(said.contains(" 0 3xx, 0 4xx, 0 5xx"), "{said}");
                // `finished in 4.00s, 12345.67 req/s, 1.23MB/s`
                said.lines()
                    .find(|line| line.starts_with("finished in"))
                    .and_then(|line| number(line.split(", ").nth(1)?))
            }
        };
        per_second.unwrap_or_else(|| panic!("no figure in: {said}"))
    }
}

/// What a page is, as anybody gets it.
pub(super) fn body(url: &str) -> Vec<u8> {
    // The certificate's authority lives for this bench only; what is measured is not trust.
    let got = Command::new("curl").args(["-sSk", "--fail", url]).output().expect("curl");
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
    got.stdout
}

fn said(program: &str, arguments: &[&str], package: &str) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|_| panic!("install Debian's package `{package}`"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn after(text: &str, mark: &str) -> Option<f64> {
    text.lines().find_map(|line| number(line.trim().strip_prefix(mark)?))
}

fn number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}
