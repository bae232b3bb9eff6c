//! What the scanner lets through, read by others: httparse and hyper must find the same messages.

use bytes::Bytes;
use gate::listener::scan::{ScanLimits, Scanner};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::sync::mpsc;

use super::smuggling::{Lawful, Refused, lawful, refused};
use super::*;

/// Method, target and body of a request.
type Message = (String, String, Vec<u8>);

/// Where heads end, and where messages end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Boundaries {
    heads: Vec<usize>,
    messages: Vec<usize>,
}

/// What the scanner lets through of `bytes`, and where it saw ends.
fn scanned(bytes: &[u8]) -> (&[u8], Boundaries) {
    let limits = ScanLimits { line_bytes_max: 2048, head_bytes_max: 8192, headers_max: 60 };
    let mut scanner = Scanner::new(limits);
    let (mut passed, mut found) = (0, Boundaries::default());
    for (index, byte) in bytes.iter().enumerate() {
        let heads = scanner.heads();
        let scanned = scanner.scan(&[*byte]);
        if scanned.refusal.is_some() {
            break;
        }
        if scanned.passed > 0 {
            passed = index + 1;
        }
        if scanner.heads() > heads {
            found.heads.push(index + 1);
        }
        if scanner.is_between() {
            found.messages.push(index + 1);
        }
    }
    (&bytes[..passed], found)
}

/// The same by httparse, which refuses nothing that the scanner let through.
fn parsed(bytes: &[u8]) -> (Boundaries, Vec<Message>) {
    let (mut found, mut messages) = (Boundaries::default(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        // Heads are passed on whole, so there is one.
        at += request.parse(&bytes[at..]).unwrap().unwrap();
        found.heads.push(at);
        let text = |text: Option<&str>| text.unwrap().to_owned();
        let (method, target) = (text(request.method), text(request.path));
        let Some((end, body)) = body(bytes, at, request.headers) else { break };
        at = end;
        found.messages.push(at);
        messages.push((method, target, body));
    }
    (found, messages)
}

/// The body that begins at `at`, and its end; nothing if it is not all there.
fn body(bytes: &[u8], at: usize, headers: &[httparse::Header<'_>]) -> Option<(usize, Vec<u8>)> {
    let named = |name: &str| {
        headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).collect::<Vec<_>>()
    };
    let (codings, lengths) = (named("transfer-encoding"), named("content-length"));
    assert!(codings.len() + lengths.len() <= 1, "two lengths were let through");
    if let [coding] = codings[..] {
        assert!(coding.value.eq_ignore_ascii_case(b"chunked"));
        return chunks(bytes, at);
    }
    let length = lengths
        .first()
        .map_or(0, |length| std::str::from_utf8(length.value).unwrap().parse::<usize>().unwrap());
    let end = at.checked_add(length)?;
    Some((end, bytes.get(at..end)?.to_vec()))
}

fn chunks(bytes: &[u8], mut at: usize) -> Option<(usize, Vec<u8>)> {
    let mut body = Vec::new();
    loop {
        let rest = bytes.get(at..)?;
        let httparse::Status::Complete((read, size)) = httparse::parse_chunk_size(rest).unwrap()
        else {
            return None;
        };
        at += read;
        if size == 0 {
            let mut trailers = [httparse::EMPTY_HEADER; 64];
            let parsed = httparse::parse_headers(&bytes[at..], &mut trailers).unwrap();
            let httparse::Status::Complete((read, _)) = parsed else { return None };
            return Some((at + read, body));
        }
        let size = usize::try_from(size).unwrap();
        body.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
        at += size;
        let divider = bytes.get(at..at + 2)?;
        assert_eq!(divider, b"\r\n");
        at += 2;
    }
}

/// The requests that a bare hyper reads from `bytes`.
async fn served(bytes: &[u8]) -> Vec<Message> {
    let (to, mut seen) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let to = to.clone();
        async move {
            let (head, body) = request.into_parts();
            if let Ok(body) = body.collect().await {
                let target = head.uri.to_string();
                to.send((head.method.to_string(), target, body.to_bytes().to_vec())).unwrap();
            }
            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    let (mut reader, mut writer) = tokio::io::split(ours);
    let client = async {
        // hyper may have closed before all is written.
        let _sent = writer.write_all(bytes).await;
        let _ended = writer.shutdown().await;
        let _all = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
    };
    let (_ended, ()) = tokio::join!(connection, client);
    let mut messages = Vec::new();
    while let Ok(message) = seen.try_recv() {
        messages.push(message);
    }
    messages
}

/// One step from a request towards another.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, u8),
    Insert(Index, u8),
    InsertText(Index, Index),
    Remove(Index, Index),
    Splice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![prop::sample::select(ODD_BYTES.to_vec()), any::<u8>()];
    let at = any::<Index>;
    prop_oneof![
        (at(), byte.clone()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (at(), byte).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (at(), at()).prop_map(|(at, text)| Change::InsertText(at, text)),
        (at(), at()).prop_map(|(from, to)| Change::Remove(from, to)),
        (at(), at()).prop_map(|(at, other)| Change::Splice(at, other)),
    ]
}

fn place(index: &Index, bytes: &[u8]) -> usize {
    index.index(bytes.len() + 1)
}

fn apply(bytes: &mut Vec<u8>, change: &Change, others: &[Vec<u8>]) {
    match change {
        Change::Put(at, byte) => {
            let at = place(at, bytes);
            let end = bytes.len().min(at + 1);
            bytes.splice(at..end, [*byte]);
        }
        Change::Insert(at, byte) => {
            let at = place(at, bytes);
            bytes.insert(at, *byte);
        }
        Change::InsertText(at, text) => {
            let at = place(at, bytes);
            bytes.splice(at..at, text.get(&ODD_TEXTS).bytes());
        }
        Change::Remove(from, to) => {
            let (from, to) = (place(from, bytes), place(to, bytes));
            let (from, to) = (from.min(to), from.max(to));
            bytes.drain(from..to.min(from + 8));
        }
        Change::Splice(at, other) => {
            let at = place(at, bytes);
            bytes.splice(at..at, other.get(others).iter().copied());
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let lawful = lawful();
    // Twice, so that most of what is made is let through for a while.
    let lawful = lawful.iter().chain(&lawful).map(Lawful::bytes);
    refused().iter().map(Refused::bytes).chain(lawful).collect()
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let corpus = corpus();
    (any::<Index>(), prop::collection::vec(change(), 0..4)).prop_map(move |(which, changes)| {
        let mut bytes = which.get(&corpus).clone();
        changes.iter().for_each(|change| apply(&mut bytes, change, &corpus));
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn httparse_finds_the_same_ends(bytes in mutated()) {
        let (passed, found) = scanned(&bytes);

        let (expected, _) = parsed(passed);
        prop_assert_eq!(&found.heads, &expected.heads);
        // The end of a message is seen with its last byte, so all of them passed.
        prop_assert_eq!(&found.messages, &expected.messages);
    }

    #[test]
    fn hyper_reads_the_same_requests(bytes in mutated()) {
        let (passed, _) = scanned(&bytes);
        let (_, expected) = parsed(passed);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();

        let served = runtime.block_on(served(passed));
        // hyper may stop early: at `Connection: close`, or at a message that is not all there.
        prop_assert!(served.len() <= expected.len(), "{served:?} {expected:?}");
        for (served, expected) in served.iter().zip(&expected) {
            prop_assert_eq!(&served.0, &expected.0);
            prop_assert_eq!(&served.2, &expected.2);
        }
    }
}

const ODD_BYTES: [u8; 16] = [
    b'\r', b'\n', 0, b' ', b'\t', b':', b',', b';', b'0', b'1', b'a', b'"', b'\\', 0x7f, 0x80, 0xff,
];
const ODD_TEXTS: [&str; 12] = [
    "\r\n",
    "\r\n\r\n",
    "\n\n",
    "\r\n ",
    "0\r\n\r\n",
    "5;a=\"",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    " HTTP/1.1\r\n",
];
