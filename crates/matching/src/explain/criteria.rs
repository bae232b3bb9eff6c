//! One function a criterion: what its points rest on and what would raise them.

use super::Explainer;
use crate::assessment::{Criterion, CriterionCode, Evidence, EvidenceKind, Missing, MissingItem};
use crate::judge::language_met;
use crate::points::{Points, Share};
use crate::projection::Availability;
use crate::vocabulary::Relation;

/// A criterion while its reasons are gathered.
struct Draft {
    criterion: Criterion,
}

impl Draft {
    fn new(code: CriterionCode, weight: u32, value: Share) -> Self {
        let points = Points::worth(weight, value);
        let (evidence, missing) = (Vec::new(), Vec::new());
        Self { criterion: Criterion { code, weight, value, points, evidence, missing } }
    }

    /// Evidence, with what the criterion would be worth without it.
    fn rests_on(&mut self, kind: EvidenceKind, at: String, text: &str, without: Share) {
        let Criterion { weight, points, .. } = self.criterion;
        let loss = points.less(Points::worth(weight, without));
        let text = text.chars().take(TEXT_CHARS_MAX).collect();
        self.criterion.evidence.push(Evidence { kind, reference: at, text, loss });
    }

    /// Something missing, with what the criterion would be worth with it.
    fn lacks(&mut self, text: String, item: MissingItem, with: Share) {
        let Criterion { weight, points, .. } = self.criterion;
        let gain = Points::worth(weight, with).less(points);
        self.criterion.missing.push(Missing { text, item, gain });
    }

    fn nothing_asked(&mut self) {
        let value = self.criterion.value;
        self.rests_on(EvidenceKind::NothingAsked, String::new(), "the job asks for none", value);
    }

    fn done(mut self) -> Criterion {
        self.criterion.evidence.sort_by_key(|evidence| std::cmp::Reverse(evidence.loss));
        self.criterion.evidence.truncate(REASONS_MAX);
        self.criterion.missing.sort_by_key(|missing| std::cmp::Reverse(missing.gain));
        self.criterion.missing.truncate(REASONS_MAX);
        self.criterion
    }
}

impl Explainer<'_> {
    fn draft(&self, code: CriterionCode, value: Share) -> Draft {
        Draft::new(code, self.judge.rules.weights.of(code), value)
    }

    pub(super) fn skills(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Skills, value);
        let table = &self.judge.skills;
        if table.wanted.is_empty() {
            draft.nothing_asked();
        }
        let held = self.pool.columns.skills(row);
        for (index, skill) in held.iter().enumerate() {
            let Some(nearest) = table.links(*skill).iter().map(|link| link.relation).min() else {
                continue;
            };
            let kind = match nearest {
                None | Some(Relation::Alias) => EvidenceKind::Skill,
                Some(Relation::Parent) => EvidenceKind::ParentSkill,
                Some(Relation::Sibling) => EvidenceKind::SiblingSkill,
            };
            let facts = self.pool.skill_facts.get(skill.skill() as usize);
            let label = facts.map_or("", |facts| &facts.label);
            let (without, _) = table.share(held, Some(index));
            draft.rests_on(kind, format!("/skills/{index}"), label, without);
        }
        let (best, _) = table.best(held, None);
        let asked = self.judge.question.opening.skills.iter().zip(&best).enumerate();
        for (wanted, (skill, _)) in asked.filter(|(_, (_, best))| **best < 10_000) {
            let is_it =
                |link: &crate::judge::Link| link.wanted == wanted && link.relation.is_none();
            let is_new = !held.iter().any(|held| table.links(*held).iter().any(is_it));
            let item = MissingItem::Skill {
                id: skill.id.clone(),
                level: skill.level.unwrap_or(1),
                years: skill.min_years,
            };
            draft.lacks(skill.label.clone(), item, table.share_with(&best, wanted, is_new));
        }
        draft.done()
    }

    pub(super) fn title(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Title, value);
        let positions = self.pool.columns.positions(row);
        let recent = positions.iter().enumerate().take(self.judge.titles.recent());
        for (index, position) in recent {
            if self.judge.titles.of(*position) > 0 {
                let mut others = positions.to_vec();
                others.remove(index);
                let (without, _) = self.judge.titles.share(&others);
                let title = self.title_text(*position);
                draft.rests_on(EvidenceKind::Position, pointer("positions", index), title, without);
            }
        }
        draft.done()
    }

    pub(super) fn text(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Text, value);
        for (word, score) in self.relevance.hits(row).into_iter().take(REASONS_MAX) {
            let without = self.relevance.share_without(row, score);
            draft.rests_on(EvidenceKind::Word, String::new(), word, without);
        }
        draft.done()
    }

    pub(super) fn experience(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Experience, value);
        let positions = self.pool.columns.positions(row);
        let (_, months) = self.judge.titles.share(positions);
        for (index, position) in positions.iter().enumerate() {
            if self.judge.titles.of(*position) > 0 {
                let without = self.judge.experience(months - position.months());
                let text = format!("{}, {} months", self.title_text(*position), position.months());
                draft.rests_on(EvidenceKind::Position, pointer("positions", index), &text, without);
            }
        }
        let asked = u32::from(self.judge.months_asked());
        if let Some(more) = asked.checked_sub(months).filter(|more| *more > 0) {
            let item = MissingItem::Experience { months: u16::try_from(more).unwrap_or(u16::MAX) };
            draft.lacks(format!("{more} more months in related positions"), item, Share::WHOLE);
        }
        draft.done()
    }

    pub(super) fn pay(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Pay, value);
        let Some(max) = self.judge.pay_max else {
            draft.nothing_asked();
            return draft.done();
        };
        let scalars = self.pool.columns.row(row);
        let desired =
            scalars.and_then(|scalars| self.judge.desired(scalars.currency, scalars.pay_yearly));
        let unknown = self.judge.pay(None);
        let text = match desired {
            None => "what they ask for is not known".to_owned(),
            Some(desired) if desired <= max => "asks for no more than the job pays".to_owned(),
            Some(desired) => {
                let percent = (u128::from(desired - max) * 100).div_ceil(u128::from(max.max(1)));
                format!("asks for up to {percent} % more than the job pays")
            }
        };
        draft.rests_on(EvidenceKind::Pay, "/desired_compensation".to_owned(), &text, unknown);
        if value < Share::WHOLE {
            draft.lacks(
                "to ask for no more than the job pays".to_owned(),
                MissingItem::Pay,
                Share::WHOLE,
            );
        }
        draft.done()
    }

    pub(super) fn overlap(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Overlap, value);
        let conditions = self.pool.columns.conditions(row);
        let hours =
            conditions.and_then(|conditions| self.judge.hours.get(conditions.place as usize));
        let Some(hours) = hours else { return draft.done() };
        let found = hours.minutes.unwrap_or(0);
        let text = format!("{found} of {} core minutes", hours.core);
        draft.rests_on(EvidenceKind::Hours, "/overlap_window".to_owned(), &text, Share::NONE);
        if value < Share::WHOLE {
            let asked = hours.core.max(self.judge.question.opening.min_overlap_minutes);
            let minutes = asked.saturating_sub(found);
            let text = format!("{minutes} more minutes of overlap");
            draft.lacks(text, MissingItem::Overlap { minutes }, Share::WHOLE);
        }
        draft.done()
    }

    pub(super) fn languages(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Languages, value);
        let asked = &self.judge.question.opening.languages;
        if asked.is_empty() {
            draft.nothing_asked();
        }
        let conditions = self.pool.columns.conditions(row);
        let spoken =
            conditions.and_then(|conditions| self.pool.languages.value(conditions.languages));
        let spoken = spoken.map_or(&[][..], Vec::as_slice);
        let met = asked.iter().filter(|wanted| language_met(spoken, wanted)).count() as u64;
        let share = |met: u64| Share::of(met, asked.len() as u64);
        for wanted in asked {
            let tag = wanted.tag.as_str();
            let by = |one: &(String, u8)| language_met(std::slice::from_ref(one), wanted);
            if let Some(index) = spoken.iter().position(by) {
                let at = pointer("languages", index);
                draft.rests_on(EvidenceKind::Language, at, tag, share(met.saturating_sub(1)));
            } else {
                let item = MissingItem::Language { tag: tag.to_owned(), level: wanted.level };
                draft.lacks(tag.to_owned(), item, share(met + 1));
            }
        }
        draft.done()
    }

    pub(super) fn availability(&self, row: u32, value: Share) -> Criterion {
        let mut draft = self.draft(CriterionCode::Availability, value);
        let conditions = self.pool.columns.conditions(row);
        let found = conditions
            .and_then(|conditions| self.pool.availabilities.value(conditions.availability));
        let availability = found.copied().unwrap_or_default();
        let late = crate::judge::days_late(availability, self.judge.question.opening);
        let text = match (availability, late) {
            (Availability::NotAvailable, _) => "not available for now".to_owned(),
            (_, None) => "when they can begin is not known".to_owned(),
            (_, Some(0)) => "available in time".to_owned(),
            (_, Some(days)) => format!("available {days} days after the start"),
        };
        let at = "/availability".to_owned();
        draft.rests_on(EvidenceKind::Availability, at, &text, Share::NONE);
        if value < Share::WHOLE {
            let days = late.map(|days| u16::try_from(days).unwrap_or(u16::MAX));
            let text = "to begin by the start".to_owned();
            draft.lacks(text, MissingItem::Availability { days }, Share::WHOLE);
        }
        draft.done()
    }

    fn title_text(&self, position: crate::pool::Position) -> &str {
        let facts = self.pool.title_facts.get(position.title() as usize);
        facts.map_or("", |facts| &facts.title)
    }
}

fn pointer(list: &str, index: usize) -> String {
    format!("/{list}/{index}")
}

const TEXT_CHARS_MAX: usize = 200;
const REASONS_MAX: usize = 20;
