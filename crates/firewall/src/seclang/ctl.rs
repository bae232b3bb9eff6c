//! `ctl`: what a rule changes about the engine for one transaction.

use crate::Mode;

use super::{
    hint::nearest,
    place::{Fault, Piece},
    target::{Target, parse_targets},
};

/// One control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ctl {
    AuditEngine(String),
    ForceRequestBodyVariable(bool),
    /// Known, and without meaning for this engine: `auditLogParts`, `debugLogLevel`.
    Ignored(&'static str, String),
    RequestBodyAccess(bool),
    RequestBodyProcessor(Processor),
    ResponseBodyAccess(bool),
    RuleEngine(Mode),
    RuleRemoveById(Vec<(u32, u32)>),
    RuleRemoveByMsg(String),
    RuleRemoveByTag(String),
    RuleRemoveTargetById((u32, u32), Vec<Target>),
    RuleRemoveTargetByMsg(String, Vec<Target>),
    RuleRemoveTargetByTag(String, Vec<Target>),
}

/// How the request body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processor {
    UrlEncoded,
    Multipart,
    Json,
    Xml,
}

impl Processor {
    /// As `REQBODY_PROCESSOR` shows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UrlEncoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }

    const ALL: [Self; 4] = [Self::UrlEncoded, Self::Multipart, Self::Json, Self::Xml];
}

const NAMES: &[&str] = &[
    "auditEngine",
    "auditLogParts",
    "debugLogLevel",
    "forceRequestBodyVariable",
    "parseXmlIntoArgs",
    "requestBodyAccess",
    "requestBodyProcessor",
    "responseBodyAccess",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

impl Ctl {
    /// Parses `name=value`.
    pub(crate) fn parse(value: &Piece) -> Result<Self, Fault> {
        let Some(equals) = value.text().find('=') else {
            return Err(value.fault(0, "expected `name=value`"));
        };
        let name = value.text().get(..equals).unwrap_or_default().trim();
        let argument = value.slice(equals + 1, value.text().len()).trim();
        let Some(known) = NAMES.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
        else {
            let hint = nearest(name, NAMES.iter().copied());
            return Err(value.fault(0, format!("unknown control `{name}`")).hint(hint));
        };
        build(known, &argument)
    }
}

fn build(name: &'static str, argument: &Piece) -> Result<Ctl, Fault> {
    let text = argument.text();
    Ok(match name {
        "auditEngine" => Ctl::AuditEngine(text.to_owned()),
        "forceRequestBodyVariable" => Ctl::ForceRequestBodyVariable(on_off(argument)?),
        "requestBodyAccess" => Ctl::RequestBodyAccess(on_off(argument)?),
        "requestBodyProcessor" => Ctl::RequestBodyProcessor(processor(argument)?),
        "responseBodyAccess" => Ctl::ResponseBodyAccess(on_off(argument)?),
        "ruleEngine" => Ctl::RuleEngine(mode(argument)?),
        "ruleRemoveById" => Ctl::RuleRemoveById(vec![id_range(argument, text)?]),
        "ruleRemoveByMsg" => Ctl::RuleRemoveByMsg(text.to_owned()),
        "ruleRemoveByTag" => Ctl::RuleRemoveByTag(text.to_owned()),
        "ruleRemoveTargetById" => {
            let (id, targets) = selection(argument)?;
            Ctl::RuleRemoveTargetById(id_range(argument, &id)?, targets)
        }
        "ruleRemoveTargetByMsg" => {
            let (message, targets) = selection(argument)?;
            Ctl::RuleRemoveTargetByMsg(message, targets)
        }
        "ruleRemoveTargetByTag" => {
            let (tag, targets) = selection(argument)?;
            Ctl::RuleRemoveTargetByTag(tag, targets)
        }
        _ => Ctl::Ignored(name, text.to_owned()),
    })
}

/// `what;targets`.
fn selection(argument: &Piece) -> Result<(String, Vec<Target>), Fault> {
    let Some(offset) = argument.text().find(';') else {
        return Err(argument.fault(0, "expected `rules;target`"));
    };
    let rules = argument.text().get(..offset).unwrap_or_default().trim().to_owned();
    let targets = parse_targets(&argument.slice(offset + 1, argument.text().len()).trim())?;
    Ok((rules, targets))
}

/// `On` or `Off`.
pub(super) fn on_off(piece: &Piece) -> Result<bool, Fault> {
    match piece.text().to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(piece.fault(0, format!("expected `On` or `Off`, found `{}`", piece.text()))),
    }
}

/// `On`, `Off` or `DetectionOnly`.
pub(super) fn mode(piece: &Piece) -> Result<Mode, Fault> {
    match piece.text().to_ascii_lowercase().as_str() {
        "on" => Ok(Mode::On),
        "off" => Ok(Mode::Off),
        "detectiononly" => Ok(Mode::DetectionOnly),
        _ => {
            let found = piece.text();
            let message = format!("expected `On`, `Off` or `DetectionOnly`, found `{found}`");
            Err(piece.fault(0, message))
        }
    }
}

fn processor(piece: &Piece) -> Result<Processor, Fault> {
    let text = piece.text();
    let found = Processor::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let hint = nearest(text, Processor::ALL.iter().map(|known| known.name()));
        piece.fault(0, format!("unknown body processor `{text}`")).hint(hint)
    })
}

/// `942100` or `942100-942999`.
pub(super) fn id_range(piece: &Piece, text: &str) -> Result<(u32, u32), Fault> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok((from, to)),
        _ => Err(piece.fault(0, format!("expected a rule id or a range of ids, found `{text}`"))),
    }
}
