//! Walk keys of secure tries, and the order in which they pack best.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, keccak256};

/// Where an account lives in the state trie.
pub fn account_key(address: &Address) -> B256 {
    keccak256(address)
}

/// Where a storage slot lives in an account's storage trie.
pub fn slot_key(slot: &B256) -> B256 {
    keccak256(slot)
}

/// The indices of `keys` in ascending order of the keys: the order in which a packed proof is
/// smallest, since every node is then listed once.
pub fn sorted_order(keys: &[B256]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|i| keys.get(*i).copied().unwrap_or_default());
    order
}

/// Nibble `at` of a key, most significant first; 0 past the end.
pub(crate) fn nibble(key: &B256, at: usize) -> u8 {
    let byte = key.0.get(at / 2).copied().unwrap_or_default();
    if at.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

/// How many leading nibbles two keys share, 0 to 64.
pub(crate) fn shared_nibbles(a: &B256, b: &B256) -> usize {
    let bytes = a.iter().zip(b.iter()).take_while(|(x, y)| x == y).count();
    let half = match (a.0.get(bytes), b.0.get(bytes)) {
        (Some(x), Some(y)) => usize::from(x >> 4 == y >> 4),
        _ => 0,
    };
    bytes.saturating_mul(2).saturating_add(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nibbles_shared() {
        let a = B256::repeat_byte(0x12);
        assert_eq!(shared_nibbles(&a, &a), 64);
        let mut b = a;
        b.0[31] = 0x13;
        assert_eq!(shared_nibbles(&a, &b), 63);
        b.0[31] = 0x22;
        assert_eq!(shared_nibbles(&a, &b), 62);
        b.0[0] = 0x13;
        assert_eq!(shared_nibbles(&a, &b), 1);
        assert_eq!((nibble(&a, 0), nibble(&a, 1), nibble(&a, 63), nibble(&a, 64)), (1, 2, 2, 0));
    }
}
