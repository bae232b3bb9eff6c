//! How rare something is, in thousandths of a bit, on integers alone.

/// `1 + log2((all + 1) / (having + 1))`, in thousandths; what nobody has counts most.
pub(crate) fn rarity(all: u32, having: u32) -> u32 {
    let (all, having) = (u64::from(all) + 1, u64::from(having).min(u64::from(all)) + 1);
    // INVARIANT: 1,000 to 33,000, for a pool has fewer than 2^32 candidates.
    1_000 + log2((all << FRACTION_BITS) / having)
}

/// The binary logarithm of a fixed-point number of at least one, in thousandths.
fn log2(fixed: u64) -> u32 {
    let whole = fixed.ilog2().saturating_sub(FRACTION_BITS);
    let mut rest = u128::from(fixed) >> whole;
    let mut thousandths = u64::from(whole) << BITS;
    for bit in (0..BITS).rev() {
        rest = (rest * rest) >> FRACTION_BITS;
        if rest >> (FRACTION_BITS + 1) > 0 {
            rest >>= 1;
            thousandths |= 1 << bit;
        }
    }
    u32::try_from((thousandths * 1_000) >> BITS).unwrap_or(u32::MAX)
}

const FRACTION_BITS: u32 = 24;
const BITS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_a_thousandth() {
        for (fixed, expected) in
            [(1_u64 << 24, 0), (1 << 25, 1_000), (3 << 24, 1_584), (10 << 24, 3_321)]
        {
            assert_eq!(log2(fixed), expected);
        }
    }

    #[test]
    fn the_rarer_counts_more() {
        let found: Vec<u32> = [0, 1, 10, 999, 1_000].map(|having| rarity(1_000, having)).to_vec();

        assert!(found.is_sorted_by(|a, b| a >= b));
        assert_eq!(found.last(), Some(&1_000));
    }
}
