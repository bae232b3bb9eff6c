//! `h2spec`: the cases of RFC 9113 and RFC 7541, strict ones included, without a failure.

use std::{path::Path, process::Command};

use super::{STANCES, authority};
use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

/// A request here is answered once its body has ended. Where we answer sooner, as RFC 9113 §8.1
/// allows, the cases that break a message race with the answer.
const PATH: &str = "/v1/jobs";
/// So many cases the version of 2022 has.
const CASES_MIN: usize = 147;

pub(super) fn run(workspace: &Workspace, program: &Path, binary: &Path) -> Outcome {
    let program = program.canonicalize().map_err(ChoreError::path(program))?;
    let [stance, _] = STANCES;
    let (server, stage) = stance.serve(workspace, binary, "scan")?;
    let (host, port) = authority(&stage.url)
        .rsplit_once(':')
        .ok_or_else(|| ChoreError::told("the ready file's `url` has no port"))?;
    let mut command = Command::new(program);
    command
        .args(["--tls", "--insecure", "--strict", "--host", host, "--port", port])
        .args(["--path", PATH]);
    let said = run::said(&mut command);
    let told = said.and_then(|said| judge(&said));
    told.and(server.stop())
}

/// The last line counts.
fn judge(said: &str) -> Outcome {
    let last = said.trim_end().lines().last().unwrap_or_default();
    let count = |what: &str| {
        last.split(", ").find_map(|part| part.strip_suffix(what)?.trim().parse::<usize>().ok())
    };
    match (count(" passed"), count(" skipped"), count(" failed")) {
        (Some(passed), Some(0), Some(0)) if passed >= CASES_MIN => Ok(()),
        _ => {
            let failures = said.find("Failures:").and_then(|at| said.get(at..));
            Err(ChoreError::told(failures.unwrap_or(last).trim().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_must_have_passed() {
        for said in [
            "",
            "147 tests, 146 passed, 0 skipped, 1 failed\n",
            "147 tests, 146 passed, 1 skipped, 0 failed\n",
            "3 tests, 3 passed, 0 skipped, 0 failed\n",
        ] {
            assert!(judge(said).is_err(), "{said}");
        }
        assert!(judge("147 tests, 147 passed, 0 skipped, 0 failed\n").is_ok());
    }
}
