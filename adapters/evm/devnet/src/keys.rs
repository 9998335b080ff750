//! Keys that derive from the chain's seed, and recoverable signatures by them.

use alloy::primitives::{Address, B256, keccak256};
use k256::ecdsa::SigningKey;

/// A committed seal: `r ‖ s ‖ v`, `v` 0 or 1, `s` in the low half.
pub type Seal = [u8; 65];

/// The key number `index` of a purpose, from a seed: `keccak256(purpose ‖ seed ‖ index ‖ attempt)`,
/// integers as 8 bytes big-endian.
pub fn derive(purpose: &str, seed: u64, index: u64) -> SigningKey {
    let mut attempt = 0u64;
    loop {
        let mut input = purpose.as_bytes().to_vec();
        input.extend_from_slice(&seed.to_be_bytes());
        input.extend_from_slice(&index.to_be_bytes());
        input.extend_from_slice(&attempt.to_be_bytes());
        if let Ok(key) = SigningKey::from_slice(keccak256(&input).as_slice()) {
            return key;
        }
        attempt = attempt.wrapping_add(1);
    }
}

/// The address of a key.
pub fn address(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_sec1_point(false);
    let hash = keccak256(point.as_bytes().get(1..).unwrap_or_default());
    Address::from_slice(&hash[12..])
}

/// Signs a 32-byte digest.
pub fn sign(key: &SigningKey, digest: B256) -> Seal {
    let (signature, recovery) = key.sign_prehash_recoverable(digest.as_slice());
    let mut seal = [0u8; 65];
    seal[..64].copy_from_slice(&signature.to_bytes());
    seal[64] = recovery.to_byte();
    seal
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Signature, U256, uint};

    use super::*;

    #[test]
    fn seals_recover_and_are_low_s() {
        let half: U256 = uint!(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0_U256);
        let key = derive("validator", 0, 0);
        for i in 0..32u8 {
            let digest = keccak256([i]);
            let seal = sign(&key, digest);
            let signature = Signature::from_raw_array(&seal).unwrap();
            assert!(seal[64] < 2 && signature.s() <= half);
            assert_eq!(signature.recover_address_from_prehash(&digest).unwrap(), address(&key));
        }
    }
}
