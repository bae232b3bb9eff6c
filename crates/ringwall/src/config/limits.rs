//! The section about limits: how often somebody may call, and where that is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gate::limits::{Mode, OnStoreError, Spec};
use kernel::Secret;
use serde::Deserialize;
use toml::Value;

use super::names::Network;
use super::numbers::{Count, Millis};
use super::origin::{Host, host_and_port};
use super::secret::{SecretError, SecretRef};
use super::words::{Word, list, optional, word};

/// How often somebody may call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Requests of one address without credentials, in any window.
    pub(crate) strangers_max: Count<1, 1_000_000_000>,
    /// Requests of one address whose credentials prove nothing, in any window.
    pub(crate) unproven_max: Count<1, 1_000_000_000>,
    /// The window of both.
    pub(crate) window_s: Count<1, 2_678_400>,
    /// Requests of one client a second.
    pub(crate) client_per_second: Count<1, 1_000_000>,
    /// After so many at once.
    pub(crate) client_burst: Count<1, 1_000_000_000>,
    /// Requests of one tenant a second.
    pub(crate) tenant_per_second: Count<1, 1_000_000>,
    /// After so many at once.
    pub(crate) tenant_burst: Count<1, 1_000_000_000>,
    /// Requests of one tenant at work at once.
    pub(crate) tenant_concurrency_max: Count<1, 100_000>,
    /// From where requests are not counted by address.
    #[serde(deserialize_with = "list")]
    pub(crate) exempt: Vec<Network>,
    /// Further limits.
    pub(crate) rules: Vec<LimitRule>,
    /// Where requests are counted.
    #[serde(deserialize_with = "word")]
    pub(crate) store: LimitStore,
    /// The authorities that its certificate is believed from; the system's where none.
    #[serde(deserialize_with = "optional")]
    pub(crate) store_ca_file: Option<PathBuf>,
    /// How long a request may wait for the store in all.
    pub(crate) store_timeout_ms: Millis<1, 10_000>,
    /// Where the limits of this section are counted, when nodes share a store.
    pub(crate) mode: Mode,
    /// How often limits in mode `async` are exchanged with the store.
    pub(crate) exchange_ms: Millis<50, 1000>,
    /// How many nodes share the limits.
    pub(crate) nodes: Count<1, 10_000>,
    /// What the limits of this section do while the store is away.
    pub(crate) on_store_error: OnStoreError,
    /// Keys that this node can count at once.
    pub(crate) keys_max: Count<1024, 100_000_000>,
}

/// A further limit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Value>")]
pub(crate) struct LimitRule {
    /// For one operation, by its operationId or its method and path; for all where it names none.
    pub(crate) operation: Option<String>,
    /// What it allows.
    pub(crate) spec: Spec,
}

impl TryFrom<BTreeMap<String, Value>> for LimitRule {
    type Error = String;

    fn try_from(mut written: BTreeMap<String, Value>) -> Result<Self, String> {
        let operation = match written.remove("operation") {
            None => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err("expected `operation` to be a text".to_owned()),
        };
        let spec = Value::Table(written.into_iter().collect()).try_into::<Spec>();
        let spec = spec.map_err(|error| error.message().to_owned())?;
        spec.meant().map_err(|error| error.to_string())?;
        Ok(Self { operation, spec })
    }
}

/// Where requests are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LimitStore {
    /// On this node.
    Local,
    /// The URL of a Redis is a secret, kept elsewhere.
    Reference(SecretRef),
    /// A Redis without a password.
    Plain(String),
    /// A table of DynamoDB; its credentials are where the environment keeps them.
    Dynamodb {
        /// Where it is.
        region: String,
        /// Its name.
        table: String,
    },
}

/// A store that nodes share.
pub(crate) enum Resolved {
    /// The URL of a Redis.
    Redis(Secret<String>),
    /// A table of DynamoDB.
    Dynamodb {
        /// Where it is.
        region: String,
        /// Its name.
        table: String,
    },
}

impl LimitStore {
    /// The store that nodes share, or nothing for this node.
    ///
    /// # Errors
    /// When a reference leads to no secret.
    pub(crate) fn resolve(&self) -> Result<Option<Resolved>, SecretError> {
        match self {
            Self::Local => Ok(None),
            Self::Reference(reference) => reference.resolve().map(Resolved::Redis).map(Some),
            Self::Plain(url) => Ok(Some(Resolved::Redis(Secret::new(url.clone())))),
            Self::Dynamodb { region, table } => {
                Ok(Some(Resolved::Dynamodb { region: region.clone(), table: table.clone() }))
            }
        }
    }

    /// `region/table`, by the characters that either may have.
    fn dynamodb(rest: &str) -> Option<Self> {
        let (region, table) = rest.split_once('/')?;
        let is_region =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_table = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=63).contains(&region.len())
            && region.bytes().all(is_region)
            && (3..=255).contains(&table.len())
            && table.bytes().all(is_table);
        fits.then(|| Self::Dynamodb { region: region.to_owned(), table: table.to_owned() })
    }
}

impl Word for LimitStore {
    const EXPECTED: &'static str = "one of: empty to count on this node; `env:NAME` or \
                                    `file:/path` that holds the URL of a Redis; without a \
                                    password `rediss://host:port/database` (TLS), or `redis://` \
                                    on this machine; `dynamodb://region/table`";
    const SECRET: bool = true;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Local);
        }
        if let Some(reference) = SecretRef::parse(text) {
            return Some(Self::Reference(reference));
        }
        if let Some(rest) = text.strip_prefix("dynamodb://") {
            return Self::dynamodb(rest);
        }
        let (rest, is_tls) = match text.strip_prefix("rediss://") {
            Some(rest) => (rest, true),
            None => (text.strip_prefix("redis://")?, false),
        };
        let (authority, database) = rest.split_once('/').unwrap_or((rest, "0"));
        let (host, _) = host_and_port(authority)?;
        let is_plain = (is_tls || is_here(&host))
            && !database.is_empty()
            && database.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| Self::Plain(text.to_owned()))
    }
}

/// This machine, where nobody is in between.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_password_is_refused() {
        for text in [
            "redis://:hunter2@cache:6379/0",
            "redis://app:hunter2@cache/0",
            "redis://cache/hunter2",
            "redis://cache:6379/0?password=hunter2",
            "redis://",
            "redis://cache:6379/0",
            "redis://192.0.2.1",
            "rediss://:hunter2@cache/0",
            "rediss://cache/0#insecure",
            "http://cache:6379/0",
            "cache:6379",
            "dynamodb://limits",
            "dynamodb://eu-central-1/li",
            "dynamodb://key:secret@eu-central-1/limits",
            "dynamodb://eu-central-1/limits?x=1",
        ] {
            assert_eq!(LimitStore::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_redis_without_a_password_may_stand_in_plain_sight() {
        for text in [
            "redis://localhost:6379/0",
            "redis://127.0.0.1:6379",
            "redis://[::1]:6379/12",
            "rediss://cache:6379/0",
        ] {
            assert_eq!(LimitStore::parse(text), Some(LimitStore::Plain(text.to_owned())), "{text}");
        }
        assert_eq!(LimitStore::parse(""), Some(LimitStore::Local));
        let table = LimitStore::Dynamodb { region: "eu-central-1".into(), table: "limits".into() };
        assert_eq!(LimitStore::parse("dynamodb://eu-central-1/limits"), Some(table));
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_told() {
        let read = |text: &str| toml::from_str::<LimitRule>(text).map_err(|e| e.to_string());
        assert!(read("name = 'a'\nby = ['client']\nmax = 5\nwindow_s = 60").is_ok());
        assert!(read("name = 'a'\nby = ['client', 'operation']\nat_once = 2").is_ok());
        for (text, part) in [
            ("name = 'a'\nby = ['client']\nmax = 5", "expected `max` with `window_s`"),
            ("name = 'a'\nby = ['galaxy']\nmax = 5\nwindow_s = 60", "galaxy"),
            ("name = 'a'\nby = []\nmax = 5\nwindow_s = 60", "at least one of"),
            ("name = 'a'\nby = ['client']\nmax = 5\nwindow_s = 60\nwibble = 1", "wibble"),
            (
                "name = 'a'\nby = ['client']\nmax = 5\nper = 'day'\nmode = 'async'",
                "never let in beyond its number",
            ),
            ("name = 'a'\nby = ['client']\nmax = 5\nwindow_s = 60\nmode = 'lazy'", "lazy"),
            ("name = 'A b'\nby = ['client']\nmax = 5\nwindow_s = 60", "lower-case"),
            ("name = 'a'\nby = ['client']\nat_once = 0", "expected 1 to 100000 at once"),
            ("name = 'a'\nby = ['client']\nat_once = 5\nmax = 5", "or `at_once` alone"),
            ("name = 'a'\nby = ['client']\nat_once = 5\nmode = 'sync'", "each node counts"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
