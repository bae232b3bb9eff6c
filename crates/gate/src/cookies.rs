//! Cookies that a browser sends (RFC 6265 §5.4).

use http::HeaderMap;
use http::header::COOKIE;

/// Every value that is sent under a name. HTTP/2 may send cookies in several headers (RFC 9113
/// §8.2.3).
pub fn named<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).filter_map(move |pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}
