//! Whole requests through the Core Rule Set: which rules each engine logs.

mod coraza;
mod grammar;
mod reasons;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use self::grammar::Request;
use super::{
    Pair,
    answerer::{Answerer, asked, both, push_frame},
    corpus::Corpus,
    random::Random,
    report::Report,
};
use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

/// The rules and what stands around them.
pub(super) struct Rules<'a> {
    pub(super) crs: &'a Path,
    pub(super) unicode_map: Option<&'a Path>,
    pub(super) paranoia_level: u8,
    /// Who is asked as well where two engines differ: libmodsecurity, where Coraza is the peer.
    pub(super) arbiter: Option<&'a Answerer>,
}

impl Rules<'_> {
    fn what(&self) -> String {
        let peer = if self.arbiter.is_some() { ", Coraza" } else { "" };
        format!("CRS at PL{}, ids of rules{peer}", self.paranoia_level)
    }
}

/// What one engine said of one request.
struct Answer {
    nanoseconds: u64,
    rules: BTreeSet<u32>,
}

/// Requests that chance makes of ordinary ones and of attacks.
pub(super) fn make(corpus: &Corpus, random: &mut Random, count: usize) -> Vec<Request> {
    (0..count).map(|_| grammar::request(corpus, random)).collect()
}

/// Each request in both engines, and what differs rule by rule. Every request that differs is
/// told in `target/peers-differences.txt`.
pub(super) fn compare(
    pair: Pair<'_>,
    workspace: &Workspace,
    rules: &Rules<'_>,
    requests: &[Request],
) -> Outcome<Report> {
    let file = write_rules(workspace, rules)?;
    let arguments = ["requests", &*file.to_string_lossy()];
    let mut frames = Vec::new();
    requests.iter().for_each(|request| push_request(&mut frames, request));
    let answers = both(pair, &arguments, &frames, requests.len())?;
    let arbiter = rules.arbiter.map(|arbiter| asked(arbiter, &arguments, &frames, requests.len()));
    let mut judged = arbiter.transpose()?.unwrap_or_default().into_iter();
    let mut report = Report::new(rules.what());
    let mut times = [Vec::new(), Vec::new()];
    let mut told = String::new();
    for (request, (ours, theirs)) in requests.iter().zip(&answers) {
        let (ours, theirs) = (Answer::read(ours)?, Answer::read(theirs)?);
        let both_times = [ours.nanoseconds, theirs.nanoseconds];
        times.iter_mut().zip(both_times).for_each(|(times, time)| times.push(time));
        let is_hit = !theirs.rules.is_empty();
        let judged = judged.next().map(|line| Answer::read(&line)).transpose()?;
        let classes = classes(request, &ours, &theirs, judged.as_ref());
        if classes.is_empty() {
            report.same(is_hit);
            continue;
        }
        let of_rules: Vec<String> = classes
            .iter()
            .map(|(id, place, reason)| format!("{id} only {}: {reason}", place.word()))
            .collect();
        told.push_str(&format!("{}: {}\n", of_rules.join(", "), request.told()));
        let reasons: BTreeSet<&str> = classes.iter().map(|(_, _, reason)| *reason).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        let ids = classes.iter().map(|(id, place, _)| format!("{id} {}", place.word()));
        report.differs(&reasons, is_hit, ids.collect::<Vec<_>>().join(", "));
    }
    let path = workspace.target().join("peers-differences.txt");
    fs::write(&path, told).map_err(ChoreError::path(&path))?;
    let [ours, theirs] = times.map(median_microseconds);
    report.note = format!("CPU in the median: {ours} µs here, {theirs} µs there");
    Ok(report)
}

impl Answer {
    /// From `nanoseconds status id…`.
    fn read(line: &str) -> Outcome<Self> {
        let mut words = line.split(' ');
        let nanoseconds = words.next().and_then(|word| word.parse().ok());
        let rules = words.skip(1).map(str::parse).collect::<Result<_, _>>();
        match (nanoseconds, rules) {
            (Some(nanoseconds), Ok(rules)) => Ok(Self { nanoseconds, rules }),
            _ => Err(ChoreError::told(format!("answer `{line}` cannot be read"))),
        }
    }
}

/// One class for each rule that only one engine logged. Sums of scores follow from other rules.
fn classes(
    request: &Request,
    ours: &Answer,
    theirs: &Answer,
    judged: Option<&Answer>,
) -> Vec<(u32, Place, &'static str)> {
    let only = |these: &Answer, those: &Answer, place: Place| {
        let ids: Vec<u32> = these.rules.difference(&those.rules).copied().collect();
        let ids = ids.into_iter().filter(|id| !FOLLOWING.contains(id));
        ids.map(|id| (id, place, reason(request, (id, place), judged))).collect::<Vec<_>>()
    };
    [only(ours, theirs, Place::Here), only(theirs, ours, Place::There)].concat()
}

/// Why: a third engine that did as we did leaves it to the peer.
fn reason(request: &Request, (id, place): (u32, Place), judged: Option<&Answer>) -> &'static str {
    match judged {
        None => reasons::reason(request, id, place),
        Some(judged) if judged.rules.contains(&id) == (place == Place::Here) => {
            coraza::reason(request, id, place)
        }
        Some(_) => coraza::AS_MODSECURITY,
    }
}

/// Which engine alone logged a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Here,
    There,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::There => "there",
        }
    }
}

/// Rules that only sum up what others found: blocking, correlation.
const FOLLOWING: &[u32] = &[949_110, 949_111, 949_152, 949_153, 959_100, 959_101, 980_170, 980_099];

fn median_microseconds(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0) / 1000
}

fn push_request(frames: &mut Vec<u8>, request: &Request) {
    for part in [&request.method, &request.target, &request.protocol] {
        push_frame(frames, part);
    }
    push_frame(frames, request.headers.len().to_string().as_bytes());
    for (name, value) in &request.headers {
        push_frame(frames, name);
        push_frame(frames, value);
    }
    push_frame(frames, &request.body);
}

/// The rules with the engine settings that ModSecurity recommends, in log mode.
fn write_rules(workspace: &Workspace, rules: &Rules<'_>) -> Outcome<PathBuf> {
    let path = workspace.target().join("peers-rules.conf");
    let crs = fs::canonicalize(rules.crs).map_err(ChoreError::path(rules.crs))?;
    let mut text = SETTINGS.to_owned();
    if let Some(map) = rules.unicode_map {
        text.push_str(&format!("SecUnicodeMapFile {} 20127\n", map.display()));
    }
    text.push_str(&format!(
        "SecAction \"id:900000,phase:1,nolog,pass,t:none,setvar:tx.blocking_paranoia_level={}\"\n\
         Include {}/rules/*.conf\n",
        rules.paranoia_level,
        crs.display()
    ));
    fs::write(&path, text).map_err(ChoreError::path(&path))?;
    Ok(path)
}

const SETTINGS: &str = include_str!("requests/engine.conf");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_compared() {
        let ours = Answer::read("1500 0 942100 949110").unwrap();
        let theirs = Answer::read("9000 403 941100").unwrap();

        assert_eq!(ours.nanoseconds, 1500);
        let request = Request::get(b"/a");
        let classes = classes(&request, &ours, &theirs, None);
        let [(942_100, Place::Here, _), (941_100, Place::There, _)] = classes.as_slice() else {
            panic!("{classes:?}")
        };
        assert!(Answer::read("no number").is_err());
    }
}
