//! Sets of addresses and networks in a prefix trie: `@ipMatch`, `@ipMatchFromFile`, and the gate's
//! allow and deny lists.
//!
//! The trie is compressed: a node for each network, at most one more for each fork, 32 bytes each,
//! and a look-up walks at most as many nodes as the address has bits.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// An address range written as a prefix, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// What is wrong with a list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected an address or a network such as `10.0.0.0/8`, found `{found}`")]
pub struct AddressError {
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
}

/// Networks, with a fast answer to whether an address is in one.
#[derive(Debug, Clone, Default)]
pub struct AddressSet {
    v4: Trie,
    v6: Trie,
    count: usize,
}

impl Network {
    /// Reads an address or a prefix. Bits behind the prefix are dropped; an IPv4 address mapped
    /// into IPv6 is the IPv4 address (RFC 4291 §2.5.5.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            // `u8` would take `+8`.
            Some(bits) if bits.bytes().all(|digit| digit.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (bits <= width).then(|| Self::new(address, bits))
    }

    /// The network of `bits` bits that `address` is in.
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Self {
        let (address, bits) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), mapped @ IpAddr::V4(_)) if bits >= 96 => (mapped, bits - 96),
            _ => (address, bits),
        };
        match address {
            IpAddr::V4(v4) => {
                let bits = bits.min(32);
                let masked =
                    u32::from(v4) & u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                Self { address: Ipv4Addr::from(masked).into(), bits }
            }
            IpAddr::V6(v6) => {
                let bits = bits.min(128);
                Self { address: Ipv6Addr::from(u128::from(v6) & mask(bits)).into(), bits }
            }
        }
    }

    fn key(self) -> (bool, u128) {
        key(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl AddressSet {
    /// Reads networks that are divided by commas, white space or lines; `#` begins a comment.
    ///
    /// # Errors
    /// The first word that is no network.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut set = Self::default();
        set.read(text)?;
        Ok(set)
    }

    /// Adds the networks of a text, as [`AddressSet::parse`] reads it.
    ///
    /// # Errors
    /// The first word that is no network; those before it are added.
    pub fn read(&mut self, text: &str) -> Result<(), AddressError> {
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            for word in line.split(|c: char| c == ',' || c.is_whitespace()) {
                if word.is_empty() {
                    continue;
                }
                let network = Network::parse(word)
                    .ok_or_else(|| AddressError { line: number + 1, found: word.to_owned() })?;
                self.insert(network);
            }
        }
        Ok(())
    }

    /// Adds a network.
    pub fn insert(&mut self, network: Network) {
        let (is_v4, key) = network.key();
        let trie = if is_v4 { &mut self.v4 } else { &mut self.v6 };
        trie.insert(key, network.bits);
        self.count += 1;
    }

    /// Whether an address is in one of the networks.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.find(address).is_some()
    }

    /// The widest network that holds the address.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<Network> {
        let address = address.to_canonical();
        let (is_v4, key) = key(address);
        let bits = if is_v4 { &self.v4 } else { &self.v6 }.find(key)?;
        Some(Network::new(address, bits))
    }

    /// How many networks were added.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no network was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Extend<Network> for AddressSet {
    fn extend<T: IntoIterator<Item = Network>>(&mut self, networks: T) {
        networks.into_iter().for_each(|network| self.insert(network));
    }
}

/// The bits of an address, the first one highest, and whether it is IPv4.
fn key(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (true, u128::from(u32::from(v4)) << 96),
        IpAddr::V6(v6) => (false, u128::from(v6)),
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

/// A binary trie with compressed paths. Nodes name their children by index; 0 is none, because
/// nobody's child is the root.
#[derive(Debug, Clone, Default)]
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The prefix; bits behind `bits` are zero.
    key: u128,
    bits: u8,
    /// Whether the prefix itself is in the set; then it has no children.
    is_member: bool,
    children: [u32; 2],
}

impl Trie {
    fn find(&self, key: u128) -> Option<u8> {
        let mut node = self.nodes.first()?;
        loop {
            if key & mask(node.bits) != node.key {
                return None;
            }
            if node.is_member {
                return Some(node.bits);
            }
            node = self.nodes.get(node.child(key)?)?;
        }
    }

    fn insert(&mut self, key: u128, bits: u8) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::member(key, bits));
            return;
        }
        let mut at = 0;
        while let Some(node) = self.nodes.get(at).copied() {
            let common = shared(node.key, key).min(node.bits).min(bits);
            if common < node.bits {
                return self.split(at, node, (key, bits), common);
            }
            if node.is_member {
                return;
            }
            if bits == node.bits {
                if let Some(slot) = self.nodes.get_mut(at) {
                    *slot = Node::member(key, bits);
                }
                return;
            }
            match node.child(key) {
                Some(child) => at = child,
                None => return self.hang(at, Node::member(key, bits), key),
            }
        }
    }

    /// Puts a shorter prefix in a node's place: the new network itself, or the fork above both.
    fn split(&mut self, at: usize, node: Node, (key, bits): (u128, u8), common: u8) {
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = Node::member(key & mask(common), common);
            slot.is_member = common == bits;
        }
        if common < bits {
            self.hang(at, node, node.key);
            self.hang(at, Node::member(key, bits), key);
        }
    }

    fn hang(&mut self, at: usize, child: Node, key: u128) {
        let Ok(index) = u32::try_from(self.nodes.len()) else { return };
        let Some(parent) = self.nodes.get_mut(at) else { return };
        let side = usize::from(bit(key, parent.bits));
        if let Some(slot) = parent.children.get_mut(side) {
            *slot = index;
            self.nodes.push(child);
        }
    }
}

impl Node {
    const fn member(key: u128, bits: u8) -> Self {
        Self { key, bits, is_member: true, children: [0, 0] }
    }

    fn child(&self, key: u128) -> Option<usize> {
        let index = *self.children.get(usize::from(bit(key, self.bits)))?;
        (index != 0).then_some(index as usize)
    }
}

/// How many leading bits are the same.
fn shared(one: u128, other: u128) -> u8 {
    u8::try_from((one ^ other).leading_zeros()).unwrap_or(128)
}

fn bit(key: u128, at: u8) -> bool {
    key.checked_shl(u32::from(at)).unwrap_or(0) >> 127 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_network_is_refused() {
        let words = ["x", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "::1/-1"];
        for word in words {
            let error = AddressSet::parse(&format!("10.0.0.1\n{word}")).unwrap_err();
            assert_eq!((error.line, error.found.as_str()), (2, word));
        }
    }

    #[test]
    fn an_empty_set_holds_nobody() {
        let set = AddressSet::parse("# nothing\n\n").unwrap();

        assert!(set.is_empty());
        assert!(!set.contains(IpAddr::from([0, 0, 0, 0])));
        assert!(!set.contains("::".parse().unwrap()));
    }

    #[test]
    fn addresses_are_found_by_prefix() {
        let set = AddressSet::parse(
            "127.0.0.1,::1 # this machine\n10.1.2.3/8\n2001:db8::/32, 192.168.4.0/22",
        )
        .unwrap();
        let found = |text: &str| set.find(text.parse().unwrap()).map(|net| net.to_string());

        assert_eq!(found("127.0.0.1").as_deref(), Some("127.0.0.1/32"));
        assert_eq!(found("127.0.0.2"), None);
        assert_eq!(found("10.255.0.1").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(found("::ffff:10.0.0.1").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(found("192.168.7.255").as_deref(), Some("192.168.4.0/22"));
        assert_eq!(found("192.168.8.0"), None);
        assert_eq!(found("2001:db8:ffff::").as_deref(), Some("2001:db8::/32"));
        assert_eq!(found("2001:db9::"), None);
        assert_eq!(found("::1").as_deref(), Some("::1/128"));
    }

    #[test]
    fn a_network_covers_those_that_came_before_it() {
        let set = AddressSet::parse("2001::/31 2001:2::/31 2001::/30").unwrap();
        let found = set.find("2001:2::1".parse().unwrap()).map(|net| net.to_string());

        assert_eq!(found.as_deref(), Some("2001::/30"));
    }

    #[test]
    fn everything_is_in_the_widest_network() {
        let set = AddressSet::parse("1.2.3.4 5.0.0.0/8 0.0.0.0/0").unwrap();

        assert!(set.contains(IpAddr::from([9, 9, 9, 9])));
        assert!(!set.contains("::9".parse().unwrap()));
    }

    /// Few distinct bits, so that prefixes nest and collide.
    fn networks() -> impl Strategy<Value = Vec<Network>> {
        let v4 = (any::<u8>(), 0u8..=32)
            .prop_map(|(low, bits)| Network::new(IpAddr::from([low & 3, 0, low >> 6, low]), bits));
        let v6 = (any::<u8>(), 0u8..=128).prop_map(|(low, bits)| {
            let words = [0x2001, u16::from(low & 3), 0, 0, 0, 0, 0, u16::from(low)];
            Network::new(IpAddr::from(words), bits)
        });
        prop::collection::vec(prop_oneof![v4, v6], 0..40)
    }

    fn covers(network: Network, address: IpAddr) -> bool {
        network.address.is_ipv4() == address.is_ipv4()
            && Network::new(address, network.bits) == network
    }

    proptest! {
        #[test]
        fn the_trie_says_what_a_scan_says(list in networks(), low in any::<u8>()) {
            let mut set = AddressSet::default();
            set.extend(list.iter().copied());
            let probes = [
                IpAddr::from([low & 3, 0, low >> 6, low]),
                IpAddr::from([0x2001, u16::from(low & 3), 0, 0, 0, 0, 0, u16::from(low)]),
            ];
            for address in probes {
                let holding = list.iter().filter(|net| covers(**net, address));
                let widest = holding.min_by_key(|net| net.bits);
                prop_assert_eq!(set.find(address), widest.copied());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-f:./,# \n]{0,80}") {
            if let Ok(set) = AddressSet::parse(&text) {
                prop_assert!(set.len() <= text.len());
            }
        }
    }
}
