//! What a table promises, over simulated clocks and bursts.

#![expect(clippy::unwrap_used, reason = "a test fails where its ground does")]

use std::hash::RandomState;
use std::net::{IpAddr, Ipv6Addr};

use proptest::prelude::*;
use throttle::{By, Calendar, Limit, Period, Pick, Rule, Rules, Subject, Table};

/// 2026-11-29, in milliseconds.
const START_MS: u64 = 1_795_910_400_000;
const QUARTER_MS: u64 = 15 * 60 * 1000;

fn rules(limits: Vec<(&str, By, Limit)>) -> Rules {
    let rules = limits.into_iter().map(|(name, by, limit)| Rule::new(name, by, limit).unwrap());
    Rules::new(rules.collect()).unwrap()
}

fn table() -> Table {
    Table::new(1024, RandomState::new())
}

fn from(address: &str) -> Subject<'static> {
    Subject { address: Some(address.parse().unwrap()), ..Subject::default() }
}

/// When calls come: gaps between them, many of zero, some about as long as a slot or a window.
fn gaps(per_ms: u64) -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![
        6 => Just(0),
        4 => 0..per_ms / 50,
        2 => per_ms / 16..per_ms / 14,
        1 => per_ms - 5..per_ms + 5,
    ];
    prop::collection::vec(gap, 1..400)
}

/// The moments that were let in.
fn admitted(rules: &Rules, gaps: &[u64]) -> Vec<u64> {
    let (table, who) = (table(), from("192.0.2.7"));
    let mut now_ms = START_MS;
    let mut admitted = Vec::new();
    for gap in gaps {
        now_ms += gap;
        if table.charge(rules, &who, now_ms).is_admitted() {
            admitted.push(now_ms);
        }
    }
    admitted
}

/// The most in any window that is open at its end.
fn densest(moments: &[u64], per_ms: u64) -> usize {
    let within = |end: &u64| moments.iter().filter(|m| **m <= *end && *m + per_ms > *end).count();
    moments.iter().map(within).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn a_window_never_holds_more_than_its_limit(count in 1_u32..40, gaps in gaps(QUARTER_MS)) {
        let limit = Limit::Window { count, per_ms: QUARTER_MS };
        let admitted = admitted(&rules(vec![("window", By::ADDRESS, limit)]), &gaps);

        prop_assert!(densest(&admitted, QUARTER_MS) <= count as usize);
    }

    #[test]
    fn a_window_readmits_one_slot_late_at_most(count in 1_u32..40, gaps in gaps(QUARTER_MS)) {
        let rules =
            rules(vec![("window", By::ADDRESS, Limit::Window { count, per_ms: QUARTER_MS })]);
        let (table, who) = (table(), from("192.0.2.7"));
        let (mut now_ms, mut admitted) = (START_MS, Vec::<u64>::new());
        for gap in gaps {
            now_ms += gap;
            let late_ms = QUARTER_MS + QUARTER_MS / 15;
            let recent = admitted.iter().filter(|m| **m + late_ms > now_ms).count();
            let let_in = table.charge(&rules, &who, now_ms).is_admitted();

            prop_assert!(let_in || recent >= count as usize);
            if let_in {
                admitted.push(now_ms);
            }
        }
    }

    #[test]
    fn what_a_refusal_says_of_the_time_is_true(count in 1_u32..20, gaps in gaps(QUARTER_MS)) {
        let limits = [
            Limit::Window { count, per_ms: QUARTER_MS },
            Limit::Rate { count, per_ms: QUARTER_MS, burst: count },
        ];
        for limit in limits {
            let rules = rules(vec![("limit", By::ADDRESS, limit)]);
            let (table, who) = (table(), from("192.0.2.7"));
            let mut now_ms = START_MS;
            for gap in &gaps {
                now_ms += gap;
                let verdict = table.charge(&rules, &who, now_ms);
                if !verdict.is_admitted() {
                    let then_ms = now_ms + verdict.retry_after_ms();
                    prop_assert!(!table.check(&rules, &who, then_ms - 1).is_admitted());
                    prop_assert!(table.check(&rules, &who, then_ms).is_admitted());
                }
            }
        }
    }

    #[test]
    fn a_rate_lets_a_burst_and_its_refill_pass(
        count in 1_u32..40,
        burst in 1_u32..40,
        gaps in gaps(60_000),
    ) {
        let limit = Limit::Rate { count, per_ms: 60_000, burst };
        let admitted = admitted(&rules(vec![("rate", By::ADDRESS, limit)]), &gaps);

        prop_assert!(densest(&admitted, 60_000) <= (burst + count) as usize);
    }

    #[test]
    fn a_quota_is_never_exceeded_in_its_period(count in 1_u32..40, gaps in gaps(86_400_000)) {
        let calendar = Calendar::new(Period::Day, "Europe/Berlin").unwrap();
        let days = Calendar::new(Period::Day, "Europe/Berlin").unwrap();
        let limit = Limit::Quota { count, calendar };
        let admitted = admitted(&rules(vec![("daily", By::ADDRESS, limit)]), &gaps);

        for day in admitted.chunk_by(|one, other| days.around(*one) == days.around(*other)) {
            prop_assert!(day.len() <= count as usize);
        }
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_away(count in 1_u32..20, back_ms in 1..QUARTER_MS) {
        let limit = Limit::Window { count, per_ms: QUARTER_MS };
        let rules = rules(vec![("window", By::ADDRESS, limit)]);
        let (table, who) = (table(), from("192.0.2.7"));
        for _ in 0..count {
            prop_assert!(table.charge(&rules, &who, START_MS).is_admitted());
        }

        prop_assert!(!table.charge(&rules, &who, START_MS - back_ms).is_admitted());
    }
}

#[test]
fn rules_are_charged_together_or_not_at_all() {
    let wide = Limit::Window { count: 10, per_ms: QUARTER_MS };
    let narrow = Limit::Rate { count: 1, per_ms: QUARTER_MS, burst: 2 };
    let rules = rules(vec![("wide", By::ADDRESS, wide), ("narrow", By::ADDRESS, narrow)]);
    let (table, who) = (table(), from("192.0.2.7"));

    let passed = (0..100).filter(|_| table.charge(&rules, &who, START_MS).is_admitted()).count();

    let verdict = table.check(&rules, &who, START_MS);
    let left: Vec<_> =
        verdict.standings().map(|(rule, standing)| (rule.name(), standing.remaining)).collect();
    assert_eq!(passed, 2);
    assert_eq!(left, [("wide", 8), ("narrow", 0)]);
    assert_eq!(verdict.violated().map(|(rule, _)| rule.name()).collect::<Vec<_>>(), ["narrow"]);
}

#[test]
fn calls_at_once_from_many_threads_are_counted_exactly() {
    let limit = || Limit::Window { count: 500, per_ms: QUARTER_MS };
    let rules = rules(vec![
        ("client", By::CLIENT, limit()),
        ("operation", By::CLIENT.and_operation(), limit()),
        ("tenant", By::TENANT, limit()),
    ]);
    // One set: every lock is the same one, and eight cells hold three keys.
    for keys in [1, 1024] {
        let table = Table::new(keys, RandomState::new());
        let who = Subject {
            client: Some("c"),
            tenant: Some("t"),
            operation: Some("o"),
            ..Subject::default()
        };
        let call =
            || (0..400).filter(|_| table.charge(&rules, &who, START_MS).is_admitted()).count();

        let passed: usize = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).sum()
        });

        assert_eq!(passed, 500);
    }
}

#[test]
fn of_calls_at_once_from_many_threads_each_is_charged_whole_or_not_at_all() {
    let limit = |count| Limit::Window { count, per_ms: QUARTER_MS };
    let rate = Limit::Rate { count: 600, per_ms: QUARTER_MS, burst: 600 };
    let rules = rules(vec![
        ("client", By::CLIENT, limit(300)),
        ("tenant", By::TENANT, limit(2000)),
        ("address", By::ADDRESS, rate),
    ]);
    for keys in [1, 1024] {
        let table = Table::new(keys, RandomState::new());
        let address = Some("192.0.2.7".parse().unwrap());
        let who = |client| Subject { address, client, tenant: Some("t"), ..Subject::default() };
        let call = |client| {
            let charge = |_: &i32| table.charge(&rules, &who(Some(client)), START_MS);
            (0..1000).filter(|call| charge(call).is_admitted()).count()
        };

        let passed: usize = std::thread::scope(|scope| {
            let callers = ["a", "b", "c", "a"].map(|client| scope.spawn(move || (call)(client)));
            callers.into_iter().map(|caller| caller.join().unwrap()).sum()
        });

        let left = |client| -> Vec<u32> {
            let verdict = table.check(&rules, &who(Some(client)), START_MS);
            verdict.standings().map(|(_, standing)| standing.remaining).collect()
        };
        let of_client: Vec<u32> = ["a", "b", "c"].iter().map(|client| left(client)[0]).collect();
        let by_client: u32 = of_client.iter().map(|left| 300 - left).sum();
        assert_eq!(passed, 600, "the address lets no more pass");
        assert_eq!(by_client, 600, "no refusal charged a client: {of_client:?} are left");
        assert_eq!(left("a")[1..], [2000 - 600, 0], "nor the tenant");
    }
}

#[test]
fn a_caller_is_counted_right_while_somebody_walks_through_a_million_addresses() {
    let limit = Limit::Window { count: 100, per_ms: QUARTER_MS };
    let rules = rules(vec![("address", By::ADDRESS, limit)]);
    let (table, caller) = (Table::new(8192, RandomState::new()), from("198.51.100.9"));
    // Known before the walk begins: two calls weigh more than the one of each other address.
    let mut passed =
        (0..2).filter(|_| table.charge(&rules, &caller, START_MS).is_admitted()).count();

    for number in 0..1_000_000_u128 {
        let address = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (number << 64));
        let stranger = Subject { address: Some(IpAddr::V6(address)), ..Subject::default() };
        assert!(table.charge(&rules, &stranger, START_MS).is_admitted());
        if number % 1000 == 0 && table.charge(&rules, &caller, START_MS).is_admitted() {
            passed += 1;
        }
    }

    assert_eq!(passed, 100);
}

#[test]
fn a_caller_who_comes_in_the_midst_of_a_walk_is_soon_counted() {
    let limit = Limit::Window { count: 100, per_ms: QUARTER_MS };
    let rules = rules(vec![("address", By::ADDRESS, limit)]);
    let (table, caller) = (Table::new(8192, RandomState::new()), from("198.51.100.9"));
    let mut passed = 0;

    for number in 0..1_000_000_u128 {
        let address = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (number << 64));
        let stranger = Subject { address: Some(IpAddr::V6(address)), ..Subject::default() };
        assert!(table.charge(&rules, &stranger, START_MS).is_admitted());
        // All places are taken by then, and five of each eight are taken anew between two calls.
        if number > 100_000 && number % 5000 == 0 {
            passed += u32::from(table.charge(&rules, &caller, START_MS).is_admitted());
        }
    }

    // Half of the first calls are forgotten before the next; after two in a row nothing is.
    assert!((100..=130).contains(&passed), "{passed} of 180 passed");
}

#[test]
fn a_rule_by_client_leaves_strangers_alone() {
    let limit = Limit::Window { count: 1, per_ms: QUARTER_MS };
    let rules = rules(vec![("client", By::CLIENT, limit)]);
    let table = table();

    for _ in 0..3 {
        let verdict = table.charge(&rules, &from("192.0.2.7"), START_MS);
        assert!(verdict.is_admitted() && verdict.tightest().is_none());
    }
}

#[test]
fn what_has_happened_is_noted_also_beyond_the_limit() {
    let limit = Limit::Window { count: 2, per_ms: QUARTER_MS };
    let rules = rules(vec![("guesses", By::ADDRESS, limit)]);
    let (table, who) = (table(), from("192.0.2.7"));

    for _ in 0..5 {
        table.note((&rules, Pick::ALL), &who, START_MS);
    }

    assert!(!table.check(&rules, &who, START_MS).is_admitted());
}

#[test]
fn contradictions_are_refused() {
    let window = |count, per_ms| Limit::Window { count, per_ms };
    let refusal = |name, by, limit| Rule::new(name, by, limit).unwrap_err().to_string();

    assert_messages(&[
        (refusal("A", By::ADDRESS, window(1, 1000)), "rule `A`: expected a name"),
        (refusal("a", By::default(), window(1, 1000)), "rule `a`: expected at least one of"),
        (refusal("a", By::ADDRESS, window(0, 1000)), "rule `a`: expected a count"),
        (refusal("a", By::ADDRESS, window(1, 999)), "rule `a`: expected a time"),
        (
            refusal("a", By::ADDRESS, Limit::Rate { count: 1, per_ms: 1000, burst: 0 }),
            "rule `a`: expected a burst",
        ),
    ]);
    let rule = || Rule::new("a", By::ADDRESS, window(1, 1000)).unwrap();
    assert!(Rules::new(vec![rule(), rule()]).is_err());
}

fn assert_messages(cases: &[(String, &str)]) {
    for (found, expected) in cases {
        assert!(found.starts_with(expected), "expected `{expected}…`, found `{found}`");
    }
}
