//! `application/x-www-form-urlencoded`, for bodies and query strings.

use super::{Fault, Piece, Sink};
use crate::uri::{Plus, decode};

/// Reads `a=1&b=2`. Yields one argument a pair; `a` alone is an argument without a value,
/// an empty pair (`&&`) is none.
///
/// The result tells whether an escape was malformed (`URLENCODED_ERROR`); such a `%` stays.
///
/// # Errors
/// [`Fault::Full`] when the sink takes no more.
pub fn parse(input: &[u8], separator: u8, sink: &mut Sink<'_>) -> Result<bool, Fault> {
    let (mut name, mut value) = (Vec::new(), Vec::new());
    let mut has_bad_escape = false;
    for pair in input.split(|&byte| byte == separator).filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let raw_name = halves.next().unwrap_or_default();
        let raw_value = halves.next().unwrap_or_default();
        has_bad_escape |= decode(raw_name, Plus::IsSpace, &mut name) > 0;
        has_bad_escape |= decode(raw_value, Plus::IsSpace, &mut value) > 0;
        if !sink(Piece::Argument { name: &name, value: &value }) {
            return Err(Fault::Full);
        }
    }
    Ok(has_bad_escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pairs = Vec<(String, String)>;

    fn read(input: &[u8]) -> (Pairs, bool) {
        let mut found = Vec::new();
        let bad = parse(input, b'&', &mut |piece| {
            if let Piece::Argument { name, value } = piece {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                found.push((text(name), text(value)));
            }
            true
        });
        (found, bad.unwrap())
    }

    #[test]
    fn malformed_escapes_stay_and_are_told() {
        for input in ["a=%", "a=%4", "a=%zz", "%g1=b"] {
            assert!(read(input.as_bytes()).1, "{input}");
        }
        assert_eq!(read(b"a=%zz").0, [("a".into(), "%zz".into())]);
    }

    #[test]
    fn a_full_sink_ends_it() {
        assert_eq!(parse(b"a=1&b=2", b'&', &mut |_| false), Err(Fault::Full));
    }

    #[test]
    fn pairs_are_decoded() {
        let (pairs, bad) = read(b"a+b=c%20d&e&=f&&g=h=i&%41=+");
        assert!(!bad);
        let expected = [("a b", "c d"), ("e", ""), ("", "f"), ("g", "h=i"), ("A", " ")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(input in prop::collection::vec(any::<u8>(), 0..400)) {
            let total: usize = read_sizes(&input);
            prop_assert!(total <= input.len());
        }
    }

    fn read_sizes(input: &[u8]) -> usize {
        let mut total = 0;
        parse(input, b'&', &mut |piece| {
            if let Piece::Argument { name, value } = piece {
                total += name.len() + value.len();
            }
            true
        })
        .unwrap();
        total
    }
}
