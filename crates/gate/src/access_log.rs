//! One structured line a request, written by a thread of its own.
//!
//! The queue is bounded and never blocks a request: lines that do not fit are counted and dropped.
//! The audit trail is elsewhere and drops nothing.

use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;

/// Where access lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The end of a file.
    File(PathBuf),
}

/// What one line says. No names, no bodies, no query strings, no tokens.
#[derive(Serialize)]
pub struct AccessLine<'a> {
    /// When the request arrived, RFC 3339.
    pub time: kernel::Timestamp,
    /// Its id.
    pub request_id: kernel::RequestId,
    /// W3C trace context.
    pub traceparent: String,
    /// The true address.
    pub client_ip: Option<std::net::IpAddr>,
    /// Whose data.
    pub tenant: Option<kernel::TenantId>,
    /// Who.
    pub caller: Option<&'a str>,
    /// HTTP method.
    pub method: &'a str,
    /// The operation's template, never the path as sent.
    pub operation: Option<&'a str>,
    /// HTTP status; 499 where the caller left before the answer.
    pub status: u16,
    /// The problem's code, if it was one.
    pub code: Option<&'static str>,
    /// The ring that refused, if one did.
    pub refused_by: Option<&'static str>,
    /// How many requests of a banned address before this one were answered without a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// What the firewall found, if it found anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall: Option<&'a crate::dossier::Finding>,
    /// Time to answer in microseconds.
    pub latency_us: u64,
}

/// The way to the log.
pub struct AccessLog {
    queue: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// Opens the log.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread cannot be started.
    pub fn open(sink: &Sink) -> std::io::Result<Self> {
        let out: Box<dyn Write + Send> = match sink {
            Sink::Off => return Ok(Self { queue: None, writer: None }),
            Sink::Stdout => Box::new(std::io::stdout()),
            Sink::Stderr => Box::new(std::io::stderr()),
            Sink::File(path) => {
                Box::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        let (queue, lines) = sync_channel(QUEUE_MAX);
        let writer = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(out, &lines))?;
        Ok(Self { queue: Some(queue), writer: Some(writer) })
    }

    /// Logs a line; false when it was dropped because the queue is full.
    #[must_use]
    pub fn line(&self, line: &AccessLine<'_>) -> bool {
        let Some(queue) = &self.queue else { return true };
        let Ok(mut bytes) = serde_json::to_vec(line) else { return false };
        bytes.push(b'\n');
        !matches!(queue.try_send(bytes), Err(TrySendError::Full(_)))
    }
}

impl Drop for AccessLog {
    /// Writes what is queued before the process ends.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            writer.thread().unpark();
            let _ended = writer.join();
        }
    }
}

fn write_all(mut out: Box<dyn Write + Send>, lines: &Receiver<Vec<u8>>) {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    while let Ok(line) = lines.recv() {
        buffer.extend_from_slice(&line);
        while buffer.len() < BUFFER_BYTES {
            let Ok(line) = lines.try_recv() else { break };
            buffer.extend_from_slice(&line);
        }
        // A log that cannot be written must not stop the service; operators see the gap.
        let _written = out.write_all(&buffer).and_then(|()| out.flush());
        buffer.clear();
        // Until then no request pays for waking this thread. A drop of the log ends the wait.
        std::thread::park_timeout(LINGER);
    }
}

/// How long lines may wait for company.
const LINGER: Duration = Duration::from_millis(20);

const QUEUE_MAX: usize = 16_384;
const BUFFER_BYTES: usize = 64 * 1024;
