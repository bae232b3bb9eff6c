//! Numbers for operators, in OpenMetrics form.
//!
//! Labels are bounded by construction: operations come from the contract, rings from the list.
//! Handles are resolved once, so that counting costs no look-up.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kernel::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::bans::{BANNED, BanTally};
use crate::contract::{Contract, Operation};
use crate::limits::{Health, Limits};
use crate::listener::Tally;
use crate::listener::frames::Excess;
use crate::listener::scan::Reason;
use crate::pressure::PressureTally;
use crate::trusted::TrustedIssuers;

/// The registry and the handles into it.
pub struct Metrics {
    registry: Registry,
    operations: Vec<OperationMetrics>,
    undeclared: OperationMetrics,
    refusals: Family<RefusalLabels, Counter>,
    kept_out: Counter,
    matches: Family<RuleLabels, Counter>,
    rules_seen: Mutex<HashSet<u32>>,
    inspection_seconds: Histogram,
    reloads: Family<ReloadLabels, Counter>,
    config_loaded_at: Gauge,
    /// Codes and refresh tokens that were used again.
    pub grants_reused: Counter,
    /// Requests at work.
    pub in_flight: Gauge,
    /// Access lines that were dropped because the log could not keep up.
    pub lines_dropped: Counter<u64, AtomicU64>,
}

struct OperationMetrics {
    by_class: [Counter; 5],
    seconds: Histogram,
}

impl OperationMetrics {
    fn count(&self, status: u16) {
        if let Some(counter) = self.by_class.get(usize::from((status / 100).clamp(1, 5) - 1)) {
            counter.inc();
        }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    operation: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    operation: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusalLabels {
    ring: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReloadLabels {
    outcome: &'static str,
}

/// What came of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// It is in force.
    Applied,
    /// Something was wrong, and nothing changed.
    Refused,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabels {
    rule: String,
}

impl Metrics {
    /// Metrics for each operation of a contract.
    #[must_use]
    pub fn new(contract: &Contract, bans: &BanTally, pressure: &PressureTally) -> Self {
        let mut registry = Registry::with_prefix("ringwall");
        register_bans(&mut registry, bans);
        register_pressure(&mut registry, pressure);
        let (reloads, config_loaded_at) = register_reloads(&mut registry);
        let grants_reused = Counter::default();
        let help = "Codes and refresh tokens that were used again: each ended its grant";
        registry.register("grants_reused", help, grants_reused.clone());
        let requests = Family::<RequestLabels, Counter>::default();
        let seconds = Family::<OperationLabels, Histogram>::new_with_constructor(|| {
            Histogram::new(BUCKETS.iter().copied())
        });
        let refusals = Family::<RefusalLabels, Counter>::default();
        let labels = RefusalLabels { ring: "bans", code: BANNED.name };
        let kept_out = refusals.get_or_create(&labels).clone();
        let matches = Family::<RuleLabels, Counter>::default();
        let inspection_seconds = Histogram::new(INSPECTION_BUCKETS.iter().copied());
        let in_flight = Gauge::default();
        let lines_dropped = Counter::default();
        registry.register("requests", "Requests by operation and status class", requests.clone());
        registry.register("request_seconds", "Time to answer by operation", seconds.clone());
        registry.register("refusals", "Refusals by ring and problem code", refusals.clone());
        let help = "Requests that a firewall rule matched";
        registry.register("firewall_matches", help, matches.clone());
        let help = "Time that the firewall took for a request";
        registry.register("firewall_seconds", help, inspection_seconds.clone());
        registry.register("requests_in_flight", "Requests at work", in_flight.clone());
        registry.register("access_lines_dropped", "Lines not logged", lines_dropped.clone());
        let handles = |operation: &str| OperationMetrics {
            by_class: CLASSES.map(|status| {
                let labels = RequestLabels { operation: operation.to_owned(), status };
                requests.get_or_create(&labels).clone()
            }),
            seconds: seconds
                .get_or_create(&OperationLabels { operation: operation.to_owned() })
                .clone(),
        };
        let operations = contract.operations().map(|operation| handles(&operation.id)).collect();
        let undeclared = handles("undeclared");
        let rules_seen = Mutex::default();
        Self {
            registry,
            operations,
            undeclared,
            refusals,
            kept_out,
            matches,
            rules_seen,
            inspection_seconds,
            reloads,
            config_loaded_at,
            grants_reused,
            in_flight,
            lines_dropped,
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, operation: Option<&Operation>, status: u16, took: Duration) {
        let metrics = operation
            .and_then(|operation| self.operations.get(operation.index))
            .unwrap_or(&self.undeclared);
        metrics.count(status);
        metrics.seconds.observe(took.as_secs_f64());
    }

    /// Counts a refusal.
    pub fn refused(&self, ring: &'static str, code: &'static str) {
        self.refusals.get_or_create(&RefusalLabels { ring, code }).inc();
    }

    /// Counts a request of somebody who is banned, which no ring saw. How long it took is not
    /// measured.
    pub(crate) fn kept_out(&self, status: u16) {
        self.undeclared.count(status);
        self.kept_out.inc();
    }

    /// Counts a firewall rule that matched.
    pub fn matched(&self, rule: u32) {
        let has_label = self.rules_seen.lock().is_ok_and(|mut seen| {
            seen.contains(&rule) || (seen.len() < RULE_LABELS_MAX && seen.insert(rule))
        });
        let rule = if has_label { rule.to_string() } else { "other".to_owned() };
        self.matches.get_or_create(&RuleLabels { rule }).inc();
    }

    /// Measures what the firewall took for a request.
    pub fn inspected(&self, took: Duration) {
        self.inspection_seconds.observe(took.as_secs_f64());
    }

    /// Counts a reload. What is in force was loaded at `at`.
    pub fn reloaded(&self, outcome: Reloaded, at: Timestamp) {
        self.reloads.get_or_create(&outcome.labels()).inc();
        if outcome == Reloaded::Applied {
            self.loaded(at);
        }
    }

    /// The configuration in force was loaded at `at`.
    pub fn loaded(&self, at: Timestamp) {
        self.config_loaded_at.set(at.millis().div_euclid(1000));
    }

    /// The exposition text, with what happened at the door, with the keys of other issuers and how
    /// the store of limits is.
    #[must_use]
    pub fn text(&self, tally: &Tally, trusted: &TrustedIssuers, limits: &Limits) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _infallible = encode(&mut out, &self.registry);
        let rest = out.split_off(out.len().saturating_sub(END.len()));
        out.push_str("# HELP ringwall_connections Connections by what happened to them.\n");
        out.push_str("# TYPE ringwall_connections counter\n");
        let events = [
            ("accepted", &tally.accepted),
            ("over_capacity", &tally.over_capacity),
            ("over_address_share", &tally.over_address_share),
            ("proxy_header_bad", &tally.proxy_header_bad),
            ("accept_failed", &tally.accept_failed),
            ("handshake_failed", &tally.handshake_failed),
            ("handshake_late", &tally.handshake_late),
            ("plain_http", &tally.plain_http),
            ("header_late", &tally.header_late),
            ("idle_closed", &tally.idle_closed),
            ("broken", &tally.broken),
        ];
        for (event, count) in events {
            let count = count.get();
            let _infallible =
                writeln!(out, "ringwall_connections_total{{event=\"{event}\"}} {count}");
        }
        out.push_str("# HELP ringwall_bytes_refused Requests refused for their bytes.\n");
        out.push_str("# TYPE ringwall_bytes_refused counter\n");
        for reason in Reason::ALL {
            let (name, count) = (reason.name(), tally.refused(reason).get());
            let _infallible =
                writeln!(out, "ringwall_bytes_refused_total{{reason=\"{name}\"}} {count}");
        }
        out.push_str("# HELP ringwall_frame_excess HTTP/2 connections that sent too much.\n");
        out.push_str("# TYPE ringwall_frame_excess counter\n");
        for kind in Excess::ALL {
            let (name, count) = (kind.name(), tally.excess(kind).get());
            let _infallible =
                writeln!(out, "ringwall_frame_excess_total{{kind=\"{name}\"}} {count}");
        }
        trusted.write_metrics(&mut out);
        if let Some(health) = limits.health() {
            store_of_limits(&mut out, &LIMITS_STORE, &health);
        }
        if let Some(health) = limits.bank_health() {
            store_of_limits(&mut out, &QUOTA_BANK, &health);
        }
        let help = "Requests counted by this node's share, because it follows too many callers";
        line(&mut out, ("limits_unfollowed", "counter", help), &limits.unfollowed());
        out + &rest
    }
}

impl Reloaded {
    const fn labels(self) -> ReloadLabels {
        let outcome = match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
        };
        ReloadLabels { outcome }
    }
}

fn register_reloads(registry: &mut Registry) -> (Family<ReloadLabels, Counter>, Gauge) {
    let (reloads, loaded_at) = (Family::default(), Gauge::default());
    for outcome in [Reloaded::Applied, Reloaded::Refused] {
        drop(reloads.get_or_create(&outcome.labels()));
    }
    registry.register("reloads", "Reloads of the configuration", Family::clone(&reloads));
    let help = "When the configuration in force was loaded, in seconds since 1970";
    registry.register("config_loaded_at", help, loaded_at.clone());
    (reloads, loaded_at)
}

fn register_pressure(registry: &mut Registry, pressure: &PressureTally) {
    let help = "Requests refused because work waits too long for a thread";
    registry.register("shed", help, pressure.shed.clone());
    let help = "How long work waits for a thread, in milliseconds";
    registry.register("queue_delay_ms", help, pressure.delay_ms.clone());
    let help = "Share of the requests that is refused for it, in thousandths";
    registry.register("shed_share", help, pressure.share.clone());
}

/// Something that is asked behind a circuit breaker.
struct Asked {
    name: &'static str,
    what: &'static str,
}

const LIMITS_STORE: Asked = Asked { name: "limits_store", what: "the store of limits" };
const QUOTA_BANK: Asked = Asked { name: "quota_bank", what: "the bank of quotas" };

/// Every way that the circuit breaker before a store went, and how it is.
fn store_of_limits(out: &mut String, Asked { name, what }: &Asked, health: &Health) {
    let (up, away) = (u8::from(health.is_up), health.away.as_secs_f64());
    let mut tell = |part: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
        line(out, (&format!("{name}_{part}"), kind, help), value);
    };
    tell("up", "gauge", &format!("Whether {what} is asked."), &up);
    tell("away_seconds", "counter", &format!("How long {what} has been away."), &away);
    let help = format!("Questions to {what} without an answer.");
    tell("failures", "counter", &help, &health.failures);
    let transitions = [
        ("closed", "open", health.lost),
        ("open", "half_open", health.probed),
        ("half_open", "open", health.reopened),
        ("half_open", "closed", health.regained),
    ];
    // Writing to a string cannot fail.
    let _infallible = write!(
        out,
        "# HELP ringwall_{name}_transitions Ways that the circuit breaker before {what} went.\n\
         # TYPE ringwall_{name}_transitions counter\n"
    );
    for (from, to, count) in transitions {
        let labels = format!("{{from=\"{from}\",to=\"{to}\"}}");
        let _infallible = writeln!(out, "ringwall_{name}_transitions_total{labels} {count}");
    }
}

fn line(out: &mut String, (name, kind, help): (&str, &str, &str), value: &dyn std::fmt::Display) {
    let suffix = if kind == "counter" { "_total" } else { "" };
    // Writing to a string cannot fail.
    let _infallible = write!(
        out,
        "# HELP ringwall_{name} {help}\n# TYPE ringwall_{name} {kind}\n\
         ringwall_{name}{suffix} {value}\n"
    );
}

fn register_bans(registry: &mut Registry, bans: &BanTally) {
    let counters = [
        ("bans_placed", "Bans that this node placed", &bans.placed),
        ("bans_rehearsed", "Bans that it would have placed", &bans.rehearsed),
        ("bans_capped", "Bans that only a human may place", &bans.capped),
        ("bans_unscored", "Refusals that were not scored", &bans.unscored),
    ];
    for (name, help, counter) in counters {
        registry.register(name, help, counter.clone());
    }
    registry.register("bans_holding", "Bans that hold", bans.holding.clone());
}

/// How OpenMetrics ends.
const END: &str = "# EOF\n";
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Rules that have a label of their own; matches of further ones are counted as `other`.
const RULE_LABELS_MAX: usize = 500;

/// From ten microseconds to a tenth of a second.
const INSPECTION_BUCKETS: &[f64] =
    &[0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1];

/// From a quarter of a millisecond to ten seconds.
const BUCKETS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition_of_the_breaker_is_a_number_of_its_own() {
        let mut out = String::new();
        let health = Health {
            is_up: false,
            failures: 9,
            lost: 4,
            probed: 3,
            reopened: 2,
            regained: 1,
            away: Duration::from_millis(1500),
        };
        store_of_limits(&mut out, &LIMITS_STORE, &health);
        store_of_limits(&mut out, &QUOTA_BANK, &health);

        for line in [
            "ringwall_limits_store_up 0",
            "ringwall_limits_store_away_seconds_total 1.5",
            "ringwall_limits_store_failures_total 9",
            "ringwall_quota_bank_failures_total 9",
            "ringwall_limits_store_transitions_total{from=\"closed\",to=\"open\"} 4",
            "ringwall_limits_store_transitions_total{from=\"open\",to=\"half_open\"} 3",
            "ringwall_limits_store_transitions_total{from=\"half_open\",to=\"open\"} 2",
            "ringwall_limits_store_transitions_total{from=\"half_open\",to=\"closed\"} 1",
            "ringwall_quota_bank_transitions_total{from=\"closed\",to=\"open\"} 4",
        ] {
            assert!(out.lines().any(|found| found == line), "{line} in\n{out}");
        }
    }
}
