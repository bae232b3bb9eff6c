//! Statements, as they stand in the files.

use crate::Mode;

use super::{action::Placed, check::Check, place::Place, target::Target};

/// A sentence and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Sentence {
    pub(crate) place: Place,
    pub(crate) directive: Directive,
}

/// What a sentence says.
#[derive(Debug, Clone)]
pub(crate) enum Directive {
    /// `SecRule`.
    Rule { targets: Vec<Target>, check: Check, actions: Vec<Placed> },
    /// `SecAction`.
    Action(Vec<Placed>),
    /// `SecMarker`.
    Marker(String),
    /// `SecDefaultAction`.
    Default(Vec<Placed>),
    /// `SecRuleRemoveById` and its kin.
    Remove(Vec<Which>),
    /// `SecRuleUpdateTargetById` and its kin.
    UpdateTargets(Which, Vec<Target>),
    /// `SecRuleUpdateActionById`.
    UpdateActions(Which, Vec<Placed>),
    /// `Include`, `IncludeOptional`.
    Include { pattern: String, optional: bool },
    /// A setting of the engine.
    Setting(Setting),
    /// A directive that is known and means nothing to this engine, such as `SecAuditLog`.
    Ignored,
}

/// Which rules a directive is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// A closed range of ids.
    Ids(u32, u32),
    /// A tag's text.
    Tag(String),
    /// A message's text.
    Msg(String),
}

/// A setting of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    ArgumentSeparator(u8),
    ArgumentsLimit(usize),
    Engine(Mode),
    RequestBodyAccess(bool),
    RequestBodyJsonDepthLimit(usize),
    RequestBodyLimit(usize),
    RequestBodyLimitReject(bool),
    RequestBodyNoFilesLimit(usize),
    ResponseBodyAccess(bool),
    ResponseBodyLimit(usize),
    ResponseBodyLimitReject(bool),
    ResponseBodyMimeTypes(Vec<String>),
}
