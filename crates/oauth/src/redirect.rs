//! Where people are sent back to: redirection URIs as they are registered, and the one exception to
//! comparing them character by character.

/// A registered redirection URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why a redirection URI is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Not an absolute URI of visible ASCII characters, or longer than [`URI_BYTES_MAX`].
    #[error("expected an absolute URI of at most {URI_BYTES_MAX} visible ASCII characters")]
    Form,
    /// It has a fragment, which the answer cannot be put behind (RFC 6749 §3.1.2).
    #[error("a redirection URI has no fragment")]
    Fragment,
    /// Whoever reads it could take a name before an `@` for the host.
    #[error("a redirection URI has no user name in it")]
    User,
    /// What looks like a pattern is compared as text here, which is not what was meant.
    #[error("a redirection URI is no pattern: register each one")]
    Pattern,
    /// Plain HTTP (RFC 9700 §2.6).
    #[error("expected `https`; `http` is for native applications on `127.0.0.1` or `[::1]` only")]
    Plain,
    /// A scheme of its own that is no name in reverse, or not of a native application.
    #[error("expected `https`, or for a native application a scheme such as `com.example.app`")]
    Scheme,
}

impl RedirectUri {
    /// A redirection URI to register. One over plain HTTP, or of a scheme of its own, is for an
    /// application on the person's own device (RFC 8252 §7).
    ///
    /// # Errors
    /// When no browser should be sent there.
    pub fn register(text: &str, is_native: bool) -> Result<Self, RedirectError> {
        let is_visible = text.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && !is_odd(byte));
        if text.is_empty() || text.len() > URI_BYTES_MAX || !is_visible {
            return Err(RedirectError::Form);
        }
        if text.contains('#') {
            return Err(RedirectError::Fragment);
        }
        if text.contains('*') {
            return Err(RedirectError::Pattern);
        }
        let (scheme, rest) = text.split_once(':').ok_or(RedirectError::Form)?;
        let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?']).next());
        if authority.flatten().is_some_and(|authority| authority.contains('@')) {
            return Err(RedirectError::User);
        }
        match scheme {
            "https" if authority.flatten().is_some_and(is_host) => {}
            "https" => return Err(RedirectError::Form),
            "http" if is_native && loopback(text).is_some() => {}
            "http" => return Err(RedirectError::Plain),
            // RFC 8252 §7.1: a name that the application's maker has, in reverse. It has a dot,
            // which no scheme that browsers act upon (`javascript`, `data`) has.
            own if is_native && is_reverse_name(own) => {}
            _ => return Err(RedirectError::Scheme),
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was registered before.
    #[must_use]
    pub fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether a request names this one: character by character, but for the port of an address of
    /// the person's own device, which the application learns when it starts (RFC 8252 §7.3).
    #[must_use]
    pub fn is(&self, asked: &str) -> bool {
        self.0 == asked
            || matches!((loopback(&self.0), loopback(asked)), (Some(own), Some(it)) if own == it)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An origin, or a scheme, that a page's policy can name as the target of its form. Of an address
/// that such a policy has no word for (`[::1]`), the scheme.
#[must_use]
pub fn form_target(uri: &str) -> String {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    match authority.filter(|authority| is_host(authority)) {
        Some(authority) if matches!(scheme, "https" | "http") => format!("{scheme}://{authority}"),
        _ => format!("{scheme}:"),
    }
}

/// Host and what follows the port of an `http` URI on the person's own device. By address: what
/// `localhost` is, a resolver decides (RFC 8252 §8.3).
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = LOOPBACK.iter().find(|host| rest.starts_with(**host))?;
    let rest = rest.get(host.len()..)?;
    let (port, rest) = match rest.strip_prefix(':') {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("80", rest),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_end = rest.is_empty() || rest.starts_with(['/', '?']);
    (is_port && is_end).then_some((host, rest))
}

/// A name or address with or without a port, as a page's policy can write it.
fn is_host(authority: &str) -> bool {
    let (name, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    is_name && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_reverse_name(scheme: &str) -> bool {
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
}

/// Characters that stand in no URI (RFC 3986 §2), or end a header's or an attribute's value.
const fn is_odd(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// The longest redirection URI.
pub const URI_BYTES_MAX: usize = 512;
const LOOPBACK: [&str; 2] = ["127.0.0.1", "[::1]"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_native_applications_on_their_own_device_only() {
        for (text, error) in [
            ("http://app.example/cb", RedirectError::Plain),
            ("http://localhost/cb", RedirectError::Plain),
            ("http://127.0.0.1.evil.example/cb", RedirectError::Plain),
            ("http://127.0.0.1:x/cb", RedirectError::Plain),
            ("http://127.0.0.1:0/cb", RedirectError::Plain),
            ("http://127.0.0.1:+80/cb", RedirectError::Plain),
        ] {
            for is_native in [false, true] {
                assert_eq!(RedirectUri::register(text, is_native), Err(error), "{text}");
            }
        }
        for text in ["http://127.0.0.1/cb", "http://[::1]:8000/cb"] {
            assert_eq!(RedirectUri::register(text, false), Err(RedirectError::Plain), "{text}");
            assert!(RedirectUri::register(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_no_browser_should_be_sent_to_is_not_registered() {
        let long = format!("https://a.example/{}", "a".repeat(URI_BYTES_MAX));
        for (text, error) in [
            ("", RedirectError::Form),
            ("/cb", RedirectError::Form),
            ("https:///cb", RedirectError::Form),
            ("https:cb", RedirectError::Form),
            ("https://[::1]/cb", RedirectError::Form),
            ("https://a.example/c b", RedirectError::Form),
            ("https://a.example/c\r\nb", RedirectError::Form),
            ("https://a.example/\"", RedirectError::Form),
            ("https://a.example/é", RedirectError::Form),
            (&long, RedirectError::Form),
            ("https://a.example/cb#x", RedirectError::Fragment),
            ("https://a.example@evil.example/cb", RedirectError::User),
            ("https://*.a.example/cb", RedirectError::Pattern),
            ("javascript:alert(1)", RedirectError::Scheme),
            ("data:text/html,x", RedirectError::Scheme),
            ("HTTPS://a.example/cb", RedirectError::Scheme),
            ("myapp:/cb", RedirectError::Scheme),
        ] {
            assert_eq!(RedirectUri::register(text, true), Err(error), "{text}");
        }
        let own = "com.example.app:/cb";
        assert_eq!(RedirectUri::register(own, false), Err(RedirectError::Scheme));
        assert!(RedirectUri::register(own, true).is_ok());
        assert!(RedirectUri::register("https://a.example:8443/cb?x=1", false).is_ok());
    }

    #[test]
    fn every_character_counts_but_the_port_of_the_own_device() {
        let web = RedirectUri::known("https://a.example/cb");
        for other in [
            "https://a.example/cb/",
            "https://a.example/CB",
            "https://a.example/cb?x",
            "https://a.example:443/cb",
            "https://A.example/cb",
            "https://a.example/%63b",
            "http://a.example/cb",
            "https://a.example/cb#",
            "",
        ] {
            assert!(!web.is(other), "{other}");
        }
        assert!(web.is("https://a.example/cb"));
        let native = RedirectUri::known("http://127.0.0.1/cb");
        for other in [
            "http://127.0.0.1:51004/cb/x",
            "http://[::1]:51004/cb",
            "http://localhost:51004/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1:/cb",
            "https://127.0.0.1:51004/cb",
        ] {
            assert!(!native.is(other), "{other}");
        }
        assert!(native.is("http://127.0.0.1:51004/cb") && native.is("http://127.0.0.1/cb"));
    }

    #[test]
    fn a_policy_names_the_origin_or_else_the_scheme() {
        for (uri, target) in [
            ("https://a.example/cb?x=1", "https://a.example"),
            ("http://127.0.0.1:5000/cb", "http://127.0.0.1:5000"),
            ("http://[::1]:5000/cb", "http:"),
            ("com.example.app:/cb", "com.example.app:"),
        ] {
            assert_eq!(form_target(uri), target);
        }
    }
}
