//! The request target, taken apart as ModSecurity v3 does it.

/// What `+` means to [`decode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plus {
    /// A space, as in forms and queries.
    IsSpace,
    /// Itself, as in paths.
    IsPlus,
}

/// The parts of a request target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target<'a> {
    /// `REQUEST_URI`: decoded, without fragment, without scheme and host.
    pub uri: Vec<u8>,
    /// `REQUEST_FILENAME`: the decoded path.
    pub filename: Vec<u8>,
    /// `QUERY_STRING`: raw, without `?`; nothing where there is no `?`.
    pub query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes a raw request target apart: origin form, absolute form, or anything else.
    #[must_use]
    pub fn parse(raw: &'a [u8]) -> Self {
        let (before_fragment, _) = cut(raw, b'#');
        let local = without_authority(before_fragment);
        let (path, query) = cut(local, b'?');
        let mut target = Self { query, ..Self::default() };
        decode(local, Plus::IsPlus, &mut target.uri);
        decode(path, Plus::IsPlus, &mut target.filename);
        target
    }

    /// `REQUEST_BASENAME`: what follows the last `/` or `\` of the path.
    #[must_use]
    pub fn basename(&self) -> &[u8] {
        self.filename.rsplit(|&byte| byte == b'/' || byte == b'\\').next().unwrap_or_default()
    }
}

/// Percent-decodes into `out`, which is emptied first. Malformed escapes stay as they are; returns
/// how many there were.
pub fn decode(raw: &[u8], plus: Plus, out: &mut Vec<u8>) -> usize {
    out.clear();
    out.reserve(raw.len());
    let mut malformed = 0;
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => match escaped(tail) {
                Some((value, after)) => {
                    out.push(value);
                    rest = after;
                }
                None => {
                    malformed += 1;
                    out.push(b'%');
                }
            },
            b'+' if plus == Plus::IsSpace => out.push(b' '),
            other => out.push(other),
        }
    }
    malformed
}

fn escaped(tail: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = tail.split_first_chunk::<2>()?;
    Some((nibble(*high)? << 4 | nibble(*low)?, after))
}

/// The value of a hexadecimal digit.
pub(crate) const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Cuts `scheme://host` off an absolute form (RFC 9112 §3.2.2); the host alone leaves `/`'s place
/// empty.
fn without_authority(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let Some(colon) = target.iter().position(|&byte| byte == b':') else { return target };
    let Some(host) = target.get(colon + 1..).and_then(|rest| rest.strip_prefix(b"//")) else {
        return target;
    };
    match host.iter().position(|&byte| byte == b'/' || byte == b'?') {
        Some(at) => host.get(at..).unwrap_or_default(),
        None => &[],
    }
}

fn cut(input: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut halves = input.splitn(2, |&byte| byte == at);
    (halves.next().unwrap_or_default(), halves.next())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(raw: &str) -> (String, String, String, Option<String>) {
        let target = Target::parse(raw.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&target.uri), text(&target.filename), text(target.basename()), target.query.map(text))
    }

    #[test]
    fn targets_are_taken_apart() {
        let cases = [
            ("/a/b?c=%41", "/a/b?c=A", "/a/b", "b", Some("c=%41")),
            ("/a%2fb%zz", "/a/b%zz", "/a/b%zz", "b%zz", None),
            ("http://h.x/p?q", "/p?q", "/p", "p", Some("q")),
            ("http://h.x", "", "", "", None),
            ("/a+b?", "/a+b?", "/a+b", "a+b", Some("")),
            ("/a#frag?x", "/a", "/a", "a", None),
            ("*", "*", "*", "*", None),
            ("/c%5cd", "/c\\d", "/c\\d", "d", None),
            ("/a/", "/a/", "/a/", "", None),
            ("h.x:443", "h.x:443", "h.x:443", "h.x:443", None),
        ];
        for (raw, uri, filename, basename, query) in cases {
            let expected =
                (uri.into(), filename.into(), basename.into(), query.map(ToOwned::to_owned));
            assert_eq!(parts(raw), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_target_is_read(raw in prop::collection::vec(any::<u8>(), 0..300)) {
            let target = Target::parse(&raw);
            prop_assert!(target.uri.len() <= raw.len());
            prop_assert!(target.filename.ends_with(target.basename()));
        }

        #[test]
        fn what_is_escaped_is_read_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let raw: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            let mut out = vec![1, 2, 3];
            prop_assert_eq!(decode(raw.as_bytes(), Plus::IsSpace, &mut out), 0);
            prop_assert_eq!(out, bytes);
        }
    }
}
