//! The smallest firewall in front of an HTTP server: one thread, one request a connection, nothing
//! refused. For trying rules and for `cargo xtask crs --engine`; the product's proxy is
//! `ringwall firewall proxy`.

mod http;

use std::{
    error::Error,
    fs::{self, File},
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use firewall::{Files, Mode, Options, Ruleset, Source, Transaction, Verdict};
use http::Message;

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    rules: Vec<PathBuf>,
    listen: String,
    upstream: String,
    match_log: PathBuf,
}

/// Opens what rules refer to.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let (before, after) = name.split_once('*').unwrap_or((name, ""));
        let mut found = names(Path::new(folder));
        found.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(before) && name.ends_with(after)
        });
        found.iter().map(|path| path.display().to_string()).collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let rules = load(&arguments.rules)?;
    let listener = TcpListener::bind(&arguments.listen)?;
    let mut log = File::options().create(true).append(true).open(&arguments.match_log)?;
    println!("guarding {} at http://{}", arguments.upstream, listener.local_addr()?);
    let upstream = arguments.upstream.trim_start_matches("http://").parse()?;
    for stream in listener.incoming() {
        let outcome =
            stream.map_err(Into::into).and_then(|s| serve(&rules, &s, upstream, &mut log));
        if let Err(error) = outcome {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments::default();
    let mut flag = String::new();
    for word in std::env::args().skip(1) {
        match (word.strip_prefix("--"), flag.as_str()) {
            (Some(name), _) => name.clone_into(&mut flag),
            (None, "rules") => arguments.rules.push(word.into()),
            (None, "listen") => arguments.listen = word,
            (None, "upstream") => arguments.upstream = word,
            (None, "match-log") => arguments.match_log = word.into(),
            (None, _) => return Err(format!("unknown argument `{flag} {word}`").into()),
        }
    }
    Ok(arguments)
}

/// Compiles files, and the `*.conf` of folders.
fn load(paths: &[PathBuf]) -> Result<Ruleset, Box<dyn Error>> {
    let mut sources = Vec::new();
    for path in paths {
        let files = if path.is_dir() { names(path) } else { vec![path.clone()] };
        for file in files {
            if path.is_dir() && file.extension().is_none_or(|end| end != "conf") {
                continue;
            }
            sources.push(Source::new(file.display().to_string(), fs::read_to_string(&file)?));
        }
    }
    Ruleset::compile(&sources, &Disk).map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        lines.join("\n").into()
    })
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.path()).collect();
    names.sort();
    names
}

/// Runs one request and its answer through the five phases.
fn serve(
    rules: &Ruleset,
    stream: &TcpStream,
    upstream: SocketAddr,
    log: &mut File,
) -> Result<(), Box<dyn Error>> {
    let timeout = Some(Duration::from_secs(10));
    stream.set_read_timeout(timeout)?;
    let request = Message::read(&mut BufReader::new(stream))?;
    let (client, server) = (stream.peer_addr()?, stream.local_addr()?);
    let options = Options { mode: Some(Mode::DetectionOnly), ..Options::default() };
    let mut transaction = rules.transaction(options);
    transaction.connection((client.ip(), client.port()), (server.ip(), server.port()));
    transaction.unique_id("example");
    let (method, target, protocol) = request.line();
    transaction.request_line(method, target, protocol);
    for (name, value) in &request.fields {
        transaction.request_header(name, value);
    }
    transaction.phase1();
    transaction.request_body(&request.body);
    transaction.phase2();
    let answer = if request.is_plain() {
        let mut onward = TcpStream::connect(upstream)?;
        onward.set_read_timeout(timeout)?;
        onward.write_all(&request.bytes())?;
        Message::read(&mut BufReader::new(onward))?
    } else {
        Message::refusal()
    };
    inspect_answer(&mut transaction, &answer);
    transaction.phase5();
    let marker = request.value(b"x-crs-test");
    writeln!(log, "{}", line(marker, &transaction.finish()))?;
    (&mut &*stream).write_all(&answer.bytes())?;
    Ok(())
}

fn inspect_answer(transaction: &mut Transaction, answer: &Message) {
    transaction.response_line(answer.status(), b"HTTP/1.1");
    for (name, value) in &answer.fields {
        transaction.response_header(name, value);
    }
    transaction.phase3();
    transaction.response_body(&answer.body);
    transaction.phase4();
}

/// A line of the match log.
fn line(marker: Option<&[u8]>, verdict: &Verdict) -> serde_json::Value {
    let logged: Vec<_> = verdict.matched.iter().filter(|found| found.logged).collect();
    let messages: Vec<_> = logged
        .iter()
        .map(|m| serde_json::json!({"id": m.id, "msg": m.message, "data": m.data}))
        .collect();
    serde_json::json!({
        "marker": marker.map(String::from_utf8_lossy),
        "matched_rule_ids": logged.iter().map(|found| found.id).collect::<Vec<_>>(),
        "messages": messages,
    })
}
