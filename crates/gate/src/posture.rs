//! What a reload replaces, as one: settings, address lists, limits, bans and firewall.
//!
//! Every request keeps the posture that it met at the door, to its end: no ring of a request
//! follows other settings than the one outside of it. The swap is one pointer, and no request
//! waits for it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::addresses::Addresses;
use crate::bans::BanRules;
use crate::cidr::Cidr;
use crate::config::GateConfig;
use crate::limits::LimitRules;
use crate::rings::Shield;

/// How the gate is set up, for as long as nobody reloads it.
pub struct Posture {
    /// Settings of the gate.
    pub config: GateConfig,
    /// Who may come from where; nothing where no list is configured.
    pub addresses: Option<Arc<Addresses>>,
    /// How often somebody may call.
    pub limits: Arc<LimitRules>,
    /// Whom to keep out for a while.
    pub bans: Arc<BanRules>,
    /// The rule engine; nothing where it is turned off.
    pub firewall: Option<Arc<Shield>>,
    /// The settings, as the rings look things up in them.
    pub(crate) named: Named,
}

/// Names and networks of the settings, parsed.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) proxies: Vec<Cidr>,
    pub(crate) hosts: HashSet<String>,
    pub(crate) origins: HashSet<String>,
}

/// The parts of a posture.
pub struct PostureParts {
    /// See [`Posture::config`].
    pub config: GateConfig,
    /// See [`Posture::addresses`].
    pub addresses: Option<Arc<Addresses>>,
    /// See [`Posture::limits`].
    pub limits: Arc<LimitRules>,
    /// See [`Posture::bans`].
    pub bans: Arc<BanRules>,
    /// See [`Posture::firewall`].
    pub firewall: Option<Arc<Shield>>,
}

impl Posture {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: PostureParts) -> Arc<Self> {
        let PostureParts { config, addresses, limits, bans, firewall } = parts;
        let named = Named {
            proxies: config.trusted_proxies.iter().filter_map(|text| text.parse().ok()).collect(),
            hosts: config.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            origins: config.cors_origins.iter().cloned().collect(),
        };
        Arc::new(Self { config, addresses, limits, bans, firewall, named })
    }
}
