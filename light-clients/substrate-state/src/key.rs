//! Keys as nibbles, and the order in which they pack best.

use alloc::vec::Vec;

/// Longest key that is proven, in bytes.
pub const MAX_KEY: usize = 512;

/// The indices of `keys` in ascending order of the keys: the order in which a packed proof is
/// smallest, since every node is then listed once.
pub fn proof_order<K: AsRef<[u8]>>(keys: &[K]) -> Vec<usize> {
    let mut order: Vec<(usize, &[u8])> = keys.iter().map(AsRef::as_ref).enumerate().collect();
    order.sort_by_key(|(_, key)| *key);
    order.into_iter().map(|(index, _)| index).collect()
}

/// Number of nibbles of a key.
pub(crate) fn nibbles(key: &[u8]) -> usize {
    key.len().saturating_mul(2)
}

/// Nibble `at` of a key, most significant first; nothing past the end.
pub(crate) fn nibble(key: &[u8], at: usize) -> Option<u8> {
    let byte = key.get(at / 2)?;
    Some(if at.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f })
}

/// How many leading nibbles two keys share.
pub(crate) fn shared_nibbles(a: &[u8], b: &[u8]) -> usize {
    let bytes = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let half = match (a.get(bytes), b.get(bytes)) {
        (Some(x), Some(y)) => usize::from(x >> 4 == y >> 4),
        _ => 0,
    };
    bytes.saturating_mul(2).saturating_add(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn nibbles_shared() {
        assert_eq!(shared_nibbles(&[0x12, 0x34], &[0x12, 0x34]), 4);
        assert_eq!(shared_nibbles(&[0x12, 0x34], &[0x12, 0x35, 0]), 3);
        assert_eq!(shared_nibbles(&[0x12], &[0x12, 0x35]), 2);
        assert_eq!(shared_nibbles(&[], &[0x12]), 0);
        assert_eq!(shared_nibbles(&[0x12], &[0x22]), 0);
        assert_eq!((nibble(&[0x12], 0), nibble(&[0x12], 1), nibble(&[0x12], 2)), (Some(1), Some(2), None));
    }

    #[test]
    fn a_prefix_comes_first() {
        assert_eq!(proof_order(&[&[2u8, 1][..], &[2], &[1, 9], &[2]]), vec![2, 1, 3, 0]);
        assert_eq!(proof_order::<[u8; 1]>(&[]), Vec::<usize>::new());
    }
}
