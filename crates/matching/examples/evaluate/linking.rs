//! RP@5 of linking sentences, and spans of them, to ESCO skills.
//!
//! R-precision at 5: of the five best, how many are right, over the lesser of five and how many
//! there are; the mean over texts with at least one ESCO label.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;

use matching::Vocabulary;

pub(crate) fn measure(folders: &[PathBuf]) -> Option<()> {
    let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|at| at.is_file());
    let names = fs::read_to_string(find("skills_en_label.txt")?).ok()?;
    let table = rows(&fs::read_to_string(find("skills.csv")?).ok()?);
    let labels = labels(&names, &table);
    println!(
        "{} of {} labels found in the vocabulary's source",
        labels.len(),
        names.lines().count()
    );
    for set in ["techwolf", "tech", "house"] {
        let path = find(&format!("{set}_test_annotations.csv"))?;
        let annotations = rows(&fs::read_to_string(path).ok()?);
        println!("{set}: {}", figures(&annotations, &labels));
    }
    Some(())
}

/// By sentence and, where spans are marked, by span.
fn figures(annotations: &[Vec<String>], labels: &HashMap<String, String>) -> String {
    let by_sentence = rp_at_5(annotations, labels, |row| row.first());
    let by_span = rp_at_5(annotations, labels, |row| {
        if row.len() < 4 {
            row.first()
        } else {
            row.get(2).filter(|sub| !sub.is_empty()).or(row.get(1))
        }
    });
    format!("RP@5 by sentence {by_sentence:.4}, by span {by_span:.4}")
}

fn rp_at_5<'a>(
    annotations: &'a [Vec<String>],
    labels: &HashMap<String, String>,
    text: impl Fn(&'a Vec<String>) -> Option<&'a String>,
) -> f64 {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in annotations.iter().skip(1) {
        if let (Some(text), Some(id)) = (text(row), row.last().and_then(|at| labels.get(at.trim())))
        {
            wanted.entry(text).or_default().insert(id);
        }
    }
    let precision = |(text, ids): (&&str, &BTreeSet<&str>)| {
        let ranked = Vocabulary::shared().rank_skills(text, 5);
        let right = ranked.iter().filter(|concept| ids.contains(concept.id.as_str())).count();
        right as f64 / ids.len().min(5) as f64
    };
    wanted.iter().map(precision).sum::<f64>() / wanted.len() as f64
}

/// Of each preferred label its id: the list and the table have the same order, with some left out.
fn labels(names: &str, table: &[Vec<String>]) -> HashMap<String, String> {
    let names: Vec<String> = names.lines().map(single_spaced).collect();
    let mut next = 0;
    let mut labels = HashMap::new();
    for row in table.iter().skip(1) {
        let (Some(uri), Some(text)) = (row.first(), row.get(1)) else { continue };
        let text = single_spaced(text);
        let ahead = names.iter().enumerate().skip(next).take(LEFT_OUT_MAX);
        let found = ahead.into_iter().find(|(_, name)| text.starts_with(name.as_str()));
        if let Some((place, name)) = found {
            next = place + 1;
            let uuid = uri.trim().rsplit('/').next().unwrap_or_default();
            labels.insert(name.clone(), format!("esco:{uuid}"));
        }
    }
    labels
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of a CSV (RFC 4180).
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    rows
}

const LEFT_OUT_MAX: usize = 60;
