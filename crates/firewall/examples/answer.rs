//! Answers what the firewall says of values and requests, one line each. `cargo xtask peers` puts
//! the answers beside those of `xtask/peers/libmodsecurity.c`, which tells the format.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::net::Ipv4Addr;

use firewall::injection::{sqli, xss};
use firewall::transform::Transform;
use firewall::{Files, Options, Phase, RequestView, Ruleset, Source, Verdict};
use rustix::time::{ClockId, clock_gettime};

/// Longer frames are a fault of the caller.
const FRAME_BYTES_MAX: u32 = 1 << 24;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut input = io::stdin().lock();
    match names.as_slice() {
        ["injections"] => injections(&mut input, &mut out)?,
        ["transformations", names @ ..] => transformations(names, &mut input, &mut out)?,
        ["requests", files @ ..] => requests(files, &mut input, &mut out)?,
        _ => return Err(fault("say `injections`, `transformations` or `requests`")),
    }
    out.flush()
}

fn fault(sentence: impl Into<String>) -> io::Error {
    io::Error::other(sentence.into())
}

/// One frame; nothing at the end of the input.
fn frame(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(fault("a frame is too long"));
    }
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn injections(input: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    while let Some(value) = frame(input)? {
        let fingerprint = sqli(&value);
        writeln!(out, "{} {}", fingerprint.as_deref().unwrap_or("-"), u8::from(xss(&value)))?;
    }
    Ok(())
}

fn transformations(names: &[&str], input: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let named = |name: &&str| Transform::named(name).ok_or_else(|| fault(*name));
    let transformations = names.iter().map(named).collect::<io::Result<Vec<_>>>()?;
    let mut buffer = Vec::new();
    while let Some(value) = frame(input)? {
        for transformation in &transformations {
            buffer.clear();
            let changed = transformation.apply(&value, &mut buffer);
            let result = if changed { &buffer } else { &value };
            write!(out, " {}", if result.is_empty() { "-".to_owned() } else { hex(result) })?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The file system, for `Include` and `@pmFromFile`.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(path).ok()
    }

    /// Only `folder/*.ending`, which is what rule sets use.
    fn glob(&self, pattern: &str) -> Vec<String> {
        let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let Some(ending) = name.strip_prefix('*') else { return vec![pattern.to_owned()] };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let fitting = names.filter(|name| name.ends_with(ending));
        fitting
            .map(|name| format!("{folder}/{name}"))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// One request, as the frames bring it.
struct Request {
    line: [Vec<u8>; 3],
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

fn requests(files: &[&str], input: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let rules = compile(files)?;
    while let Some(request) = request(input)? {
        let start = clock_gettime(ClockId::ThreadCPUTime);
        let verdict = inspect(&rules, &request);
        let end = clock_gettime(ClockId::ThreadCPUTime);
        let taken = (end.tv_sec - start.tv_sec) * 1_000_000_000 + end.tv_nsec - start.tv_nsec;
        let status = verdict.interruption.as_ref().map_or(0, |stop| stop.status);
        write!(out, "{taken} {status}")?;
        let logged = verdict.matched.iter().filter(|found| found.logged);
        for id in logged.map(|found| found.id).collect::<BTreeSet<_>>() {
            write!(out, " {id}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn compile(files: &[&str]) -> io::Result<Ruleset> {
    let mut sources = Vec::new();
    for file in files {
        sources.push(Source::new(*file, fs::read_to_string(file)?));
    }
    Ruleset::compile(&sources, &Disk).map_err(|faults| {
        faults.iter().for_each(|fault| eprintln!("{fault}"));
        fault(format!("{} faults", faults.len()))
    })
}

fn request(input: &mut impl Read) -> io::Result<Option<Request>> {
    let Some(method) = frame(input)? else { return Ok(None) };
    let mut next = || frame(input)?.ok_or_else(|| fault("a request is cut off"));
    let line = [method, next()?, next()?];
    let count = String::from_utf8_lossy(&next()?).parse::<usize>();
    let count = count.map_err(|_| fault("the number of header fields is none"))?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((next()?, next()?));
    }
    Ok(Some(Request { line, headers, body: next()? }))
}

fn inspect(rules: &Ruleset, request: &Request) -> Verdict {
    let [method, target, protocol] = &request.line;
    let headers: Vec<(&[u8], &[u8])> =
        request.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    let view = RequestView {
        method,
        target,
        protocol,
        headers: &headers,
        body: &request.body,
        remote_address: Ipv4Addr::LOCALHOST.into(),
        unique_id: "1",
    };
    let mut transaction = rules.transaction(Options::default());
    if transaction.request(&view, Phase::RequestBody).is_none() {
        transaction.response_line(200, b"HTTP/1.1");
        transaction.response_header(b"Content-Type", b"application/json");
        if transaction.phase3().is_none() {
            transaction.response_body(b"{\"status\":\"ok\"}");
            transaction.phase4();
        }
    }
    transaction.phase5();
    transaction.finish()
}
