//! One request and its answer, running through the five phases.

use std::{net::IpAddr, sync::Arc};

use crate::{
    Disruption, Interruption, Mode, Options, Phase, RequestView, Verdict, program::Program,
    seclang::variable::Variable,
};

mod body;
mod collections;
mod columns;
mod deed;
mod link;
mod request;
mod response;
mod run;
mod state;
mod text;
mod values;
mod written;

use state::State;

/// One request and its answer. Tell it what is known, then run the phase that needs it. After an
/// interruption the remaining phases but 5 do nothing.
#[derive(Debug)]
pub struct Transaction {
    program: Arc<Program>,
    state: Box<State>,
    request_body: Gathered,
    response_body: Gathered,
    done: Option<Phase>,
}

/// A body up to its limit.
#[derive(Debug, Default)]
struct Gathered {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Gathered {
    fn add(&mut self, piece: &[u8], bytes_max: usize) {
        let room = bytes_max.saturating_sub(self.bytes.len());
        let taken = piece.get(..room).unwrap_or(piece);
        self.is_cut |= taken.len() < piece.len();
        self.bytes.extend_from_slice(taken);
    }
}

impl Transaction {
    pub(crate) fn new(program: Arc<Program>, options: Options) -> Self {
        let mut state = Box::new(State::new(&program, options));
        for (name, value) in std::mem::take(&mut state.options.tx) {
            state.preset(&name, &value, &program);
        }
        Self {
            program,
            state,
            request_body: Gathered::default(),
            response_body: Gathered::default(),
            done: None,
        }
    }

    /// The two ends of the connection.
    pub fn connection(&mut self, client: (IpAddr, u16), server: (IpAddr, u16)) {
        self.state.connection(client, server, &self.program);
    }

    /// The request's id, for `UNIQUE_ID`.
    pub fn unique_id(&mut self, id: &str) {
        self.state.filler(&self.program).set(Variable::UniqueId, id.as_bytes());
    }

    /// Method, raw target and protocol (`HTTP/1.1`).
    pub fn request_line(&mut self, method: &[u8], target: &[u8], protocol: &[u8]) {
        self.state.request_line(method, target, protocol, &self.program);
    }

    /// One request header field, in its order.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.request_header(name, value, &self.program);
    }

    /// Runs phase 1: request line and headers are complete.
    pub fn phase1(&mut self) -> Option<Interruption> {
        self.run(Phase::RequestHeaders)
    }

    /// Whether anything will look at the request body.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.state.mode != Mode::Off
            && self.state.request_body_access
            && self.state.interruption.is_none()
    }

    /// A piece of the request body. What lies beyond the limit is not kept; a rule set that rejects
    /// such bodies ends the transaction in phase 2.
    pub fn request_body(&mut self, piece: &[u8]) {
        if self.wants_request_body() {
            let limits = self.state.options.limits.as_ref();
            let limits = limits.unwrap_or(&self.program.settings.limits);
            self.request_body.add(piece, limits.body_bytes_max);
        }
    }

    /// Runs phase 2: the request body is complete.
    pub fn phase2(&mut self) -> Option<Interruption> {
        if self.done < Some(Phase::RequestBody) && self.state.interruption.is_none() {
            let body = std::mem::take(&mut self.request_body);
            self.state.read_body(&body.bytes, body.is_cut, &self.program);
            if body.is_cut && self.program.settings.request_body_rejects {
                self.refuse(Phase::RequestBody, 413);
            }
        }
        self.run(Phase::RequestBody)
    }

    /// Status and protocol of the answer.
    pub fn response_line(&mut self, status: u16, protocol: &[u8]) {
        self.state.response_line(status, protocol, &self.program);
    }

    /// One header field of the answer.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.state.response_header(name, value, &self.program);
    }

    /// Runs phase 3: the answer's headers are complete.
    pub fn phase3(&mut self) -> Option<Interruption> {
        self.run(Phase::ResponseHeaders)
    }

    /// Whether anything will look at the answer's body (`SecResponseBodyAccess`, its media type).
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        self.state.mode != Mode::Off && self.state.wants_response_body(&self.program)
    }

    /// A piece of the answer's body.
    pub fn response_body(&mut self, piece: &[u8]) {
        if self.wants_response_body() {
            let limits = self.state.options.limits.as_ref();
            let limits = limits.unwrap_or(&self.program.settings.limits);
            self.response_body.add(piece, limits.response_bytes_max);
        }
    }

    /// Runs phase 4: the answer's body is complete.
    pub fn phase4(&mut self) -> Option<Interruption> {
        if self.done < Some(Phase::ResponseBody) && self.state.interruption.is_none() {
            let body = std::mem::take(&mut self.response_body);
            self.state.read_response(&body.bytes, body.is_cut, &self.program);
            if body.is_cut && self.program.settings.response_body_rejects {
                self.refuse(Phase::ResponseBody, 500);
            }
        }
        self.run(Phase::ResponseBody)
    }

    /// Runs phase 5: logging. Run it also after an interruption.
    pub fn phase5(&mut self) {
        if self.done < Some(Phase::Logging) {
            self.done = Some(Phase::Logging);
            self.state.run(&self.program, Phase::Logging);
        }
    }

    /// Tells it a whole request and runs the phases up to `last`; stops at an interruption.
    pub fn request(&mut self, request: &RequestView<'_>, last: Phase) -> Option<Interruption> {
        self.connection((request.remote_address, 0), (request.remote_address, 0));
        self.unique_id(request.unique_id);
        self.request_line(request.method, request.target, request.protocol);
        for (name, value) in request.headers {
            self.request_header(name, value);
        }
        if let Some(interruption) = self.phase1() {
            return Some(interruption);
        }
        if last == Phase::RequestHeaders {
            return None;
        }
        self.request_body(request.body);
        self.phase2()
    }

    /// What came of it.
    #[must_use]
    pub fn finish(self) -> Verdict {
        let score = self.score();
        Verdict {
            interruption: self.state.interruption,
            score,
            matched: self.state.matches,
            events: self.state.events,
        }
    }

    /// The inbound anomaly score so far, as CRS 4 or 3.3 counts it.
    #[must_use]
    pub fn score(&self) -> i64 {
        let names: [&[u8]; 3] =
            [b"blocking_inbound_anomaly_score", b"inbound_anomaly_score", b"anomaly_score"];
        let slots = names.iter().filter_map(|name| self.program.names.find(Variable::Tx, name));
        slots.map(|slot| self.state.slot_number(slot)).max().unwrap_or_default()
    }

    /// Each phase runs once, in order, until an interruption.
    fn run(&mut self, phase: Phase) -> Option<Interruption> {
        if self.state.interruption.is_none() && self.done < Some(phase) {
            self.done = Some(phase);
            self.state.run(&self.program, phase);
        }
        self.state.interruption.clone()
    }

    /// A limit was reached that the rule set wants refused.
    fn refuse(&mut self, phase: Phase, status: u16) {
        if self.state.mode == Mode::On {
            let action = Disruption::Deny;
            self.state.interruption = Some(Interruption { status, rule_id: 0, phase, action });
        }
    }
}
