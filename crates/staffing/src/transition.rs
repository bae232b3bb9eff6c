//! Life cycles as data: a published table of transitions, and the one refusal that all share.

use kernel::{Code, Problem};
use serde::Serialize;

/// One row of a life cycle's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Transition<S> {
    /// The state before.
    pub from: S,
    /// The move's name, as URLs and problems write it.
    #[serde(rename = "move")]
    pub name: &'static str,
    /// The state after.
    pub to: S,
    /// What must hold besides the state, in words; nothing when the state is enough.
    pub guard: Option<&'static str>,
}

/// The move is not legal now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{attempted}` is not legal from `{from}`")]
pub struct IllegalTransition {
    /// Which kind of problem it is outside.
    pub code: &'static Code,
    /// The state it is in.
    pub from: &'static str,
    /// The move that was asked for.
    pub attempted: &'static str,
    /// The moves that would be legal now.
    pub legal: Vec<&'static str>,
    /// The condition that failed, when the state alone would have allowed the move.
    pub guard: Option<&'static str>,
}

impl<S: Copy> Transition<S> {
    /// A row whose state is condition enough.
    pub(crate) const fn free(from: S, name: &'static str, to: S) -> Self {
        Self { from, name, to, guard: None }
    }

    /// A row with a further condition.
    pub(crate) const fn guarded(from: S, name: &'static str, to: S, guard: &'static str) -> Self {
        Self { from, name, to, guard: Some(guard) }
    }
}

/// The row for a move from a state.
pub(crate) fn find<S: Copy + Eq>(
    table: &[Transition<S>],
    from: S,
    name: &str,
) -> Option<Transition<S>> {
    table.iter().find(|row| row.from == from && row.name == name).copied()
}

/// The state after an unguarded move, or the refusal.
pub(crate) fn step<S: Copy + Eq>(
    table: &[Transition<S>],
    from: (S, &'static str),
    attempted: &'static str,
    code: &'static Code,
) -> Result<S, IllegalTransition> {
    let (state, from) = from;
    find(table, state, attempted).map(|row| row.to).ok_or_else(|| {
        let legal = table.iter().filter(|row| row.from == state).map(|row| row.name).collect();
        IllegalTransition { code, from, attempted, legal, guard: None }
    })
}

impl From<IllegalTransition> for Problem {
    fn from(refused: IllegalTransition) -> Self {
        let detail = refused.guard.map_or_else(
            || refused.to_string(),
            |guard| format!("{refused}: expected that {guard}"),
        );
        let legal = refused.legal.iter().map(|name| (*name).to_owned()).collect();
        Self::new(refused.code).detail(detail).member("legal_transitions", legal)
    }
}
