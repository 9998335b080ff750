//! How many seals are enough.

/// Seals that a block of `n` validators needs: ⌈2n/3⌉.
pub fn quorum(n: usize) -> usize {
    n.saturating_mul(2).div_ceil(3)
}

/// Seals that must come from the `m` trusted validators:
/// max(⌈m·numerator/denominator⌉, ⌊m/3⌋+1). With a denominator of zero: more than there are.
pub fn overlap_required(m: usize, numerator: u8, denominator: u8) -> usize {
    if denominator == 0 {
        return m.saturating_add(1);
    }
    let share = m.saturating_mul(usize::from(numerator)).div_ceil(usize::from(denominator));
    share.max((m / 3).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_of_besu() {
        let published = [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7)];
        for (n, needed) in published {
            assert_eq!(quorum(n), needed, "n = {n}");
        }
        for n in 1..=255 {
            assert_eq!(quorum(n), (2 * n - 1) / 3 + 1, "n = {n}");
        }
    }

    #[test]
    fn overlap_is_always_more_than_a_third() {
        assert_eq!(overlap_required(4, 2, 3), 3);
        assert_eq!(overlap_required(4, 1, 2), 2);
        assert_eq!(overlap_required(3, 1, 2), 2);
        assert_eq!(overlap_required(3, 1, 255), 2);
        assert_eq!(overlap_required(7, 1, 1), 7);
        assert_eq!(overlap_required(4, 1, 0), 5);
        for m in 1..=255usize {
            for (n, d) in [(1u8, 255u8), (34, 100), (1, 2), (2, 3), (1, 1)] {
                let needed = overlap_required(m, n, d);
                assert!(needed * 3 > m && needed <= m);
                assert!(needed * usize::from(d) >= m * usize::from(n));
            }
        }
    }
}
