//! Configuration: defaults, one file, the environment, flags; the later layer wins.
//!
//! Every value of every layer is checked, and all errors are told at once, each with its key and
//! where it stands. `config/default.toml` is the reference of all keys.

pub(crate) mod acme;
pub(crate) mod addresses;
pub(crate) mod bans;
pub(crate) mod derived;
pub(crate) mod exclusions;
mod faults;
mod layers;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod origin;
pub(crate) mod reload;
mod rules;
pub(crate) mod secret;
pub(crate) mod sections;
mod show;
pub(crate) mod sso;
pub(crate) mod store_url;
pub(crate) mod trusted_issuers;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use faults::{ConfigError, Fault, Source};
pub(crate) use sections::Config;

use layers::{Leaf, Reference};

/// The annotated default configuration.
pub(crate) const DEFAULT: &str = include_str!("../config/default.toml");

/// What lies over the default.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// The configuration file.
    pub(crate) file: Option<PathBuf>,
    /// The environment; only variables that start with `RINGWALL__` are looked at.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Flags of the command line.
    pub(crate) flags: Vec<Flag>,
}

/// A flag that sets a key.
#[derive(Debug)]
pub(crate) struct Flag {
    /// As typed: `--listen`.
    pub(crate) name: &'static str,
    /// The key that it sets: `server.listen`.
    pub(crate) key: &'static str,
    /// What it was set to.
    pub(crate) value: String,
}

/// A configuration that holds, and where each of its values comes from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    leaves: Vec<Leaf>,
}

impl Loaded {
    /// Reads and checks all layers.
    ///
    /// # Errors
    /// With every fault of every layer.
    pub(crate) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let (loaded, faults) = Self::read_all(layers)?;
        if faults.is_empty() { Ok(loaded) } else { Err(ConfigError(faults)) }
    }

    /// Reads all layers. What is at fault is told, and stands at its default, so that the rest can
    /// be examined.
    ///
    /// # Errors
    /// When values that fit make no configuration together.
    pub(crate) fn read_all(layers: &Layers) -> Result<(Self, Vec<Fault>), ConfigError> {
        let reference = Reference::read(DEFAULT).map_err(ConfigError)?;
        let (leaves, mut faults) = layers::gather(layers, &reference);

        let mut effective = reference;
        for leaf in leaves {
            let found = effective.check(&leaf);
            if found.is_empty() {
                effective.put(leaf);
            }
            faults.extend(found);
        }
        let config = effective.config().map_err(|fault| ConfigError(vec![fault]))?;
        rules::check(&config, &effective, &mut faults);

        Ok((Self { config, leaves: effective.into_leaves() }, faults))
    }

    /// Follows every reference to a secret, and forgets what it finds: those that lead nowhere.
    pub(crate) fn lost_secrets(&self) -> Vec<Fault> {
        let lost = self.config.references().into_iter().filter_map(|(key, reference)| {
            let error = reference.resolve().err()?;
            Some(Fault::new(&key, self.source_of(&key), error.to_string()))
        });
        lost.collect()
    }

    /// Where a key, or what it is a part of, was set; or else another of its section.
    pub(crate) fn source_of(&self, key: &str) -> Source {
        let section = key.split_inclusive('.').next().unwrap_or_default();
        let is_set = |leaf: &&Leaf| leaf.source != Source::Default;
        let mut set = self.leaves.iter().filter(is_set);
        let own = set.clone().find(|leaf| key.starts_with(&leaf.key));
        let leaf = own.or_else(|| set.find(|leaf| leaf.key.starts_with(section)));
        leaf.map_or(Source::Default, |leaf| leaf.source.clone())
    }

    /// The effective configuration as TOML, each key with its source; secrets as references.
    #[must_use]
    pub(crate) fn show(&self) -> String {
        show::show(&self.leaves)
    }
}

#[cfg(test)]
mod tests;
