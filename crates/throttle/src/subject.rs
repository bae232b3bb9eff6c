//! Who is counted.

use std::net::{IpAddr, Ipv6Addr};

use siphasher::sip::SipHasher13;

use crate::rule::Rule;

/// What a rule tells callers apart by; all that is named, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct By {
    /// The address: IPv4 whole, IPv6 by its first 64 bits.
    pub address: bool,
    /// The client id of a partner.
    pub client: bool,
    /// One of a client's API keys.
    pub api_key: bool,
    /// The tenant.
    pub tenant: bool,
    /// The operation.
    pub operation: bool,
}

/// What is known of a caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// From where.
    pub address: Option<IpAddr>,
    /// The proven client.
    pub client: Option<&'a str>,
    /// The API key that proved the client.
    pub api_key: Option<&'a str>,
    /// The proven tenant.
    pub tenant: Option<&'a str>,
    /// The operation.
    pub operation: Option<&'a str>,
}

impl By {
    /// By address.
    pub const ADDRESS: Self = Self { address: true, ..Self::NOBODY };
    /// By client.
    pub const CLIENT: Self = Self { client: true, ..Self::NOBODY };
    /// By API key.
    pub const API_KEY: Self = Self { api_key: true, ..Self::NOBODY };
    /// By tenant.
    pub const TENANT: Self = Self { tenant: true, ..Self::NOBODY };
    const NOBODY: Self =
        Self { address: false, client: false, api_key: false, tenant: false, operation: false };

    /// And by operation.
    #[must_use]
    pub const fn and_operation(self) -> Self {
        Self { operation: true, ..self }
    }
}

impl Subject<'_> {
    /// Whether all is known that a rule tells callers apart by; otherwise the rule does not apply.
    #[must_use]
    pub const fn knows(&self, by: By) -> bool {
        (!by.address || self.address.is_some())
            && (!by.client || self.client.is_some())
            && (!by.api_key || self.api_key.is_some())
            && (!by.tenant || self.tenant.is_some())
            && (!by.operation || self.operation.is_some())
    }
}

/// Keyed hashes of what is known of a caller, each computed once for all rules of a request.
pub(crate) struct Digests<'a> {
    hasher: &'a SipHasher13,
    who: &'a Subject<'a>,
    address: Option<u64>,
    client: Option<u64>,
    api_key: Option<u64>,
    tenant: Option<u64>,
    operation: Option<u64>,
}

impl<'a> Digests<'a> {
    pub(crate) const fn new(hasher: &'a SipHasher13, who: &'a Subject<'a>) -> Self {
        let none = None;
        Self {
            hasher,
            who,
            address: none,
            client: none,
            api_key: none,
            tenant: none,
            operation: none,
        }
    }

    /// What tells the cell of a rule and a caller from all others; nothing where the rule does not
    /// apply.
    ///
    /// The digests are `SipHash-1-3` under a key that nobody knows, so no caller can find two
    /// values that meet; mixing them is cheap, because there is nothing left to hide. Each step is
    /// one to one in both: of two callers that differ, one must meet a digest by chance, 1 in
    /// 2^64.
    pub(crate) fn of(&mut self, rule: &Rule) -> Option<u64> {
        self.mixed(rule.by(), rule.salt())
    }

    /// The same, of a rule that counts for these and is told from others by this salt.
    pub(crate) fn mixed(&mut self, by: By, salt: u64) -> Option<u64> {
        let (who, hasher) = (self.who, self.hasher);
        let text = |text: Option<&str>| text.map(|text| hasher.hash(text.as_bytes()));
        let mut mixed = salt;
        if by.address {
            let address = || who.address.map(|address| hasher.hash(&bits(address).to_le_bytes()));
            mixed = mix(mixed, once(&mut self.address, address)?);
        }
        if by.client {
            mixed = mix(mixed, once(&mut self.client, || text(who.client))?);
        }
        if by.api_key {
            mixed = mix(mixed, once(&mut self.api_key, || text(who.api_key))?);
        }
        if by.tenant {
            mixed = mix(mixed, once(&mut self.tenant, || text(who.tenant))?);
        }
        if by.operation {
            mixed = mix(mixed, once(&mut self.operation, || text(who.operation))?);
        }
        Some(mixed)
    }
}

fn once(known: &mut Option<u64>, digest: impl FnOnce() -> Option<u64>) -> Option<u64> {
    if known.is_none() {
        *known = digest();
    }
    *known
}

fn mix(one: u64, other: u64) -> u64 {
    let mixed = (one ^ other).wrapping_mul(ODD);
    mixed ^ (mixed >> 32)
}

/// Of the golden ratio: no pattern of its own.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The address that is counted: IPv4 whole, IPv6 by /64, which one subscriber has at least. An
/// IPv4 address that is written as IPv6 is the IPv4 address.
#[must_use]
pub fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// IPv6 networks begin at `2000::/3`, so that no /64 looks like an IPv4 address.
fn bits(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()) | IPV4_MARK,
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(0),
    }
}

const IPV4_MARK: u64 = 0xff00_0000_0000_0000 | 0x0000_ffff_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_counted_by_its_first_64_bits() {
        let one: IpAddr = "2001:db8:1:2:aaaa::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:bbbb::2".parse().unwrap();
        let neighbour: IpAddr = "2001:db8:1:3::1".parse().unwrap();

        assert_eq!((prefix(one), bits(one)), (prefix(other), bits(other)));
        assert_ne!(bits(one), bits(neighbour));
        assert_eq!(prefix(one).to_string(), "2001:db8:1:2::");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_is_the_ipv4_address() {
        let plain: IpAddr = "192.0.2.1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();

        assert_eq!((prefix(plain), bits(plain)), (prefix(mapped), bits(mapped)));
    }

    #[test]
    fn a_rule_by_client_does_not_apply_to_nobody() {
        assert!(!Subject::default().knows(By::CLIENT));
    }
}
