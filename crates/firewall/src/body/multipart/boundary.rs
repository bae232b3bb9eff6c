//! The boundary: found in the `Content-Type` header with ModSecurity's strictness, and looked for
//! in lines.

use super::Flags;

/// Bytes of the `Content-Type` header.
const HEADER_BYTES_MAX: usize = 1024;
const MEDIA_TYPE: &[u8] = b"multipart/form-data";
const WORD: &[u8] = b"boundary";

/// A boundary, ready to be looked for.
pub(super) struct Boundary<'a> {
    bytes: &'a [u8],
    dashed: memchr::memmem::Finder<'static>,
}

impl<'a> Boundary<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let dashed = [b"--", bytes].concat();
        Self { bytes, dashed: memchr::memmem::Finder::new(&dashed).into_owned() }
    }

    /// What follows the boundary at the start of `line`.
    pub(super) fn strip<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        line.strip_prefix(self.bytes)
    }

    /// Whether a dashed boundary stands anywhere in `line`.
    pub(super) fn is_within(&self, line: &[u8]) -> bool {
        self.dashed.find(line).is_some()
    }
}

/// Finds the boundary of a `Content-Type` header.
pub(super) fn find<'a>(header: &'a [u8], flags: &mut Flags) -> Result<&'a [u8], &'static str> {
    if header.len() > HEADER_BYTES_MAX {
        return Err("invalid boundary in the content type (length)");
    }
    let lower = header.to_ascii_lowercase();
    if !lower.starts_with(MEDIA_TYPE) {
        return Err("invalid media type");
    }
    let parameters = count_parameters(&lower);
    if parameters > 1 {
        return Err("multiple boundary parameters in the content type");
    }
    let Some(word_at) = memchr::memmem::find(header, WORD) else {
        return Err(if parameters > 0 {
            "invalid boundary in the content type (case)"
        } else {
            "boundary not found in the content type"
        });
    };
    let before = header.get(MEDIA_TYPE.len()..word_at).unwrap_or_default();
    check_before(before, flags)?;
    let after = header.get(word_at + WORD.len()..).unwrap_or_default();
    let Some(equals) = memchr::memchr(b'=', after) else {
        return Err("invalid boundary in the content type (malformed)");
    };
    let between = after.get(..equals).unwrap_or_default();
    if !between.iter().all(|&byte| is_space(byte)) {
        return Err("invalid boundary in the content type (parameter name)");
    }
    let value = after.get(equals + 1..).unwrap_or_default();
    flags.boundary_whitespace |=
        !between.is_empty() || value.first().is_some_and(|&byte| is_space(byte));
    check_value(unquote(value, flags)?)
}

/// Between media type and parameter one semicolon may stand, and white space.
fn check_before(before: &[u8], flags: &mut Flags) -> Result<(), &'static str> {
    let mut marks = before.iter().filter(|&&byte| !is_space(byte));
    flags.missing_semicolon = match (marks.next(), marks.next()) {
        (None, _) => true,
        (Some(b';'), None) => false,
        _ => return Err("invalid boundary in the content type (malformed)"),
    };
    Ok(())
}

fn unquote<'a>(value: &'a [u8], flags: &mut Flags) -> Result<&'a [u8], &'static str> {
    match value {
        [b'"', inside @ .., b'"'] => {
            flags.boundary_quoted = true;
            Ok(inside)
        }
        [b'"', ..] | [_, .., b'"'] => Err("invalid boundary in the content type (quote)"),
        plain => Ok(plain),
    }
}

/// Some frameworks append `;charset=…` to the boundary; that is cut off.
fn check_value(value: &[u8]) -> Result<&[u8], &'static str> {
    if count_parameters(&value.to_ascii_lowercase()) > 0 {
        return Err("invalid boundary in the content type (content)");
    }
    let boundary = if has_valid_characters(value) {
        value
    } else {
        value.split(|&byte| byte == b';').next().unwrap_or_default()
    };
    match boundary {
        [] => Err("invalid boundary in the content type (empty)"),
        boundary if has_valid_characters(boundary) => Ok(boundary),
        _ => Err("invalid boundary in the content type (characters)"),
    }
}

/// RFC 2046 §5.1.1: `bchars`, with a space anywhere but last.
fn has_valid_characters(boundary: &[u8]) -> bool {
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+_,-./:=?".contains(byte);
    boundary.iter().all(is_valid) && boundary.last() != Some(&b' ')
}

/// How often `boundary` stands before some `=`.
fn count_parameters(lower: &[u8]) -> usize {
    let Some(last_equals) = memchr::memrchr(b'=', lower) else { return 0 };
    memchr::memmem::find_iter(lower, WORD).filter(|at| at + WORD.len() <= last_equals).count()
}

/// C's `isspace`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
