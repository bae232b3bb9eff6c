//! Over a simulated node: a queue that is worked off at a steady pace.

use proptest::prelude::*;

use super::*;

const TARGET: Duration = Duration::from_millis(50);
/// Requests that the node can answer in a millisecond.
const PACE: f64 = 2.0;
const STEP_MS: u64 = 10;

/// A node with a queue: how long the last to come waits, and what was admitted.
#[derive(Default)]
struct Node {
    now_ms: u64,
    queue: f64,
    shedder: Shedder,
    shares: Shares,
    seen: (f64, f64),
    admitted: f64,
    refused_known: f64,
}

impl Node {
    /// Ten milliseconds of `load` times what it can answer, `strangers` of them unknown.
    fn step(&mut self, load: f64, strangers: f64, is_shedding: bool) {
        let come = load * PACE * STEP_MS as f64;
        let (unknown, known) = (come * strangers, come * (1.0 - strangers));
        let kept = |share: u16| 1.0 - f64::from(share) / 1000.0;
        let let_in = unknown * kept(self.shares.strangers) + known * kept(self.shares.known);
        self.refused_known += known * (1.0 - kept(self.shares.known));
        self.seen = (self.seen.0 + unknown, self.seen.1 + known);
        self.admitted += let_in;
        self.queue = (self.queue + let_in - PACE * STEP_MS as f64).max(0.0);
        self.now_ms += STEP_MS;
        let seen = Seen { strangers: self.seen.0 as u64, known: self.seen.1 as u64 };
        let delay = self.delay();
        if let Some(shares) = self.shedder.observe(delay, TARGET, self.now_ms, || seen)
            && is_shedding
        {
            self.shares = shares;
            self.seen = (0.0, 0.0);
        }
    }

    fn delay(&self) -> Duration {
        Duration::from_micros((self.queue / PACE * 1000.0) as u64)
    }

    fn run(&mut self, seconds: u64, load: f64, strangers: f64) -> Duration {
        let steps = (0..seconds * 1000 / STEP_MS).map(|_| {
            self.step(load, strangers, true);
            self.delay()
        });
        steps.max().unwrap_or_default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_delay_of_what_is_admitted_stays_bounded_at_any_load(
        load in 1.05_f64..10.0,
        strangers in 0.0_f64..=1.0,
    ) {
        let mut node = Node::default();
        let worst = node.run(30, load, strangers);
        let (settled, before) = (node.run(30, load, strangers), node.admitted);
        node.run(10, load, strangers);

        prop_assert!(worst < Duration::from_secs(3), "{worst:?}");
        prop_assert!(settled <= TARGET * 3, "{settled:?}");
        // No thread is idle for it.
        prop_assert!(node.admitted - before > 0.9 * 10_000.0 * PACE);
    }

    #[test]
    fn whoever_is_known_is_refused_only_when_strangers_are_not_enough(
        load in 1.05_f64..6.0,
        strangers in 0.0_f64..=1.0,
    ) {
        let mut node = Node::default();
        node.run(30, load, strangers);
        node.refused_known = 0.0;
        node.run(10, load, strangers);

        // What the known alone ask for fits: then none of them is refused.
        let known = load * (1.0 - strangers);
        prop_assert!(known > 0.9 || node.refused_known < 1.0, "{}", node.refused_known);
    }

    #[test]
    fn shares_refuse_as_many_as_they_should(
        share in 1_u16..=995,
        strangers in 0_u64..1_000_000,
        known in 0_u64..1_000_000,
    ) {
        prop_assume!(strangers + known > 0);
        let shares = Shares::of(share, Seen { strangers, known });
        let refused = strangers * u64::from(shares.strangers) + known * u64::from(shares.known);
        let wanted = u64::from(share) * (strangers + known);

        // Shares are whole thousandths, and who is few is spared.
        let is_few = known * 20 < strangers + known;
        let is_met = is_few || wanted - refused <= strangers + known;
        prop_assert!(refused <= wanted && is_met);
        prop_assert!(!is_few || shares.known == 0);
        prop_assert!(shares.known == 0 || shares.strangers == 1000 || strangers == 0);
        prop_assert_eq!(Shares::from_bits(shares.bits()), shares);
    }
}

#[test]
fn at_twice_the_load_a_queue_alone_grows_without_end_and_with_shedding_does_not() {
    let (mut with, mut without) = (Node::default(), Node::default());
    for _ in 0..6000 {
        with.step(2.0, 0.5, true);
        without.step(2.0, 0.5, false);
    }

    assert!(without.delay() > Duration::from_secs(59), "{:?}", without.delay());
    assert!(with.delay() <= TARGET * 2, "{:?}", with.delay());
}

#[test]
fn a_burst_that_drains_by_itself_refuses_nobody() {
    let mut node = Node::default();
    for _ in 0..100 {
        // 80 milliseconds of work at once, then half of what it can answer.
        node.queue += 80.0 * PACE;
        node.run(1, 0.5, 1.0);
    }

    assert_eq!(node.shares, Shares::default());
    assert_eq!(node.shedder.share(), 0);
}

#[test]
fn it_recovers_by_itself() {
    let mut node = Node::default();
    node.run(30, 4.0, 0.5);
    assert!(node.shares.strangers > 0);

    node.run(10, 0.5, 0.5);

    assert_eq!(node.shares, Shares::default());
}

#[test]
fn a_flood_of_strangers_pushes_out_nobody_who_is_known() {
    let mut node = Node::default();
    for _ in 0..120 {
        // A hundred times what it can answer, so that refusing alone keeps it busy.
        node.run(1, 100.0, 0.99);
    }

    assert_eq!(node.shares, Shares { strangers: 1000, known: 0 });
    assert!(node.refused_known < 1.0, "{}", node.refused_known);
}

#[test]
fn a_target_of_zero_refuses_nobody() {
    let mut shedder = Shedder::default();
    for turn in 1..100 {
        let shares = shedder.observe(Duration::from_secs(9), Duration::ZERO, turn * 100, || Seen {
            strangers: 1,
            known: 1,
        });
        assert_eq!(shares, Some(Shares::default()));
    }
}
