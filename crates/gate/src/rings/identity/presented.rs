//! What a request holds out: an access token, an API key, both, a session, or nothing.

use http::HeaderMap;
use kernel::Problem;
use oauth::{ApiKey, INVALID_TOKEN};

use crate::cookies;
use crate::sessions::SESSION_COOKIE;

/// Credentials as they stand in the headers. Nothing is proven yet.
pub(super) struct Presented<'a> {
    pub(super) token: Option<(Scheme, &'a str)>,
    pub(super) key: Option<&'a str>,
    pub(super) session: Option<Cookie<'a>>,
}

/// A session as a browser sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie<'a> {
    Once(&'a str),
    /// Two of a name: which one is meant would be a guess.
    Several,
}

/// How an access token is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

impl<'a> Presented<'a> {
    /// From `Authorization` (RFC 6750 §2.1, RFC 9449 §7.1) and `X-API-Key`. Nowhere else is a
    /// credential looked for.
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let session = cookie(headers);
        let key = match headers.contains_key(API_KEY) {
            true => Some(single(headers, API_KEY).ok_or_else(unsupported)?),
            false => None,
        };
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(Self { token: None, key, session });
        };
        let value = value.to_str().map_err(|_| unsupported())?;
        let (scheme, token) = value.split_once(' ').ok_or_else(unsupported)?;
        let token = token.trim_start_matches(' ');
        match scheme {
            _ if scheme.eq_ignore_ascii_case("dpop") => {
                Ok(Self { token: Some((Scheme::Dpop, token)), key, session })
            }
            _ if !scheme.eq_ignore_ascii_case("bearer") => Err(unsupported()),
            // No access token begins like an API key. Two keys are one too many.
            _ if ApiKey::is_alike(token) && key.is_some() => Err(unsupported()),
            _ if ApiKey::is_alike(token) => Ok(Self { token: None, key: Some(token), session }),
            _ => Ok(Self { token: Some((Scheme::Bearer, token)), key, session }),
        }
    }
}

/// Whether any credential stands in the headers, in whatever form.
pub(super) fn is_any(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION)
        || headers.contains_key(API_KEY)
        || cookie(headers).is_some()
}

/// The session cookie.
fn cookie(headers: &HeaderMap) -> Option<Cookie<'_>> {
    let mut ours = cookies::named(headers, SESSION_COOKIE);
    let first = ours.next()?;
    Some(if ours.next().is_none() { Cookie::Once(first) } else { Cookie::Several })
}

/// The value of a header that is sent once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok()
}

fn unsupported() -> Problem {
    let challenge = r#"Bearer realm="ringwall", error="invalid_request""#;
    Problem::new(&INVALID_TOKEN)
        .detail("expected `Authorization: Bearer <access token>` or one API key")
        .header("www-authenticate", challenge)
}

/// The headers that credentials stand in.
pub(super) const HEADERS: &[&str] = &[AUTHORIZATION, API_KEY, DPOP, COOKIE];
const AUTHORIZATION: &str = "authorization";
const COOKIE: &str = "cookie";
const API_KEY: &str = "x-api-key";
pub(super) const DPOP: &str = "dpop";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        let values = cookies.iter().map(|value| HeaderValue::from_str(value).unwrap());
        values.map(|value| (http::header::COOKIE, value)).collect()
    }

    #[test]
    fn a_session_that_stands_twice_is_not_guessed_at() {
        for cookies in [
            &["__Host-ringwall=a; __Host-ringwall=b"][..],
            &["__Host-ringwall=a", "__Host-ringwall=a"],
        ] {
            let headers: HeaderMap = cookies.iter().fold(HeaderMap::new(), |mut all, value| {
                all.append(http::header::COOKIE, HeaderValue::from_str(value).unwrap());
                all
            });

            assert_eq!(cookie(&headers), Some(Cookie::Several));
        }
    }

    #[test]
    fn a_cookie_of_another_name_is_none_of_ours() {
        for other in
            ["ringwall=a", "__host-ringwall=a", "__Host-ringwall2=a", "x=__Host-ringwall=a", ""]
        {
            assert_eq!(cookie(&headers(&[other])), None, "{other}");
        }
        assert_eq!(cookie(&headers(&["a=1; __Host-ringwall=b;c=2"])), Some(Cookie::Once("b")));
    }
}
