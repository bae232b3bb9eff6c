//! What may differ from one transaction to the next.

/// `SecRuleEngine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Rules run and may end the transaction.
    #[default]
    On,
    /// Rules run and end nothing.
    DetectionOnly,
    /// No rule runs.
    Off,
}

/// Bounds on what one transaction may cost. Reaching one is a fault that rules see
/// (`REQBODY_ERROR`, `MSC_…`), never a silent pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request body that are inspected.
    pub body_bytes_max: usize,
    /// Bytes of the answer's body that are inspected.
    pub response_bytes_max: usize,
    /// Arguments, header fields and cookies, each.
    pub values_max: usize,
    /// Nesting of JSON and XML.
    pub depth_max: usize,
    /// Bytes that all values with their transformed forms may take.
    pub arena_bytes_max: usize,
    /// Matches that are kept.
    pub matches_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1 << 20,
            response_bytes_max: 512 << 10,
            values_max: 4096,
            depth_max: 64,
            arena_bytes_max: 64 << 20,
            matches_max: 1024,
        }
    }
}

/// Which rules an [`Exclusion`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// Those with ids in the closed range.
    Ids(u32, u32),
    /// Those with the tag.
    Tag(String),
}

/// What some rules shall not look at, decided outside the rule set. Compile once with
/// [`Ruleset::exclusions`](crate::Ruleset::exclusions).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Which rules.
    pub rules: Selection,
    /// What they shall not look at, such as `ARGS:id` or `ARGS:/^items\./`; `None`: anything, which
    /// switches them off.
    pub target: Option<String>,
}

/// Settings of one transaction.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Overrides the rule set's `SecRuleEngine`.
    pub mode: Option<Mode>,
    /// Overrides the rule set's limits (`SecRequestBodyLimit`, `SecArgumentsLimit`, …).
    pub limits: Option<Limits>,
    /// Seconds since 1970, for `TIME_EPOCH` and its kin. The crate reads no clock.
    pub unix_seconds: i64,
    /// Keep [`Event`](crate::Event)s.
    pub explain: bool,
    /// Run every operator on every value, to compare with the prefiltered result.
    pub without_prefilter: bool,
    /// Values to set before phase 1, such as `("detection_paranoia_level", "1")` of `TX`.
    pub tx: Vec<(String, String)>,
    /// Compiled [`Exclusion`]s.
    pub exclusions: Option<crate::ruleset::Exclusions>,
}
