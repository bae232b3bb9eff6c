//! Explains a judged row: the same tables as the ranking, asked for their reasons.

mod criteria;

use kernel::CountryCode;
use serde::Serialize;

use crate::assessment::{Assessment, Criterion, Gate, GateCode, GateReason};
use crate::digest::Fingerprint;
use crate::judge::{Judge, Measure, language_met};
use crate::opening::Importance;
use crate::points::Share;
use crate::pool::Pool;
use crate::relevance::Relevance;

/// What all explanations of a run share.
pub(crate) struct Run<'a> {
    pub(crate) opening_hash: &'a Fingerprint,
    pub(crate) exchange: Fingerprint,
}

/// Explains rows of one run.
pub(crate) struct Explainer<'a> {
    pool: &'a Pool,
    judge: &'a Judge<'a>,
    relevance: &'a Relevance<'a>,
    run: &'a Run<'a>,
}

/// Everything that a row's points follow from.
#[derive(Serialize)]
struct Inputs<'a> {
    opening: &'a Fingerprint,
    projection: String,
    policy: &'a Fingerprint,
    exchange: &'a Fingerprint,
    /// What each skill asked for weighs: it depends on how many candidates have it.
    skill_weights: Vec<u64>,
    /// The row's place by its words, which depends on the others.
    text: Share,
}

impl<'a> Explainer<'a> {
    pub(crate) const fn new(
        pool: &'a Pool,
        judge: &'a Judge<'a>,
        relevance: &'a Relevance<'a>,
        run: &'a Run<'a>,
    ) -> Self {
        Self { pool, judge, relevance, run }
    }

    /// The whole assessment of a row.
    pub(crate) fn explain(&self, row: u32) -> Option<Assessment> {
        let measure = self.judge.measure(row, self.relevance.share(row))?;
        let policy = self.judge.question.policy;
        Some(Assessment {
            eligible: measure.is_eligible(),
            score: measure.score(self.judge.rules),
            gates: GateCode::ALL.map(|code| self.gate(code, row, &measure)).to_vec(),
            criteria: self.criteria(row, &measure),
            policy_version: policy.version().to_owned(),
            policy_hash: policy.fingerprint().clone(),
            inputs_hash: self.inputs(row, &measure)?,
        })
    }

    fn criteria(&self, row: u32, measure: &Measure) -> Vec<Criterion> {
        vec![
            self.skills(row, measure.skills),
            self.title(row, measure.title),
            self.text(row, measure.text),
            self.experience(row, measure.experience),
            self.pay(row, measure.pay),
            self.overlap(row, measure.overlap),
            self.languages(row, measure.languages),
            self.availability(row, measure.availability),
        ]
    }

    fn inputs(&self, row: u32, measure: &Measure) -> Option<Fingerprint> {
        let scalars = self.pool.columns.row(row)?;
        Some(Fingerprint::of(&Inputs {
            opening: self.run.opening_hash,
            projection: data_encoding::HEXLOWER.encode(&scalars.digest),
            policy: self.judge.question.policy.fingerprint(),
            exchange: &self.run.exchange,
            skill_weights: self.judge.skills.wanted.iter().map(|wanted| wanted.weight).collect(),
            text: measure.text,
        }))
    }

    fn gate(&self, code: GateCode, row: u32, measure: &Measure) -> Gate {
        let (reason, detail) = self.reason(code, row, measure).unwrap_or_default();
        Gate { code, passed: !measure.closed.has(code), reason, detail }
    }

    fn reason(&self, code: GateCode, row: u32, measure: &Measure) -> Option<(GateReason, String)> {
        let conditions = self.pool.columns.conditions(row)?;
        if !measure.closed.has(code) {
            return None;
        }
        let judge = self.judge;
        Some(match code {
            GateCode::Matchable => {
                (*judge.standings.get(conditions.standing as usize)?, String::new())
            }
            GateCode::Country => {
                let country = self.pool.homes.value(conditions.home)?.0;
                let shown = country.as_ref().map_or("", CountryCode::as_str).to_owned();
                (*judge.homes.get(conditions.home as usize)?, shown)
            }
            GateCode::Overlap => {
                let hours = judge.hours.get(conditions.place as usize)?;
                let asked = judge.question.opening.min_overlap_minutes;
                let found = hours.minutes.unwrap_or(0);
                (hours.reason, format!("{found} of {asked} minutes"))
            }
            GateCode::MustSkills => (GateReason::SkillMissing, self.missing_skills(row)),
            GateCode::MustLanguages => {
                (GateReason::LanguageMissing, self.missing_languages(conditions.languages))
            }
            GateCode::Blocklist => (GateReason::Blocked, String::new()),
            GateCode::Availability => {
                (judge.availabilities.get(conditions.availability as usize)?.0, String::new())
            }
        })
    }

    fn missing_skills(&self, row: u32) -> String {
        let skills = &self.judge.skills;
        let (_, present) = skills.best(self.pool.columns.skills(row), None);
        let asked = self.judge.question.opening.skills.iter().enumerate();
        let missing: Vec<&str> = asked
            .filter(|(_, skill)| skill.importance == Importance::Must)
            .filter(|(place, _)| skills.lacks(*place, present))
            .map(|(_, skill)| skill.label.as_str())
            .collect();
        missing.join(", ")
    }

    fn missing_languages(&self, languages: u32) -> String {
        let spoken = self.pool.languages.value(languages).map_or(&[][..], Vec::as_slice);
        let asked = self.judge.question.opening.languages.iter();
        let missing: Vec<&str> = asked
            .filter(|wanted| wanted.must && !language_met(spoken, wanted))
            .map(|wanted| wanted.tag.as_str())
            .collect();
        missing.join(", ")
    }
}
