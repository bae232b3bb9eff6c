//! Programs that answer one line for each input.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

/// A program that reads frames.
pub(super) struct Answerer {
    program: PathBuf,
    folder: PathBuf,
    unicode_map: Option<PathBuf>,
}

impl Answerer {
    /// Our own, built for speed.
    pub(super) fn ours(workspace: &Workspace) -> Outcome<Self> {
        let mut build = run::cargo(workspace.root());
        run::shown(build.args(["build", "--release", "-p", "firewall", "--example", "answer"]))?;
        let folder = workspace.target().to_path_buf();
        let program = folder.join("release/examples/answer");
        Ok(Self { program, folder, unicode_map: None })
    }

    /// The C library, behind a program compiled now.
    pub(super) fn libmodsecurity(workspace: &Workspace, map: Option<&Path>) -> Outcome<Self> {
        let folder = workspace.target().to_path_buf();
        let program = folder.join("libmodsecurity-peer");
        let source = workspace.root().join("xtask/peers/libmodsecurity.c");
        let mut compile = Command::new("cc");
        compile.args(["-O2", "-Wall", "-Wextra", "-o"]).arg(&program).arg(&source);
        run::shown(compile.arg("-lmodsecurity"))?;
        Ok(Self { program, folder, unicode_map: map.map(Path::to_path_buf) })
    }

    /// Coraza, behind a program that answers in the same way.
    pub(super) fn coraza(workspace: &Workspace, program: &Path) -> Outcome<Self> {
        let program = fs::canonicalize(program).map_err(ChoreError::path(program))?;
        Ok(Self { program, folder: workspace.target().to_path_buf(), unicode_map: None })
    }

    /// What the program calls itself.
    pub(super) fn version(&self) -> Outcome<String> {
        Ok(run::output(Command::new(&self.program).arg("version"))?.trim().to_owned())
    }

    /// Its answers to all frames, line by line.
    fn answers(&self, arguments: &[&str], frames: &[u8]) -> Outcome<Vec<String>> {
        let path = self.folder.join("peers-input");
        fs::write(&path, frames).map_err(ChoreError::path(&path))?;
        let input = File::open(&path).map_err(ChoreError::path(&path))?;
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(input).stderr(Stdio::inherit());
        if let Some(map) = &self.unicode_map {
            command.env("UNICODE_MAP", map);
        }
        let line = run::line(&command);
        let output = command
            .output()
            .map_err(|source| ChoreError::Unstarted { command: line.clone(), source })?;
        if !output.status.success() {
            let status = output.status.to_string();
            return Err(ChoreError::Refused { command: line, status });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// Appends one frame: a length of four bytes, and the bytes.
pub(super) fn push_frame(frames: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    frames.extend_from_slice(&length.to_le_bytes());
    frames.extend_from_slice(bytes);
}

/// One frame for each value.
pub(super) fn frames(values: &[Vec<u8>]) -> Vec<u8> {
    let mut frames = Vec::new();
    for value in values {
        push_frame(&mut frames, value);
    }
    frames
}

/// What both programs answered.
pub(super) type Answers = Vec<(String, String)>;

/// Asks both; they must answer as often as they were asked.
pub(super) fn both(
    (ours, peer): (&Answerer, &Answerer),
    arguments: &[&str],
    frames: &[u8],
    count: usize,
) -> Outcome<Answers> {
    let our_lines = asked(ours, arguments, frames, count)?;
    Ok(our_lines.into_iter().zip(asked(peer, arguments, frames, count)?).collect())
}

/// Asks one, which must answer as often as it was asked.
pub(super) fn asked(
    of: &Answerer,
    arguments: &[&str],
    frames: &[u8],
    count: usize,
) -> Outcome<Vec<String>> {
    let lines = of.answers(arguments, frames)?;
    if lines.len() == count {
        return Ok(lines);
    }
    let program = of.program.display();
    Err(ChoreError::told(format!("{program}: asked {count} times, answered {}", lines.len())))
}
