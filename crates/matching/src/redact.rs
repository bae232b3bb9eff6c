//! Takes protected words out of free text before the matcher sees it.
//!
//! What goes: pronouns, forms of address, words of gender, age, family, origin, faith and health,
//! dates and months, ages, contact data, the person's own names, their employers and schools.
//! Gendered titles become neutral ones. The words stand in `data/protected.toml`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::vocabulary::is_skill;
use crate::words::{Word, folded, words};

/// Text without protected words. Only a [`Redactor`] makes it, also when it is read back.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Redacted(String);

/// Takes protected words out, and the names that belong to one person.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Single names. They go where they are written with a capital: a baker may be called Baker.
    names: HashSet<String>,
    /// Whole names of people, employers and schools, by their first word.
    phrases: HashMap<String, Vec<Vec<String>>>,
}

impl Redactor {
    /// For free text of a person of these names, who worked and learnt at these organisations.
    ///
    /// Titles go through [`Redactor::default`]: they hold no names, and somebody called Baker may
    /// be a baker. For the same reason a single name that is also a skill's (Rust, Ruby) stays.
    #[must_use]
    pub fn new(names: &[&str], organisations: &[&str]) -> Self {
        let mut redactor = Self::default();
        for name in names {
            let parts = words(name).map(|word| word.text);
            redactor.names.extend(parts.filter(|name| !is_skill(name)).map(folded));
        }
        for phrase in organisations.iter().map(ToString::to_string).chain(whole(names)) {
            let phrase: Vec<String> = words(&phrase).map(|word| folded(word.text)).collect();
            if let Some(first) = phrase.first() {
                redactor.phrases.entry(first.clone()).or_default().push(phrase);
            }
        }
        // The longest first, so that no tail of a name is left over.
        for phrases in redactor.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        }
        redactor
    }

    /// The text without protected words.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        let words: Vec<Word<'_>> = words(text).collect();
        let folds: Vec<String> = words.iter().map(|word| folded(word.text)).collect();
        let mut kept = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let rest = folds.get(at..).unwrap_or_default();
            let before = at.checked_sub(1).and_then(|before| folds.get(before));
            at += match self.judge(word, rest, before.map(String::as_str)) {
                Judgement::Keep => {
                    push(&mut kept, word.text);
                    1
                }
                Judgement::Replace(neutral) => {
                    push(&mut kept, neutral);
                    1
                }
                Judgement::Drop(count) => count,
            };
        }
        Redacted(kept)
    }

    fn judge(&self, word: &Word<'_>, rest: &[String], before: Option<&str>) -> Judgement {
        let Some(fold) = rest.first() else { return Judgement::Drop(1) };
        let own = self.phrases.get(fold).and_then(|phrases| longest(phrases, rest));
        let lists = &*PROTECTED;
        let shared = lists.phrases.get(fold).and_then(|phrases| longest(phrases, rest));
        if let Some(count) = own.max(shared) {
            return Judgement::Drop(count);
        }
        if let Some(neutral) = lists.neutral.get(fold) {
            return Judgement::Replace(neutral);
        }
        let is_capital = word.text.starts_with(char::is_uppercase);
        let is_name = is_capital && self.names.contains(fold);
        let next = rest.get(1).map(String::as_str);
        if is_name
            || word.is_contact
            || lists.words.contains(fold)
            || tells_time(fold, before, next)
        {
            return Judgement::Drop(1);
        }
        Judgement::Keep
    }
}

impl Redacted {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Redacted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Redactor::default().redact(&text))
    }
}

enum Judgement {
    Keep,
    Replace(&'static str),
    Drop(usize),
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// A person's names as they are written together: all, and any two, the family name last or first.
fn whole(names: &[&str]) -> impl Iterator<Item = String> {
    let pairs = names.iter().enumerate().flat_map(move |(at, one)| {
        let others = names.iter().enumerate().filter(move |(other, _)| *other != at);
        others.map(move |(_, other)| format!("{one} {other}"))
    });
    pairs.chain([names.join(" ")])
}

/// The length of the longest phrase that the words begin with.
fn longest(phrases: &[Vec<String>], words: &[String]) -> Option<usize> {
    phrases.iter().find(|phrase| words.starts_with(phrase)).map(Vec::len)
}

/// Numbers tell ages, years, dates and telephone numbers. One that stands alone and has four or
/// five digits names a standard, such as ISO 9001 or ISO 27001, unless it can be a year.
fn tells_time(word: &str, before: Option<&str>, next: Option<&str>) -> bool {
    if !word.starts_with(|c: char| c.is_ascii_digit()) || word.chars().any(char::is_alphabetic) {
        return false;
    }
    let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    let names_a_standard = matches!(word.len(), 4 | 5)
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && !is_year
        && !before.is_some_and(is_number)
        && !next.is_some_and(is_number);
    !names_a_standard
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// The lists of `data/protected.toml`, folded.
struct Protected {
    words: HashSet<String>,
    phrases: HashMap<String, Vec<Vec<String>>>,
    neutral: HashMap<String, &'static str>,
}

#[derive(Deserialize)]
struct File {
    drop: HashMap<String, Vec<String>>,
    neutral: HashMap<String, Vec<String>>,
}

impl Protected {
    fn load() -> Self {
        let mut lists =
            Self { words: HashSet::new(), phrases: HashMap::new(), neutral: HashMap::new() };
        // The file is compiled in, and a test reads it.
        let Ok(file) = toml::from_str::<File>(PROTECTED_TOML) else { return lists };
        for entry in file.drop.into_values().flatten() {
            let mut entry: Vec<String> = words(&entry).map(|word| folded(word.text)).collect();
            match entry.len() {
                0 => {}
                1 => lists.words.extend(entry.pop()),
                _ => {
                    let first = entry.first().cloned().unwrap_or_default();
                    lists.phrases.entry(first).or_default().push(entry);
                }
            }
        }
        for phrases in lists.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        }
        for (neutral, gendered) in file.neutral {
            // Once for the life of the process.
            let neutral: &'static str = String::leak(neutral);
            lists.neutral.extend(gendered.into_iter().map(|word| (folded(&word), neutral)));
        }
        lists
    }
}

static PROTECTED: LazyLock<Protected> = LazyLock::new(Protected::load);

const PROTECTED_TOML: &str = include_str!("../data/protected.toml");

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Redactor::default().redact(text).0
    }

    #[test]
    fn the_lists_can_be_read() {
        assert!(toml::from_str::<File>(PROTECTED_TOML).is_ok());
        assert!(PROTECTED.words.len() > 200);
    }

    #[test]
    fn protected_words_go() {
        let text = "She is a married mother of two, born 12.05.1990, Polish, 34 years old";
        assert_eq!(plain(text), "is a of two");
    }

    #[test]
    fn gendered_titles_become_neutral() {
        assert_eq!(plain("Chairman"), plain("Chairwoman"));
        assert_eq!(plain("Waitress and salesman"), "waiter and salesperson");
    }

    #[test]
    fn dates_go_and_standards_stay() {
        assert_eq!(plain("January 2019 - 03/2021: ISO 27001, ISO 9001"), "ISO 27001 ISO 9001");
    }

    #[test]
    fn contact_data_goes() {
        assert_eq!(
            plain("Write to ana@example.org or +20 122 456 7891, https://a.b/c"),
            "Write to or"
        );
    }

    #[test]
    fn a_bakers_name_goes_and_the_craft_stays() {
        let redactor = Redactor::new(&["Ann", "Baker"], &["Mill of Oxford"]);

        let text = redactor.redact("Ann Baker, baker at the Mill of Oxford; Ann bakes");

        assert_eq!(text.as_str(), "baker at the bakes");
    }

    #[test]
    fn a_whole_name_goes_whatever_else_they_are_called() {
        let redactor = Redactor::new(&["Rust", "Ledger", "Rusty"], &[]);

        let text = redactor.redact("Rust Ledger, called Rusty Ledger (Ledger, Rust), writes Rust");

        assert_eq!(text.as_str(), "called writes Rust");
    }

    #[test]
    fn redacting_twice_changes_nothing() {
        let once = plain("He led the team in 2019, ISO 27001 and Polish kitchens 7891 12");
        assert_eq!(plain(&once), once);
    }
}
