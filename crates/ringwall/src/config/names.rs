//! Addresses, networks, paths, and names of things.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::words::Word;

/// An address or network: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// First address; the bits after the prefix are zero.
    pub(crate) address: IpAddr,
    /// How many leading bits count.
    pub(crate) prefix: u8,
}

/// Which diagnostics to print, known to be readable by the subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AccessLog {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Nowhere.
    Off,
    /// A file, appended to.
    File(PathBuf),
}

impl LogFilter {
    /// The filter.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for SocketAddr {
    const EXPECTED: &'static str = "an address and port such as `127.0.0.1:8443` or `[::]:8443`";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Word for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=4096).contains(&text.len()) && !text.contains(char::is_control);
        fits.then(|| Self::from(text))
    }
}

impl Word for Network {
    const EXPECTED: &'static str =
        "an address, or a network without host bits such as `10.0.0.0/8` or `2001:db8::/32`";

    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix)),
            None => (text.parse().ok()?, None),
        };
        let (bits, width) = match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let prefix: u8 = prefix.map_or(Some(width), |prefix| prefix.parse().ok())?;
        let host_bits = bits.checked_shl(prefix.into()).unwrap_or(0);
        (prefix <= width && host_bits == 0).then_some(Self { address, prefix })
    }
}

impl Word for LogFilter {
    const EXPECTED: &'static str = "a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), \
                                    or levels by module such as `info,gate=debug`";

    fn parse(text: &str) -> Option<Self> {
        // A bare word that is no level would be read as a module's name, and silence the rest.
        let first = text.split(',').next().unwrap_or_default();
        let fits = (LEVELS.contains(&first) || first.contains('='))
            && tracing_subscriber::EnvFilter::try_new(text).is_ok();
        fits.then(|| Self(text.to_owned()))
    }
}

impl Word for AccessLog {
    const EXPECTED: &'static str = "`stdout`, `stderr`, `off`, or a file's path with a `/` in it";

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            "off" => Self::Off,
            path if path.contains('/') => Self::File(PathBuf::parse(path)?),
            _ => return None,
        })
    }
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_with_host_bits_is_refused() {
        for text in ["10.0.0.1/8", "10.0.0.0/33", "::1/64", "::/129", "10.0.0.0/", "10/8", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        for (text, prefix) in
            [("10.0.0.0/8", 8), ("0.0.0.0/0", 0), ("192.0.2.7", 32), ("::/0", 0), ("::1", 128)]
        {
            assert_eq!(Network::parse(text).map(|network| network.prefix), Some(prefix), "{text}");
        }
    }

    #[test]
    fn a_misspelt_level_is_refused() {
        for text in ["", "inof", "info,gate=debugg", "verbose"] {
            assert_eq!(LogFilter::parse(text), None, "{text}");
        }
        for text in ["info", "off", "info,gate=debug", "gate=trace"] {
            assert!(LogFilter::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_access_log_is_not_taken_for_a_file() {
        assert_eq!(AccessLog::parse("stdot"), None);
        assert_eq!(AccessLog::parse("./a.log"), Some(AccessLog::File("./a.log".into())));
    }

    #[test]
    fn a_path_with_control_characters_is_refused() {
        assert_eq!(PathBuf::parse("key\nmaterial"), None);
        assert_eq!(PathBuf::parse(""), None);
    }
}
