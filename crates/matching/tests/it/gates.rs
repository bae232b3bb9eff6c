//! Each gate closes for its reason, and a closed gate is told and never drops anybody.

use matching::assessment::GateReason;
use matching::opening::{Countries, Engagement, Importance};
use matching::projection::{Authorisation, Availability, Hours, Standing};
use matching::{GateCode, Opening, Projection, Scope};

use crate::sample::{
    alone, candidate, client, country, held, opening, pool, projection, rank, wanted,
};

fn reason(change: impl FnOnce(&mut Projection, &mut Opening), code: GateCode) -> GateReason {
    let (mut projection, mut opening) = (projection(), opening());
    change(&mut projection, &mut opening);
    let assessment = alone(&projection, &opening);
    let closed: Vec<GateCode> =
        assessment.gates.iter().filter(|gate| !gate.passed).map(|gate| gate.code).collect();
    assert_eq!(closed, [code], "one gate and no other");
    assert!(!assessment.eligible);
    assessment.gates.iter().find(|gate| gate.code == code).unwrap().reason
}

#[test]
fn who_may_not_be_matched_is_not_eligible() {
    for (standing, expected) in [
        (Standing::ConsentPending, GateReason::ConsentPending),
        (Standing::ConsentWithdrawn, GateReason::ConsentWithdrawn),
        (Standing::ConsentExpired, GateReason::ConsentExpired),
        (Standing::DoNotContact, GateReason::DoNotContact),
        (Standing::NotActive, GateReason::NotActive),
    ] {
        let found = reason(|who, _| who.standing = standing, GateCode::Matchable);
        assert_eq!(found, expected);
    }
}

#[test]
fn consent_counts_until_its_last_moment() {
    let run_out = |who: &mut Projection, job: &mut Opening| {
        who.standing = Standing::Matchable { until: Some(job.now) };
    };
    assert_eq!(reason(run_out, GateCode::Matchable), GateReason::ConsentExpired);

    let mut still = projection();
    let later = kernel::Timestamp::from_millis(opening().now.millis() + 1);
    still.standing = Standing::Matchable { until: Some(later) };
    assert!(alone(&still, &opening()).eligible);
}

#[test]
fn the_country_must_be_allowed() {
    let only = |_: &mut Projection, job: &mut Opening| {
        job.countries = Countries { allowed: Some(vec![country("DE")]), excluded: Vec::new() };
    };
    assert_eq!(reason(only, GateCode::Country), GateReason::CountryNotAllowed);
    let excluded = |who: &mut Projection, _: &mut Opening| who.country = Some(country("US"));
    assert_eq!(reason(excluded, GateCode::Country), GateReason::CountryNotAllowed);
    let unknown = |who: &mut Projection, _: &mut Opening| who.country = None;
    assert_eq!(reason(unknown, GateCode::Country), GateReason::CountryUnknown);
}

#[test]
fn employees_must_be_known_to_be_allowed_to_work() {
    let silent = |who: &mut Projection, _: &mut Opening| who.authorisations.clear();
    assert_eq!(reason(silent, GateCode::Country), GateReason::AuthorisationUnknown);
    let over = |who: &mut Projection, _: &mut Opening| {
        let until = Some("2026-12-31".parse().unwrap());
        who.authorisations = vec![Authorisation { country: country("PT"), may_work: true, until }];
    };
    assert_eq!(reason(over, GateCode::Country), GateReason::NotAuthorised);
}

#[test]
fn contractors_must_not_be_known_to_be_barred() {
    let mut job = opening();
    job.engagement = Some(Engagement::Contractor);
    let mut who = projection();
    who.authorisations.clear();
    assert!(alone(&who, &job).eligible);

    let barred = |who: &mut Projection, job: &mut Opening| {
        job.engagement = Some(Engagement::Contractor);
        let until = None;
        who.authorisations = vec![Authorisation { country: country("PT"), may_work: false, until }];
    };
    assert_eq!(reason(barred, GateCode::Country), GateReason::NotAuthorised);
}

#[test]
fn enough_hours_must_overlap() {
    let night = |who: &mut Projection, _: &mut Opening| {
        who.working_hours = Some(Hours { start: 1_200, end: 120 });
    };
    assert_eq!(reason(night, GateCode::Overlap), GateReason::TooLittleOverlap);
    let nowhere = |who: &mut Projection, _: &mut Opening| who.time_zone = None;
    assert_eq!(reason(nowhere, GateCode::Overlap), GateReason::TimeZoneUnknown);
}

#[test]
fn musts_may_be_one_level_below_and_no_more() {
    let lower = |who: &mut Projection, _: &mut Opening| who.skills = vec![held("Rust", 2)];
    assert_eq!(reason(lower, GateCode::MustSkills), GateReason::SkillMissing);
    let sibling = |_: &mut Projection, job: &mut Opening| {
        job.skills = vec![wanted("Podman", 1, Importance::Must)];
    };
    assert_eq!(reason(sibling, GateCode::MustSkills), GateReason::SkillMissing);

    let mut one_below = projection();
    one_below.skills = vec![held("Rust", 3)];
    assert!(alone(&one_below, &opening()).eligible);
}

#[test]
fn must_languages_must_be_good_enough() {
    let worse = |who: &mut Projection, _: &mut Opening| {
        who.languages.iter_mut().for_each(|language| language.level = 3);
    };
    assert_eq!(reason(worse, GateCode::MustLanguages), GateReason::LanguageMissing);
}

#[test]
fn blocks_count() {
    let block = |who: &mut Projection, _: &mut Opening| who.blocked_clients = vec![client(1)];
    assert_eq!(reason(block, GateCode::Blocklist), GateReason::Blocked);
}

#[test]
fn availability_has_a_limit() {
    let never = |who: &mut Projection, _: &mut Opening| {
        who.availability = Availability::NotAvailable;
    };
    assert_eq!(reason(never, GateCode::Availability), GateReason::NotAvailable);
    let late = |who: &mut Projection, _: &mut Opening| {
        who.availability = Availability::From { date: "2027-04-02".parse().unwrap() };
    };
    assert_eq!(reason(late, GateCode::Availability), GateReason::TooLate);

    let mut last_day = projection();
    last_day.availability = Availability::From { date: "2027-04-01".parse().unwrap() };
    assert!(alone(&last_day, &opening()).eligible);
}

#[test]
fn nobody_is_dropped_in_silence() {
    let mut blocked = projection();
    blocked.blocked_clients = vec![client(1)];
    let mut twice = blocked.clone();
    twice.standing = Standing::DoNotContact;
    let pool = pool(&[blocked, twice, projection()]);
    let asked = [candidate(1), candidate(2), candidate(3), candidate(9)];

    let ranking = rank(&pool, &opening(), &Scope::Only(&asked), asked.len());

    let order: Vec<_> = ranking.entries.iter().map(|entry| entry.candidate).collect();
    assert_eq!(order.first(), Some(&candidate(3)), "eligible first");
    assert_eq!(order.len(), 3);
    assert_eq!(ranking.absent, [candidate(9)]);
    assert_eq!((ranking.counts.evaluated, ranking.counts.eligible), (3, 1));
    assert_eq!(ranking.counts.closed, [1, 0, 0, 0, 0, 2, 0]);
}
