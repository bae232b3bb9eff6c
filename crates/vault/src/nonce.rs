//! Random 192-bit nonces.

use kernel::random;

/// One nonce of XAES-256-GCM.
pub(crate) type Nonce = [u8; 24];

/// A nonce that was not given out before.
///
/// Nonces are public: out of a pool, a draw is no longer half of the sealing time.
pub(crate) fn next() -> Nonce {
    random::public_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_nonce_is_given_out_twice() {
        // Several pools of them.
        let count = 600;
        let here: Vec<_> = (0..count).map(|_| next()).collect();
        let there = std::thread::spawn(move || (0..count).map(|_| next()).collect::<Vec<_>>());

        let distinct: HashSet<_> = here.into_iter().chain(there.join().unwrap()).collect();

        assert_eq!(distinct.len(), 2 * count);
        assert!(!distinct.contains(&[0; size_of::<Nonce>()]));
    }
}
