//! The `Cookie` header, taken apart as ModSecurity v3 does it (version 0 cookies).

/// Yields name and value of each cookie of one `Cookie` header, until `sink` returns `false`.
/// Nothing is decoded. A cookie without `=` has an empty value; one without a name is no cookie.
pub fn parse(header: &[u8], sink: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
    for cookie in header.trim_ascii_end().split(|&byte| byte == b';') {
        let mut halves = cookie.splitn(2, |&byte| byte == b'=');
        let name = trim_start(halves.next().unwrap_or_default());
        let value = halves.next().unwrap_or_default();
        if !name.is_empty() && !sink(name, value) {
            return;
        }
    }
}

/// Also trims the vertical tab, which C's `isspace` knows and Rust's ASCII white space does not.
fn trim_start(mut name: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t'..=b'\r', rest)) = name.split_first() {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: &[u8]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        parse(header, &mut |name, value| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.push((text(name), text(value)));
            true
        });
        found
    }

    #[test]
    fn what_has_no_name_is_no_cookie() {
        assert!(read(b"").is_empty());
        assert!(read(b" =a; ;;=b").is_empty());
    }

    #[test]
    fn cookies_are_split() {
        let expected = [("a", "1"), ("b", " x=y%20"), ("c", ""), ("d ", "2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));

        assert_eq!(read(b"a=1; b= x=y%20;;\x0b c; d =2 \t"), expected);
    }

    #[test]
    fn a_full_sink_ends_it() {
        let mut count = 0;

        parse(b"a=1; b=2; c=3", &mut |_, _| {
            count += 1;
            count < 2
        });

        assert_eq!(count, 2);
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in prop::collection::vec(any::<u8>(), 0..300)) {
            for (name, _) in read(&header) {
                prop_assert!(!name.is_empty());
            }
        }
    }
}
