//! What a rule does: `id:1,phase:2,deny,setvar:'tx.score=+5'`.

use crate::Severity;

use super::{
    ctl::Ctl,
    hint::nearest,
    place::{Fault, Piece, Place},
    template::Template,
    variable::Variable,
};

/// An action and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) action: Action,
    pub(crate) place: Place,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Allow(Allow),
    AuditLog(bool),
    Block,
    Capture,
    Chain,
    Ctl(Ctl),
    Deny,
    Drop,
    /// `expirevar`, `deprecatevar`: nothing outlives a transaction here.
    Expire(Variable, Template),
    Id(u32),
    /// Known, and without meaning for this engine: `ver`, `maturity`, `sanitiseArg` and their kin.
    Ignored(&'static str, String),
    InitCol(Variable, Template),
    Log(bool),
    LogData(Template),
    Msg(Template),
    MultiMatch,
    Pass,
    Phase(u8),
    Redirect(Template),
    Rev(String),
    SetVar(SetVar),
    Severity(Severity),
    Skip(u32),
    SkipAfter(String),
    Status(u16),
    Tag(String),
    /// `t:name`; `t:none` empties what was inherited.
    Transform(String),
}

/// How far `allow` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    /// The rest of the transaction, except logging.
    All,
    /// The rest of the phase.
    Phase,
    /// The rest of the request phases.
    Request,
}

/// `setvar`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetVar {
    pub(crate) collection: Variable,
    pub(crate) name: Template,
    pub(crate) change: Change,
}

/// What `setvar` does to its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Set(Template),
    Add(Template),
    Subtract(Template),
    Unset,
}

/// Parses a list of actions.
pub(crate) fn parse_actions(piece: &Piece) -> Result<Vec<Placed>, Fault> {
    let mut actions = Vec::new();
    for (from, to) in items(piece)? {
        let item = piece.slice(from, to).trim();
        if item.text().is_empty() {
            continue;
        }
        actions.push(Placed { place: item.start(), action: parse_one(&item)? });
    }
    Ok(actions)
}

/// The ranges between the commas that do not stand in single quotes.
fn items(piece: &Piece) -> Result<Vec<(usize, usize)>, Fault> {
    let bytes = piece.text().as_bytes();
    let (mut items, mut from, mut open, mut escaped) = (Vec::new(), 0, None, false);
    for (offset, byte) in bytes.iter().copied().enumerate() {
        match byte {
            b'\'' if !escaped && open.is_some() => open = None,
            b'\'' if !escaped && opens_value(bytes, from, offset) => open = Some(offset),
            b',' if open.is_none() => {
                items.push((from, offset));
                from = offset + 1;
            }
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    if let Some(offset) = open {
        return Err(piece.fault(offset, "the quote `'` is not closed"));
    }
    items.push((from, bytes.len()));
    Ok(items)
}

/// A quote opens a value only right after the colon of the action's name.
fn opens_value(bytes: &[u8], from: usize, offset: usize) -> bool {
    let before = bytes.get(from..offset).unwrap_or_default().trim_ascii_end();
    before.ends_with(b":") && !before.get(..before.len() - 1).is_some_and(|b| b.contains(&b':'))
}

fn parse_one(item: &Piece) -> Result<Action, Fault> {
    let text = item.text();
    let colon = text.find(':').unwrap_or(text.len());
    let name = text.get(..colon).unwrap_or_default().trim();
    let value = unquote(&item.slice((colon + 1).min(text.len()), text.len()).trim());
    let Some(known) = NAMES.iter().copied().find(|known| known.eq_ignore_ascii_case(name)) else {
        let hint = nearest(name, NAMES.iter().copied());
        return Err(item.fault(0, format!("unknown action `{name}`")).hint(hint));
    };
    let needs_value = !WITHOUT_VALUE.contains(&known);
    if needs_value && value.text().is_empty() && known != "allow" && known != "logdata" {
        return Err(item.fault(0, format!("`{known}` needs a value: `{known}:…`")));
    }
    if !needs_value && colon < text.len() {
        return Err(item.fault(colon, format!("`{known}` takes no value")));
    }
    build(known, &value)
}

fn unquote(value: &Piece) -> Piece {
    let text = value.text();
    if text.len() < 2 || !text.starts_with('\'') || !text.ends_with('\'') {
        return value.clone();
    }
    let mut plain = Piece::default();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((offset, c)) = chars.next() {
        if offset + 1 == text.len() {
            break;
        }
        let is_escape = c == '\\'
            && chars.peek().is_some_and(|(at, next)| *next == '\'' && at + 1 < text.len());
        if !is_escape {
            plain.push(c, value.place(offset));
        }
    }
    plain
}

fn build(name: &'static str, value: &Piece) -> Result<Action, Fault> {
    let text = value.text();
    Ok(match name {
        "allow" => Action::Allow(allow(value)?),
        "auditlog" => Action::AuditLog(true),
        "noauditlog" => Action::AuditLog(false),
        "block" => Action::Block,
        "capture" => Action::Capture,
        "chain" => Action::Chain,
        "ctl" => Action::Ctl(Ctl::parse(value)?),
        "deny" => Action::Deny,
        "drop" => Action::Drop,
        "expirevar" | "deprecatevar" => expire(value)?,
        "id" => Action::Id(number(value, 1, u32::MAX)?),
        "initcol" => init_collection(value)?,
        "log" => Action::Log(true),
        "nolog" => Action::Log(false),
        "logdata" => Action::LogData(Template::parse(value)?),
        "msg" => Action::Msg(Template::parse(value)?),
        "multiMatch" => Action::MultiMatch,
        "pass" => Action::Pass,
        "phase" => Action::Phase(phase(value)?),
        "redirect" => Action::Redirect(Template::parse(value)?),
        "rev" => Action::Rev(text.to_owned()),
        "setvar" => Action::SetVar(set_var(value)?),
        "severity" => Action::Severity(severity(value)?),
        "skip" => Action::Skip(number(value, 1, u32::MAX)?),
        "skipAfter" => Action::SkipAfter(text.to_owned()),
        "status" => Action::Status(number(value, 100, 599)? as u16),
        "t" => Action::Transform(text.to_owned()),
        "tag" => Action::Tag(text.to_owned()),
        _ => Action::Ignored(name, text.to_owned()),
    })
}

fn number(value: &Piece, from: u32, to: u32) -> Result<u32, Fault> {
    let parsed = value.text().parse().ok().filter(|number| (from..=to).contains(number));
    parsed.ok_or_else(|| {
        value.fault(0, format!("expected a number from {from} to {to}, found `{}`", value.text()))
    })
}

fn phase(value: &Piece) -> Result<u8, Fault> {
    match value.text().to_ascii_lowercase().as_str() {
        "request" => Ok(2),
        "response" => Ok(4),
        "logging" => Ok(5),
        _ => Ok(number(value, 1, 5)? as u8),
    }
}

fn severity(value: &Piece) -> Result<Severity, Fault> {
    const NAMES: [(&str, Severity); 8] = [
        ("EMERGENCY", Severity::Emergency),
        ("ALERT", Severity::Alert),
        ("CRITICAL", Severity::Critical),
        ("ERROR", Severity::Error),
        ("WARNING", Severity::Warning),
        ("NOTICE", Severity::Notice),
        ("INFO", Severity::Info),
        ("DEBUG", Severity::Debug),
    ];
    let text = value.text();
    let found = NAMES
        .iter()
        .enumerate()
        .find(|(index, (name, _))| name.eq_ignore_ascii_case(text) || text == index.to_string());
    found.map(|(_, (_, severity))| *severity).ok_or_else(|| {
        let hint = nearest(text, NAMES.iter().map(|(name, _)| *name));
        value.fault(0, format!("unknown severity `{text}`")).hint(hint)
    })
}

fn allow(value: &Piece) -> Result<Allow, Fault> {
    match value.text() {
        "" => Ok(Allow::All),
        "phase" => Ok(Allow::Phase),
        "request" => Ok(Allow::Request),
        other => Err(value.fault(0, format!("expected `phase` or `request`, found `{other}`"))),
    }
}

fn writable(piece: &Piece, name: &str) -> Result<Variable, Fault> {
    let variable = Variable::parse(name.trim(), |message| piece.fault(0, message))?;
    if variable.is_writable() {
        return Ok(variable);
    }
    Err(piece.fault(0, format!("`{name}` is not a collection that rules may write")))
}

/// Splits `name<at>rest` and gives the rest's place.
fn split<'a>(value: &'a Piece, at: &[char]) -> Option<(&'a str, Piece)> {
    let offset = value.text().find(at)?;
    Some((value.text().get(..offset)?, value.slice(offset + 1, value.text().len())))
}

fn set_var(value: &Piece) -> Result<SetVar, Fault> {
    let unset = value.text().starts_with('!');
    let value = value.slice(usize::from(unset), value.text().len());
    let Some((collection, rest)) = split(&value, &['.', ':']) else {
        return Err(value.fault(0, "expected `collection.name=value`"));
    };
    let collection = writable(&value, collection)?;
    if unset {
        return Ok(SetVar { collection, name: Template::parse(&rest)?, change: Change::Unset });
    }
    let equals = assignment(rest.text());
    let name = Template::parse(&rest.slice(0, equals.unwrap_or(rest.text().len())).trim())?;
    let Some(equals) = equals else {
        return Ok(SetVar { collection, name, change: Change::Set(Template::text("1")) });
    };
    let operand = rest.slice(equals + 1, rest.text().len());
    let operand_text = operand.text();
    let after_sign = operand.slice(1.min(operand_text.len()), operand_text.len());
    let change = match operand_text.as_bytes().first() {
        Some(b'+') => Change::Add(Template::parse(&after_sign)?),
        Some(b'-') => Change::Subtract(Template::parse(&after_sign)?),
        _ => Change::Set(Template::parse(&operand)?),
    };
    Ok(SetVar { collection, name, change })
}

/// The first `=` outside a macro.
fn assignment(text: &str) -> Option<usize> {
    let mut is_macro = false;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => is_macro = true,
            b'}' => is_macro = false,
            b'=' if !is_macro => return Some(offset),
            _ => {}
        }
    }
    None
}

fn init_collection(value: &Piece) -> Result<Action, Fault> {
    let Some((collection, key)) = split(value, &['=']) else {
        return Err(value.fault(0, "expected `collection=key`"));
    };
    Ok(Action::InitCol(writable(value, collection)?, Template::parse(&key)?))
}

fn expire(value: &Piece) -> Result<Action, Fault> {
    let Some((collection, rest)) = split(value, &['.', ':']) else {
        return Err(value.fault(0, "expected `collection.name=seconds`"));
    };
    Ok(Action::Expire(writable(value, collection)?, Template::parse(&rest)?))
}

/// Every action's name, as messages and hints spell it.
const NAMES: &[&str] = &[
    "accuracy",
    "allow",
    "append",
    "auditlog",
    "block",
    "capture",
    "chain",
    "ctl",
    "deny",
    "deprecatevar",
    "drop",
    "expirevar",
    "id",
    "initcol",
    "log",
    "logdata",
    "maturity",
    "msg",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "pause",
    "phase",
    "prepend",
    "redirect",
    "rev",
    "sanitiseArg",
    "sanitiseMatched",
    "sanitiseMatchedBytes",
    "sanitiseRequestHeader",
    "sanitiseResponseHeader",
    "setenv",
    "setrsc",
    "setsid",
    "setuid",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
    "xmlns",
];

const WITHOUT_VALUE: &[&str] = &[
    "auditlog",
    "block",
    "capture",
    "chain",
    "deny",
    "drop",
    "log",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "sanitiseMatched",
    "sanitiseMatchedBytes",
];
