//! Keys of those who are counted, which say nothing to those who read a store.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use throttle::{Rule, Subject, prefix};

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

/// The keys of one request: all under the anchor of the tenant, or of the address where there is no
/// tenant.
pub(crate) struct Keys<'a> {
    pepper: &'a Pepper,
    who: &'a Subject<'a>,
    address: String,
    anchor: String,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(pepper: &'a Pepper, who: &'a Subject<'a>) -> Self {
        let address = address(who);
        let anchor = pepper.hidden(who.tenant.unwrap_or(&address));
        Self { pepper, who, address, anchor }
    }

    pub(crate) fn of(&self, rule: &Rule) -> Key {
        let name = self.pepper.hidden(&parts(rule, self.who, &self.address));
        Key { anchor: self.anchor.clone(), name }
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
