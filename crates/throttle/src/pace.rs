//! A divisor that is known beforehand: a multiplication in place of a division.

/// The unit of a limit: a rate's interval, a window's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    unit: u64,
    inverse: u64,
}

impl Pace {
    /// At least one.
    pub(crate) fn new(unit: u64) -> Self {
        let unit = unit.max(1);
        Self { unit, inverse: u64::MAX / unit }
    }

    /// The divisor itself.
    pub(crate) const fn unit(self) -> u64 {
        self.unit
    }

    /// How many whole units, and what is over.
    pub(crate) fn divide(self, number: u64) -> (u64, u64) {
        let product = u128::from(number) * u128::from(self.inverse);
        // INVARIANT: at most one too small: `inverse` is less than one below 2^64 / `unit`, and so
        // the product is less than one unit below the quotient.
        let whole = u64::try_from(product >> 64).unwrap_or(0);
        let over = number - whole * self.unit;
        if over < self.unit { (whole, over) } else { (whole + 1, over - self.unit) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_are_divided_right() {
        for unit in [0, 1, 2, 3, 1 << 63, u64::MAX - 1, u64::MAX] {
            for number in [0, 1, 2, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
                let unit = unit.max(1);
                assert_eq!(Pace::new(unit).divide(number), (number / unit, number % unit));
            }
        }
    }

    proptest! {
        #[test]
        fn it_divides_as_the_processor_does(number: u64, unit in 1_u64.., shift in 0_u32..64) {
            let unit = (unit >> shift).max(1);

            prop_assert_eq!(Pace::new(unit).divide(number), (number / unit, number % unit));
        }
    }
}
