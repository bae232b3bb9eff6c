//! Benchmarks. Each prints lines that begin with `RATIO`; they end as one table.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
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
const HEAD: &str = "# Measured\n\nWritten by `cargo xtask bench --write`. Each row is our figure \
                    beside a peer's, taken in one run on one machine; only the ratio travels.\n\n\
                    | what | ours | peer | ratio | target | |\n|---|---|---|---|---|---|\n";

/// What to do with the table.
#[derive(Args)]
pub(crate) struct Options {
    /// Also writes the table to `docs/reference/bench.md`
    #[arg(long)]
    write: bool,
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
    let ratios = measured(command)?;
    let table = table(&ratios);
    println!("\n{table}");
    if options.write {
        let page = workspace.root().join(PAGE);
        let folder = page.parent().unwrap_or(workspace.root());
        fs::create_dir_all(folder).map_err(ChoreError::path(folder))?;
        fs::write(&page, format!("{HEAD}{table}")).map_err(ChoreError::path(&page))?;
    }
    match ratios.iter().filter(|ratio| !ratio.is_met).count() {
        0 => Ok(()),
        missed => Err(ChoreError::told(format!("{missed} of {} targets missed", ratios.len()))),
    }
}

/// Runs the benches, passes their output on and keeps its ratios.
fn measured(mut command: std::process::Command) -> Outcome<Vec<Ratio>> {
    let line = run::line(&command);
    eprintln!("\n$ {line}");
    let unstarted = |source| ChoreError::Unstarted { command: line.clone(), source };
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(unstarted)?;
    let mut ratios = Vec::new();
    for said in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let said = said.map_err(unstarted)?;
        println!("{said}");
        if let Some(fields) = said.strip_prefix("RATIO ") {
            ratios.push(Ratio::parse(fields)?);
        }
    }
    let status = child.wait().map_err(unstarted)?;
    if status.success() {
        return Ok(ratios);
    }
    Err(ChoreError::Refused { command: line, status: status.to_string() })
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

fn table(ratios: &[Ratio]) -> String {
    ratios.iter().fold(String::new(), |mut table, ratio| {
        let verdict = if ratio.is_met { "ok" } else { "missed" };
        // Writing to a string cannot fail.
        let _written = writeln!(table, "| {} | {verdict} |", ratio.cells.join(" | "));
        table
    })
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
        assert_eq!(table(&[ratio]), "| rings | 20 us | 5 us | 4.0 | <=5 | missed |\n");
    }
}
