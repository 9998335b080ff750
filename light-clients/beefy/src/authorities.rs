//! Authority sets: how a chain commits to the keys that sign, and how many of them are enough.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, keccak256};

/// Authorities that a set may have: an index is one byte.
pub const MAX_AUTHORITIES: u32 = 255;

/// A set of authorities, as a leaf of the Merkle mountain range names the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthoritySet {
    /// Counts up with every session, also where the keys stay the same.
    pub id: u64,
    /// How many they are.
    pub len: u32,
    /// [`keyset_root`] of their addresses.
    pub root: B256,
}

impl AuthoritySet {
    /// The set of these authorities, in their order. The length saturates.
    pub fn new(id: u64, authorities: &[Address]) -> Self {
        let len = u32::try_from(authorities.len()).unwrap_or(u32::MAX);
        Self { id, len, root: keyset_root(authorities) }
    }

    /// Whether a client may trust it: 1 to 255 authorities, and a root.
    pub fn is_usable(&self) -> bool {
        (1..=MAX_AUTHORITIES).contains(&self.len) && !self.root.is_zero()
    }

    /// Whether it can follow `previous`.
    pub fn follows(&self, previous: &Self) -> bool {
        previous.id.checked_add(1) == Some(self.id)
    }

    /// Signatures that a commitment of this set needs.
    pub fn threshold(&self) -> usize {
        threshold(usize::try_from(self.len).unwrap_or(usize::MAX))
    }
}

/// Signatures needed of `n` authorities: `n − ⌊(n−1)/3⌋`.
pub fn threshold(n: usize) -> usize {
    n.saturating_sub(n.saturating_sub(1) / 3)
}

/// Root of the authorities' binary Merkle tree: leaves are keccak256 of the 20-byte addresses,
/// nodes keccak256 of both children, a last odd one rises as it is. Zero if there are none.
pub fn keyset_root(authorities: &[Address]) -> B256 {
    let mut row: Vec<B256> = authorities.iter().map(keccak256).collect();
    while row.len() > 1 {
        row = row.chunks(2).map(parent).collect();
    }
    row.first().copied().unwrap_or_default()
}

fn parent(children: &[B256]) -> B256 {
    match children {
        [left, right] => hash_pair(left, right),
        [single, ..] => *single,
        [] => B256::ZERO,
    }
}

/// keccak256 of two hashes joined.
pub(crate) fn hash_pair(left: &B256, right: &B256) -> B256 {
    let mut both = [0; 64];
    let (a, b) = both.split_at_mut(32);
    a.copy_from_slice(left.as_slice());
    b.copy_from_slice(right.as_slice());
    keccak256(both)
}

/// 20-byte addresses joined.
pub fn join_addresses(addresses: &[Address]) -> Vec<u8> {
    addresses.iter().flat_map(|a| a.into_array()).collect()
}

/// The addresses of which `joined` consists, or `None` if the last one is not whole.
pub fn split_addresses(joined: &[u8]) -> Option<Vec<Address>> {
    let whole = joined.chunks_exact(20);
    if !whole.remainder().is_empty() {
        return None;
    }
    Some(whole.map(Address::from_slice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_more_than_two_thirds() {
        let by_hand = [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (8, 6), (9, 7), (10, 7), (16, 11)];
        for (n, needed) in by_hand {
            assert_eq!(threshold(n), needed, "n = {n}");
        }
        for n in 1..=255 {
            assert_eq!(threshold(n), 2 * n / 3 + 1, "n = {n}");
        }
        assert_eq!(threshold(0), 0);
    }

    #[test]
    fn joined_addresses_are_whole() {
        let list = [Address::repeat_byte(1), Address::repeat_byte(2)];
        assert_eq!(split_addresses(&join_addresses(&list)), Some(list.to_vec()));
        assert_eq!(split_addresses(&[0; 21]), None);
        assert_eq!(split_addresses(&[]), Some(Vec::new()));
    }

    #[test]
    fn ids_do_not_wrap() {
        let last = AuthoritySet { id: u64::MAX, ..AuthoritySet::default() };
        assert!(!AuthoritySet::default().follows(&last));
        assert!(last.follows(&AuthoritySet { id: u64::MAX - 1, ..last }));
    }
}
