//! Finds the names of skills in a text: leftmost, longest, at the bounds of words.

use std::collections::HashMap;

use super::phrase;
use crate::words::{folded, words};

/// A skill that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Which skill.
    pub skill: u32,
    /// Where the name begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Names, folded.
#[derive(Default)]
pub(super) struct Phrases {
    names: HashMap<String, Name>,
    /// By the first word of a name, how many words the longest such name has.
    longest: HashMap<String, usize>,
}

struct Name {
    skill: u32,
    /// How it must be written, where the name is also an ordinary word.
    written: Option<String>,
}

impl Phrases {
    /// Adds a name; the first to have it keeps it.
    pub(super) fn add(&mut self, name: &str, skill: u32, is_technology: bool) {
        let phrase = phrase(name);
        let Some(first) = phrase.split(' ').next().filter(|first| !first.is_empty()) else {
            return;
        };
        let length = phrase.split(' ').count().min(WORDS_MAX);
        let longest = self.longest.entry(first.to_owned()).or_default();
        *longest = length.max(*longest);
        let is_ordinary = phrase.len() <= 2 || ORDINARY.contains(&phrase.as_str());
        let written = (is_technology && is_ordinary).then(|| name.to_owned());
        let known = self.names.entry(phrase).or_insert(Name { skill, written: None });
        known.written = known.written.take().or(written);
    }

    /// The skill of exactly this name.
    pub(super) fn exactly(&self, name: &str) -> Option<u32> {
        self.names.get(&phrase(name)).map(|name| name.skill)
    }

    pub(super) fn mentions(&self, text: &str) -> Vec<Mention> {
        let words: Vec<_> = words(text).collect();
        let folds: Vec<String> = words.iter().map(|word| folded(word.text)).collect();
        let mut found = Vec::new();
        let mut at = 0;
        while let (Some(first), Some(fold)) = (words.get(at), folds.get(at)) {
            let longest = self.longest.get(fold).copied().unwrap_or(0);
            let mention = (1..=longest.min(folds.len() - at)).rev().find_map(|length| {
                let last = words.get(at + length - 1)?;
                let end = last.at + last.text.len();
                let name = self.names.get(&folds.get(at..at + length)?.join(" "))?;
                let written = text.get(first.at..end)?;
                let fits = name.written.as_deref().is_none_or(|name| name == written);
                fits.then_some((length, Mention { skill: name.skill, start: first.at, end }))
            });
            at += mention.map_or(1, |(length, _)| length);
            found.extend(mention.map(|(_, mention)| mention));
        }
        found
    }
}

const WORDS_MAX: usize = 8;
/// Names that are words of their own: these count only as they are written by those who mean them.
const ORDINARY: &[&str] = &[
    "apex",
    "assembly",
    "astro",
    "babel",
    "bamboo",
    "bash",
    "beam",
    "bun",
    "cassandra",
    "chef",
    "consul",
    "containers",
    "dart",
    "ember",
    "envoy",
    "excel",
    "express",
    "flask",
    "flux",
    "gin",
    "git",
    "helm",
    "hive",
    "iam",
    "java",
    "julia",
    "lean",
    "looker",
    "maya",
    "monday",
    "nomad",
    "phoenix",
    "puppet",
    "python",
    "ray",
    "react",
    "redis",
    "remix",
    "rest",
    "ruby",
    "rust",
    "sap",
    "safe",
    "sales",
    "scala",
    "sketch",
    "snowflake",
    "spark",
    "spring",
    "swift",
    "unity",
    "vault",
    "vite",
    "workday",
    "xero",
    "zig",
];
