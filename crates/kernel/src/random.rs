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

/// The same for ids, which are no secrets: drawn from a few hundred bytes that the thread keeps,
/// because the generator's self-tests and the processor's entropy cost more than an id.
///
/// # Panics
/// As [`bytes`].
#[must_use]
pub fn id_bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= POOL_BYTES) };
    // A thread that ends has no pool any more.
    POOL.try_with(|pool| pool.borrow_mut().draw()).unwrap_or_else(|_| bytes())
}

/// Bytes that are given out once each.
struct Pool {
    bytes: [u8; POOL_BYTES],
    left: usize,
}

impl Pool {
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        if self.left < N {
            *self = Self { bytes: bytes(), left: POOL_BYTES };
        }
        let (rest, drawn) = self.bytes.split_at(self.left - N);
        let drawn = drawn.first_chunk().copied();
        self.left = rest.len();
        // INVARIANT: N bytes were left.
        drawn.unwrap_or_else(bytes)
    }
}

const POOL_BYTES: usize = 512;

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
        let drawn: HashSet<[u8; 61]> = (0..1000).map(|_| id_bytes()).collect();
        assert_eq!(drawn.len(), 1000);

        let mut pool = Pool { bytes: std::array::from_fn(|at| (at % 251) as u8), left: 20 };
        let (first, second) = (pool.draw::<10>(), pool.draw::<10>());
        assert_eq!(first, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        assert_eq!(second, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(pool.left, 0);
    }
}
