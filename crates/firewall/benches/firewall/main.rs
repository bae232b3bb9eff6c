//! Processor time of whole transactions with the Core Rule Set, beside libmodsecurity's.
//!
//! The rules are looked for under `RINGWALL_CRS`, then where Debian has them; without any, nothing
//! is measured. The peer is compiled from `xtask/peers/libmodsecurity.c` where its library is
//! installed. Both get the same rules, requests and answer, one after the other, on one thread.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot start, stops"
)]

mod cases;
mod curves;
mod ours;
mod page;
mod peer;
mod rules;

use cases::Request;
use ours::Ours;
use page::Page;
use peer::Peer;
use rules::Rules;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What paranoia level 1 has to reach, in microseconds.
const TARGETS: &[(&str, f64)] = &[
    ("get", 250.0),
    ("json-1k", 700.0),
    ("json-16k", 8000.0),
    ("attacks", 300.0),
    ("varied", 500.0),
];

fn main() {
    let Some(rules) = Rules::find() else {
        println!("no Core Rule Set under RINGWALL_CRS or in Debian's place: nothing measured");
        return;
    };
    let mut page = Page::default();
    for level in [1, 4] {
        let file = rules.at_level(level);
        let ours = Ours::load(&file);
        if level == 1 {
            footprint(&ours, &mut page);
        }
        let peer = Peer::compile();
        page.level(level, peer.as_ref().map(Peer::version));
        for (name, requests) in cases::all() {
            let mine = ours.median(&requests);
            let theirs = peer.as_ref().map(|peer| peer.median(&file, &requests));
            let target = target(name, level);
            report(&format!("firewall/{name}-pl{level}"), mine, theirs, target);
            page.case(name, mine, theirs, target);
        }
        if level == 1 {
            curves::measure(&rules, &ours, peer.as_ref(), &mut page);
        }
    }
    page.print();
}

fn target(name: &str, level: u8) -> Option<f64> {
    let named = TARGETS.iter().find(|(case, _)| *case == name && level == 1);
    named.map(|(_, target)| *target)
}

/// What loading costs, and what the rules take once the varied requests have warmed them.
fn footprint(ours: &Ours, page: &mut Page) {
    let warmed = ours.resident_after(&cases::varied());
    println!(
        "load {:.0} ms, resident +{:.1} MiB, warmed +{warmed:.1} MiB",
        ours.load_ms, ours.load_mib
    );
    page.footprint(ours.load_ms, ours.load_mib, warmed);
    line("firewall/load", ours.load_ms, "ms", 1000.0, "<=1000ms");
    line("firewall/resident", warmed, "MiB", 30.0, "<=30MiB");
}

/// A ratio against the peer; met when the target is, and when the peer isn't cheaper.
fn report(name: &str, mine: f64, theirs: Option<f64>, target: Option<f64>) {
    let peer = theirs.or(target).unwrap_or(mine);
    let is_met = mine <= peer && target.is_none_or(|target| mine <= target);
    let verdict = if is_met { "ok" } else { "MISSED" };
    let target = target.map_or("-".to_owned(), |target| format!("<={target:.0}µs"));
    println!("RATIO {name} {mine:.1} µs {peer:.1} µs {:.3} {target} {verdict}", mine / peer);
}

fn line(name: &str, mine: f64, unit: &str, limit: f64, target: &str) {
    let verdict = if mine <= limit { "ok" } else { "MISSED" };
    println!(
        "RATIO {name} {mine:.1} {unit} {limit:.1} {unit} {:.3} {target} {verdict}",
        mine / limit
    );
}

/// The one in the middle.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
