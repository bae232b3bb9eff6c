//! Everything that is wrong with a configuration, told at once: keys, references to secrets, files,
//! and what only the contract can judge. Binds nothing, connects nowhere and writes nothing.

use std::sync::Arc;

use gate::addresses::Addresses;
use gate::bans::BanRules;
use gate::limits::{Counters, Limits, LimitsPlan, SpecError};
use gate::tls::ServerCertificate;
use gate::{Contract, Shield};
use kernel::{Clock, SystemClock};
use policy::Engine;

use crate::cli::exit::Failure;
use crate::config::derived::PublicUrls;
use crate::config::{Config, ConfigError, Fault, Layers, Loaded};
use crate::{addresses, bans, certificates, limits, operations, plans, serve, shield, sso};

/// What a configuration makes of the gate, without a database.
pub(crate) struct Compiled<L> {
    pub(crate) limits: L,
    pub(crate) bans: Arc<BanRules>,
    pub(crate) addresses: Option<Arc<Addresses>>,
    pub(crate) firewall: Option<Arc<Shield>>,
}

/// A key, and what is wrong with it; the text reads alone.
pub(crate) type Wrong = (&'static str, String);

/// Reads a configuration and examines all of it.
///
/// # Errors
/// With everything that is wrong.
pub(crate) fn examine(layers: &Layers) -> Result<Loaded, ConfigError> {
    let (loaded, mut faults) = Loaded::read_all(layers)?;
    faults.extend(loaded.lost_secrets());
    let known: Vec<String> = faults.iter().map(|fault| fault.key.clone()).collect();
    // What stands at its default because it is at fault is not examined as if it were meant.
    let is_known = |key: &str| known.iter().any(|fault| fault.starts_with(key));
    let wrong = wrong(&loaded.config).into_iter().filter(|(key, _)| !is_known(key));
    faults.extend(wrong.map(|(key, text)| Fault::new("", loaded.source_of(key), text)));
    if faults.is_empty() { Ok(loaded) } else { Err(ConfigError(faults)) }
}

/// Why a server does not start: everything that is wrong with its configuration, or else what
/// stopped it.
pub(crate) fn told_whole(stopped: Failure, layers: &Layers) -> Failure {
    match examine(layers) {
        Err(error) => Failure::Configuration(error),
        Ok(_) => stopped,
    }
}

/// Compiles everything; or everything that is wrong. Reads files: call it where blocking is
/// allowed.
pub(crate) fn compile<L>(
    config: &Config,
    (contract, clock): (&Arc<Contract>, &Arc<dyn Clock>),
    urls: &PublicUrls,
    limited: impl FnOnce(&LimitsPlan) -> Result<L, SpecError>,
) -> Result<Compiled<L>, Vec<Wrong>> {
    let mut wrong = operations::unknown(config, contract);
    let mut part = |key: &'static str, failure: Failure| {
        // An operation that is not there is told already, with all others.
        if !wrong.iter().any(|(known, _)| *known == key) {
            wrong.push((key, failure.to_string()));
        }
    };
    let limits = limits::plan(&config.limits, contract)
        .and_then(|plan| limited(&plan).map_err(|error| Failure::section("limits", &error)))
        .map_err(|failure| part("limits.rules", failure));
    let bans = BanRules::new(bans::plan(&config.bans)).map(Arc::new);
    let bans = bans.map_err(|error| part("bans", Failure::section("bans", &error)));
    let addresses = addresses::raise(config, contract);
    let addresses = addresses.map_err(|failure| part("addresses.rules", failure));
    let rules = shield::rules(&config.firewall);
    let rules = rules.map_err(|failure| part("firewall.rules", failure));
    let firewall = rules.and_then(|rules| {
        let raised = shield::raise(config, rules, contract, clock);
        raised.map_err(|failure| part("firewall.exclusions", failure))
    });
    let redirect = serve::redirect(config, urls).map_err(|failure| part("gate.hosts", failure));
    match (limits, bans, addresses, firewall, redirect) {
        (Ok(limits), Ok(bans), Ok(addresses), Ok(firewall), Ok(_)) if wrong.is_empty() => {
            Ok(Compiled { limits, bans, addresses, firewall })
        }
        _ => Err(wrong),
    }
}

fn wrong(config: &Config) -> Vec<Wrong> {
    let mut wrong = files(config);
    let urls = config.public_urls(config.server.listen);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // What matched is written down while serving, not now.
    let mut silent = config.clone();
    silent.firewall.match_log = None;
    let contract = Engine::load()
        .map_err(|error| Failure::because(&error))
        .and_then(|policy| plans::contract(&policy, &urls.public_url));
    match contract {
        Ok((_, _, contract)) => {
            let limited = |plan: &LimitsPlan| Limits::new(Counters::local(1), plan, &contract);
            let compiled = compile(&silent, (&contract, &clock), &urls, limited);
            wrong.extend(compiled.err().unwrap_or_default());
        }
        // A fault of ours, and no reason to keep the others back.
        Err(failure) => wrong.push(("", failure.to_string())),
    }
    wrong
}

/// What is wrong with certificates, authorities and the store of limits.
fn files(config: &Config) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut part = |key: &'static str, failure: Option<Failure>| {
        wrong.extend(failure.map(|failure| (key, format!("`{key}`: {failure}"))));
    };
    if let (Some(cert), Some(key)) = (&config.tls.cert_file, &config.tls.key_file) {
        let read = ServerCertificate::from_files(cert, key);
        part("tls.cert_file", read.err().map(|error| Failure::because(&error)));
    }
    part("tls.client_ca_file", certificates::of_clients(config).err());
    part("sso.ca_file", sso::outside(config).err());
    part("limits.store", limits::store_faults(&config.limits).err());
    wrong
}
