//! The section about addresses: who may come from where.

use std::path::PathBuf;

use kernel::TenantId;
use serde::Deserialize;

use super::names::Network;
use super::numbers::Seconds;
use super::words::{Word, list, optional, word};

/// Lists for the whole edge, and rules for parts of the traffic.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Addresses {
    /// Who is let in; empty: everybody.
    #[serde(deserialize_with = "list")]
    pub(crate) allow: Vec<Network>,
    /// More of them, in files.
    #[serde(deserialize_with = "list")]
    pub(crate) allow_files: Vec<PathBuf>,
    /// Who is kept out.
    #[serde(deserialize_with = "list")]
    pub(crate) deny: Vec<Network>,
    /// More of them, in files.
    #[serde(deserialize_with = "list")]
    pub(crate) deny_files: Vec<PathBuf>,
    /// Lists for tenants, clients and operations.
    pub(crate) rules: Vec<AddressRule>,
    /// How often the files are looked at for a change.
    pub(crate) reload_s: Seconds<1, 3600>,
}

/// Lists for a part of the traffic.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct AddressRule {
    pub(crate) name: String,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) client: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) allow: Vec<Network>,
    pub(crate) allow_files: Vec<PathBuf>,
    pub(crate) deny: Vec<Network>,
    pub(crate) deny_files: Vec<PathBuf>,
}

/// A rule as it is written; it may still name nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "word")]
    name: RuleName,
    #[serde(default, deserialize_with = "optional")]
    tenant: Option<TenantId>,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default, deserialize_with = "list")]
    allow: Vec<Network>,
    #[serde(default, deserialize_with = "list")]
    allow_files: Vec<PathBuf>,
    #[serde(default, deserialize_with = "list")]
    deny: Vec<Network>,
    #[serde(default, deserialize_with = "list")]
    deny_files: Vec<PathBuf>,
}

struct RuleName(String);

impl TryFrom<Written> for AddressRule {
    type Error = &'static str;

    fn try_from(rule: Written) -> Result<Self, Self::Error> {
        if rule.tenant.is_none() && rule.client.is_none() && rule.operation.is_none() {
            return Err(
                "expected a `tenant`, a `client` or an `operation`; lists for every request \
                        stand in `addresses` itself",
            );
        }
        let is_empty = rule.allow.is_empty() && rule.deny.is_empty();
        if is_empty && rule.allow_files.is_empty() && rule.deny_files.is_empty() {
            return Err("expected networks: `allow`, `allow_files`, `deny` or `deny_files`");
        }
        Ok(Self {
            name: rule.name.0,
            tenant: rule.tenant,
            client: rule.client,
            operation: rule.operation,
            allow: rule.allow,
            allow_files: rule.allow_files,
            deny: rule.deny,
            deny_files: rule.deny_files,
        })
    }
}

impl Word for RuleName {
    const EXPECTED: &'static str = "a name of 1 to 64 letters, digits, `-`, `_` and `.`";

    fn parse(text: &str) -> Option<Self> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_fit);
        fits.then(|| Self(text.to_owned()))
    }
}

impl Word for TenantId {
    const EXPECTED: &'static str = "the id of a tenant, `ten_` and 26 characters";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}
