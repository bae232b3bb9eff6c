//! What the rules made of a transaction.

use std::{fmt, sync::Arc};

/// When a rule runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// 1: request line and headers are known.
    RequestHeaders = 1,
    /// 2: the request body is known.
    RequestBody = 2,
    /// 3: status and headers of the answer are known.
    ResponseHeaders = 3,
    /// 4: the answer's body is known.
    ResponseBody = 4,
    /// 5: everything is sent; nothing can be refused any more.
    Logging = 5,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 5] = [
        Self::RequestHeaders,
        Self::RequestBody,
        Self::ResponseHeaders,
        Self::ResponseBody,
        Self::Logging,
    ];

    /// 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// How grave a match is, in syslog's words and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 0.
    Emergency,
    /// 1.
    Alert,
    /// 2.
    Critical,
    /// 3.
    Error,
    /// 4.
    Warning,
    /// 5.
    Notice,
    /// 6.
    Info,
    /// 7.
    Debug,
}

impl Severity {
    /// 0 (worst) to 7.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emergency => "emergency",
            Self::Alert => "alert",
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

/// How a transaction is to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disruption {
    /// Answer with the status.
    Deny,
    /// Close the connection without an answer.
    Drop,
    /// Send the caller elsewhere.
    Redirect(String),
}

/// A rule's wish that the transaction end here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// The status to answer with.
    pub status: u16,
    /// The rule that ended it; 0 when a limit did.
    pub rule_id: u32,
    /// The phase it happened in.
    pub phase: Phase,
    /// How to end it.
    pub action: Disruption,
}

/// A rule that matched and wants to be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The rule's id.
    pub id: u32,
    /// The phase it ran in.
    pub phase: Phase,
    /// `msg`, with macros expanded, up to 4 KiB; bytes that are not UTF-8 are replaced.
    pub message: String,
    /// `logdata`, with macros expanded, up to 4 KiB. Holds what the caller sent: redact it.
    pub data: String,
    /// `severity`.
    pub severity: Option<Severity>,
    /// `tag`, shared with the rule set.
    pub tags: Arc<[Box<str>]>,
    /// The variable that matched, such as `ARGS:q`; the last link's where the rule is a chain.
    pub variable: String,
    /// The bytes of the transformed value that matched, where the operator knows them.
    pub span: Option<(usize, usize)>,
    /// Whether the rule wants a line in the error log (`log`).
    pub logged: bool,
    /// Whether the rule wants the transaction audited (`auditlog`).
    pub audited: bool,
}

/// What happened to one rule, for somebody who asks why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The rule's id; a chain's links have their head's.
    pub id: u32,
    /// The phase it ran in.
    pub phase: Phase,
    /// What happened.
    pub step: Step,
}

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// It looked at values and found nothing.
    Looked {
        /// How many values its targets have.
        values: usize,
        /// How many of them the operator ran on after the prefilter.
        tested: usize,
    },
    /// A link matched.
    Matched {
        /// Which link of the chain, from 0.
        link: usize,
        /// The variable, such as `ARGS:q`.
        variable: String,
        /// The value as the operator saw it, after the transformations.
        value: Vec<u8>,
        /// The bytes of it that matched, where the operator knows them.
        span: Option<(usize, usize)>,
        /// The names of the transformations.
        transformations: Vec<&'static str>,
    },
    /// A variable was set.
    Set {
        /// `tx.inbound_anomaly_score_pl1`.
        variable: String,
        /// Its new value.
        value: Vec<u8>,
    },
    /// A control or an exclusion switched it off for this transaction.
    Removed,
    /// A `skipAfter` jumped over rules.
    Skipped {
        /// The marker it went to.
        to: String,
        /// How many rules it left out.
        rules: usize,
    },
    /// It asked for the transaction to end.
    Interrupted,
}

/// What the rules made of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The first wish to end the transaction; in [`Mode::DetectionOnly`](crate::Mode) none.
    pub interruption: Option<Interruption>,
    /// The inbound anomaly score over all paranoia levels that block, as CRS counts it.
    pub score: i64,
    /// Rules that matched and want to be logged, in order.
    pub matched: Vec<Match>,
    /// Every step, when [`Options::explain`](crate::Options) asks for it.
    pub events: Vec<Event>,
}

impl Verdict {
    /// Whether a rule wants the transaction ended.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.interruption.is_some()
    }
}
