//! From a job to what the matcher sees of it.

use kernel::{TimeZoneName, Timestamp};
use matching::Opening;
use matching::opening::{Countries, Engagement, Importance, WantedLanguage, WantedSkill};
use matching::projection::Pay;
use staffing::job::{EngagementModel, JobDraft};
use staffing::skill::{self, JobLanguage, JobSkill};

use crate::jobs::Job;
use crate::projections::of::{cefr, hours, period};

/// What the matcher sees of a job at a moment. The team's day is UTC's where the job names no zone.
#[must_use]
pub fn opening(job: &Job, now: Timestamp) -> Opening {
    let JobDraft { remote_policy, compensation, experience, .. } = &job.draft;
    let allowed = remote_policy.countries_allowed.as_ref();
    let overlap = remote_policy.min_overlap_hours.map_or(0, |hours| hours.value() * 60);
    let least = experience.as_ref().and_then(|asked| asked.min_months);
    Opening {
        client: job.draft.client_id,
        title: job.draft.title.as_str().to_owned(),
        description: job.draft.description.as_str().to_owned(),
        engagement: job.draft.engagement_model.map(engagement),
        countries: Countries {
            allowed: allowed.map(|list| list.items().to_vec()),
            excluded: remote_policy.countries_excluded.items().to_vec(),
        },
        time_zone: remote_policy.base_time_zone.clone().unwrap_or_else(TimeZoneName::utc),
        core_hours: remote_policy.core_hours.map(hours),
        min_overlap_minutes: u16::try_from(overlap).unwrap_or(u16::MAX),
        skills: job.draft.skills.items().iter().map(wanted).collect(),
        languages: job.draft.languages.items().iter().map(spoken).collect(),
        experience_min_months: least.and_then(|months| u16::try_from(months.value()).ok()),
        pay_max: compensation.as_ref().map(|pay| Pay {
            amount_minor: pay.max_minor.value().unsigned_abs(),
            currency: pay.currency,
            period: period(pay.period),
        }),
        start: job.draft.start_date.map_or_else(|| now.date(), |date| date.0),
        now,
    }
}

const fn engagement(model: EngagementModel) -> Engagement {
    match model {
        EngagementModel::Eor => Engagement::Eor,
        EngagementModel::Contractor => Engagement::Contractor,
        EngagementModel::DirectHire => Engagement::DirectHire,
    }
}

fn wanted(skill: &JobSkill) -> WantedSkill {
    let small = |number: i64| u8::try_from(number).ok();
    WantedSkill {
        id: skill.skill_id.as_str().to_owned(),
        label: skill.label.as_str().to_owned(),
        level: skill.level.and_then(|level| small(level.value())),
        min_years: skill.min_years.and_then(|years| small(years.value())),
        importance: match skill.importance {
            skill::Importance::Must => Importance::Must,
            skill::Importance::Should => Importance::Should,
            skill::Importance::Nice => Importance::Nice,
        },
    }
}

fn spoken(language: &JobLanguage) -> WantedLanguage {
    WantedLanguage {
        tag: language.tag.clone(),
        level: cefr(language.min_cefr),
        must: language.must,
    }
}
