//! Rules that hold between keys.

use std::time::Duration;

use super::faults::{Fault, Source};
use super::layers::Reference;
use super::sections::{ClientCertificates, Config};
use super::{sso, trusted_issuers};

/// A rule between keys.
struct Rule {
    /// The keys that it is about.
    keys: &'static [&'static str],
    /// Whether it holds.
    holds: fn(&Config) -> bool,
    /// What was expected.
    expected: &'static str,
}

const RULES: [Rule; 14] = [
    Rule {
        keys: &["sso.providers"],
        holds: |config| sso::has_names_of_their_own(&config.sso.providers),
        expected: "expected each provider to have a `name` of its own",
    },
    Rule {
        keys: &["identity.trusted_issuers", "identity.issuer", "server.public_url"],
        holds: trusted_issuers::are_told_apart,
        expected: "expected each issuer to have a `name` and an `issuer` of its own, none of them \
                   ours",
    },
    Rule {
        keys: &["sso.break_glass", "sso.break_glass_from"],
        holds: |config| !config.sso.break_glass || !config.sso.break_glass_from.is_empty(),
        expected: "expected `break_glass_from`: the networks of emergency access",
    },
    Rule {
        keys: &["tls.cert_file", "tls.key_file"],
        holds: |config| config.tls.cert_file.is_some() == config.tls.key_file.is_some(),
        expected: "expected both a certificate and its key, or neither",
    },
    Rule {
        keys: &["acme.domains", "tls.cert_file"],
        holds: |config| config.acme.domains.is_empty() || config.tls.cert_file.is_none(),
        expected: "expected one certificate: that of `tls.cert_file`, or one for `acme.domains`",
    },
    Rule {
        keys: &["acme.domains", "acme.terms_accepted"],
        holds: |config| config.acme.domains.is_empty() || config.acme.terms_accepted,
        expected: "expected `acme.terms_accepted = true`: read the authority's terms, then agree",
    },
    Rule {
        keys: &["server.admin_listen", "server.listen"],
        holds: |config| {
            let (listen, admin) = (config.server.listen, config.server.admin_listen);
            listen.port() == 0 || listen != admin
        },
        expected: "expected another address than that of the API",
    },
    Rule {
        keys: &["server.plain_listen", "server.listen"],
        holds: |config| {
            let (listen, plain) = (config.server.listen, config.server.plain_listen);
            listen.port() == 0 || Some(listen) != plain
        },
        expected: "expected another address than that of the API",
    },
    Rule {
        keys: &["server.plain_listen", "server.admin_listen"],
        holds: |config| {
            let (admin, plain) = (config.server.admin_listen, config.server.plain_listen);
            admin.port() == 0 || Some(admin) != plain
        },
        expected: "expected another address than that of metrics and health",
    },
    Rule {
        keys: &["server.mtls_listen", "tls.client_certificates"],
        holds: |config| {
            let asks = config.tls.client_certificates == ClientCertificates::Handshake;
            config.server.mtls_listen.is_none() || asks
        },
        expected: "expected no listener for certificates unless `tls.client_certificates` is \
                   `handshake`",
    },
    Rule {
        keys: &["server.mtls_listen", "server.listen"],
        holds: |config| {
            let (listen, mtls) = (config.server.listen, config.server.mtls_listen);
            listen.port() == 0 || Some(listen) != mtls
        },
        expected: "expected another address than that of the API",
    },
    Rule {
        keys: &["tls.client_certificates", "gate.trusted_proxies"],
        holds: |config| {
            let told = config.tls.client_certificates == ClientCertificates::Proxy;
            !told || !config.gate.trusted_proxies.is_empty()
        },
        expected: "expected proxies that are trusted (`gate.trusted_proxies`) for `proxy`",
    },
    Rule {
        keys: &["bans.second_s", "bans.first_s", "bans.further_s"],
        holds: |config| {
            let times = [config.bans.first_s, config.bans.second_s, config.bans.further_s];
            times.map(Duration::from).is_sorted()
        },
        expected: "expected no ban shorter than the one before: `first_s`, `second_s`, `further_s`",
    },
    Rule {
        keys: &["gate.body_idle_timeout_ms", "gate.request_timeout_ms"],
        holds: |config| {
            Duration::from(config.gate.body_idle_timeout_ms)
                <= Duration::from(config.gate.request_timeout_ms)
        },
        expected: "expected at most the time for the whole request, `gate.request_timeout_ms`",
    },
];

/// Adds what breaks a rule, unless one of its keys is at fault already and stands at its default.
pub(super) fn check(config: &Config, effective: &Reference, faults: &mut Vec<Fault>) {
    let faulty: Vec<String> = faults.iter().map(|fault| fault.key.clone()).collect();
    let is_faulty = |key: &&str| faulty.iter().any(|faulty| faulty.starts_with(*key));
    for rule in RULES {
        if (rule.holds)(config) || rule.keys.iter().any(is_faulty) {
            continue;
        }
        // The key to mend is the first that somebody set.
        let set = rule
            .keys
            .iter()
            .filter_map(|key| effective.leaf(key))
            .find(|leaf| leaf.source != Source::Default);
        if let Some(leaf) = set {
            faults.push(Fault::new(&leaf.key, leaf.source.clone(), rule.expected));
        }
    }
}
