//! How many connections each address has open: nobody takes all slots for themselves.
//!
//! An IPv6 client has a network of its own, so those are counted by /64. What is remembered is what
//! is open, so memory is bounded by the connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Cidr;

/// Connections by address, up to a limit for each.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    exempt: Vec<Cidr>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection's place in the count; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    key: Option<IpAddr>,
}

impl Crowd {
    /// At most `most` connections from one address, but any number from the networks of `exempt`:
    /// proxies, behind which many clients share an address.
    #[must_use]
    pub fn new(most: usize, exempt: Vec<Cidr>) -> Self {
        Self { most, exempt, open: Mutex::default() }
    }

    /// A place for a connection from `address`, or nothing when it has its share already.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let crowd = Arc::clone(self);
        if self.exempt.iter().any(|network| network.contains(address)) {
            return Some(Place { crowd, key: None });
        }
        let key = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key).or_default();
        // A count of zero is not left behind: a limit of zero is nobody's.
        if *count >= self.most.max(1) {
            return None;
        }
        *count += 1;
        Some(Place { crowd, key: Some(key) })
    }

    fn leave(&self, key: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&key);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.crowd.leave(key);
        }
    }
}

/// The address, or the /64 that it is in.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(most: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(most, vec!["10.0.0.0/8".parse().unwrap()]))
    }

    fn enter(crowd: &Arc<Crowd>, address: &str) -> Option<Place> {
        crowd.enter(address.parse().unwrap())
    }

    #[test]
    fn an_address_with_its_share_gets_no_more() {
        let crowd = crowd(2);
        let held = [enter(&crowd, "192.0.2.1"), enter(&crowd, "192.0.2.1")];

        assert!(held.iter().all(Option::is_some));
        assert!(enter(&crowd, "192.0.2.1").is_none());
        assert!(enter(&crowd, "::ffff:192.0.2.1").is_none());
        assert!(enter(&crowd, "192.0.2.2").is_some());
    }

    #[test]
    fn a_network_of_ip_6_counts_as_one() {
        let crowd = crowd(1);
        let _held = enter(&crowd, "2001:db8:1:2::1").unwrap();

        assert!(enter(&crowd, "2001:db8:1:2:ffff::9").is_none());
        assert!(enter(&crowd, "2001:db8:1:3::1").is_some());
    }

    #[test]
    fn a_proxy_may_have_any_number() {
        let crowd = crowd(1);
        let held: Vec<_> = (0..100).map(|_| enter(&crowd, "10.1.2.3")).collect();

        assert!(held.iter().all(Option::is_some));
    }

    #[test]
    fn a_place_that_is_left_is_free_and_forgotten() {
        let crowd = crowd(1);
        drop(enter(&crowd, "192.0.2.1").unwrap());

        assert!(crowd.open.lock().unwrap().is_empty());
        assert!(enter(&crowd, "192.0.2.1").is_some());
    }
}
