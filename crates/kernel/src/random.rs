//! Randomness from the one cryptographic module.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<16>(), bytes::<16>());
    }
}
