//! Rankings are the same each time, and more is never less.

use matching::projection::HeldSkill;
use matching::{Projection, Scope};
use proptest::prelude::*;

use crate::sample::{candidate, held, opening, pool, projection, rank};

const NAMES: &[&str] = &[
    "Rust",
    "PostgreSQL",
    "Kubernetes",
    "Terraform",
    "Docker",
    "MySQL",
    "Go",
    "Ansible",
    "React",
    "Gateway",
];

fn skills() -> impl Strategy<Value = Vec<HeldSkill>> {
    let one = (0..NAMES.len(), 1..=5_u8, proptest::option::of(0..200_u16));
    proptest::collection::vec(one, 0..8).prop_map(|skills| {
        let skill = |(name, level, idle): (usize, u8, Option<u16>)| HeldSkill {
            idle_months: idle,
            ..held(NAMES[name], level)
        };
        skills.into_iter().map(skill).collect()
    })
}

fn who(skills: Vec<HeldSkill>) -> Projection {
    Projection { skills, ..projection() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_skill_more_is_never_less(
        others in proptest::collection::vec(skills(), 0..6),
        some in skills(),
        name in 0..NAMES.len(),
        level in 1..=5_u8,
    ) {
        let mut more = some.clone();
        more.push(held(NAMES[name], level));
        let mut crowd: Vec<Projection> = others.into_iter().map(who).collect();
        crowd.push(who(some));
        crowd.push(who(more));
        let count = crowd.len();

        let ranking = rank(&pool(&crowd), &opening(), &Scope::All, count);

        let of = |number| {
            let entry = ranking.entries.iter().find(|entry| entry.candidate == candidate(number));
            let assessment = &entry.unwrap().assessment;
            (assessment.eligible, assessment.score)
        };
        prop_assert!(of(count as u128) >= of(count as u128 - 1));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        crowd in proptest::collection::vec(skills(), 1..8),
        top in 1..10_usize,
    ) {
        let crowd: Vec<Projection> = crowd.into_iter().map(who).collect();
        let forward = rank(&pool(&crowd), &opening(), &Scope::All, top);
        let mut backward = matching::Pool::new();
        for (number, projection) in (1..).zip(&crowd).collect::<Vec<_>>().into_iter().rev() {
            backward.insert(candidate(number), projection).unwrap();
        }
        let backward = rank(&backward, &opening(), &Scope::All, top);

        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn a_short_list_is_the_beginning_of_a_long_one(
        crowd in proptest::collection::vec(skills(), 1..60),
        top in 0..12_usize,
    ) {
        let pool = pool(&crowd.into_iter().map(who).collect::<Vec<_>>());
        let all = rank(&pool, &opening(), &Scope::All, 60);
        let short = rank(&pool, &opening(), &Scope::All, top);

        prop_assert_eq!(short.counts, all.counts);
        prop_assert_eq!(&short.entries[..], &all.entries[..top.min(all.entries.len())]);
    }
}
