//! Ranks every candidate in scope for one job, and explains those that are returned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use kernel::CandidateId;
use serde::Serialize;

use crate::assessment::{Assessment, GateCode};
use crate::digest::Fingerprint;
use crate::exchange::Exchange;
use crate::explain::{Explainer, Run};
use crate::judge::{ClosedGates, Judge};
use crate::opening::Opening;
use crate::points::Points;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::relevance::Relevance;

/// What a ranking is made by.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// For which job.
    pub opening: &'a Opening,
    /// By which policy.
    pub policy: &'a Policy,
    /// With which exchange rates.
    pub exchange: &'a Exchange,
}

/// Who is ranked.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Everybody in the pool.
    All,
    /// These.
    Only(&'a [CandidateId]),
}

/// A ranking: everybody in scope was judged, the best are here with their explanations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranking {
    /// The best, eligible ones first; those alike in score in the order of their ids.
    pub entries: Vec<Ranked>,
    /// How many were judged, and what kept them out.
    pub counts: Counts,
    /// Those asked for that the pool does not have.
    pub absent: Vec<CandidateId>,
    /// SHA-256 of the job as the matcher saw it.
    pub opening_hash: Fingerprint,
    /// The version of the exchange rates.
    pub exchange_version: String,
}

/// A candidate's place in a ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// Who.
    pub candidate: CandidateId,
    /// From 1.
    pub rank: u32,
    /// Why.
    pub assessment: Assessment,
}

/// How many were judged, and what kept them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Everybody in scope and in the pool.
    pub evaluated: u32,
    /// Those to whom every gate is open.
    pub eligible: u32,
    /// For each gate, G1 to G7, to how many it is closed. Nobody is dropped without being counted.
    pub closed: [u32; 7],
}

impl Counts {
    /// From how many rows each choice of gates is closed to.
    fn of(choices: &[u32; ClosedGates::CHOICES]) -> Self {
        let mut counts = Self::default();
        for (choice, count) in choices.iter().enumerate() {
            let closed = ClosedGates::chosen(choice);
            counts.evaluated += count;
            counts.eligible += if closed.is_none() { *count } else { 0 };
            for gate in GateCode::ALL.into_iter().filter(|gate| closed.has(*gate)) {
                if let Some(closed) = counts.closed.get_mut(gate as usize) {
                    *closed += count;
                }
            }
        }
        counts
    }
}

/// The order of a ranking, the best greatest.
type Order = (bool, Points, Reverse<CandidateId>, u32);

impl Pool {
    /// Ranks everybody in scope and explains the best `top`, eligible or not.
    #[must_use]
    pub fn rank(&self, question: &Question<'_>, scope: &Scope<'_>, top: usize) -> Ranking {
        let (rows, absent) = self.rows_in(scope);
        let judge = Judge::new(self, question);
        let relevance = Relevance::new(self, question.opening, &rows);
        let (best, counts) = self.best(&judge, &relevance, &rows, top);
        let opening_hash = question.opening.fingerprint();
        let run = Run { opening_hash: &opening_hash, exchange: question.exchange.fingerprint() };
        let explainer = Explainer::new(self, &judge, &relevance, &run);
        let entries = (1..).zip(best).filter_map(|(rank, (.., Reverse(candidate), row))| {
            let assessment = explainer.explain(row)?;
            Some(Ranked { candidate, rank, assessment })
        });
        Ranking {
            entries: entries.collect(),
            counts,
            absent,
            exchange_version: question.exchange.version.clone(),
            opening_hash,
        }
    }

    fn rows_in(&self, scope: &Scope<'_>) -> (Vec<u32>, Vec<CandidateId>) {
        match scope {
            Scope::All => {
                let lives = (0..).zip(&self.live.rows).filter(|(_, lives)| **lives);
                (lives.map(|(row, _)| row).collect(), Vec::new())
            }
            Scope::Only(candidates) => {
                let (mut rows, mut absent) = (Vec::new(), Vec::new());
                for candidate in *candidates {
                    match self.row(*candidate) {
                        Some(row) => rows.push(row),
                        None => absent.push(*candidate),
                    }
                }
                rows.sort_unstable();
                rows.dedup();
                (rows, absent)
            }
        }
    }

    fn best(
        &self,
        judge: &Judge<'_>,
        relevance: &Relevance<'_>,
        rows: &[u32],
        top: usize,
    ) -> (Vec<Order>, Counts) {
        let mut choices = [0; ClosedGates::CHOICES];
        let mut heap: BinaryHeap<Reverse<Order>> = BinaryHeap::with_capacity(top.min(rows.len()));
        let mut least = None;
        for row in rows {
            let Some(glance) = judge.glance(*row) else { continue };
            if let Some(count) = choices.get_mut(glance.closed.choice()) {
                *count += 1;
            }
            // Most rows cannot be better than the worst of the best so far, and need no measure:
            // some because a gate is closed to them, others by the most that they can score.
            let worse = |order: (bool, Points)| least.is_some_and(|least| order < least);
            let is_eligible = glance.closed.is_none();
            if top == 0 || worse((is_eligible, Points::MOST)) {
                continue;
            }
            let text = relevance.share(*row);
            let most = judge.most(*row, &glance, text);
            if worse((is_eligible, most)) {
                continue;
            }
            let Some(measure) = judge.measure(*row, text) else { continue };
            let order = (measure.is_eligible(), measure.score(judge.rules));
            // INVARIANT: a glance knows the gates, and never promises less than there is.
            debug_assert!(glance.closed == measure.closed && order.1 <= most);
            if worse(order) {
                continue;
            }
            let Some(scalars) = self.columns.row(*row) else { continue };
            heap.push(Reverse((order.0, order.1, Reverse(scalars.candidate), *row)));
            if heap.len() > top {
                heap.pop();
            }
            if heap.len() == top {
                least = heap.peek().map(|Reverse((eligible, score, ..))| (*eligible, *score));
            }
        }
        let best = heap.into_sorted_vec().into_iter().map(|Reverse(order)| order);
        (best.collect(), Counts::of(&choices))
    }
}
