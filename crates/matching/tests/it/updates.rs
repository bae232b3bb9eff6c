//! A pool after changes is the same as one made anew.

use matching::projection::{Availability, Pay, PayPeriod};
use matching::text::TextModel;
use matching::{Pool, Projection, Scope};

use crate::sample::{candidate, held, opening, pool, position, projection, rank};

fn with_level(level: u8) -> Projection {
    Projection { skills: vec![held("Rust", level), held("Docker", 3)], ..projection() }
}

#[test]
fn who_is_removed_is_gone() {
    let mut pool = pool(&[with_level(4), with_level(5)]);

    assert!(pool.remove(candidate(2)));
    assert!(!pool.remove(candidate(2)));
    assert_eq!((pool.len(), pool.contains(candidate(2))), (1, false));
    assert_eq!(rank(&pool, &opening(), &Scope::All, 9).entries.len(), 1);
    assert_eq!(rank(&pool, &opening(), &Scope::Only(&[candidate(2)]), 9).absent, [candidate(2)]);
}

#[test]
fn updates_leave_nothing_of_the_past() {
    for model in [TextModel::Plain, TextModel::Expanded] {
        leaves_nothing_of_the_past(model);
    }
}

fn leaves_nothing_of_the_past(model: TextModel) {
    let mut changed = Pool::with_text(model);
    // Enough rounds for dead rows to be dropped more than once.
    for round in 0..40_u128 {
        for number in 1..=100 {
            let level = ((number + round) % 5 + 1) as u8;
            changed.insert(candidate(number), &with_level(level)).unwrap();
        }
        changed.insert(candidate(1_000 + round), &projection()).unwrap();
    }
    for round in 0..40 {
        assert!(changed.remove(candidate(1_000 + round)));
    }
    let mut fresh = Pool::with_text(model);
    for number in 1..=100 {
        let level = ((number + 39) % 5 + 1) as u8;
        fresh.insert(candidate(number), &with_level(level)).unwrap();
    }

    assert_eq!(changed.len(), fresh.len());
    assert_eq!(
        rank(&changed, &opening(), &Scope::All, 100),
        rank(&fresh, &opening(), &Scope::All, 100)
    );
}

#[test]
fn an_empty_pool_ranks_nobody() {
    let ranking = rank(&Pool::new(), &opening(), &Scope::All, 10);

    assert!(ranking.entries.is_empty());
    assert_eq!(ranking.counts.evaluated, 0);
}

#[test]
fn nothing_is_left_of_who_was_purged() {
    for model in [TextModel::Plain, TextModel::Expanded] {
        let mut pool = Pool::with_text(model);
        pool.insert(candidate(1), &with_level(3)).unwrap();
        pool.insert(candidate(2), &rare()).unwrap();
        pool.insert(candidate(3), &with_level(4)).unwrap();
        let before = format!("{pool:?}");
        let words = ["Zyxograph", "zyxograph", "zyxwoven", "Nuuk", "2031"];
        assert!(words.iter().all(|word| before.contains(word)), "{before}");

        pool.remove(candidate(2));
        pool.purge();

        let after = format!("{pool:?}");
        assert!(!words.iter().any(|word| after.contains(word)), "{after}");
        let mut fresh = Pool::with_text(model);
        fresh.insert(candidate(1), &with_level(3)).unwrap();
        fresh.insert(candidate(3), &with_level(4)).unwrap();
        assert_eq!(
            rank(&pool, &opening(), &Scope::All, 9),
            rank(&fresh, &opening(), &Scope::All, 9)
        );
    }
}

/// Somebody whose every value is their own.
fn rare() -> Projection {
    Projection {
        time_zone: kernel::TimeZoneName::parse("America/Nuuk").ok(),
        skills: vec![held("Zyxograph", 2)],
        positions: vec![position("Zyxograph Warden", 9)],
        text: matching::redact::Redactor::default().redact("zyxwoven"),
        availability: Availability::From { date: jiff::civil::Date::constant(2031, 2, 3) },
        desired_pay: Some(Pay {
            amount_minor: 1,
            currency: kernel::CurrencyCode::parse("PKR").unwrap(),
            period: PayPeriod::Year,
        }),
        ..projection()
    }
}
