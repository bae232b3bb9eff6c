//! The schedule against time that passes in any way.

use proptest::prelude::*;

use super::*;
use crate::ACCESS_TOKEN_SECONDS;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
}

/// What happens next to an installation.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes, and a node looks.
    Look(u64),
    /// Time passes, and nobody looks: everything is off.
    Sleep(u64),
    /// An operator asks for another key.
    Rotate,
    /// An operator takes all keys for stolen.
    Emergency,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..2_000).prop_map(Step::Look),
        2 => (1_u64..5_000_000).prop_map(Step::Look),
        1 => (1_u64..9_000_000).prop_map(Step::Sleep),
        1 => Just(Step::Rotate),
        1 => Just(Step::Emergency),
    ]
}

/// An installation, and each token that it signed.
#[derive(Default)]
struct World {
    seconds: u64,
    turns: Vec<Turn>,
    tokens: Vec<(i64, u64)>,
}

impl World {
    fn now(&self) -> Timestamp {
        at(self.seconds)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Look(seconds) | Step::Sleep(seconds) => self.seconds += seconds,
            Step::Rotate => self.turns.extend(next_turn(&self.turns, self.now())),
            Step::Emergency => {
                let (now, new) = (self.now(), turn_at_once(&self.turns, self.now()));
                for turn in &mut self.turns {
                    turn.denied_at = turn.denied_at.or(Some(now));
                }
                self.turns.push(new);
            }
        }
        if !matches!(step, Step::Sleep(_)) {
            self.turns.extend(Schedule::new(30 * DAY).due(&self.turns, self.now()));
        }
    }

    fn of(&self, generation: i64) -> Turn {
        *self.turns.iter().find(|turn| turn.generation == generation).unwrap()
    }
}

proptest! {
    #[test]
    fn at_any_instant_one_key_signs_it_was_published_and_each_living_token_verifies(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::default();
        world.take(Step::Look(0));

        for step in steps {
            world.take(step);
            let (now, turns) = (world.now(), world.turns.clone());

            // One key signs, and the states say the same one.
            let signs = signer(&turns, now).unwrap();
            let signing: Vec<_> = turns
                .iter()
                .filter(|turn| key_state(&turns, turn, now) == KeyState::Signing)
                .collect();
            prop_assert_eq!(signing, [&signs]);

            // It was known for long enough, unless there was nothing before that could sign.
            let known_for = now.since(signs.published_at);
            let is_alone = turns
                .iter()
                .filter(|turn| turn.generation < signs.generation)
                .all(|turn| turn.denied_at.is_some_and(|denied| denied <= signs.published_at));
            prop_assert!(known_for >= LEAD || is_alone, "{signs:?} after {known_for:?}");

            // Each token that has not ended verifies, unless its key was taken for stolen.
            world.tokens.push((signs.generation, world.seconds));
            world.tokens.retain(|(_, since)| world.seconds < since + 900 + 5);
            for (generation, _) in &world.tokens {
                let turn = world.of(*generation);
                let state = key_state(&turns, &turn, now);
                prop_assert!(state.is_published() || turn.denied_at.is_some(), "{turn:?}");
            }
        }
    }

    #[test]
    fn nodes_whose_clocks_are_apart_take_each_others_tokens(
        seconds in 0_u64..5_000_000,
        apart in 0_u64..=60,
    ) {
        let mut world = World::default();
        world.take(Step::Look(0));
        world.take(Step::Look(seconds));
        let ahead = world.now().plus(Duration::from_secs(apart));

        let by_the_one_ahead = signer(&world.turns, ahead).unwrap();
        let by_the_one_behind = signer(&world.turns, world.now()).unwrap();

        let seen = key_state(&world.turns, &by_the_one_ahead, world.now());
        prop_assert!(seen.is_published());
        // Its last token ends within the time for which the other one keeps the key.
        let end = ahead.plus(Duration::from_secs(900 - apart));
        prop_assert!(key_state(&world.turns, &by_the_one_behind, end).is_published());
    }
}

#[test]
fn a_lead_is_twice_the_age_of_a_key_set_and_what_is_kept_outlives_every_token() {
    assert!(LEAD >= 2 * JWKS_MAX_AGE + UNHEARD_MAX);
    let token = Duration::from_secs(u64::try_from(ACCESS_TOKEN_SECONDS).unwrap());
    assert!(KEEP >= token + Duration::from_secs(5) + UNHEARD_MAX);
}

#[test]
fn the_first_key_signs_at_once_and_the_next_is_made_before_its_time_is_over() {
    let schedule = Schedule::new(30 * DAY);
    let first = schedule.due(&[], at(0)).unwrap();
    let made = 30 * DAY.as_secs() - LEAD.as_secs();

    assert_eq!((first.generation, first.signs_from), (1, at(0)));
    assert_eq!(schedule.due(&[first], at(made - 1)), None);
    let second = schedule.due(&[first], at(made)).unwrap();
    assert_eq!((second.generation, second.signs_from), (2, at(30 * DAY.as_secs())));
    assert_eq!(schedule.due(&[first, second], at(made)), None);
}

#[test]
fn a_key_that_is_overdue_signs_until_the_next_one_is_known() {
    let first = Schedule::new(DAY).due(&[], at(0)).unwrap();
    let late = 400 * DAY.as_secs();

    let second = Schedule::new(DAY).due(&[first], at(late)).unwrap();

    let turns = [first, second];
    assert_eq!(signer(&turns, at(late + LEAD.as_secs() - 1)), Some(first));
    assert_eq!(signer(&turns, at(late + LEAD.as_secs())), Some(second));
}

#[test]
fn a_key_goes_when_its_last_token_has_ended() {
    let first = turn_at_once(&[], at(0));
    let second = next_turn(&[first], at(1000)).unwrap();
    let (turns, signs) = ([first, second], 1000 + LEAD.as_secs());

    let states = [signs - 1, signs, signs + KEEP.as_secs() - 1, signs + KEEP.as_secs()]
        .map(|seconds| key_state(&turns, &first, at(seconds)).name());

    assert_eq!(states, ["signing", "retired", "retired", "gone"]);
    assert_eq!(key_state(&turns, &second, at(signs - 1)).name(), "published");
}

#[test]
fn a_second_key_is_not_made_while_one_waits() {
    let first = turn_at_once(&[], at(0));
    let second = next_turn(&[first], at(10)).unwrap();

    assert_eq!(next_turn(&[first, second], at(11)), None);
    assert!(next_turn(&[first, second], at(10 + LEAD.as_secs())).is_some());
}

#[test]
fn a_denied_key_neither_signs_nor_verifies_and_is_remembered_until_its_tokens_ended() {
    let denied = Turn { denied_at: Some(at(5)), ..turn_at_once(&[], at(0)) };

    assert_eq!(signer(&[denied], at(5)), None);
    let state = |seconds| key_state(&[denied], &denied, at(seconds));
    assert_eq!(state(5).name(), "denied");
    assert!(!state(5).is_published());
    assert_eq!(state(5 + KEEP.as_secs()), KeyState::Gone);
}
