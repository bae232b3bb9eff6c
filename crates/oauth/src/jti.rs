//! Ids of signed messages that count once (RFC 7523 §3, RFC 9449 §11.1).

use aws_lc_rs::digest;
use kernel::Timestamp;

/// An id that must not have been seen. Whoever keeps them claims it in one atomic step; what is
/// not claimed must not be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a message whose id is not claimed can be sent again"]
pub struct JtiClaim {
    /// A hash of whose id it is and of the id: bounded, whatever the client sent.
    pub hash: [u8; 32],
    /// Until when it must be remembered.
    pub until: Timestamp,
}

impl JtiClaim {
    /// `kind` and `whose` part the ids of one from those of another.
    pub(crate) fn new(kind: &str, whose: &str, jti: &str, until_s: i64) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [kind, whose, jti] {
            // Lengths go in, so that no two lists of parts are one text.
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self { hash, until: Timestamp::from_millis(until_s.saturating_mul(1000)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_different_ids_share_a_hash() {
        let claims = [
            JtiClaim::new("a", "b", "c", 1),
            JtiClaim::new("ab", "", "c", 1),
            JtiClaim::new("a", "bc", "", 1),
            JtiClaim::new("a", "b", "d", 1),
        ];

        let distinct: std::collections::HashSet<_> = claims.iter().map(|c| c.hash).collect();
        assert_eq!(distinct.len(), claims.len());
        assert_eq!(claims[0].until, Timestamp::from_millis(1000));
    }
}
