//! SQL injection: the contexts a value may stand in, and what speaks against a match.

mod fold;
mod lexer;
mod literals;
mod strings;
mod tables;
mod token;

use memchr::{memchr, memmem};

use self::fold::{Folded, fold};
use self::lexer::{Dialect, Lexer};
use self::token::{Kind, Token};
use super::Fingerprint;

/// Tries the value as it stands, then as what follows an opening quote.
pub(super) fn injection(value: &[u8]) -> Option<Fingerprint> {
    if is_one_word(value) {
        return None;
    }
    let as_it_stands = in_ansi_then_mysql(value, None);
    as_it_stands.or_else(|| in_single_quotes(value)).or_else(|| in_double_quotes(value))
}

/// One word is one token, and no single token is an attack.
fn is_one_word(value: &[u8]) -> bool {
    let starts_word = value.first().is_none_or(|byte| byte.is_ascii_alphabetic());
    starts_word && value.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn in_single_quotes(value: &[u8]) -> Option<Fingerprint> {
    memchr(b'\'', value)?;
    in_ansi_then_mysql(value, Some(b'\''))
}

fn in_double_quotes(value: &[u8]) -> Option<Fingerprint> {
    memchr(b'"', value)?;
    attack(value, &fold(Lexer::new(value, Some(b'"'), Dialect::MySql)))
}

/// The dialects differ in what begins a comment; MySQL is only asked where that was met.
fn in_ansi_then_mysql(value: &[u8], quote: Option<u8>) -> Option<Fingerprint> {
    let folded = fold(Lexer::new(value, quote, Dialect::Ansi));
    attack(value, &folded).or_else(|| {
        if !folded.has_dialect_comment {
            return None;
        }
        attack(value, &fold(Lexer::new(value, quote, Dialect::MySql)))
    })
}

/// The fingerprint, where it is an attack's and nothing excuses it.
fn attack(value: &[u8], folded: &Folded<'_>) -> Option<Fingerprint> {
    let kinds = folded.kinds();
    let fingerprint = Fingerprint::new(kinds.iter().map(|kind| kind.letter()));
    let is_attack = tables::is_known(kinds) && !is_excused(value, folded);
    is_attack.then_some(fingerprint)
}

/// What looks like an attack by its kinds alone, and usually is none.
fn is_excused(value: &[u8], folded: &Folded<'_>) -> bool {
    let [first, second, third] = folded.first_three();
    let kinds = folded.kinds();
    // SQL Server keeps statements that mention this word out of its trace.
    if let [_, .., Kind::Comment] = kinds
        && memmem::find(value, b"sp_password").is_some()
    {
        return false;
    }
    match kinds {
        [_, Kind::Union] => folded.tokens_read == 2,
        [_, _] => is_excused_pair(value, folded, &first, &second),
        [_, _, _] => is_excused_triple(folded, &first, &second, &third),
        _ => false,
    }
}

fn is_excused_pair(
    value: &[u8],
    folded: &Folded<'_>,
    first: &Token<'_>,
    second: &Token<'_>,
) -> bool {
    let comment = second.text;
    match (first.kind, second.kind, comment) {
        // Too many people write a hash.
        (_, _, [b'#', ..]) => true,
        (Kind::Bareword | Kind::Number, Kind::Comment, [b'/', ..]) => false,
        (Kind::Bareword, Kind::Comment, _) => true,
        (Kind::Number, Kind::Comment, _) => {
            folded.tokens_read <= 2 && !is_number_cut_off(value, first.text.len())
        }
        // Two dashes in plain text; at its end they are suspicious.
        (_, _, [b'-', _, _, ..]) => true,
        _ => false,
    }
}

/// Whether the number that begins the value is followed by whitespace or a comment. Where it is
/// not, as in `1234-ABCD--`, it is part of something else.
fn is_number_cut_off(value: &[u8], length: usize) -> bool {
    let rest = value.get(length..).unwrap_or_default();
    matches!(rest, [] | [..=b' ' | 0x80.., ..] | [b'/', b'*', ..] | [b'-', b'-', ..])
}

fn is_excused_triple(
    folded: &Folded<'_>,
    first: &Token<'_>,
    second: &Token<'_>,
    third: &Token<'_>,
) -> bool {
    use Kind::{Bareword, LogicOperator, Number, Operator, String, Variable};
    match (first.kind, second.kind, third.kind) {
        // `…foo' + 'bar…` opens nothing and closes nothing.
        (String, Operator | LogicOperator, String) => {
            !(first.open == 0 && third.close == 0 && first.close == third.open)
        }
        (String, LogicOperator, Bareword)
        | (Bareword, LogicOperator, Number)
        | (Number, LogicOperator, Number | Variable | String) => folded.tokens_read == 3,
        // Of keywords alone, only `INTO OUTFILE` and `INTO DUMPFILE` are suspicious.
        (_, Kind::Keyword, _) => {
            let into = second.text.get(..4).unwrap_or_default();
            second.text.len() < 5 || !into.eq_ignore_ascii_case(b"INTO")
        }
        _ => false,
    }
}
