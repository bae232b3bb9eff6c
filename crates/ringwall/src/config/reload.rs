//! Which keys a reload puts in force, and which wait for a restart.
//!
//! `config/default.toml` says of each key that it needs a restart; a test keeps the two in step,
//! and every key classed exactly once.

use super::layers::{Leaf, Reference};
use super::{ConfigError, Loaded, rules};

/// What differs between what holds and what is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Keys that a reload puts in force.
    pub(crate) applied: Vec<String>,
    /// Keys that need a restart, and stay as they were until then.
    pub(crate) waiting: Vec<String>,
}

impl Loaded {
    /// This configuration, with what needs a restart as it was in `before`.
    ///
    /// # Errors
    /// When keys that are taken and keys that stay do not fit together.
    pub(crate) fn following(self, before: &Self) -> Result<(Self, Changes), ConfigError> {
        let mut changes = Changes::default();
        let leaves = self.leaves.into_iter().map(|leaf| match before.leaf(&leaf.key) {
            Some(old) if old.value == leaf.value => leaf,
            Some(old) if needs_restart(&leaf.key) => {
                changes.waiting.push(leaf.key);
                old.clone()
            }
            _ => {
                changes.applied.push(leaf.key.clone());
                leaf
            }
        });
        let effective = Reference::of(leaves.collect());
        let config = effective.config().map_err(|fault| ConfigError(vec![fault]))?;
        let mut faults = Vec::new();
        rules::check(&config, &effective, &mut faults);
        if !faults.is_empty() {
            return Err(ConfigError(faults));
        }
        Ok((Self { config, leaves: effective.into_leaves() }, changes))
    }

    /// Keys that somebody set and that need a restart, for telling it.
    #[must_use]
    pub(crate) fn set_until_restart(&self) -> Vec<&str> {
        let set = self.leaves.iter().filter(|leaf| leaf.source != super::Source::Default);
        set.map(|leaf| leaf.key.as_str()).filter(|key| needs_restart(key)).collect()
    }

    fn leaf(&self, key: &str) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.key == key)
    }
}

/// Whether a key holds from the next start on only. A key that is in neither list does.
#[must_use]
pub(crate) fn needs_restart(key: &str) -> bool {
    !RELOADED.contains(&key)
}

/// What a reload puts in force.
const RELOADED: &[&str] = &[
    "gate.request_timeout_ms",
    "gate.drain_timeout_ms",
    "gate.concurrency_max",
    "gate.queue_delay_target_ms",
    "gate.hosts",
    "gate.cors_origins",
    "addresses.allow",
    "addresses.allow_files",
    "addresses.deny",
    "addresses.deny_files",
    "addresses.rules",
    "addresses.reload_s",
    "firewall.mode",
    "firewall.sampling_percent",
    "firewall.baseline",
    "firewall.rules",
    "firewall.trust_contract",
    "firewall.exclusions",
    "firewall.inspect_answers",
    "firewall.reload_s",
    "firewall.match_log",
    "limits.strangers_max",
    "limits.unproven_max",
    "limits.window_s",
    "limits.client_per_second",
    "limits.client_burst",
    "limits.tenant_per_second",
    "limits.tenant_burst",
    "limits.tenant_concurrency_max",
    "limits.exempt",
    "limits.rules",
    "limits.nodes",
    "limits.on_store_error",
    "limits.mode",
    "bans.mode",
    "bans.address_points",
    "bans.caller_points",
    "bans.decay_s",
    "bans.first_s",
    "bans.second_s",
    "bans.further_s",
    "bans.forget_s",
    "bans.share_max_percent",
    "bans.share_floor",
    "bans.bans_max",
    "bans.allow",
    "telemetry.log",
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::{DEFAULT, Layers};
    use super::*;

    /// What needs a restart, each key once: whoever adds a key decides.
    const RESTARTED: &[&str] = &[
        "server.data_dir",
        "server.listen",
        "server.admin_listen",
        "server.mtls_listen",
        "server.mtls_url",
        "server.plain_listen",
        "server.public_url",
        "server.environment",
        "tls.cert_file",
        "tls.key_file",
        "tls.names",
        "tls.tls12",
        "tls.client_certificates",
        "tls.client_ca_file",
        "tls.reload_s",
        "acme.domains",
        "acme.contact",
        "acme.directory_url",
        "acme.terms_accepted",
        "acme.ca_file",
        "gate.connections_max",
        "gate.connections_per_address_max",
        "gate.handshake_timeout_ms",
        "gate.header_timeout_ms",
        "gate.body_idle_timeout_ms",
        "gate.body_grace_ms",
        "gate.body_bytes_per_second_min",
        "gate.idle_timeout_ms",
        "gate.headers_max",
        "gate.header_bytes_max",
        "gate.trusted_proxies",
        "gate.proxy_protocol_from",
        "limits.store",
        "limits.store_ca_file",
        "limits.store_timeout_ms",
        "limits.keys_max",
        "limits.exchange_ms",
        "store.url",
        "store.migrate_on_start",
        "store.connections_max",
        "identity.issuer",
        "identity.audience",
        "identity.leak_report_keys_file",
        "identity.signing_key_life_s",
        "identity.trusted_issuers",
        "identity.trusted_issuers_ca_file",
        "sso.ca_file",
        "sso.providers",
        "sso.break_glass",
        "sso.break_glass_from",
        "vault.key_file",
        "telemetry.log_format",
        "telemetry.access_log",
    ];

    fn loaded(text: &str) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("ringwall.toml");
        std::fs::write(&file, text).unwrap();
        Loaded::read(&Layers { file: Some(file), ..Layers::default() }).unwrap()
    }

    #[test]
    fn every_key_is_classed_exactly_once() {
        let mut known: Vec<String> = loaded("").leaves.into_iter().map(|leaf| leaf.key).collect();
        let mut classed: Vec<&str> = RELOADED.iter().chain(RESTARTED).copied().collect();
        known.sort();
        classed.sort_unstable();

        assert_eq!(classed, known);
    }

    /// A key is marked in the comment above it, or its section is, in the comment below its name.
    #[test]
    fn the_default_marks_exactly_the_keys_that_need_a_restart() {
        let (mut section, mut whole, mut marked) = (String::new(), false, false);
        let mut after_name = false;
        for line in DEFAULT.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                (section, whole, marked, after_name) = (name.to_owned(), false, false, true);
            } else if line.starts_with('#') {
                whole |= after_name && line == "# Every key of this section needs a restart.";
                marked |= line.ends_with("Needs a restart.");
                after_name = false;
            } else if let Some((name, _)) = line.split_once(" = ") {
                let key = format!("{section}.{name}");
                assert_eq!(whole || marked, needs_restart(&key), "{key}");
                assert!(!(whole && marked), "{key} is marked twice");
                marked = false;
            }
        }
    }

    #[test]
    fn what_needs_a_restart_stays_and_is_named() {
        let before = loaded("[gate]\nheaders_max = 10\nconcurrency_max = 5\n");
        let next = loaded("[gate]\nheaders_max = 20\nconcurrency_max = 6\n[limits]\nnodes = 2\n");

        let (holds, changes) = next.following(&before).unwrap();

        assert_eq!(changes.waiting, ["gate.headers_max"]);
        assert_eq!(changes.applied, ["gate.concurrency_max", "limits.nodes"]);
        let gate = loaded("[gate]\nheaders_max = 10\nconcurrency_max = 6\n").config.gate;
        assert_eq!(holds.config.gate, gate);
    }

    #[test]
    fn what_is_taken_must_fit_what_stays() {
        let before = loaded("[gate]\nbody_idle_timeout_ms = 9000\n");
        let next = loaded("[gate]\nbody_idle_timeout_ms = 100\nrequest_timeout_ms = 500\n");

        let error = next.following(&before).unwrap_err().to_string();

        assert!(error.contains("gate.request_timeout_ms"), "{error}");
    }
}
