//! Between hyper's service and our [`Handler`].

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use crate::listener::pulse::{InFlight, Pulse};
use crate::listener::refusal::{self, Verdict};
use crate::listener::scan::Reason;
use crate::listener::stall::{clients_turn, our_turn};
use crate::listener::{Connection, Handler, Tally};
use crate::tasks::Tasks;
use crate::timed_body::{Pace, TimedBody};

/// The service of one connection.
pub(super) struct Bridge {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) connection: Connection,
    pub(super) pulse: Arc<Pulse>,
    /// What the reader found in the bytes; HTTP/2 has a reader of its own.
    pub(super) verdict: Option<Arc<Verdict>>,
    pub(super) headers_max: usize,
    pub(super) pace: Pace,
    pub(super) tasks: Tasks,
    pub(super) tally: Arc<Tally>,
}

impl hyper::service::Service<Request<Incoming>> for Bridge {
    type Response = Response<Counted>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let in_flight = self.pulse.begin();
        let verdict = self.verdict.clone().map(|verdict| (verdict, self.pulse.requests()));
        if let Some(reason) = verdict.as_ref().and_then(|(verdict, nth)| verdict.on_head(*nth)) {
            return Answer::at_once(refusal::last_response(reason), in_flight);
        }
        // h2 bounds the bytes of a header list, and HPACK repeats a field with one byte.
        // The scanner counts the fields of HTTP/1.1.
        if verdict.is_none() && request.headers().len() > self.headers_max {
            self.tally.refused(Reason::HeadersTooLarge).add();
            return Answer::at_once(refusal::response(Reason::HeadersTooLarge), in_flight);
        }
        self.tally.requests.add();
        let is_h1 = request.version() < Version::HTTP_2;
        let mut request = request.map(|body| match http_body::Body::is_end_stream(&body) {
            true => Body::empty(),
            false => Body::new(TimedBody::new(body, self.pace)),
        });
        request.extensions_mut().insert(self.connection.clone());
        let answer = self.handler.call(request, self.connection.clone());
        // Only a drain of HTTP/1.1 needs a header; HTTP/2 has GOAWAY.
        let tasks = is_h1.then(|| self.tasks.clone());
        Answer { answer, in_flight: Some(in_flight), tasks, verdict }
    }
}

/// A response that is being made.
pub(super) struct Answer {
    answer: BoxFuture<'static, Response<Body>>,
    in_flight: Option<InFlight>,
    tasks: Option<Tasks>,
    /// Which request of the connection it answers.
    verdict: Option<(Arc<Verdict>, u64)>,
}

impl Answer {
    /// A response that no handler was asked for.
    fn at_once(response: Response<Body>, in_flight: InFlight) -> Self {
        let answer = std::future::ready(response).boxed();
        Self { answer, in_flight: Some(in_flight), tasks: None, verdict: None }
    }
}

impl Future for Answer {
    type Output = Result<Response<Counted>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.answer.as_mut().poll(cx));
        // Whatever the handler makes of a body that broke off, it is not what was asked for.
        if let Some(reason) = self.verdict.as_ref().and_then(|(found, nth)| found.on_body(*nth)) {
            response = refusal::last_response(reason);
        }
        if self.tasks.as_ref().is_some_and(Tasks::is_stopping) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // The head is the first piece; a client that leaves no window for the body has its turn.
        clients_turn(0);
        let in_flight = self.in_flight.take();
        Poll::Ready(Ok(response.map(|body| Counted { body, _in_flight: in_flight })))
    }
}

/// A response's body, which keeps its request in flight until it is sent.
pub(super) struct Counted {
    body: Body,
    _in_flight: Option<InFlight>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum_core::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum_core::Error>>> {
        let given = our_turn();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        clients_turn(given);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
