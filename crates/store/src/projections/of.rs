//! From a candidate to what the matcher may see of them. What is not named here does not get in.

use kernel::{Purpose, Timestamp};
use matching::Projection;
use matching::projection::experience::{Spell, idle_months, positions};
use matching::projection::{
    Authorisation, Availability, HeldLanguage, HeldSkill, Hours, Pay, PayPeriod, Standing,
};
use matching::redact::Redactor;
use staffing::calendar::Window;
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::ConsentStatus;
use staffing::candidate::history::PastEmployment;
use staffing::candidate::life::CandidateStatus;
use staffing::candidate::profile::{self, AuthorisationKind, AvailabilityStatus};
use staffing::pay::Period;
use staffing::skill::{CandidateSkill, Cefr};

use crate::candidates::Candidate;

/// What the matcher may see of a draft at a moment.
pub(super) fn draft(draft: &CandidateDraft, standing: Standing, now: Timestamp) -> Projection {
    let date = now.date();
    let month =
        u32::from(date.year().unsigned_abs()) * 12 + u32::from(date.month().unsigned_abs()) - 1;
    let redactor = redactor(draft);
    let spell = |past| spell(&redactor, past);
    let spells: Vec<Spell> = draft.employments_history.items().iter().map(spell).collect();
    let skills = draft.skills.items().iter().map(|skill| held(skill, &spells, month));
    let languages = draft.languages.items().iter();
    Projection {
        standing,
        country: draft.country,
        time_zone: Some(draft.time_zone.clone()),
        working_hours: draft.overlap_window.map(hours),
        authorisations: draft.work_authorisation.items().iter().map(authorisation).collect(),
        skills: skills.collect(),
        languages: languages
            .map(|spoken| HeldLanguage { tag: spoken.tag.clone(), level: cefr(spoken.cefr) })
            .collect(),
        positions: positions(&spells, month),
        availability: availability(draft.availability.as_ref()),
        desired_pay: draft.desired_compensation.as_ref().map(|asked| Pay {
            amount_minor: asked.min_minor.value().unsigned_abs(),
            currency: asked.currency,
            period: period(asked.period),
        }),
        blocked_clients: Vec::new(),
        text: redactor.redact(&text(draft)),
    }
}

/// Whether somebody may be matched. That consent runs out is the matcher's to see, by its moment.
pub(super) fn standing(candidate: &Candidate) -> Standing {
    let asked_off = candidate.professional.get("do_not_contact");
    let consent = &candidate.consent;
    let open = Timestamp::from_millis(0);
    match (candidate.status, consent.status) {
        (_, ConsentStatus::Withdrawn) => Standing::ConsentWithdrawn,
        (_, ConsentStatus::Expired) => Standing::ConsentExpired,
        _ if asked_off.and_then(serde_json::Value::as_bool) == Some(true) => Standing::DoNotContact,
        (CandidateStatus::Active | CandidateStatus::Dormant, _) if consent.covers(open) => {
            Standing::Matchable { until: consent.expires_at }
        }
        (CandidateStatus::Active | CandidateStatus::Dormant, _) => Standing::ConsentPending,
        _ => Standing::NotActive,
    }
}

/// What takes the person's names, employers and schools out of a text, and protected words.
fn redactor(draft: &CandidateDraft) -> Redactor {
    let personal = Purpose::Project;
    let names = [Some(&draft.given_name), Some(&draft.family_name), draft.preferred_name.as_ref()];
    let names: Vec<&str> =
        names.into_iter().flatten().map(|name| name.open(personal).as_str()).collect();
    let history = draft.employments_history.items();
    let employers = history.iter().filter_map(|past| past.employer.as_ref());
    let employers = employers.map(|employer| employer.open(personal).as_str());
    let schools = draft.education.items().iter().filter_map(|past| past.institution.as_ref());
    let schools = schools.map(|school| school.open(personal).as_str());
    let organisations: Vec<&str> = employers.chain(schools).collect();
    Redactor::new(&names, &organisations)
}

/// What the person writes about themselves, as it is written.
fn text(draft: &CandidateDraft) -> String {
    let personal = Purpose::Project;
    let history = draft.employments_history.items();
    let headline = draft.headline.as_ref().map(|line| line.as_str());
    let summary = draft.summary.as_ref().map(|text| text.open(personal).as_str());
    let described = history.iter().filter_map(|past| past.description.as_ref());
    let described = described.map(|text| text.open(personal).as_str());
    let all: Vec<&str> = headline.into_iter().chain(summary).chain(described).collect();
    all.join("\n")
}

fn spell(redactor: &Redactor, past: &PastEmployment) -> Spell {
    Spell {
        title: redactor.redact(past.title.as_str()),
        start: past.start_month.map(staffing::calendar::Month::count),
        end: past.end_month.map(staffing::calendar::Month::count),
    }
}

fn held(skill: &CandidateSkill, spells: &[Spell], month: u32) -> HeldSkill {
    let small = |number: i64| u8::try_from(number).ok();
    let year = skill.last_used_year.and_then(|year| u32::try_from(year.value()).ok());
    HeldSkill {
        id: skill.skill_id.as_str().to_owned(),
        label: skill.label.as_str().to_owned(),
        level: skill.level.and_then(|level| small(level.value())),
        years: skill.years.and_then(|years| small(years.value())),
        idle_months: year.and_then(|year| idle_months(spells, year, month)),
    }
}

fn authorisation(right: &profile::WorkAuthorisation) -> Authorisation {
    Authorisation {
        country: right.country,
        may_work: right.kind != AuthorisationKind::None,
        until: right.until.map(|until| until.0),
    }
}

fn availability(stated: Option<&profile::Availability>) -> Availability {
    let Some(stated) = stated else { return Availability::Unknown };
    let days = stated.notice_days.and_then(|days| u16::try_from(days.value()).ok());
    match stated.status {
        AvailabilityStatus::Immediate => Availability::Immediate,
        AvailabilityStatus::Notice => {
            days.map_or(Availability::Unknown, |days| Availability::Notice { days })
        }
        AvailabilityStatus::Date => {
            stated.from.map_or(Availability::Unknown, |from| Availability::From { date: from.0 })
        }
        AvailabilityStatus::NotAvailable => Availability::NotAvailable,
    }
}

/// A stretch of the day, as the matcher counts it.
pub(crate) const fn hours(window: Window) -> Hours {
    Hours { start: window.start.minutes(), end: window.end.minutes() }
}

/// A level of a language, as the matcher counts it.
pub(crate) const fn cefr(level: Cefr) -> u8 {
    match level {
        Cefr::A1 => 1,
        Cefr::A2 => 2,
        Cefr::B1 => 3,
        Cefr::B2 => 4,
        Cefr::C1 => 5,
        Cefr::C2 => 6,
        Cefr::Native => 7,
    }
}

/// What an amount is paid for, in the matcher's words.
pub(crate) const fn period(period: Period) -> PayPeriod {
    match period {
        Period::Hour => PayPeriod::Hour,
        Period::Day => PayPeriod::Day,
        Period::Week => PayPeriod::Week,
        Period::Month => PayPeriod::Month,
        Period::Year => PayPeriod::Year,
    }
}
