//! libmodsecurity, run by the program in `xtask/peers`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Request, median};

/// Transactions of one case; the first ones only warm.
const TRANSACTIONS: usize = 24;
const WARMING: usize = 4;

pub(crate) struct Peer {
    program: PathBuf,
    version: String,
    _folder: TempDir,
}

impl Peer {
    /// Nothing where there is no compiler or no library.
    pub(crate) fn compile() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("peer");
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/peers/libmodsecurity.c");
        let mut compiler = Command::new("cc");
        compiler.arg("-O2").arg("-o").arg(&program).arg(source).arg("-lmodsecurity");
        let compiled = compiler.stderr(Stdio::null()).status().ok()?;
        if !compiled.success() {
            println!("no peer: libmodsecurity-dev or a C compiler is missing");
            return None;
        }
        let version = Command::new(&program).arg("version").output().ok()?.stdout;
        let version = String::from_utf8_lossy(&version).trim().to_owned();
        Some(Self { program, version, _folder: folder })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Microseconds of processor time a transaction, as for ours.
    pub(crate) fn median(&self, rules: &Path, requests: &[Request]) -> f64 {
        let rounds = WARMING + TRANSACTIONS.div_ceil(requests.len()).min(TRANSACTIONS);
        let rounds = if requests.len() > TRANSACTIONS { 2 } else { rounds };
        let mut input = Vec::new();
        (0..rounds).flat_map(|_| requests).for_each(|request| frames(request, &mut input));
        let mut child = Command::new(&self.program)
            .arg("requests")
            .arg(rules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "the peer failed");
        let answers = String::from_utf8(output.stdout).unwrap();
        let times = answers
            .lines()
            .map(|line| line.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e3);
        let times: Vec<f64> = times.collect();
        let skipped = if rounds > WARMING { WARMING } else { 1 };
        let of_request = |index: usize| {
            median(
                times.iter().copied().skip(index).step_by(requests.len()).skip(skipped).collect(),
            )
        };
        median((0..requests.len()).map(of_request).collect())
    }
}

fn frames(request: &Request, out: &mut Vec<u8>) {
    let mut frame = |bytes: &[u8]| {
        out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        out.extend(bytes);
    };
    frame(request.method.as_bytes());
    frame(request.target.as_bytes());
    frame(b"HTTP/1.1");
    frame(request.headers.len().to_string().as_bytes());
    for (name, value) in &request.headers {
        frame(name.as_bytes());
        frame(value.as_bytes());
    }
    frame(request.body.as_bytes());
}
