//! Keys of those who are counted, which say nothing to those who read a store.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use throttle::{By, Rule, Subject, prefix};

use crate::store::Key;

/// What hides them: the same on all nodes, and not in any store.
pub(crate) struct Pepper(hmac::Key);

impl Pepper {
    pub(crate) fn new(pepper: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, pepper))
    }

    /// Where one rule counts somebody, where nothing keeps keys together.
    pub(crate) fn account(&self, rule: &Rule, who: &Subject<'_>) -> [u8; 16] {
        self.digest(&parts(rule, who, &address(who)))
    }

    fn hidden(&self, text: &str) -> String {
        HEXLOWER.encode(&self.digest(text))
    }

    fn digest(&self, text: &str) -> [u8; 16] {
        let tag = hmac::sign(&self.0, text.as_bytes());
        // INVARIANT: a tag of HMAC-SHA-256 has 32 bytes.
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// The keys of one request.
pub(crate) struct Keys<'a> {
    pepper: &'a Pepper,
    who: &'a Subject<'a>,
    address: String,
}

/// What the keys of a rule are kept together by, in a cluster.
///
/// INVARIANT: it follows from what the rule counts. Two requests that a rule counts together have
/// one anchor, whoever else they differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Anchor<'a> {
    /// The tenant: a client, a key and a person belong to one, so that most requests ask for one
    /// anchor only.
    Tenant(&'a str),
    /// The client or key of nobody's.
    Caller(&'a str),
    /// The address.
    Address,
    /// The operation.
    Operation,
}

impl<'a> Anchor<'a> {
    pub(crate) fn of(by: By, who: &Subject<'a>) -> Self {
        let caller = match (by.client, by.api_key) {
            (true, _) => who.client,
            (false, true) => who.api_key,
            (false, false) => None,
        };
        match (caller, who.tenant) {
            (Some(_), Some(tenant)) => Self::Tenant(tenant),
            (None, Some(tenant)) if by.tenant => Self::Tenant(tenant),
            (Some(caller), None) => Self::Caller(caller),
            _ if by.address => Self::Address,
            _ => Self::Operation,
        }
    }
}

impl<'a> Keys<'a> {
    pub(crate) fn new(pepper: &'a Pepper, who: &'a Subject<'a>) -> Self {
        Self { pepper, who, address: address(who) }
    }

    pub(crate) fn of(&self, rule: &Rule) -> Key {
        let anchor = match Anchor::of(rule.by(), self.who) {
            Anchor::Tenant(text) | Anchor::Caller(text) => text,
            Anchor::Address => &self.address,
            Anchor::Operation => self.who.operation.unwrap_or_default(),
        };
        let name = self.pepper.hidden(&parts(rule, self.who, &self.address));
        Key { anchor: self.pepper.hidden(anchor), name }
    }
}

fn address(who: &Subject<'_>) -> String {
    who.address.map(|address| prefix(address).to_string()).unwrap_or_default()
}

fn parts(rule: &Rule, who: &Subject<'_>, address: &str) -> String {
    let by = rule.by();
    let texts = [
        (by.address, address),
        (by.client, who.client.unwrap_or_default()),
        (by.api_key, who.api_key.unwrap_or_default()),
        (by.tenant, who.tenant.unwrap_or_default()),
        (by.operation, who.operation.unwrap_or_default()),
    ];
    let mut parts = format!("{:016x}", rule.salt());
    for (counts, text) in texts {
        parts.push('\n');
        parts.push_str(if counts { text } else { "" });
    }
    parts
}
