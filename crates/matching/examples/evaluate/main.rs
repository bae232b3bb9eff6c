//! Measures the matcher on public collections: `cargo xtask matching --data DIR`.
//!
//! Anywhere below the folder it looks for TalentCLEF task A sets (a folder with `corpus/`,
//! `queries/` and `qrels.tsv`) and for the skill-extraction benchmark (`*_test_annotations.csv`
//! beside `skills_en_label.txt`, and `skills.csv` of the package that the vocabulary is made from).

mod linking;
mod ranking;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("expected a folder with collections");
        return ExitCode::FAILURE;
    };
    let mut folders = Vec::new();
    walk(&folder, 0, &mut folders);
    folders.sort();
    let sets = folders.iter().filter(|folder| folder.join("qrels.tsv").is_file());
    let mut measured = 0;
    for set in sets.filter(|set| set.join("corpus").is_dir() && set.join("queries").is_dir()) {
        measured += usize::from(ranking::measure(set).is_some());
    }
    measured += usize::from(linking::measure(&folders).is_some());
    if measured == 0 {
        eprintln!("no collection below {}", folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    found.push(folder.to_owned());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|_| depth < DEPTH_MAX) {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, depth + 1, found);
        }
    }
}

const DEPTH_MAX: usize = 8;
