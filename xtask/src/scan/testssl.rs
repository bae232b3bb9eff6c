//! `testssl.sh` of Debian: nothing graver than `LOW`.

use std::{fs, path::Path, process::Command};

use serde::Deserialize;

use super::{STANCES, Stance};
use crate::{
    error::{ChoreError, Outcome},
    install,
    interop::Told,
    run,
    workspace::Workspace,
};

const TESTSSL: install::Need = install::Need {
    name: "testssl.sh",
    packages: &["testssl.sh", "bsdmainutils", "dnsutils"],
    is_met: || run::find("testssl").is_some(),
};

/// Findings about the demo's local authority or this machine, not about the edge: the authority
/// publishes no revocation list, and its certificates live for 90 days.
const NOT_THE_EDGE: &[&str] = &["cert_revocation", "engine_problem"];
const HARMLESS: &[&str] = &["OK", "INFO", "LOW", "DEBUG"];
/// Without these the scan broke off.
const NEEDED: &[&str] = &["SSLv3", "TLS1_3", "heartbleed", "cipher_order", "cert_chain_of_trust"];

#[derive(Deserialize)]
struct Finding {
    id: String,
    severity: String,
    finding: String,
}

/// One result for each stance.
pub(super) fn run(workspace: &Workspace, binary: &Path) -> Outcome<Vec<Told>> {
    install::ensure(&[TESTSSL])?;
    let scan = |stance: Stance| Told::of(name(stance), scan(workspace, binary, stance));
    Ok(STANCES.into_iter().map(scan).collect())
}

fn name(stance: Stance) -> &'static str {
    if stance.tls12 { "testssl.sh, TLS 1.2 too" } else { "testssl.sh, TLS 1.3" }
}

fn scan(workspace: &Workspace, binary: &Path, stance: Stance) -> Outcome {
    let (server, stage) = stance.serve(workspace, binary, "scan")?;
    let report = stage.reports.join("testssl.json");
    if report.exists() {
        fs::remove_file(&report).map_err(ChoreError::path(&report))?;
    }
    let mut command = Command::new("testssl");
    command
        .args(["--quiet", "--color", "0", "--warnings", "off", "--add-ca", &stage.ca_file])
        .arg("--jsonfile")
        .arg(&report)
        .arg(&stage.url)
        .current_dir(&stage.reports);
    // Its exit code counts what it found odd, in a way of its own: the report says it exactly.
    run::said(&mut command)?;
    let text = fs::read_to_string(&report).map_err(ChoreError::path(&report))?;
    judge(&text).and(server.stop())
}

fn judge(report: &str) -> Outcome {
    let findings: Vec<Finding> = serde_json::from_str(report)
        .map_err(|error| ChoreError::told(format!("the report is cut off: {error}")))?;
    for needed in NEEDED {
        if !findings.iter().any(|finding| finding.id.starts_with(needed)) {
            return Err(ChoreError::told(format!("the report says nothing of `{needed}`")));
        }
    }
    let grave = findings.iter().filter(|finding| {
        !HARMLESS.contains(&finding.severity.as_str())
            && !NOT_THE_EDGE.contains(&finding.id.as_str())
    });
    let grave: Vec<String> =
        grave.map(|found| format!("{} {}: {}", found.severity, found.id, found.finding)).collect();
    if grave.is_empty() { Ok(()) } else { Err(ChoreError::told(grave.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(more: &str) -> String {
        let needed = NEEDED.iter().map(|id| finding(id, "OK")).collect::<Vec<_>>().join(",");
        format!("[{needed}{more}]")
    }

    fn finding(id: &str, severity: &str) -> String {
        format!(r#"{{"id":"{id}","severity":"{severity}","finding":"x"}}"#)
    }

    #[test]
    fn what_is_graver_than_low_is_a_fault() {
        for severity in ["MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN"] {
            let grave = report(&format!(",{}", finding("BREACH", severity)));

            assert!(judge(&grave).is_err(), "{severity}");
        }
        assert!(judge(&report(&format!(",{}", finding("DNS_CAArecord", "LOW")))).is_ok());
        assert!(judge(&report(&format!(",{}", finding("cert_revocation", "HIGH")))).is_ok());
    }

    #[test]
    fn a_scan_that_broke_off_is_a_fault() {
        assert!(judge("[").is_err());
        assert!(judge("[]").is_err());
    }
}
