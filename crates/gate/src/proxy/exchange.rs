//! One request and its answer, through the rules.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use firewall::{Disruption, Interruption, Transaction};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use kernel::{Clock, RequestId};
use tokio::io::{AsyncRead, AsyncWrite};

use super::answer::Answer;
use super::framing::Framing;
use super::head::{Fault, Head};
use super::upstream::Upstream;
use super::wire::Wire;
use crate::inspection::{Inspector, MARKER, REFUSED};
use crate::tasks::Tasks;

/// What all connections share.
pub(super) struct Exchanges {
    pub(super) inspector: Arc<Inspector>,
    pub(super) upstream: Upstream,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) body_bytes_max: usize,
}

/// Why a request is not answered by the upstream.
enum Stop {
    Rule(Interruption),
    Fault(Fault),
}

impl Exchanges {
    /// Serves one connection to its end.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut wire: Wire<S>,
        ends: (SocketAddr, SocketAddr),
        tasks: &Tasks,
    ) -> io::Result<()> {
        let mut stays = true;
        while stays && !tasks.is_stopping() {
            let Some(bytes) = wire.head().await? else { return Ok(()) };
            stays = self.exchange(&mut wire, &Head::read(&bytes), ends).await?;
        }
        wire.close().await;
        Ok(())
    }

    /// Answers one request; says whether the connection can take another.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        head: &Head,
        (peer, local): (SocketAddr, SocketAddr),
    ) -> io::Result<bool> {
        let id = RequestId::new(self.clock.as_ref());
        let mut transaction = self.inspector.begin(None);
        transaction.connection((peer.ip(), peer.port()), (local.ip(), local.port()));
        transaction.unique_id(&id.to_string());
        transaction.request_line(&head.method, &head.target, &head.protocol);
        for (name, value) in &head.fields {
            transaction.request_header(name, value);
        }
        let read = self.request(wire, head, &mut transaction).await?;
        // Nothing is left in the wire behind a request that was read whole.
        let keep = read.is_ok() && head.keeps_alive();
        let answered = match read {
            Ok(body) => self.forward(head, body, &mut transaction).await,
            Err(stop) => Err(stop),
        };
        // Written before the answer: whoever has the answer finds the line.
        let marker = head.values(MARKER).next();
        let _verdict = self.inspector.end(transaction, marker);
        // RFC 9112 appendix C.1: a status line would be taken for the page itself.
        if head.is_simple() {
            return Ok(false);
        }
        let answer = match answered {
            Ok(answer) => answer,
            Err(Stop::Fault(fault)) => {
                Answer::refusal(fault.status, "http.bad_request", fault.detail, id)
            }
            Err(Stop::Rule(interruption)) => {
                let Some(answer) = refusal(&interruption, id) else { return Ok(false) };
                answer
            }
        };
        answer.write(wire, head, keep).await
    }

    /// Phases 1 and 2. What is odd about the request is told after the rules have seen it.
    async fn request<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        head: &Head,
        transaction: &mut Transaction,
    ) -> io::Result<Result<Bytes, Stop>> {
        if let Some(interruption) = transaction.phase1() {
            return Ok(Err(Stop::Rule(interruption)));
        }
        let framing = match head.fault {
            Some(fault) => Err(fault),
            None => Framing::of(head),
        };
        let (body, fault) = match framing {
            Ok(framing) => {
                if framing != Framing::Empty && expects_continue(head) {
                    wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                }
                let arrived = wire.body(framing, self.body_bytes_max).await;
                (arrived.bytes, arrived.fault)
            }
            Err(fault) => (Bytes::new(), Some(fault)),
        };
        if !body.is_empty() {
            transaction.request_body(&body);
        }
        if let Some(interruption) = transaction.phase2() {
            return Ok(Err(Stop::Rule(interruption)));
        }
        Ok(fault.map_or(Ok(body), |fault| Err(Stop::Fault(fault))))
    }

    /// The upstream's answer, and phases 3 and 4.
    async fn forward(
        &self,
        head: &Head,
        body: Bytes,
        transaction: &mut Transaction,
    ) -> Result<Answer, Stop> {
        let response = self.upstream.send(head, body).await.map_err(Stop::Fault)?;
        let (parts, mut body) = response.into_parts();
        transaction.response_line(parts.status.as_u16(), b"HTTP/1.1");
        for (name, value) in &parts.headers {
            transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
        }
        if let Some(interruption) = transaction.phase3() {
            return Err(Stop::Rule(interruption));
        }
        let (mut first, mut rest) = (Bytes::new(), None);
        if transaction.wants_response_body() {
            let whole = collect(&mut body, &mut first).await.map_err(Stop::Fault)?;
            transaction.response_body(&first);
            if let Some(interruption) = transaction.phase4() {
                return Err(Stop::Rule(interruption));
            }
            rest = (!whole).then_some(body);
        } else if !body.is_end_stream() {
            rest = Some(body);
        }
        let length = parts.headers.get("content-length").and_then(|value| value.to_str().ok());
        let length = length.map(str::to_owned);
        Ok(Answer { status: parts.status, headers: parts.headers, first, rest, length })
    }
}

/// Reads a body until it ends or is longer than is inspected; says whether it ended.
async fn collect(body: &mut Incoming, into: &mut Bytes) -> Result<bool, Fault> {
    let broken = Fault { status: 502, detail: "the upstream's answer broke off" };
    let mut bytes = BytesMut::new();
    while bytes.len() < RESPONSE_BYTES_MAX {
        let Some(frame) = body.frame().await else {
            *into = bytes.freeze();
            return Ok(true);
        };
        if let Ok(data) = frame.map_err(|_| broken)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    *into = bytes.freeze();
    Ok(false)
}

/// The answer to what a rule refused; nothing where the connection is to be dropped.
fn refusal(interruption: &Interruption, id: RequestId) -> Option<Answer> {
    let refusal = |status| Answer::refusal(status, REFUSED.name, REFUSED.title, id);
    match &interruption.action {
        Disruption::Drop => None,
        Disruption::Deny => Some(refusal(interruption.status)),
        Disruption::Redirect(to) => {
            let mut answer = refusal(302);
            if let Ok(to) = to.parse() {
                answer.headers.insert("location", to);
            }
            Some(answer)
        }
    }
}

fn expects_continue(head: &Head) -> bool {
    head.values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"))
}

const RESPONSE_BYTES_MAX: usize = 512 << 10;
