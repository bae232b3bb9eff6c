//! What explanations promise, they keep.

use matching::assessment::{Criterion, CriterionCode, MissingItem};
use matching::projection::{Availability, Hours};
use matching::{Assessment, Points, Projection, Scope};

use crate::sample::{
    alone, candidate, held, opening, pay, pool, position, projection, rank, spoken, zone,
};

fn criterion(assessment: &Assessment, code: CriterionCode) -> &Criterion {
    assessment.criteria.iter().find(|criterion| criterion.code == code).unwrap()
}

/// Does to a projection what an explanation says is missing.
fn apply(who: &mut Projection, item: &MissingItem) {
    match item {
        MissingItem::Skill { id, level, years } => {
            who.skills.retain(|skill| skill.id != *id);
            let mut skill = held(id.trim_start_matches("local:"), *level);
            skill.years = *years;
            who.skills.push(skill);
        }
        MissingItem::Experience { months } => {
            who.positions.push(position("Rust Engineer", *months));
        }
        MissingItem::Language { tag, level } => who.languages.push(spoken(tag, *level)),
        MissingItem::Pay => who.desired_pay = pay(1, "EUR", matching::projection::PayPeriod::Year),
        MissingItem::Overlap { .. } => {
            who.time_zone = zone("Europe/Berlin");
            who.working_hours = Some(Hours { start: 540, end: 1_080 });
        }
        MissingItem::Availability { .. } => who.availability = Availability::Immediate,
    }
}

/// A crowd, so that rarity and ranks mean something.
fn crowd() -> Vec<Projection> {
    let mut crowd: Vec<Projection> = (0..12).map(|_| projection()).collect();
    for (number, who) in crowd.iter_mut().enumerate() {
        if number % 2 == 0 {
            who.skills.push(held("PostgreSQL", 5));
        }
        if number % 3 == 0 {
            who.skills.push(held("Terraform", 1));
            who.availability = Availability::Unknown;
            who.working_hours = None;
        }
        if number % 4 == 0 {
            who.desired_pay = pay(8_500_000, "EUR", matching::projection::PayPeriod::Year);
            who.positions.pop();
        }
    }
    crowd
}

#[test]
fn what_is_promised_is_gained() {
    let mut kept = 0;
    for number in 0..12 {
        let crowd = crowd();
        let asked = [candidate(number + 1)];
        let before = rank(&pool(&crowd), &opening(), &Scope::Only(&asked), 1);
        let before = &before.entries[0].assessment;
        for (code, missing) in before
            .criteria
            .iter()
            .flat_map(|criterion| criterion.missing.iter().map(|missing| (criterion.code, missing)))
        {
            let mut changed = crowd.clone();
            apply(&mut changed[number as usize], &missing.item);
            let after = rank(&pool(&changed), &opening(), &Scope::Only(&asked), 1);
            let after = criterion(&after.entries[0].assessment, code).points;
            let promised = criterion(before, code).points.parts() + missing.gain.parts();
            assert!(after.parts() >= promised, "{missing:?}: {after:?} of {promised}");
            kept += 1;
        }
    }
    assert!(kept > 50, "{kept} promises");
}

#[test]
fn what_is_said_to_be_lost_is_lost() {
    let mut who = projection();
    who.skills.push(held("Kubernetes", 3));
    let before = alone(&who, &opening());
    let skills = criterion(&before, CriterionCode::Skills);
    let kubernetes = skills.evidence.iter().find(|evidence| evidence.text == "Kubernetes").unwrap();
    assert_eq!(kubernetes.reference, "/skills/3");

    // Another keeps the pool's rarity as it is.
    let mut without = who.clone();
    without.skills.pop();
    let judged = rank(&pool(&[who, without]), &opening(), &Scope::All, 2);
    let points = |number| {
        let entry = judged.entries.iter().find(|entry| entry.candidate == candidate(number));
        criterion(&entry.unwrap().assessment, CriterionCode::Skills).clone()
    };
    let evidence = points(1).evidence.into_iter().find(|evidence| evidence.text == "Kubernetes");
    assert_eq!(points(1).points.less(points(2).points), evidence.unwrap().loss);
}

#[test]
fn the_parts_sum_up() {
    for who in crowd() {
        let assessment = alone(&who, &opening());
        let sum: Points = assessment.criteria.iter().map(|criterion| criterion.points).sum();
        assert_eq!(sum, assessment.score);
        assert_eq!(assessment.criteria.iter().map(|criterion| criterion.weight).sum::<u32>(), 100);
        assert!(assessment.score.parts() <= 1_000_000);
    }
}

#[test]
fn relatives_of_a_skill_get_half() {
    let mut docker = projection();
    docker.skills = vec![held("Rust", 5), held("Docker", 5)];
    let mut kubernetes = docker.clone();
    kubernetes.skills = vec![held("Rust", 5), held("Kubernetes", 5)];
    let ranking = rank(&pool(&[docker, kubernetes]), &opening(), &Scope::All, 2);
    let points = |number| {
        let entry = ranking.entries.iter().find(|entry| entry.candidate == candidate(number));
        criterion(&entry.unwrap().assessment, CriterionCode::Skills).points.parts()
    };
    let mut rust_alone = projection();
    rust_alone.skills = vec![held("Rust", 5)];

    assert!(points(2) > points(1));
    assert!(
        points(1)
            > criterion(&alone(&rust_alone, &opening()), CriterionCode::Skills).points.parts()
    );
}

#[test]
fn years_of_experience_beyond_those_asked_for_are_not_better() {
    let mut enough = projection();
    enough.positions = vec![position("Rust Engineer", 36)];
    let mut more = enough.clone();
    more.positions = vec![position("Rust Engineer", 400)];

    assert_eq!(alone(&enough, &opening()).score, alone(&more, &opening()).score);
}
