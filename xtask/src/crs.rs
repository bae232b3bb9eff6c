//! The Core Rule Set's own regression tests, in the log mode of its runner, go-ftw: a request goes
//! through the firewall, and the rules that the match log names are judged.
//!
//! Two things are stricter than there: a test passes only if all its stages do, and no platform's
//! overrides are applied. What fails all the same is explained in `crs/differences.toml`.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
};

use clap::Args;
use regex::Regex;

use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

mod client;
mod differences;
mod guard;
mod judge;
mod matches;
mod page;
mod request;
mod setup;
mod suite;
mod upstream;

use differences::Differences;
use guard::Guard;
use judge::Evidence;
use matches::MatchLog;
use suite::{Stage, Test};
use upstream::Upstream;

/// Which tests, against what.
#[derive(Args)]
pub(crate) struct Options {
    /// A checkout of `coreruleset/coreruleset`
    #[arg(long, value_name = "DIR")]
    crs: PathBuf,
    /// Paranoia level
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = level())]
    pl: u8,
    /// Only tests whose id, such as `942100-3`, matches
    #[arg(long, value_name = "REGEX")]
    only: Option<Regex>,
    /// The engine's example in a release build instead of the proxy: quicker to build
    #[arg(long, conflicts_with = "binary")]
    engine: bool,
    /// A binary that is built already; without: the debug build
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Writes `docs/reference/firewall-crs.md` after a whole run
    #[arg(long)]
    write: bool,
}

/// CRS knows four.
fn level() -> impl clap::builder::TypedValueParser<Value = u8> {
    clap::value_parser!(u8).range(1..=4)
}

/// What came of the tests.
struct Tally {
    passed: usize,
    total: usize,
    failures: BTreeMap<String, String>,
}

/// Starts upstream and firewall, sends every stage, and prints what fails.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let differences = Differences::load(workspace.root())?;
    let mut tests = suite::load(&options.crs)?;
    let is_whole = options.only.is_none() && options.pl == 4;
    tests.retain(|test| options.only.as_ref().is_none_or(|only| only.is_match(&test.id)));
    if tests.is_empty() {
        return Err(ChoreError::told("no test has such an id"));
    }
    let folder = workspace.target_folder("crs")?;
    let rules = setup::write(&folder, &options.crs, options.pl)?;
    let upstream = Upstream::start()?;
    let log = MatchLog::create(folder.join("matches.jsonl"))?;
    let guard = Guard::start(workspace, options, &rules, upstream.address(), log.path())?;
    let tally = judge_all(&tests, &Bench { guard, log })?;
    if options.write && is_whole {
        let version = setup::version(&options.crs)?;
        page::write(workspace.root(), &version, &tests, &tally, &differences)?;
    }
    report(&tally, &differences, is_whole)
}

/// What a stage runs through.
struct Bench {
    guard: Guard,
    log: MatchLog,
}

fn judge_all(tests: &[Test], bench: &Bench) -> Outcome<Tally> {
    let mut tally = Tally { passed: 0, total: tests.len(), failures: BTreeMap::new() };
    let mut position = bench.mark("start")?;
    for (index, test) in tests.iter().enumerate() {
        progress(index, &tally);
        let mut reasons = Vec::new();
        for (number, stage) in test.stages.iter().enumerate() {
            let marker = format!("{}-{number}", test.id);
            let mut reason = bench.judge(stage, &marker, &mut position)?;
            if reason.is_some() && stage.output.retry_once {
                reason = bench.judge(stage, &format!("{marker}-again"), &mut position)?;
            }
            reasons.extend(reason.map(|reason| format!("stage {number}: {reason}")));
        }
        if reasons.is_empty() {
            tally.passed += 1;
        } else {
            tally.failures.insert(test.id.clone(), reasons.join("; "));
        }
    }
    progress(tests.len(), &tally);
    Ok(tally)
}

impl Bench {
    /// Sends a marker request and returns where the log stands after it.
    fn mark(&self, name: &str) -> Outcome<u64> {
        client::exchange(self.guard.address(), &request::marker(name))
            .map_err(|error| ChoreError::told(format!("the marker `{name}` got lost: {error}")))?;
        self.log.after_marker(name)
    }

    /// Why the stage fails, if it does. The marker before it is behind `position`.
    fn judge(&self, stage: &Stage, marker: &str, position: &mut u64) -> Outcome<Option<String>> {
        let request = request::build(&stage.input)?;
        let answer = client::exchange(self.guard.address(), &request);
        let end = self.mark(marker)?;
        let lines = self.log.between(*position, end, marker)?;
        *position = end;
        Ok(judge::fault(&stage.output, &Evidence { answer, lines }))
    }
}

fn progress(done: usize, tally: &Tally) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let filled = (done * BAR_WIDTH).checked_div(tally.total).unwrap_or(BAR_WIDTH);
    let bar = format!("{:<BAR_WIDTH$}", "#".repeat(filled));
    let failed = tally.failures.len();
    let is_last = done == tally.total;
    // A progress bar that cannot be shown is no reason to stop.
    let _ = write!(out, "\r[{bar}] {done}/{} {failed} failed{}", tally.total, end(is_last));
}

const BAR_WIDTH: usize = 40;

const fn end(is_last: bool) -> &'static str {
    if is_last { "\n" } else { "" }
}

fn report(tally: &Tally, differences: &Differences, is_whole: bool) -> Outcome {
    for (id, reason) in &tally.failures {
        match differences.reason(id) {
            Some(explained) => println!("{id:<12} {reason} (known: {explained})"),
            None => println!("{id:<12} {reason}"),
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    let share = 100.0 * tally.passed as f64 / tally.total as f64;
    println!("\npassed {} of {} ({share:.2} %)", tally.passed, tally.total);
    if is_whole { differences.hold(tally.passed, &tally.failures) } else { Ok(()) }
}
