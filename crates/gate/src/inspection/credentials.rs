//! What rules are told of credentials.

use http::HeaderName;
use http::header::AUTHORIZATION;

/// The value of a header as rules look at it. Of `Authorization` only the scheme, where what
/// follows is a `token68` (RFC 9110 §11.2): letters, digits and `-._~+/=` are no injection, a
/// token is long, and identity reads it anyway. Whatever has another form is looked at whole.
pub(crate) fn told<'v>(name: &HeaderName, value: &'v [u8]) -> &'v [u8] {
    if name != AUTHORIZATION {
        return value;
    }
    let scheme =
        value.iter().position(|byte| *byte == b' ').and_then(|end| value.split_at_checked(end));
    match scheme {
        Some((scheme, [b' ', token @ ..])) if is_token68(token) => scheme,
        _ => value,
    }
}

fn is_token68(text: &[u8]) -> bool {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let signs = text.get(..end).unwrap_or_default();
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !signs.is_empty() && signs.iter().all(is_sign)
}

#[cfg(test)]
mod tests {
    use http::header::USER_AGENT;

    use super::*;

    #[test]
    fn whatever_is_no_plain_token_is_looked_at_whole() {
        for value in [
            "Bearer abc' or 1=1",
            "Bearer abc\"",
            "Bearer a=b",
            "Bearer ",
            "Bearer =",
            "Bearer  abc",
            "Bearer",
            "abc",
            "",
            "Digest username=\"Mufasa\"",
            "Bearer ${jndi:ldap://x}",
            "Bearer a b",
        ] {
            assert_eq!(told(&AUTHORIZATION, value.as_bytes()), value.as_bytes(), "{value}");
        }
        assert_eq!(told(&AUTHORIZATION, b"Bearer \xff"), b"Bearer \xff");
    }

    #[test]
    fn of_a_token_only_the_scheme_is_looked_at() {
        for value in ["Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "Bearer rwk_1-a~b+c/d==", "Bearer x"]
        {
            assert_eq!(told(&AUTHORIZATION, value.as_bytes()), b"Bearer", "{value}");
        }
    }

    #[test]
    fn another_header_is_looked_at_whole() {
        assert_eq!(told(&USER_AGENT, b"Bearer abc"), b"Bearer abc");
    }
}
