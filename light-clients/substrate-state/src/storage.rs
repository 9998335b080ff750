//! Where the pallet stores what others prove.

use crate::hash::twox128;
use alloy_primitives::{hex, keccak256};

/// `twox128("Commitments")`: the map of commitments, receipts and acknowledgements.
pub const COMMITMENTS: [u8; 16] = hex!("ca407206ec1ab726b2636c4b145ac287");
/// `twox128("Anchor")`: the value that says time and chain.
pub const ANCHOR: [u8; 16] = hex!("8784f26f5ed58f49cab1d330d9cf2693");

/// The first 16 bytes of the storage keys of a pallet, from its name in the runtime.
pub fn pallet_prefix(name: &str) -> [u8; 16] {
    twox128(name.as_bytes())
}

fn joined<const A: usize, const B: usize, const N: usize>(a: &[u8; A], b: &[u8; B]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(a.iter().chain(b)) {
        *to = *from;
    }
    out
}

/// The Merkle prefix of a pallet: `pallet_prefix ‖ twox128("Commitments")`.
pub fn commitment_prefix(pallet_prefix: &[u8; 16]) -> [u8; 32] {
    joined(pallet_prefix, &COMMITMENTS)
}

/// The storage key of a raw IBC path under a Merkle prefix: `prefix ‖ keccak256(path)`.
pub fn commitment_key(prefix: &[u8; 32], path: &[u8]) -> [u8; 64] {
    joined(prefix, &keccak256(path).0)
}

/// The storage key of a pallet's anchor: `pallet_prefix ‖ twox128("Anchor")`.
pub fn anchor_key(pallet_prefix: &[u8; 16]) -> [u8; 32] {
    joined(pallet_prefix, &ANCHOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_runtime_hashes_them() {
        assert_eq!(COMMITMENTS, sp_crypto_hashing::twox_128(b"Commitments"));
        assert_eq!(ANCHOR, sp_crypto_hashing::twox_128(b"Anchor"));
        assert_eq!(pallet_prefix("System"), hex!("26aa394eea5630e07c48ae0c9558cef7"));
    }

    #[test]
    fn keys_are_joined() {
        let prefix = commitment_prefix(&[7; 16]);
        assert_eq!(prefix, *[[7; 16], COMMITMENTS].concat());
        assert_eq!(commitment_key(&prefix, b"path"), *[prefix, keccak256(b"path").0].concat());
        assert_eq!(anchor_key(&[7; 16]), *[[7; 16], ANCHOR].concat());
    }
}
