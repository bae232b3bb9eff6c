//! What a request holds out: an access token, an API key, both or neither.

use http::HeaderMap;
use kernel::Problem;
use oauth::{ApiKey, INVALID_TOKEN};

/// Credentials as they stand in the headers. Nothing is proven yet.
pub(super) struct Presented<'a> {
    pub(super) token: Option<(Scheme, &'a str)>,
    pub(super) key: Option<&'a str>,
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
        let key = match headers.contains_key(API_KEY) {
            true => Some(single(headers, API_KEY).ok_or_else(unsupported)?),
            false => None,
        };
        let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Self { token: None, key }) };
        let value = value.to_str().map_err(|_| unsupported())?;
        let (scheme, token) = value.split_once(' ').ok_or_else(unsupported)?;
        let token = token.trim_start_matches(' ');
        match scheme {
            _ if scheme.eq_ignore_ascii_case("dpop") => {
                Ok(Self { token: Some((Scheme::Dpop, token)), key })
            }
            _ if !scheme.eq_ignore_ascii_case("bearer") => Err(unsupported()),
            // No access token begins like an API key. Two keys are one too many.
            _ if ApiKey::is_alike(token) && key.is_some() => Err(unsupported()),
            _ if ApiKey::is_alike(token) => Ok(Self { token: None, key: Some(token) }),
            _ => Ok(Self { token: Some((Scheme::Bearer, token)), key }),
        }
    }
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
pub(super) const HEADERS: &[&str] = &[AUTHORIZATION, API_KEY, DPOP];
const AUTHORIZATION: &str = "authorization";
const API_KEY: &str = "x-api-key";
pub(super) const DPOP: &str = "dpop";
