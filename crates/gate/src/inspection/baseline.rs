//! Our own rules, embedded: good for a JSON API, active unless somebody turns them off.

use firewall::Source;

/// The rules for requests that a contract guards as well.
#[must_use]
pub fn baseline() -> Vec<Source> {
    FILES.iter().map(|(name, text)| Source::new(format!("baseline/{name}"), *text)).collect()
}

/// What chooses the readers of bodies, for rules of others: without it no JSON is read.
#[must_use]
pub fn setup() -> Vec<Source> {
    baseline().into_iter().take(1).collect()
}

/// The rules for an upstream without a contract: also what validation would refuse.
#[must_use]
pub fn baseline_alone() -> Vec<Source> {
    let unread = Source::new("baseline/90-unread.conf", UNREAD);
    baseline().into_iter().chain([unread]).collect()
}

const FILES: [(&str, &str); 9] = [
    ("00-setup.conf", include_str!("../../../../rules/firewall/00-setup.conf")),
    ("10-protocol.conf", include_str!("../../../../rules/firewall/10-protocol.conf")),
    ("20-files.conf", include_str!("../../../../rules/firewall/20-files.conf")),
    ("30-sql.conf", include_str!("../../../../rules/firewall/30-sql.conf")),
    ("40-script.conf", include_str!("../../../../rules/firewall/40-script.conf")),
    ("50-command.conf", include_str!("../../../../rules/firewall/50-command.conf")),
    ("60-remote.conf", include_str!("../../../../rules/firewall/60-remote.conf")),
    ("70-template.conf", include_str!("../../../../rules/firewall/70-template.conf")),
    ("80-data.conf", include_str!("../../../../rules/firewall/80-data.conf")),
];
const UNREAD: &str = include_str!("../../../../rules/firewall/90-unread.conf");
