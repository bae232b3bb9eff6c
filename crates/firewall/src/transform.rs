//! Transformations: what `t:` does to a value before an operator sees it.
//!
//! The meaning is `ModSecurity` v3's, byte for byte, but where that would hide an attack;
//! docs/decisions/0015-transformations-and-injection.md lists the differences. All of them are
//! total, take time linear in the value, and touch nothing when they change nothing.

mod base64;
mod best_fit;
mod bytes;
mod command;
mod comments;
mod digest;
mod digits;
mod entities;
mod escapes;
mod hex;
mod path;
mod rewrite;
mod space;
mod unicode;
mod url;

/// One transformation. [`Transform::named`] finds it by its `SecLang` name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transform {
    /// Decodes standard Base64; a value that is not becomes empty.
    Base64Decode,
    /// Decodes Base64, skipping what does not belong to it.
    Base64DecodeExt,
    /// Encodes as Base64.
    Base64Encode,
    /// Undoes what shells ignore: quotes, carets, repeated separators, capitals.
    CmdLine,
    /// Makes one space of every run of whitespace.
    CompressWhitespace,
    /// Decodes CSS escapes (CSS 2.1 §4.1.3).
    CssDecode,
    /// Decodes ANSI C escapes.
    EscapeSeqDecode,
    /// Decodes pairs of hexadecimal digits.
    HexDecode,
    /// Encodes every byte as two hexadecimal digits.
    HexEncode,
    /// Decodes numeric HTML entities and the five oldest named ones.
    HtmlEntityDecode,
    /// Decodes JavaScript escapes.
    JsDecode,
    /// Replaces the value by its length in bytes.
    Length,
    /// Makes ASCII letters small.
    Lowercase,
    /// Replaces the value by its MD5 digest, raw.
    Md5,
    /// Removes empty and self-referring path segments and resolves back-references.
    NormalizePath,
    /// The same, with backslashes as slashes.
    NormalizePathWin,
    /// Sets the eighth bit so that the number of ones is even.
    ParityEven7bit,
    /// Sets the eighth bit so that the number of ones is odd.
    ParityOdd7bit,
    /// Clears the eighth bit.
    ParityZero7bit,
    /// Removes comments of C, HTML and SQL with their text.
    RemoveComments,
    /// Removes the marks of comments and keeps their text.
    RemoveCommentsChar,
    /// Removes NUL bytes.
    RemoveNulls,
    /// Removes whitespace and the bytes of a no-break space.
    RemoveWhitespace,
    /// Replaces each C comment by one space.
    ReplaceComments,
    /// Replaces NUL bytes by spaces.
    ReplaceNulls,
    /// Replaces the value by its SHA-1 digest, raw.
    Sha1,
    /// Decodes SQL's hexadecimal literals (`0x414243`).
    SqlHexDecode,
    /// Removes whitespace at both ends.
    Trim,
    /// Removes whitespace at the beginning.
    TrimLeft,
    /// Removes whitespace at the end.
    TrimRight,
    /// Makes ASCII letters capital.
    Uppercase,
    /// Decodes percent-encoding and `+`.
    UrlDecode,
    /// Decodes percent-encoding, `+`, and `%uHHHH` by the best fit of code page 20127.
    UrlDecodeUni,
    /// Percent-encodes all but letters, digits and `*`; spaces as `+`.
    UrlEncode,
    /// Writes characters of more than one byte as `%uHHHH`.
    Utf8ToUnicode,
}

/// Each transformation with its names, the usual one first.
const NAMES: &[(Transform, &[&str])] = &[
    (Transform::Base64Decode, &["base64Decode"]),
    (Transform::Base64DecodeExt, &["base64DecodeExt"]),
    (Transform::Base64Encode, &["base64Encode"]),
    (Transform::CmdLine, &["cmdLine", "cmd_line"]),
    (Transform::CompressWhitespace, &["compressWhitespace", "compress_whitespace"]),
    (Transform::CssDecode, &["cssDecode"]),
    (Transform::EscapeSeqDecode, &["escapeSeqDecode"]),
    (Transform::HexDecode, &["hexDecode"]),
    (Transform::HexEncode, &["hexEncode"]),
    (Transform::HtmlEntityDecode, &["htmlEntityDecode"]),
    (Transform::JsDecode, &["jsDecode"]),
    (Transform::Length, &["length"]),
    (Transform::Lowercase, &["lowercase"]),
    (Transform::Md5, &["md5"]),
    (Transform::NormalizePath, &["normalizePath", "normalisePath"]),
    (Transform::NormalizePathWin, &["normalizePathWin", "normalisePathWin"]),
    (Transform::ParityEven7bit, &["parityEven7bit"]),
    (Transform::ParityOdd7bit, &["parityOdd7bit"]),
    (Transform::ParityZero7bit, &["parityZero7bit"]),
    (Transform::RemoveComments, &["removeComments"]),
    (Transform::RemoveCommentsChar, &["removeCommentsChar"]),
    (Transform::RemoveNulls, &["removeNulls"]),
    (Transform::RemoveWhitespace, &["removeWhitespace"]),
    (Transform::ReplaceComments, &["replaceComments"]),
    (Transform::ReplaceNulls, &["replaceNulls"]),
    (Transform::Sha1, &["sha1"]),
    (Transform::SqlHexDecode, &["sqlHexDecode"]),
    (Transform::Trim, &["trim"]),
    (Transform::TrimLeft, &["trimLeft"]),
    (Transform::TrimRight, &["trimRight"]),
    (Transform::Uppercase, &["uppercase"]),
    (Transform::UrlDecode, &["urlDecode"]),
    (Transform::UrlDecodeUni, &["urlDecodeUni"]),
    (Transform::UrlEncode, &["urlEncode"]),
    (Transform::Utf8ToUnicode, &["utf8toUnicode"]),
];

impl Transform {
    /// The transformation of a name, in any case. `none` is not one: it empties the chain.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        NAMES.iter().find(|(_, names)| known(names)).map(|(transform, _)| *transform)
    }

    /// Every transformation, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(transform, _)| *transform)
    }

    /// Its usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let names = NAMES.iter().find(|(transform, _)| *transform == self);
        names.and_then(|(_, names)| names.first()).copied().unwrap_or_default()
    }

    /// Appends the transformed value to `out` and returns true, or leaves `out` as it is and
    /// returns false where the value stays the same.
    #[must_use]
    pub fn apply(self, input: &[u8], out: &mut Vec<u8>) -> bool {
        self.function()(input, out)
    }

    fn function(self) -> fn(&[u8], &mut Vec<u8>) -> bool {
        match self {
            Self::Base64Decode => base64::decode,
            Self::Base64DecodeExt => base64::decode_forgiving,
            Self::Base64Encode => base64::encode,
            Self::CmdLine => command::cmd_line,
            Self::CompressWhitespace => space::compress,
            Self::CssDecode => escapes::css,
            Self::EscapeSeqDecode => escapes::ansi_c,
            Self::HexDecode => hex::decode,
            Self::HexEncode => hex::encode,
            Self::HtmlEntityDecode => entities::decode,
            Self::JsDecode => escapes::java_script,
            Self::Length => bytes::length,
            Self::Lowercase => bytes::lowercase,
            Self::Md5 => digest::md5,
            Self::NormalizePath => path::normalize,
            Self::NormalizePathWin => path::normalize_windows,
            Self::ParityEven7bit => bytes::parity_even,
            Self::ParityOdd7bit => bytes::parity_odd,
            Self::ParityZero7bit => bytes::parity_zero,
            Self::RemoveComments => comments::remove,
            Self::RemoveCommentsChar => comments::remove_marks,
            Self::RemoveNulls => bytes::remove_nulls,
            Self::RemoveWhitespace => space::remove,
            Self::ReplaceComments => comments::replace,
            Self::ReplaceNulls => bytes::replace_nulls,
            Self::Sha1 => digest::sha1,
            Self::SqlHexDecode => hex::decode_sql,
            Self::Trim => space::trim,
            Self::TrimLeft => space::trim_left,
            Self::TrimRight => space::trim_right,
            Self::Uppercase => bytes::uppercase,
            Self::UrlDecode => url::decode,
            Self::UrlDecodeUni => url::decode_unicode,
            Self::UrlEncode => url::encode,
            Self::Utf8ToUnicode => unicode::from_utf8,
        }
    }
}

#[cfg(test)]
mod tests;
