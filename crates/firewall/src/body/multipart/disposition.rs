//! `Content-Disposition: form-data; name="…"; filename="…"` (RFC 7578 §4.2), accepting only what
//! all parsers read alike.

use super::{Flags, boundary::is_space};

/// What the header says about a part.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Disposition {
    /// Empty where it is missing.
    pub(super) name: Vec<u8>,
    /// Empty where it is missing: then the part is no file.
    pub(super) filename: Vec<u8>,
}

/// Reads the header's value into `found`, which keeps what stands before a fault.
pub(super) fn parse(
    value: &[u8],
    found: &mut Disposition,
    flags: &mut Flags,
) -> Result<(), &'static str> {
    let rest = value.strip_prefix(b"form-data").ok_or("content disposition is not `form-data`")?;
    let mut rest = blanks(rest);
    let mut has_extended = false;
    while !rest.is_empty() {
        rest = rest.strip_prefix(b";").ok_or_else(|| {
            flags.invalid_quoting |= last_before(value, rest).is_some_and(is_quote);
            "expected `;` in a content disposition"
        })?;
        rest = parameter(blanks(rest), found, &mut has_extended, flags)?;
        rest = blanks(rest);
    }
    if has_extended && found.filename.is_empty() {
        return Err("`filename*` without `filename` in a content disposition");
    }
    Ok(())
}

/// Reads one parameter and returns what follows it.
fn parameter<'a>(
    input: &'a [u8],
    found: &mut Disposition,
    has_extended: &mut bool,
    flags: &mut Flags,
) -> Result<&'a [u8], &'static str> {
    let is_end = |byte: &u8| matches!(byte, b'=' | b' ' | b'\t');
    let length = input.iter().position(is_end).ok_or("content disposition ends too early")?;
    let (name, rest) = input.split_at_checked(length).unwrap_or_default();
    let rest = blanks(rest).strip_prefix(b"=").ok_or("expected `=` in a content disposition")?;
    let rest = blanks(rest);
    if rest.is_empty() {
        return Err("content disposition ends too early");
    }
    match name {
        b"name" => keep(rest, &mut found.name, flags),
        b"filename" => keep(rest, &mut found.filename, flags),
        b"filename*" if *has_extended => Err("a content disposition has a parameter twice"),
        b"filename*" => {
            *has_extended = true;
            extended(rest)
        }
        _ => Err("unknown parameter in a content disposition"),
    }
}

fn keep<'a>(
    input: &'a [u8],
    slot: &mut Vec<u8>,
    flags: &mut Flags,
) -> Result<&'a [u8], &'static str> {
    let (value, rest) = match input.split_first() {
        Some((&quote, inside)) if is_quote(quote) => {
            // Only `"` quotes (RFC 2183); some servers take `'` too.
            flags.invalid_quoting |= quote == b'\'';
            quoted(inside, quote)?
        }
        _ => {
            let length = input.iter().take_while(|&&byte| is_token(byte)).count();
            let (value, rest) = input.split_at_checked(length).unwrap_or_default();
            (value.to_vec(), rest)
        }
    };
    let is_double = input.first() == Some(&b'"');
    flags.invalid_quoting |= !is_double && value.contains(&b'\'');
    if !slot.is_empty() {
        return Err("a content disposition has a parameter twice");
    }
    *slot = value;
    Ok(rest)
}

/// Only the quote and `\` can be escaped; other backslashes stand for themselves, as some browsers
/// send paths. A missing end is tolerated as ModSecurity does, but marked.
fn quoted(input: &[u8], quote: u8) -> Result<(Vec<u8>, &[u8]), &'static str> {
    if input.is_empty() {
        return Err("content disposition ends too early");
    }
    let mut value = Vec::new();
    let mut rest = input;
    loop {
        rest = match rest {
            [b'\\'] => return Err("content disposition ends in `\\`"),
            [b'\\', escaped, after @ ..] if *escaped == quote || *escaped == b'\\' => {
                value.push(*escaped);
                after
            }
            [byte, after @ ..] if *byte == quote => return Ok((value, after)),
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
            [] => return Err("quoted value without an end in a content disposition"),
        };
    }
}

/// `filename*=UTF-8''na%C3%AFve` (RFC 5987 §3.2). Its form is checked; the name itself is the
/// `filename` that must stand beside it.
fn extended(input: &[u8]) -> Result<&[u8], &'static str> {
    let charset = input.iter().take_while(|byte| is_charset(**byte)).count();
    let rest = input.get(charset..).unwrap_or_default();
    let rest = match rest.strip_prefix(b"'") {
        Some(rest) if charset > 0 => rest,
        _ => return Err("`filename*` without a character set"),
    };
    let language = memchr::memchr(b'\'', rest).ok_or("`filename*` without a language's end")?;
    let mut rest = rest.get(language + 1..).unwrap_or_default();
    loop {
        rest = match rest {
            [] | [b';', ..] => return Ok(rest),
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            [byte, after @ ..] if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`~".contains(byte) => {
                after
            }
            _ => return Err("invalid character in `filename*`"),
        };
    }
}

fn is_charset(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(&byte)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

fn blanks(mut input: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = input {
        input = rest;
    }
    input
}

/// The byte before `rest`, which is a tail of `value`, white space left out.
fn last_before(value: &[u8], rest: &[u8]) -> Option<u8> {
    let before = value.get(..value.len() - rest.len())?;
    before.iter().rev().copied().find(|&byte| !is_space(byte))
}
