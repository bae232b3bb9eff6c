//! Names of skills and occupations, and how they are related.
//!
//! Two sources: ESCO (its classification, see NOTICE), turned by `cargo xtask vocabulary` into the
//! two files `data/esco-*.tsv`; and our own list of current technologies, which ESCO lacks. What is
//! near what in ESCO is told by the words that its descriptions share, for the package that we take
//! it from has no hierarchy: [`Relation::Sibling`] of an ESCO skill is measured, not official.

mod english;
mod kin;
mod lexicon;
mod mentions;
mod ranker;
mod single;

use std::collections::HashMap;
use std::sync::LazyLock;

use self::kin::Kin;
use self::lexicon::{Entry, entries};
use self::mentions::Phrases;
use self::ranker::Ranker;
use crate::words::{folded, words};

pub use self::mentions::Mention;
pub(crate) use self::single::is_skill;

/// Names of skills and occupations.
pub struct Vocabulary {
    skills: Vec<Concept>,
    by_id: HashMap<String, u32>,
    kin: Kin,
    phrases: Phrases,
    ranker: LazyLock<Ranker>,
    occupations: Vec<Concept>,
    titles: Ranker,
}

/// A skill or an occupation.
#[derive(Clone, Debug)]
pub struct Concept {
    /// `esco:` and its UUID, or `local:` and a name.
    pub id: String,
    /// Its name.
    pub label: &'static str,
    /// Further words that it is known by.
    words: &'static str,
    /// The concepts whose descriptions are nearest, the nearest first.
    near: Vec<u32>,
}

/// How a skill is related to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Different ids of the same name.
    Alias,
    /// One is a kind of the other.
    Parent,
    /// Both are kinds of the same, or said to be much alike.
    Sibling,
}

/// How near two titles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Neither.
    Far,
    /// Related.
    Near,
    /// Of one group.
    Group,
    /// The same occupation.
    Exact,
}

impl Vocabulary {
    /// The vocabulary that comes with the project; read once, when it is first asked for.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::load);
        &SHARED
    }

    fn load() -> Self {
        let mut skills: Vec<Concept> = entries(ESCO_SKILLS).map(Concept::from).collect();
        let mut phrases = Phrases::default();
        for (number, concept) in (0..).zip(&skills) {
            phrases.add(plain(concept.label), number, false);
        }
        let mut by_id: HashMap<String, u32> =
            (0..).zip(&skills).map(|(number, skill)| (skill.id.clone(), number)).collect();
        let mut groups = vec![None; skills.len()];
        for (group, members) in lexicon::technologies() {
            let mut parent = None;
            for (local, names) in members {
                let known = names.iter().find_map(|name| phrases.exactly(name));
                let number = known.unwrap_or_else(|| {
                    skills.push(Concept::local(local, names.first().map_or("", String::as_str)));
                    groups.push(None);
                    u32::try_from(skills.len() - 1).unwrap_or(u32::MAX)
                });
                by_id.insert(format!("local:{local}"), number);
                names.iter().for_each(|name| phrases.add(name, number, true));
                match parent {
                    None => parent = Some(number),
                    Some(_) => {
                        if let Some(place) = groups.get_mut(number as usize) {
                            *place = parent;
                        }
                    }
                }
            }
            debug_assert!(parent.is_some(), "group `{group}` names itself first");
        }
        let occupations: Vec<Concept> =
            entries(ESCO_OCCUPATIONS).map(Concept::occupation).collect();
        let titles = Ranker::new(&occupations);
        let ranker: LazyLock<Ranker> = LazyLock::new(|| {
            let skills: Vec<Concept> = entries(ESCO_SKILLS).map(Concept::from).collect();
            Ranker::new(&skills)
        });
        let kin = Kin::new(&skills, groups);
        Self { skills, by_id, kin, phrases, ranker, occupations, titles }
    }

    /// The number of the skill with this id, or else with exactly this name.
    #[must_use]
    pub fn skill(&self, id: &str, label: &str) -> Option<u32> {
        self.by_id.get(id).copied().or_else(|| self.phrases.exactly(label))
    }

    /// A skill by its number.
    #[must_use]
    pub fn concept(&self, number: u32) -> Option<&Concept> {
        self.skills.get(number as usize)
    }

    /// How two different skills are related, if they are.
    #[must_use]
    pub fn relation(&self, one: u32, other: u32) -> Option<Relation> {
        self.kin.relation(&self.skills, one, other)
    }

    /// Every skill that is related to one, and how: all for which [`Vocabulary::relation`] tells.
    #[must_use]
    pub fn related(&self, one: u32) -> Vec<(u32, Relation)> {
        self.kin.of(&self.skills, one)
    }

    /// The skills that a text names, leftmost and longest, at the bounds of words.
    #[must_use]
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        self.phrases.mentions(text)
    }

    /// The ESCO skills that a sentence is most likely about, the likeliest first.
    #[must_use]
    pub fn rank_skills(&self, sentence: &str, top: usize) -> Vec<&Concept> {
        let ranked = self.ranker.rank(sentence, top);
        ranked.iter().filter_map(|hit| self.concept(hit.number)).collect()
    }

    /// The ESCO occupation that a title names, if one is near enough.
    #[must_use]
    pub fn occupation(&self, title: &str) -> Option<u32> {
        let hit = self.titles.rank(title, 1).into_iter().next()?;
        let is_named = hit.named >= NAMED_LEAST || hit.covered >= COVERED_LEAST;
        is_named.then_some(hit.number)
    }

    /// An occupation by its number.
    #[must_use]
    pub fn occupation_concept(&self, number: u32) -> Option<&Concept> {
        self.occupations.get(number as usize)
    }

    /// How near two occupations are.
    #[must_use]
    pub fn nearness(&self, one: u32, other: u32) -> Nearness {
        if one == other {
            return Nearness::Exact;
        }
        let place = |from: u32, to: u32| {
            let near = &self.occupations.get(from as usize)?.near;
            near.iter().position(|number| *number == to)
        };
        match place(one, other).into_iter().chain(place(other, one)).min() {
            Some(place) if place < GROUP_PLACES => Nearness::Group,
            Some(_) => Nearness::Near,
            None => Nearness::Far,
        }
    }

    /// How many skills and occupations there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.skills.len(), self.occupations.len())
    }
}

impl Concept {
    fn local(name: &str, label: &'static str) -> Self {
        Self { id: format!("local:{name}"), label, words: "", near: Vec::new() }
    }

    fn occupation(entry: Entry) -> Self {
        Self::from(entry)
    }
}

impl From<Entry> for Concept {
    fn from(entry: Entry) -> Self {
        let Entry { uuid, label, words, near } = entry;
        Self { id: format!("esco:{uuid}"), label, words, near }
    }
}

/// A label without what stands in brackets: `Java (computer programming)`.
fn plain(label: &str) -> &str {
    label.split_once(" (").map_or(label, |(plain, _)| plain)
}

/// A text's words, folded, with single spaces.
fn phrase(text: &str) -> String {
    let folds: Vec<String> = words(text).map(|word| folded(word.text)).collect();
    folds.join(" ")
}

const ESCO_SKILLS: &str = include_str!("../data/esco-skills.tsv");
const ESCO_OCCUPATIONS: &str = include_str!("../data/esco-occupations.tsv");
/// A title names an occupation when it has all of its label, or when the occupation's words cover
/// half of the title; in thousandths.
const NAMED_LEAST: u64 = 950;
const COVERED_LEAST: u64 = 500;
/// So many of the nearest occupations are of one group, the others are near.
const GROUP_PLACES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        let mentions = Vocabulary::shared().mentions(text);
        let label = |mention: &Mention| Vocabulary::shared().concept(mention.skill);
        mentions.iter().filter_map(label).map(|concept| concept.label).collect()
    }

    fn number(name: &str) -> u32 {
        Vocabulary::shared().skill("", name).unwrap()
    }

    #[test]
    fn nothing_is_found_inside_words_or_in_ordinary_ones() {
        assert!(
            names("trusty gopher; go there and react, express rust on swift springs").is_empty()
        );
    }

    #[test]
    fn the_longest_name_counts() {
        assert_eq!(
            names("React Native and React, on AWS Lambda."),
            ["React Native", "React", "AWS Lambda"]
        );
    }

    #[test]
    fn other_names_are_the_same_skill() {
        assert_eq!(number("k8s"), number("Kubernetes"));
        assert_eq!(number("golang"), Vocabulary::shared().skill("local:go", "").unwrap());
    }

    #[test]
    fn esco_and_local_names_meet() {
        let haskell = Vocabulary::shared().skill("esco:000f1d3d-220f-4789-9c0a-cc742521fb02", "");
        assert_eq!(haskell, Some(number("Haskell")));
        assert_eq!(haskell, Vocabulary::shared().skill("local:haskell", ""));
    }

    #[test]
    fn groups_make_parents_and_siblings() {
        let related = |one, other| Vocabulary::shared().relation(number(one), number(other));
        assert_eq!(related("Kubernetes", "container orchestration"), Some(Relation::Parent));
        assert_eq!(related("Kubernetes", "Docker"), Some(Relation::Sibling));
        assert_eq!(related("Kubernetes", "Figma"), None);
    }

    #[test]
    fn sentences_are_linked_to_esco() {
        let ranked = Vocabulary::shared().rank_skills("You will be managing musical staff.", 3);
        assert_eq!(ranked.first().map(|concept| concept.label), Some("manage musical staff"));
    }

    #[test]
    fn titles_are_linked_to_occupations() {
        let link = |title| {
            let number = Vocabulary::shared().occupation(title)?;
            Vocabulary::shared().occupation_concept(number).map(|concept| concept.label)
        };
        assert_eq!(link("Bus driver"), Some("bus driver"));
        assert_eq!(link("Mine Surveyor (night shift)"), Some("mine surveyor"));
        assert_eq!(link("Zzyzx"), None);
    }

    #[test]
    fn the_files_are_whole() {
        let (skills, occupations) = Vocabulary::shared().counts();
        assert!(skills > 14_000 && occupations > 3_000, "{skills} and {occupations}");
    }
}
