//! The page that the bench leaves. `cargo xtask bench --write` takes the lines marked `PAGE`.

use std::fmt::Write as _;

#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn footprint(&mut self, load_ms: f64, load_mib: f64, warmed_mib: f64) {
        self.line(&format!(
            "Loading all rules takes {load_ms:.0} ms of processor time and {load_mib:.1} MiB; with \
             the automata that the 200 varied requests asked for it is {warmed_mib:.1} MiB, shared \
             by all connections."
        ));
    }

    pub(crate) fn level(&mut self, level: u8, peer: Option<&str>) {
        let peer = peer.unwrap_or("no peer");
        self.line(&format!("\n## Paranoia level {level}\n"));
        self.line(&format!("| case | ours | {peer} | ratio | target |\n|---|---|---|---|---|"));
    }

    pub(crate) fn case(&mut self, name: &str, mine: f64, theirs: Option<f64>, target: Option<f64>) {
        let target = target.map_or("–".to_owned(), |target| format!("≤ {target:.0} µs"));
        self.line(&format!("| {name} | {mine:.0} µs | {} | {target} |", beside(mine, theirs)));
    }

    pub(crate) fn curve(&mut self, what: &str, sentence: &str) {
        self.line(&format!("\n## Cost by {what}\n\nµs of processor time of {sentence}.\n"));
        self.line(&format!("| {what} | ours | peer | peer / ours |\n|---|---|---|---|"));
    }

    pub(crate) fn point(&mut self, at: usize, mine: f64, theirs: Option<f64>) {
        println!("curve {at} {mine:.1} µs, peer {theirs:.1?}");
        self.line(&format!("| {at} | {mine:.0} µs | {} |", beside(mine, theirs)));
    }

    pub(crate) fn print(&self) {
        self.0.lines().for_each(|line| println!("PAGE {line}"));
    }

    fn line(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _written = writeln!(self.0, "{text}");
    }
}

fn beside(mine: f64, theirs: Option<f64>) -> String {
    match theirs {
        Some(theirs) => format!("{theirs:.0} µs | {:.1} ×", theirs / mine),
        None => "– | –".to_owned(),
    }
}
