//! Amendments: refusals first, then that no two sets of terms overlap.

use kernel::{Clock, ManualClock};
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_millis(1_795_372_200_000))
}

fn draft(from: Date) -> AmendmentDraft {
    let changes = Terms { weekly_hours: Some(WeeklyHours::LEAST), ..Terms::default() };
    AmendmentDraft { effective_from: from, reason: Line::parse("raise").unwrap(), changes }
}

fn proposal() -> Proposal {
    let clock = clock();
    Proposal {
        id: AmendmentId::new(&clock),
        by: "pc_test".to_owned(),
        at: clock.now(),
        start_date: day("2026-01-01"),
    }
}

fn proposed(of: Amendments, from: &str) -> (Amendments, AmendmentId) {
    let proposal = proposal();
    let id = proposal.id;
    (of.propose(draft(day(from)), proposal).unwrap(), id)
}

fn approved(of: Amendments, from: &str) -> Amendments {
    let (of, id) = proposed(of, from);
    of.approve(id, clock().now()).unwrap()
}

#[test]
fn an_amendment_that_is_empty_early_or_one_too_many_is_refused() {
    let none = Amendments::default;
    let empty = AmendmentDraft { changes: Terms::default(), ..draft(day("2026-02-01")) };
    let mut full = none();
    for _ in 0..AMENDMENTS_MAX {
        full = proposed(full, "2026-02-01").0;
    }

    assert_eq!(none().propose(empty, proposal()), Err(AmendmentError::Empty));
    let early = none().propose(draft(day("2025-12-31")), proposal());
    assert_eq!(early, Err(AmendmentError::TooEarly));
    let late = full.propose(draft(day("2026-02-01")), proposal());
    assert_eq!(late, Err(AmendmentError::TooMany));
}

#[test]
fn two_terms_for_one_day_are_refused() {
    let approved = approved(Amendments::default(), "2026-03-01");

    let again = approved.clone().propose(draft(day("2026-03-01")), proposal());
    assert_eq!(again, Err(AmendmentError::Overlap));
    // Two proposals may wait for one day; of them one is approved.
    let (both, first) = proposed(approved, "2026-04-01");
    let (both, second) = proposed(both, "2026-04-01");
    let both = both.approve(first, clock().now()).unwrap();
    assert_eq!(both.approve(second, clock().now()), Err(AmendmentError::Overlap));
}

#[test]
fn what_is_in_effect_is_not_rewritten() {
    let (effective, changes) =
        approved(Amendments::default(), "2026-03-01").take_effect(day("2026-03-01"));
    let id = effective.all()[0].id;

    assert_eq!(changes.len(), 1);
    let earlier = effective.clone().propose(draft(day("2026-02-01")), proposal());
    assert_eq!(earlier, Err(AmendmentError::Overlap));
    let Err(AmendmentError::Illegal(refused)) = effective.cancel(id, clock().now()) else {
        panic!("an effective amendment was cancelled");
    };
    assert!(refused.legal.is_empty());
}

#[test]
fn terms_hold_until_the_next_ones() {
    let both = approved(approved(Amendments::default(), "2026-05-01"), "2026-03-01");
    let untils: Vec<_> = both.all().iter().map(|a| a.effective_until).collect();
    assert_eq!(untils, [None, Some(day("2026-05-01"))]);

    let one = both.all()[0].id;
    let left = both.cancel(one, clock().now()).unwrap();
    assert!(left.all().iter().all(|a| a.effective_until.is_none()));
}

#[test]
fn every_move_outside_the_table_is_refused() {
    for status in ["proposed", "approved", "effective", "cancelled"] {
        for name in ["approve", "cancel", "take_effect"] {
            let row =
                transitions().iter().find(|row| row.from.as_str() == status && row.name == name);
            let (mut all, id) = proposed(Amendments::default(), "2026-03-01");
            all.0[0].status =
                serde_json::from_value(serde_json::Value::String(status.to_owned())).unwrap();
            assert_eq!(all.advance(id, name, None).is_ok(), row.is_some(), "{status} {name}");
        }
    }
}

proptest! {
    #[test]
    fn on_any_day_at_most_one_set_of_terms_holds(
        steps in prop::collection::vec((0_usize..4, 1_i8..28, any::<prop::sample::Index>()), 0..60),
    ) {
        let mut all = Amendments::default();
        for (what, number, which) in steps {
            let from = Date(jiff::civil::date(2026, 3, number));
            let known: Vec<_> = all.all().iter().map(|a| a.id).collect();
            let now = clock().now();
            let after = match what {
                0 => all.clone().propose(draft(from), proposal()),
                1 if !known.is_empty() => all.clone().approve(*which.get(&known), now),
                2 if !known.is_empty() => all.clone().cancel(*which.get(&known), now),
                _ => Ok(all.clone().take_effect(from).0),
            };
            all = after.unwrap_or(all);
            for number in 1..=28 {
                let today = Date(jiff::civil::date(2026, 3, number));
                let holding = all.all().iter().filter(|a| {
                    a.holds()
                        && a.effective_from <= today
                        && a.effective_until.is_none_or(|until| today < until)
                });
                prop_assert!(holding.count() <= 1);
            }
        }
    }
}
