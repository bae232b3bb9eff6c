//! The configuration as types: one struct a section, one field a key.
//!
//! `config/default.toml` says what each key means; a test keeps the two in step.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::acme::Acme;
use super::addresses::Addresses;
use super::bans::Bans;
use super::exclusions::FirewallExclusion;
use super::limits::Limits;
use super::names::{AccessLog, LogFilter, Network};
use super::numbers::{Count, Millis, Seconds};
use super::origin::{Audience, BrowserOrigin, Host, HttpsOrigin};
use super::sso::Sso;
use super::store_url::StoreUrl;
use super::trusted_issuers::TrustedIssuer;
use super::words::{list, optional, word};

/// The whole configuration; every value is known to be well formed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where it runs.
    pub(crate) server: Server,
    /// Certificates.
    pub(crate) tls: Tls,
    /// Who issues them.
    pub(crate) acme: Acme,
    /// Listeners and rings.
    pub(crate) gate: Gate,
    /// Who may come from where.
    pub(crate) addresses: Addresses,
    /// The rule engine.
    pub(crate) firewall: Firewall,
    /// How often somebody may call.
    pub(crate) limits: Limits,
    /// Who is kept out for a while.
    pub(crate) bans: Bans,
    /// The database.
    pub(crate) store: Store,
    /// Tokens.
    pub(crate) identity: Identity,
    /// Who vouches for people.
    pub(crate) sso: Sso,
    /// Keys.
    pub(crate) vault: Vault,
    /// Logs.
    pub(crate) telemetry: Telemetry,
}

/// Where it runs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// The data directory.
    #[serde(deserialize_with = "word")]
    pub(crate) data_dir: PathBuf,
    /// The API, over TLS.
    #[serde(deserialize_with = "word")]
    pub(crate) listen: SocketAddr,
    /// Metrics and health.
    #[serde(deserialize_with = "word")]
    pub(crate) admin_listen: SocketAddr,
    /// The API again, where clients are asked for certificates.
    #[serde(deserialize_with = "optional")]
    pub(crate) mtls_listen: Option<SocketAddr>,
    /// Where callers find that; see [`Config::public_urls`].
    #[serde(deserialize_with = "optional")]
    pub(crate) mtls_url: Option<HttpsOrigin>,
    /// Plain HTTP that only redirects.
    #[serde(deserialize_with = "optional")]
    pub(crate) plain_listen: Option<SocketAddr>,
    /// Where callers find the API; see [`Config::public_urls`].
    #[serde(deserialize_with = "optional")]
    pub(crate) public_url: Option<HttpsOrigin>,
    /// Which kind of callers it serves.
    pub(crate) environment: Environment,
}

/// Which kind of callers a server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Environment {
    /// Real data.
    Production,
    /// Synthetic data.
    Sandbox,
}

/// Certificates.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// Certificate chain; `None` for the local authority's.
    #[serde(deserialize_with = "optional")]
    pub(crate) cert_file: Option<PathBuf>,
    /// Private key; there exactly when `cert_file` is.
    #[serde(deserialize_with = "optional")]
    pub(crate) key_file: Option<PathBuf>,
    /// Further names of the local certificate.
    #[serde(deserialize_with = "list")]
    pub(crate) names: Vec<Host>,
    /// Whether TLS 1.2 is spoken too.
    pub(crate) tls12: bool,
    /// Whether clients may show certificates.
    pub(crate) client_certificates: ClientCertificates,
    /// Authorities whose certificates are believed to name clients.
    #[serde(deserialize_with = "optional")]
    pub(crate) client_ca_file: Option<PathBuf>,
    /// How often certificate files are looked at.
    pub(crate) reload_s: Seconds<1, 3600>,
}

/// Whether clients may show certificates, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientCertificates {
    /// Nobody asks for one.
    Off,
    /// To us.
    Handshake,
    /// To a proxy that is trusted.
    Proxy,
}

/// Listeners and rings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    /// Open connections.
    pub(crate) connections_max: Count<1, 1_000_000>,
    /// Open connections of one address.
    pub(crate) connections_per_address_max: Count<1, 1_000_000>,
    /// Time for a TLS handshake.
    pub(crate) handshake_timeout_ms: Millis<100, 60_000>,
    /// Time for a request's headers.
    pub(crate) header_timeout_ms: Millis<100, 60_000>,
    /// Longest pause within a body.
    pub(crate) body_idle_timeout_ms: Millis<100, 300_000>,
    /// Waiting time for a body that costs nothing.
    pub(crate) body_grace_ms: Millis<100, 600_000>,
    /// Beyond the grace, a body must have brought this much a second.
    pub(crate) body_bytes_per_second_min: Count<1, 1_000_000>,
    /// Time for a whole request.
    pub(crate) request_timeout_ms: Millis<100, 600_000>,
    /// Time between requests of one connection.
    pub(crate) idle_timeout_ms: Millis<1000, 600_000>,
    /// Time to finish when stopping.
    pub(crate) drain_timeout_ms: Millis<0, 600_000>,
    /// How long work may wait for a thread; zero for however long.
    pub(crate) queue_delay_target_ms: Millis<0, 10_000>,
    /// Requests in flight.
    pub(crate) concurrency_max: Count<1, 100_000>,
    /// Header fields of a request.
    pub(crate) headers_max: Count<8, 1000>,
    /// Bytes of all header fields of a request.
    pub(crate) header_bytes_max: Count<8192, 1_048_576>,
    /// Proxies whose forwarding headers are believed.
    #[serde(deserialize_with = "list")]
    pub(crate) trusted_proxies: Vec<Network>,
    /// Balancers that begin connections with a header of the PROXY protocol.
    #[serde(deserialize_with = "list")]
    pub(crate) proxy_protocol_from: Vec<Network>,
    /// Further host names that may be asked for.
    #[serde(deserialize_with = "list")]
    pub(crate) hosts: Vec<Host>,
    /// Origins that may call from a browser.
    #[serde(deserialize_with = "list")]
    pub(crate) cors_origins: Vec<BrowserOrigin>,
}

/// The rule engine.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Firewall {
    /// What happens to requests that a rule matches.
    pub(crate) mode: FirewallMode,
    /// In mode `sampling`: the share that is looked at, in per cent.
    pub(crate) sampling_percent: Count<1, 100>,
    /// Whether our own rules are used.
    pub(crate) baseline: bool,
    /// Further rules.
    #[serde(deserialize_with = "list")]
    pub(crate) rules: Vec<PathBuf>,
    /// Whether what the contract restricts to harmless text skips rules.
    pub(crate) trust_contract: bool,
    /// What an operator leaves out.
    pub(crate) exclusions: Vec<FirewallExclusion>,
    /// Whether answers are looked at.
    pub(crate) inspect_answers: bool,
    /// How often the rule files are looked at for a change.
    pub(crate) reload_s: Seconds<1, 3600>,
    /// Where each request's matches are written.
    #[serde(deserialize_with = "optional")]
    pub(crate) match_log: Option<PathBuf>,
}

/// What the firewall does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FirewallMode {
    /// Refuses what rules match.
    Blocking,
    /// Notes it.
    LogOnly,
    /// Refuses it, in a share of the traffic.
    Sampling,
    /// Looks at nothing.
    Off,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// Where it is.
    #[serde(deserialize_with = "word")]
    pub(crate) url: StoreUrl,
    /// Whether the schema is brought up to date at start.
    pub(crate) migrate_on_start: bool,
    /// Connections to it.
    pub(crate) connections_max: Count<1, 1000>,
}

/// Tokens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Issuer; see [`Config::public_urls`].
    #[serde(deserialize_with = "optional")]
    pub(crate) issuer: Option<HttpsOrigin>,
    /// Audience; see [`Config::public_urls`].
    #[serde(deserialize_with = "optional")]
    pub(crate) audience: Option<Audience>,
    /// Whose reports of leaked keys are believed; nobody's for `None`.
    #[serde(deserialize_with = "optional")]
    pub(crate) leak_report_keys_file: Option<PathBuf>,
    /// How long a key signs access tokens.
    pub(crate) signing_key_life_s: Seconds<86_400, 31_536_000>,
    /// Certificates of the authorities that trusted issuers are reached by; else the system's.
    #[serde(deserialize_with = "optional")]
    pub(crate) trusted_issuers_ca_file: Option<PathBuf>,
    /// Whose access tokens are believed besides ours.
    pub(crate) trusted_issuers: Vec<TrustedIssuer>,
}

/// Keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vault {
    /// The key file; `None` for the one in the data directory.
    #[serde(deserialize_with = "optional")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// Which diagnostics to print.
    #[serde(deserialize_with = "word")]
    pub(crate) log: LogFilter,
    /// Their form.
    pub(crate) log_format: LogFormat,
    /// Where the access log goes.
    #[serde(deserialize_with = "word")]
    pub(crate) access_log: AccessLog,
}

/// Form of the diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
