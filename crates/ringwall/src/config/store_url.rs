//! Where the database is. A password never stands here, only a reference to it.

use kernel::Secret;

use super::origin::host_and_port;
use super::secret::{SecretError, SecretRef};
use super::words::Word;

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// An SQLite file in the data directory.
    Embedded,
    /// The URL is a secret, kept elsewhere.
    Reference(SecretRef),
    /// A PostgreSQL URL without a password.
    Plain(String),
}

impl StoreUrl {
    /// The URL, or `None` for the embedded database. What a reference leads to is not checked.
    ///
    /// # Errors
    /// When a reference leads to no secret.
    pub(crate) fn resolve(&self) -> Result<Option<Secret<String>>, SecretError> {
        match self {
            Self::Embedded => Ok(None),
            Self::Reference(reference) => reference.resolve().map(Some),
            Self::Plain(url) => Ok(Some(Secret::new(url.clone()))),
        }
    }
}

impl Word for StoreUrl {
    const EXPECTED: &'static str = "one of: empty for SQLite in the data directory; `env:NAME` or \
                                    `file:/path` that holds a PostgreSQL URL; \
                                    `postgres://user@host/database` without a password";
    const SECRET: bool = true;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Embedded);
        }
        if let Some(reference) = SecretRef::parse(text) {
            return Some(Self::Reference(reference));
        }
        let rest = text.strip_prefix("postgres://").or(text.strip_prefix("postgresql://"))?;
        is_plain(rest).then(|| Self::Plain(text.to_owned()))
    }
}

/// Whether it is `[user@]host[:port]/database[?options]` with nothing that could be a password.
///
/// Strict rather than complete: an unescaped `/` or `@` of a password must not hide it.
fn is_plain(rest: &str) -> bool {
    let (before, options) = rest.split_once('?').unwrap_or((rest, ""));
    let Some((authority, database)) = before.split_once('/') else { return false };
    let (user, host) = authority.split_once('@').unwrap_or(("", authority));
    let is_name =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.%".contains(&b));
    let is_option = |option: &str| {
        option.split_once('=').is_some_and(|(key, value)| {
            PLAIN_OPTIONS.contains(&key) && is_name(&value.replace('/', "."))
        })
    };
    is_name(user)
        && (host.is_empty() || host_and_port(host).is_some())
        && is_name(database)
        && !database.is_empty()
        && (options.is_empty() || options.split('&').all(is_option))
}

/// Options that are known to hold no secret.
const PLAIN_OPTIONS: [&str; 8] =
    ["application_name", "host", "options", "port", "sslcert", "sslkey", "sslmode", "sslrootcert"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_password_is_refused() {
        for text in [
            "postgres://app:hunter2@db/ringwall",
            "postgres://app:@db/ringwall",
            "postgres://app:hunt/er2@db/ringwall",
            "postgres://app:hunt@er2@db/ringwall",
            "postgres://app:5432/hunter2@db/ringwall",
            "postgres://app@db/ringwall?password=hunter2",
            "postgres://app@db/ringwall?sslmode=require&sslpassword=hunter2",
            "postgres://app@db/ringwall#hunter2",
            "postgres://db",
            "mysql://db/ringwall",
            "sqlite://ringwall.sqlite",
            "hunter2",
        ] {
            assert_eq!(StoreUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_url_without_a_password_may_stand_in_plain_sight() {
        for text in [
            "postgres://db/ringwall",
            "postgresql://app@db.internal:5433/ringwall",
            "postgres://app@db/ringwall?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://[::1]:5432/ringwall",
            "postgres:///ringwall?host=/run/postgresql",
        ] {
            assert_eq!(StoreUrl::parse(text), Some(StoreUrl::Plain(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn an_empty_url_is_the_embedded_database() {
        assert_eq!(StoreUrl::parse(""), Some(StoreUrl::Embedded));
        assert!(StoreUrl::Embedded.resolve().unwrap().is_none());
    }
}
