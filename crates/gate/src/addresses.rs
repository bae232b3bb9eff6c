//! From which addresses one may come: allow and deny lists, for the whole edge and for tenants,
//! clients and operations (control WAF-2).
//!
//! A look-up is a walk down a trie: no allocation, no lock, at most as many steps as the address
//! has bits.

mod files;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use arc_swap::ArcSwap;
use firewall::address::{AddressSet, Network};
use kernel::TenantId;

pub use files::AddressFileError;
use files::Stamps;

/// Where the networks of one list stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Named one by one.
    pub networks: Vec<Network>,
    /// In files, one or more a line; `#` begins a comment.
    pub files: Vec<PathBuf>,
}

/// Whom one scope lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Where it names anything, everybody else stays out.
    pub allow: Feed,
    /// Stays out, also if `allow` holds it.
    pub deny: Feed,
}

/// Lists for a part of the traffic: what is named must be met, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRule {
    /// What logs and audit entries call it.
    pub name: String,
    /// Callers of this tenant.
    pub tenant: Option<TenantId>,
    /// This caller: the client id of a partner.
    pub client: Option<String>,
    /// This operation: its [`crate::contract::Operation::index`].
    pub operation: Option<usize>,
    /// From where it may be used.
    pub lists: Lists,
}

/// All lists, as they are configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPlan {
    /// For every request.
    pub edge: Lists,
    /// For parts of the traffic.
    pub rules: Vec<AddressRule>,
}

/// The lists at work. Files are read again by [`Addresses::reload_if_changed`].
pub struct Addresses {
    plan: AddressPlan,
    loaded: ArcSwap<Loaded>,
    seen: Mutex<Stamps>,
}

/// What a rule applies to, of one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asker<'a> {
    /// The caller's tenant.
    pub tenant: Option<TenantId>,
    /// The caller's id.
    pub client: Option<&'a str>,
    /// The operation's index.
    pub operation: Option<usize>,
}

/// Tries in the place of feeds; the rules in the order of the plan.
#[derive(Debug, Default)]
struct Loaded {
    edge: Compiled,
    rules: Vec<Compiled>,
}

#[derive(Debug, Default)]
struct Compiled {
    allow: Option<AddressSet>,
    deny: AddressSet,
}

impl Addresses {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, or holds what is no network: with its place.
    pub fn load(plan: AddressPlan) -> Result<Self, AddressFileError> {
        let seen = files::stamps(&plan);
        let loaded = Loaded::read(&plan)?;
        Ok(Self { plan, loaded: ArcSwap::from_pointee(loaded), seen: Mutex::new(seen) })
    }

    /// Reads the files again if they are not those that were read last; true when the lists were
    /// replaced. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`Addresses::load`]. All lists then stay as they were, and the next change of a file is
    /// tried again.
    pub fn reload_if_changed(&self) -> Result<bool, AddressFileError> {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Taken before reading: a file that changes meanwhile is read once more, never missed.
        let now = files::stamps(&self.plan);
        if now == *seen {
            return Ok(false);
        }
        *seen = now;
        self.loaded.store(std::sync::Arc::new(Loaded::read(&self.plan)?));
        Ok(true)
    }

    /// Whether any list is in a file.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.plan.files().next().is_some()
    }

    /// How many networks the lists hold.
    #[must_use]
    pub fn networks(&self) -> usize {
        let loaded = self.loaded.load();
        let all = std::iter::once(&loaded.edge).chain(&loaded.rules);
        all.map(|lists| lists.deny.len() + lists.allow.as_ref().map_or(0, AddressSet::len)).sum()
    }

    /// Whether the edge lets an address in at all.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        self.loaded.load().edge.admits(address)
    }

    /// The first rule that keeps the asker out.
    #[must_use]
    pub fn refusing(&self, address: IpAddr, asker: Asker<'_>) -> Option<&str> {
        if self.plan.rules.is_empty() {
            return None;
        }
        let loaded = self.loaded.load();
        let pairs = self.plan.rules.iter().zip(&loaded.rules);
        let mut refusing =
            pairs.filter(|(rule, lists)| rule.is_about(asker) && !lists.admits(address));
        refusing.next().map(|(rule, _)| rule.name.as_str())
    }
}

impl AddressRule {
    fn is_about(&self, asker: Asker<'_>) -> bool {
        self.tenant.is_none_or(|tenant| asker.tenant == Some(tenant))
            && self.client.as_deref().is_none_or(|client| asker.client == Some(client))
            && self.operation.is_none_or(|operation| asker.operation == Some(operation))
    }
}

impl AddressPlan {
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let rules = self.rules.iter().map(|rule| &rule.lists);
        let lists = std::iter::once(&self.edge).chain(rules);
        lists.flat_map(|lists| lists.allow.files.iter().chain(&lists.deny.files))
    }
}

impl Loaded {
    fn read(plan: &AddressPlan) -> Result<Self, AddressFileError> {
        let rules = plan.rules.iter().map(|rule| Compiled::read(&rule.lists));
        Ok(Self { edge: Compiled::read(&plan.edge)?, rules: rules.collect::<Result<_, _>>()? })
    }
}

impl Compiled {
    fn read(lists: &Lists) -> Result<Self, AddressFileError> {
        // An allow list that is there but empty admits nobody: an emptied file opens no door.
        let allow = if lists.allow.is_there() { Some(files::read(&lists.allow)?) } else { None };
        Ok(Self { allow, deny: files::read(&lists.deny)? })
    }

    fn admits(&self, address: IpAddr) -> bool {
        !self.deny.contains(address)
            && self.allow.as_ref().is_none_or(|allow| allow.contains(address))
    }
}

impl Feed {
    /// Whether somebody configured it, with or without networks in it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.networks.is_empty() || !self.files.is_empty()
    }
}
