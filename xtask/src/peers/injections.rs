//! `@detectSQLi` and `@detectXSS`, against the libinjection inside the library.

use super::{
    Pair,
    answerer::{both, frames},
    report::{Report, UNEXPLAINED},
};
use crate::error::Outcome;

/// Both, on every value.
pub(super) fn compare(pair: Pair<'_>, values: &[Vec<u8>]) -> Outcome<Vec<Report>> {
    let mut sql = Report::new("`@detectSQLi`, fingerprints");
    let mut script = Report::new("`@detectXSS`");
    let answers = both(pair, &["injections"], &frames(values), values.len())?;
    for (value, (ours, theirs)) in values.iter().zip(&answers) {
        let (our_sql, our_script) = ours.split_once(' ').unwrap_or_default();
        let (their_sql, their_script) = theirs.split_once(' ').unwrap_or_default();
        let told = |ours: &str, theirs: &str| {
            format!("`{}`: {ours} here, {theirs} there", value.escape_ascii())
        };
        if our_sql == their_sql {
            sql.same(their_sql != "-");
        } else {
            sql.differs(&[sql_class(value)], their_sql != "-", told(our_sql, their_sql));
        }
        if our_script == their_script {
            script.same(their_script == "1");
        } else {
            let class = script_class(value, our_script == "1");
            script.differs(&[class], their_script == "1", told(our_script, their_script));
        }
    }
    Ok(vec![sql, script])
}

fn sql_class(value: &[u8]) -> &'static str {
    if has_empty_exponent(value) {
        "libinjection 4 skips `1.e` as MySQL does, 3 reads a name"
    } else {
        UNEXPLAINED
    }
}

/// A number with an `e` and no digits behind it.
fn has_empty_exponent(value: &[u8]) -> bool {
    value.windows(2).enumerate().any(|(at, pair)| {
        let behind = value.get(at + 2..).unwrap_or_default();
        let signed = behind.strip_prefix(b"+").or(behind.strip_prefix(b"-"));
        matches!(pair, [b'0'..=b'9' | b'.', b'e' | b'E'])
            && !signed.unwrap_or(behind).first().is_some_and(u8::is_ascii_digit)
    })
}

fn script_class(value: &[u8], is_ours: bool) -> &'static str {
    let has_event = value.windows(2).any(|pair| pair.eq_ignore_ascii_case(b"on"));
    if is_ours && value.contains(&0xff) {
        "the byte 0xFF ends the text there, and here it does not"
    } else if !is_ours && has_event {
        "libinjection 3 takes every attribute that begins with `on` for script, 4 has a list"
    } else {
        UNEXPLAINED
    }
}

#[cfg(test)]
mod tests {
    use super::has_empty_exponent;

    #[test]
    fn empty_exponents_are_seen() {
        assert!(has_empty_exponent(b"1.e(1)"));
        assert!(has_empty_exponent(b"1E+"));
        assert!(!has_empty_exponent(b"1e5 or .5e-3"));
    }
}
