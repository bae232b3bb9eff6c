//! Benchmarks. Each prints lines that begin with `RATIO`; they end as one table. Lines that
//! begin with `PAGE` become a page of their own.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::Stdio,
};

use clap::Args;

use crate::{
    error::{ChoreError, Outcome},
    run,
    services::Services,
    workspace::Workspace,
};

const PAGE: &str = "docs/reference/bench.md";
/// Where the firewall's bench has its page.
const FIREWALL_PAGE: &str = "docs/reference/firewall-bench.md";
const FIREWALL_HEAD: &str = "# The firewall, measured\n\n\
    Written by `cargo xtask bench firewall --write`: the OWASP Core Rule Set, processor time of \
    whole transactions (request and answer) on one thread, beside libmodsecurity in the same run \
    on the same machine. Only the ratios travel. `varied` is the median of 200 harmless requests, \
    no two alike; `attacks` of six that are blocked.\n\n";
const HEAD: &str = "# Measured\n\nWritten by `cargo xtask bench --write`. Each row is our figure \
                    beside a peer's, taken in one run on one machine; only the ratio travels.\n\n\
                    | what | ours | peer | ratio | target | |\n|---|---|---|---|---|---|\n";

/// What to do with the table.
#[derive(Args)]
pub(crate) struct Options {
    /// Also writes the rows to `docs/reference/bench.md`; rows that were not measured stay
    #[arg(long)]
    write: bool,
    /// Where the Core Rule Set is, for the firewall's bench; else Debian's package
    #[arg(long)]
    crs: Option<PathBuf>,
    /// How many candidates the import's bench imports: at most, and else, 100,000
    #[arg(long)]
    candidates: Option<u32>,
    /// Only benches whose name is one of these
    only: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let mut command = run::cargo(workspace.root());
    command.arg("bench");
    let mut benches = 0;
    for member in workspace.members() {
        let is_wanted = |bench: &&String| options.only.is_empty() || options.only.contains(bench);
        for bench in member.benches.iter().filter(is_wanted) {
            benches += 1;
            command.args(["-p", &member.name, "--bench", bench]);
        }
    }
    if benches == 0 {
        return Err(ChoreError::told("there is no such bench"));
    }
    let services = Services::ensure(workspace)?;
    services.tell(&mut command);
    if let Some(crs) = &options.crs {
        let crs = fs::canonicalize(crs).map_err(ChoreError::path(crs))?;
        command.env("RINGWALL_CRS", crs);
    }
    if let Some(candidates) = options.candidates {
        command.env("RINGWALL_BENCH_CANDIDATES", candidates.to_string());
    }
    let Told { ratios, page: firewall } = measured(command)?;
    let rows = rows(&ratios);
    println!("\n{}", rows.join("\n"));
    if options.write {
        let page = workspace.root().join(PAGE);
        let old = fs::read_to_string(&page).map_err(ChoreError::path(&page))?;
        fs::write(&page, rewritten(&old, &rows)).map_err(ChoreError::path(&page))?;
        if !firewall.is_empty() {
            let page = workspace.root().join(FIREWALL_PAGE);
            let text = format!("{FIREWALL_HEAD}{}", firewall.trim_start());
            fs::write(&page, text).map_err(ChoreError::path(&page))?;
        }
    }
    match ratios.iter().filter(|ratio| !ratio.is_met).count() {
        0 => Ok(()),
        missed => Err(ChoreError::told(format!("{missed} of {} targets missed", ratios.len()))),
    }
}

/// Runs the benches, passes their output on and keeps its ratios.
fn measured(mut command: std::process::Command) -> Outcome<Told> {
    let line = run::line(&command);
    eprintln!("\n$ {line}");
    let unstarted = |source| ChoreError::Unstarted { command: line.clone(), source };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(unstarted)?;
    let mut told = Told::default();
    for said in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let said = said.map_err(unstarted)?;
        println!("{said}");
        if let Some(fields) = said.strip_prefix("RATIO ") {
            told.ratios.push(Ratio::parse(fields)?);
        }
        if let Some(line) = said.strip_prefix("PAGE ") {
            told.page.push_str(line.trim_end());
            told.page.push('\n');
        }
    }
    let status = child.wait().map_err(unstarted)?;
    if status.success() {
        return Ok(told);
    }
    Err(ChoreError::Refused { command: line, status: status.to_string() })
}

/// What the benches said.
#[derive(Default)]
struct Told {
    ratios: Vec<Ratio>,
    page: String,
}

/// `name ours unit peer unit ratio target ok|MISSED`
#[derive(Debug, PartialEq, Eq)]
struct Ratio {
    cells: [String; 5],
    is_met: bool,
}

impl Ratio {
    fn parse(fields: &str) -> Outcome<Self> {
        let words: Vec<&str> = fields.split_whitespace().collect();
        let [name, ours, ours_unit, peer, peer_unit, ratio, target, verdict] = words.as_slice()
        else {
            return Err(ChoreError::told(format!("`RATIO {fields}` has not eight fields")));
        };
        let is_met = match *verdict {
            "ok" => true,
            "MISSED" => false,
            other => return Err(ChoreError::told(format!("`{other}` is neither ok nor MISSED"))),
        };
        let cells = [
            (*name).to_owned(),
            format!("{ours} {ours_unit}"),
            format!("{peer} {peer_unit}"),
            (*ratio).to_owned(),
            (*target).to_owned(),
        ];
        Ok(Self { cells, is_met })
    }
}

fn rows(ratios: &[Ratio]) -> Vec<String> {
    let row = |ratio: &Ratio| {
        let verdict = if ratio.is_met { "ok" } else { "missed" };
        format!("| {} | {verdict} |", ratio.cells.join(" | "))
    };
    ratios.iter().map(row).collect()
}

/// The page with new rows in the place of old ones of the same name, in the order of names.
fn rewritten(page: &str, rows: &[String]) -> String {
    let name = |row: &str| row.split(" | ").next().unwrap_or(row).to_owned();
    let old = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let all: BTreeMap<_, _> =
        old.chain(rows.iter().map(String::as_str)).map(|row| (name(row), row)).collect();
    all.values().fold(HEAD.to_owned(), |page, row| page + row + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_do_not_tell_all_are_refused() {
        assert!(Ratio::parse("rings 20 us 5 us 4.0 <=5").is_err());
        assert!(Ratio::parse("rings 20 us 5 us 4.0 <=5 fine").is_err());
    }

    #[test]
    fn ratios_become_rows() {
        let ratio = Ratio::parse("rings 20 us 5 us 4.0 <=5 MISSED").unwrap();

        assert!(!ratio.is_met);
        assert_eq!(rows(&[ratio]), ["| rings | 20 us | 5 us | 4.0 | <=5 | missed |"]);
    }

    #[test]
    fn a_new_row_replaces_the_old_one_of_its_name_and_no_other() {
        let [old, kept, new] = ["| b | 2 |", "| a | 1 |", "| b | 3 |"].map(str::to_owned);

        let page = rewritten(&rewritten("", &[old, kept]), &[new]);

        assert_eq!(page, format!("{HEAD}| a | 1 |\n| b | 3 |\n"));
    }
}
