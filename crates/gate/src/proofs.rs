//! DPoP proofs that this node has seen (RFC 9449 §11.1): each counts once.
//!
//! Kept in memory, and so by each node for itself: a proof names one URL and lives a minute. The
//! token endpoint keeps its own in the database.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use kernel::Timestamp;
use oauth::JtiClaim;

/// The ids of proofs, in two generations: when the young one is old enough, the old one is dropped.
pub(crate) struct Proofs(Mutex<Generations>);

struct Generations {
    since: Timestamp,
    young: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
}

impl Proofs {
    pub(crate) fn new() -> Self {
        let since = Timestamp::from_millis(0);
        Self(Mutex::new(Generations { since, young: HashSet::new(), old: HashSet::new() }))
    }

    /// Whether the proof is seen for the first time. A memory that is full believes nobody.
    pub(crate) fn claim(&self, claim: &JtiClaim, now: Timestamp) -> bool {
        let Ok(mut seen) = self.0.lock() else { return false };
        if now >= seen.since.plus(GENERATION) {
            let old = std::mem::take(&mut seen.young);
            // After a long silence the young ones are too old to be taken as well.
            seen.old = if now >= seen.since.plus(GENERATION * 2) { HashSet::new() } else { old };
            seen.since = now;
        }
        if seen.old.contains(&claim.hash) || seen.young.len() >= PROOFS_MAX {
            return false;
        }
        seen.young.insert(claim.hash)
    }
}

/// Longer than a proof is taken: 60 seconds back and 5 ahead.
const GENERATION: Duration = Duration::from_secs(66);
/// 32 MiB or so; 7,500 requests with proofs a second, sustained.
const PROOFS_MAX: usize = 500_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(byte: u8) -> JtiClaim {
        JtiClaim { hash: [byte; 32], until: Timestamp::from_millis(0) }
    }

    #[test]
    fn a_proof_counts_once_for_as_long_as_it_is_taken() {
        let (proofs, start) = (Proofs::new(), Timestamp::from_millis(1_800_000_000_000));
        let at = |seconds| start.plus(Duration::from_secs(seconds));

        assert!(proofs.claim(&claim(1), at(0)));
        for seconds in [0, 30, 65, 66, 70, 131] {
            assert!(!proofs.claim(&claim(1), at(seconds)), "{seconds}");
        }
        assert!(proofs.claim(&claim(2), at(65)));
        assert!(proofs.claim(&claim(1), at(400)));
    }
}
