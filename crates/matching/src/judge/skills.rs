//! What each distinct skill of a pool is worth for each skill that a job asks for.

use std::collections::HashMap;

use crate::opening::{Importance, Opening, WantedSkill};
use crate::points::Share;
use crate::policy::SkillRules;
use crate::pool::{Grade, Held, Pool, SkillFacts};
use crate::rarity::rarity;
use crate::vocabulary::{Relation, Vocabulary};
use crate::words::folded;

/// A skill that the job asks for, as this ranking weighs it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Importance times rarity.
    pub(crate) weight: u64,
    /// The weight, had one more candidate the skill.
    pub(crate) weight_with_one_more: u64,
    /// The level that opens the gate.
    level_least: u8,
    /// What each level is worth, and each number of years; not stated is the last.
    by_level: [u32; 6],
    by_years: [u32; 32],
    is_must: bool,
}

/// What a held skill adds to one that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Which of those asked for.
    pub(crate) wanted: usize,
    /// In ten-thousandths.
    credit: u32,
    /// How they are related; none when they are the same.
    pub(crate) relation: Option<Relation>,
}

impl Link {
    /// What a held skill is worth at most, in ten-thousandths.
    pub(super) fn credit(self) -> u64 {
        self.credit.into()
    }
}

/// What skills are worth.
pub(crate) struct SkillTable {
    pub(crate) wanted: Vec<Wanted>,
    /// For each skill of the pool one more than its place in `links`; 0 when it adds nothing.
    slots: Vec<u16>,
    links: Vec<Vec<Link>>,
    weight: u64,
    musts: u64,
    /// For each skill of the pool whether it is one that must be there.
    is_must: Vec<bool>,
    recency: [u32; 16],
    rules: SkillRules,
}

/// A skill asked for: its number in the pool, in the vocabulary, and its folded label.
struct Asked {
    number: Option<u32>,
    concept: Option<u32>,
    name: String,
}

/// Which of those asked for a skill is linked to, and how; none when it is the same.
type Linked = (usize, Option<Relation>);

impl SkillTable {
    pub(super) fn new(pool: &Pool, opening: &Opening, rules: &SkillRules) -> Self {
        let asked: Vec<Asked> = opening
            .skills
            .iter()
            .take(WANTED_MAX)
            .map(|skill| {
                let concept = Vocabulary::shared().skill(&skill.id, &skill.label);
                let known = concept.and_then(|number| Vocabulary::shared().concept(number));
                let number = pool.skills.find(known.map_or(skill.id.as_str(), |known| &known.id));
                Asked { number, concept, name: folded(&skill.label) }
            })
            .collect();
        let mut table = Self {
            wanted: Vec::new(),
            slots: vec![0; pool.skill_facts.len()],
            links: Vec::new(),
            weight: 0,
            musts: 0,
            is_must: vec![false; pool.skill_facts.len()],
            recency: recency(rules),
            rules: rules.clone(),
        };
        for (place, (skill, asked)) in opening.skills.iter().zip(&asked).enumerate() {
            let having = asked.number.and_then(|number| pool.skill_facts.get(number as usize));
            let wanted =
                Wanted::new(skill, rules, pool.live.count, having.map_or(0, |it| it.having));
            table.weight += wanted.weight;
            table.musts |= u64::from(wanted.is_must) << place;
            table.wanted.push(wanted);
        }
        table.link(&pool.skill_facts, &asked);
        table
    }

    /// Finds what each skill of the pool adds, judging each set of links once.
    fn link(&mut self, facts: &[SkillFacts], asked: &[Asked]) {
        let known = related(asked);
        let unknown: Vec<_> =
            asked.iter().enumerate().filter(|(_, asked)| asked.concept.is_none()).collect();
        let all: Vec<_> = asked.iter().enumerate().collect();
        let mut sets: HashMap<Vec<(usize, u8)>, u16> = HashMap::new();
        for (number, facts) in (0_u32..).zip(facts) {
            let by_concept = facts.concept.and_then(|concept| known.get(&concept));
            let by_name = if facts.concept.is_some() { &unknown } else { &all };
            if by_concept.is_none() && by_name.is_empty() {
                continue;
            }
            let named = by_name.iter().filter_map(|(wanted, asked)| {
                let is_same = asked.number == Some(number);
                let is_alias = || asked.name == facts.folded();
                match is_same {
                    true => Some((*wanted, None)),
                    false => is_alias().then_some((*wanted, Some(Relation::Alias))),
                }
            });
            let mut links: Vec<Linked> =
                by_concept.into_iter().flatten().copied().chain(named).collect();
            links.sort_unstable_by_key(|(wanted, _)| *wanted);
            self.place(number, &links, &mut sets);
        }
    }

    /// Keeps what a skill of the pool adds; many add the same.
    fn place(&mut self, number: u32, links: &[Linked], sets: &mut HashMap<Vec<(usize, u8)>, u16>) {
        let (Some(slot), false) = (self.slots.get_mut(number as usize), links.is_empty()) else {
            return;
        };
        let key = links.iter().map(|(wanted, by)| (*wanted, relation_code(*by))).collect();
        *slot = *sets.entry(key).or_insert_with(|| {
            let link = |(wanted, relation): &Linked| {
                let credit = match relation {
                    None => 10_000,
                    Some(Relation::Alias) => self.rules.alias,
                    Some(Relation::Parent) => self.rules.parent,
                    Some(Relation::Sibling) => self.rules.sibling,
                };
                Link { wanted: *wanted, credit, relation: *relation }
            };
            self.links.push(links.iter().map(link).collect());
            u16::try_from(self.links.len()).unwrap_or(0)
        });
        let is_must = |(wanted, by): &Linked| by.is_none() && self.musts >> wanted & 1 == 1;
        if let Some(place) = self.is_must.get_mut(number as usize) {
            *place = links.iter().any(is_must);
        }
    }

    /// How much of what is asked for a row has, and whether the musts are there.
    pub(crate) fn share(&self, held: &[Held], without: Option<usize>) -> (Share, bool) {
        if self.wanted.is_empty() {
            return (Share::WHOLE, true);
        }
        let (best, present) = self.best(held, without);
        let sum: u64 =
            self.wanted.iter().zip(best).map(|(it, best)| it.weight * u64::from(best)).sum();
        (Share::new((sum / self.weight.max(1)) as u32), present & self.musts == self.musts)
    }

    /// The best that a row has of each that is asked for, and which of them are present, as bits.
    pub(crate) fn best(&self, held: &[Held], without: Option<usize>) -> ([u16; WANTED_MAX], u64) {
        let mut best = [0_u16; WANTED_MAX];
        let mut present = 0;
        for (index, held) in held.iter().enumerate() {
            for link in self.links(*held) {
                let (value, is_present) = self.value(*held, link);
                if without == Some(index) {
                    continue;
                }
                if let Some(best) = best.get_mut(link.wanted) {
                    *best = value.max(*best);
                }
                present |= u64::from(is_present) << link.wanted;
            }
        }
        (best, present)
    }

    pub(crate) fn links(&self, held: Held) -> &[Link] {
        let links = self.set_of(held).checked_sub(1).and_then(|place| self.links.get(place));
        links.map_or(&[], Vec::as_slice)
    }

    /// The number of a held skill's links, counted from 1 in the order of [`SkillTable::sets`].
    pub(super) fn set_of(&self, held: Held) -> usize {
        self.slots.get(held.skill() as usize).copied().unwrap_or(0).into()
    }

    /// Every set of links that some skill has.
    pub(super) fn sets(&self) -> impl Iterator<Item = &[Link]> {
        self.links.iter().map(Vec::as_slice)
    }

    /// Whether a skill that must be there is not.
    pub(super) fn lacks_must(&self, held: &[Held]) -> bool {
        let mut lacking = self.musts;
        for held in held {
            if lacking == 0 {
                return false;
            }
            if !self.is_must.get(held.skill() as usize).copied().unwrap_or(false) {
                continue;
            }
            for link in self.links(*held) {
                lacking &= !(u64::from(self.value(*held, link).1) << link.wanted);
            }
        }
        lacking != 0
    }

    /// What a held skill is worth for one that is asked for, in ten-thousandths, and whether it
    /// opens the gate.
    pub(crate) fn value(&self, held: Held, link: &Link) -> (u16, bool) {
        let Some(wanted) = self.wanted.get(link.wanted) else { return (0, false) };
        let grade = Grade::of(held.grade());
        let level = grade.level.unwrap_or(self.rules.usual_level);
        let by_level = wanted.by_level.get(usize::from(level)).copied().unwrap_or(0);
        let years = grade.years.map_or(wanted.by_years.len() - 1, usize::from);
        let by_years = wanted.by_years.get(years).copied().unwrap_or(0);
        let recency = self.recency.get(usize::from(grade.idle_months / 12)).copied().unwrap_or(0);
        // Rounded down once more than need be, and within 32 bits.
        let value = by_level.min(by_years) * recency / 10_000 * link.credit / 10_000;
        let opens = link.relation.is_none() && level >= wanted.level_least;
        (u16::try_from(value).unwrap_or(u16::MAX), opens)
    }

    /// Whether a skill that must be there is present.
    pub(crate) fn lacks(&self, wanted: usize, present: u64) -> bool {
        (self.musts & !present) >> wanted & 1 == 1
    }

    /// What the criterion would rise to, were one of those asked for fully there.
    ///
    /// Somebody more would then have the skill, which makes it less rare: that is counted in.
    pub(crate) fn share_with(&self, best: &[u16], wanted: usize, is_new: bool) -> Share {
        let (mut sum, mut whole) = (0, 0);
        for (place, (skill, best)) in self.wanted.iter().zip(best).enumerate() {
            let is_it = place == wanted;
            let weight = if is_it && is_new { skill.weight_with_one_more } else { skill.weight };
            sum += weight * if is_it { 10_000 } else { u64::from(*best) };
            whole += weight;
        }
        Share::new((sum / whole.max(1)) as u32)
    }
}

impl Wanted {
    fn new(skill: &WantedSkill, rules: &SkillRules, all: u32, having: u32) -> Self {
        let importance = match skill.importance {
            Importance::Must => rules.must,
            Importance::Should => rules.should,
            Importance::Nice => rules.nice,
        };
        let weight = |having: u32| u64::from(importance) * u64::from(rarity(all, having));
        let of = |part: usize, whole: Option<u8>| {
            whole.map_or(10_000, |whole| Share::of(part as u64, whole.into()).parts())
        };
        // The last place is for years that are not stated.
        let years = |years: usize| if years == 31 { 10_000 } else { of(years, skill.min_years) };
        Self {
            weight: weight(having),
            weight_with_one_more: weight(having + 1),
            level_least: skill.level.unwrap_or(1).saturating_sub(rules.gate_levels_below),
            by_level: std::array::from_fn(|level| of(level, skill.level)),
            by_years: std::array::from_fn(years),
            is_must: skill.importance == Importance::Must,
        }
    }
}

/// Credit by years of work since a skill was used.
fn recency(rules: &SkillRules) -> [u32; 16] {
    let (free, most) = (u32::from(rules.idle_months_free), u32::from(rules.idle_months_most));
    std::array::from_fn(|years| {
        let idle = (years as u32 * 12).clamp(free, most);
        let fall = 10_000 - rules.idle_least;
        10_000 - fall * (idle - free) / (most - free)
    })
}

/// For each concept which of those asked for it is, or is related to.
fn related(asked: &[Asked]) -> HashMap<u32, Vec<Linked>> {
    let mut related: HashMap<u32, Vec<Linked>> = HashMap::new();
    for (wanted, concept) in asked.iter().enumerate().filter_map(|(at, it)| Some((at, it.concept?)))
    {
        related.entry(concept).or_default().push((wanted, None));
        for (other, relation) in Vocabulary::shared().related(concept) {
            related.entry(other).or_default().push((wanted, Some(relation)));
        }
    }
    related
}

const fn relation_code(relation: Option<Relation>) -> u8 {
    match relation {
        None => 0,
        Some(Relation::Alias) => 1,
        Some(Relation::Parent) => 2,
        Some(Relation::Sibling) => 3,
    }
}

/// The skills that a job may ask for; the contract allows as many.
pub(crate) const WANTED_MAX: usize = 50;
