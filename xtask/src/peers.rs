//! The firewall beside Debian's libmodsecurity, or beside Coraza: the same input to both, and what
//! differs.
//!
//! The peer is a small C program (`xtask/peers/libmodsecurity.c`) or one that is named, ours the
//! example `answer` of the firewall's crate; both read the same frames and answer one line each.

mod answerer;
mod corpus;
mod injections;
mod page;
mod random;
mod report;
mod requests;
mod transformations;
mod wycheproof;

use std::path::PathBuf;

use clap::Args;

use self::{
    answerer::Answerer, corpus::Corpus, page::Page, random::Random, report::Report, requests::Rules,
};
use crate::{
    error::{ChoreError, Outcome},
    install, run,
    workspace::Workspace,
};

const MODSECURITY: install::Need = install::Need {
    name: "libmodsecurity's library and headers",
    packages: &["libmodsecurity3", "libmodsecurity-dev", "gcc"],
    is_met: || {
        PathBuf::from("/usr/include/modsecurity/modsecurity.h").is_file()
            && run::find("cc").is_some()
    },
};

/// What to compare, and how much of it.
#[derive(Args)]
pub(crate) struct Options {
    /// A checkout of the Core Rule Set: its tests are seeds, its rules see the requests
    #[arg(long)]
    crs: Option<PathBuf>,
    /// How many values `@detectSQLi` and `@detectXSS` see
    #[arg(long, default_value_t = 320_000)]
    values: usize,
    /// How many values the transformations see
    #[arg(long, default_value_t = 20_000)]
    transformed: usize,
    /// How many requests the rules see; needs `--crs`
    #[arg(long, default_value_t = 50_000)]
    requests: usize,
    /// At which paranoia level
    #[arg(long, default_value_t = 4)]
    paranoia_level: u8,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `SecUnicodeMapFile` of the peer, which Debian does not package
    #[arg(long)]
    unicode_map: Option<PathBuf>,
    /// A program that asks Coraza, in place of libmodsecurity and for `requests` alone: it reads
    /// and answers as `xtask/peers/libmodsecurity.c` does, also when asked for `version`
    #[arg(long)]
    coraza: Option<PathBuf>,
    /// Judges the JSON Web Signatures in this directory of Wycheproof's vectors
    /// (`testvectors_v1`), and nothing else; a wrong answer fails
    #[arg(long)]
    wycheproof: Option<PathBuf>,
    /// Writes the rows to `docs/reference/firewall-peers.md`; rows that were not asked stay
    #[arg(long)]
    write: bool,
    /// Only these of `injections`, `transformations` and `requests`
    only: Vec<String>,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        let is_named = self.only.is_empty() || self.only.iter().any(|only| only == part);
        is_named && (self.coraza.is_none() || part == "requests")
    }
}

/// Ours, and the peer.
type Pair<'a> = (&'a Answerer, &'a Answerer);

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    if let Some(vectors) = &options.wycheproof {
        return wycheproof::run(workspace, vectors, options.write);
    }
    let ours = Answerer::ours(workspace)?;
    install::ensure(&[MODSECURITY])?;
    let modsecurity = Answerer::libmodsecurity(workspace, options.unicode_map.as_deref())?;
    let coraza = options.coraza.as_deref().map(|program| Answerer::coraza(workspace, program));
    let coraza = coraza.transpose()?;
    let peer = coraza.as_ref().unwrap_or(&modsecurity);
    let corpus = Corpus::gather(workspace, options.crs.as_deref())?;
    let arbiter = coraza.is_some().then_some(&modsecurity);
    let reports = reports((&ours, peer), arbiter, workspace, &corpus, options)?;
    let page = Page::new(&peer.version()?, options.seed, &reports);
    println!("{}", page.text(""));
    if options.write { page.write(workspace) } else { Ok(()) }
}

fn reports(
    pair: Pair<'_>,
    arbiter: Option<&Answerer>,
    workspace: &Workspace,
    corpus: &Corpus,
    options: &Options,
) -> Outcome<Vec<Report>> {
    let chance = || Random::from_seed(options.seed);
    let mut reports = Vec::new();
    if options.wants("injections") {
        let values = corpus.values(&mut chance(), options.values);
        reports.extend(injections::compare(pair, &values)?);
    }
    if options.wants("transformations") {
        let values = corpus.values(&mut chance(), options.transformed);
        reports.extend(transformations::compare(pair, &values)?);
    }
    if options.wants("requests") {
        let Some(crs) = options.crs.as_deref() else {
            return Err(ChoreError::told("requests need the Core Rule Set: give `--crs DIR`"));
        };
        let unicode_map = options.unicode_map.as_deref();
        let paranoia_level = options.paranoia_level;
        let rules = Rules { crs, unicode_map, paranoia_level, arbiter };
        let requests = requests::make(corpus, &mut chance(), options.requests);
        reports.push(requests::compare(pair, workspace, &rules, &requests)?);
    }
    Ok(reports)
}
