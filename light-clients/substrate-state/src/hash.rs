//! The hashes of a Substrate chain's state.

use alloy_primitives::B256;
use blake2::{Blake2b, Digest, digest::consts::U32};
use twox_hash::XxHash64;

/// BLAKE2b with a 32-byte output: hashes headers, trie nodes and values.
pub fn blake2_256(bytes: &[u8]) -> B256 {
    B256::new(Blake2b::<U32>::digest(bytes).into())
}

/// Two 64-bit xxHashes, seeds 0 and 1, each little-endian: the names in storage keys. Not secure
/// against collisions; only names of the runtime's own go through it.
pub fn twox128(bytes: &[u8]) -> [u8; 16] {
    let low = u128::from(XxHash64::oneshot(0, bytes));
    let high = u128::from(XxHash64::oneshot(1, bytes));
    (low | (high << 64)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn empty_root() {
        assert_eq!(blake2_256(&[0]), crate::EMPTY_ROOT);
    }

    #[test]
    fn the_same_as_sp_core() {
        for len in 0..300usize {
            let bytes: vec::Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
            assert_eq!(blake2_256(&bytes).0, sp_crypto_hashing::blake2_256(&bytes));
            assert_eq!(twox128(&bytes), sp_crypto_hashing::twox_128(&bytes));
        }
    }
}
