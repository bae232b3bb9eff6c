//! What a rule looks at: `ARGS|!ARGS:pass|&REQUEST_HEADERS:/^x-/|XML:/*`.

use super::{
    place::{Fault, Piece},
    variable::Variable,
};

/// One entry of a target list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) variable: Variable,
    pub(crate) selector: Selector,
    pub(crate) role: Role,
}

/// What to do with the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Look at each of them.
    Look,
    /// `&`: look at how many there are.
    Count,
    /// `!`: do not look at them.
    Exclude,
}

/// Which members of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Selector {
    /// All, or the variable is one value.
    All,
    /// The members with this name.
    Key(String),
    /// The members whose name the pattern finds.
    Regex(String),
    /// `/*` and `//@*` of XML.
    XPath(String),
}

/// Parses a list of targets.
pub(crate) fn parse_targets(piece: &Piece) -> Result<Vec<Target>, Fault> {
    let mut targets = Vec::new();
    let mut from = 0;
    loop {
        let (target, end) = parse_one(piece, from)?;
        targets.push(target);
        if end >= piece.text().len() {
            return Ok(targets);
        }
        from = end + 1;
    }
}

/// Parses the target at `from`; tells where the `|` after it stands, or the end.
fn parse_one(piece: &Piece, from: usize) -> Result<(Target, usize), Fault> {
    let rest = piece.text().get(from..).unwrap_or_default();
    let skipped = rest.len() - rest.trim_start().len();
    let (from, rest) = (from + skipped, rest.trim_start());
    let (role, sign) = match rest.as_bytes().first() {
        Some(b'&') => (Role::Count, 1),
        Some(b'!') => (Role::Exclude, 1),
        _ => (Role::Look, 0),
    };
    let body = rest.get(sign..).unwrap_or_default();
    let length = body.find([':', '|', '.', ',']).unwrap_or(body.len());
    let name = body.get(..length).unwrap_or_default().trim();
    let start = from + sign;
    if name.is_empty() {
        return Err(piece.fault(start, "expected the name of a variable"));
    }
    let variable = Variable::parse(name, |message| piece.fault(start, message))?;
    let after = start + length;
    match piece.text().as_bytes().get(after) {
        Some(b':' | b'.') => {
            let (selector, end) = parse_selector(piece, variable, after + 1)?;
            Ok((Target { variable, selector, role }, end))
        }
        _ => Ok((Target { variable, selector: Selector::All, role }, after)),
    }
}

fn parse_selector(piece: &Piece, of: Variable, from: usize) -> Result<(Selector, usize), Fault> {
    if !of.is_collection() {
        return Err(piece.fault(from, format!("`{}` has no members to select", of.name())));
    }
    let rest = piece.text().get(from..).unwrap_or_default();
    if of == Variable::Xml {
        let length = rest.find('|').unwrap_or(rest.len());
        let path = rest.get(..length).unwrap_or_default();
        if !matches!(path, "/*" | "//@*") {
            let message = format!("the XPath `{path}` is not supported");
            let hint = "use `/*` for all text or `//@*` for all attribute values".to_owned();
            return Err(piece.fault(from, message).hint(Some(hint)));
        }
        return Ok((Selector::XPath(path.to_owned()), from + length));
    }
    for (open, close) in [("'/", "/'"), ("/", "/")] {
        if let Some(inner) = rest.strip_prefix(open) {
            let Some(length) = regex_length(inner, close) else {
                return Err(piece.fault(from, "the pattern of the selector is not closed"));
            };
            let pattern = inner.get(..length).unwrap_or_default().replace("\\/", "/");
            let end = from + open.len() + length + close.len();
            return Ok((Selector::Regex(pattern), end));
        }
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let Some(length) = inner.find('\'') else {
            return Err(piece.fault(from, "the quote of the selector is not closed"));
        };
        let key = inner.get(..length).unwrap_or_default().to_owned();
        return Ok((Selector::Key(key), from + length + 2));
    }
    let length = rest.find('|').unwrap_or(rest.len());
    let key = rest.get(..length).unwrap_or_default().trim_end();
    if key.is_empty() {
        return Err(piece.fault(from, "expected the name of a member"));
    }
    Ok((Selector::Key(key.to_owned()), from + length))
}

/// Bytes before the `/` that ends a pattern: not escaped, and the last before `|` or the end.
fn regex_length(inner: &str, close: &str) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in inner.char_indices() {
        let ends_here = !escaped
            && inner.get(offset..).is_some_and(|rest| {
                rest.strip_prefix(close)
                    .is_some_and(|after| after.trim_start().is_empty() || after.starts_with('|'))
            });
        if ends_here {
            return Some(offset);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}
