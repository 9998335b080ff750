//! Ed25519 signatures, by one rule for every verifier: ZIP 215.
//!
//! The scalar is below the group's order; key and R are any encodings of curve points, also
//! non-canonical ones and ones of small order; the equation is the cofactored
//! `[8][s]B = [8]R + [8][k]A` with `k = SHA-512(R ‖ key ‖ message)`. This is what nodes accept of
//! each other, and what the host function `ed25519_verify` answers. A stricter rule would gain
//! nothing (who can make an odd signature for a key holds it, or the key was chosen to be
//! anyone's, which is one dishonest authority), and would lose a chain: one authority's odd vote
//! in the only justification that nodes keep of a set change could never be followed.

use alloy_primitives::B256;
use ed25519_zebra::{Signature, VerificationKey};

/// Verifies ed25519 signatures by ZIP 215. A pallet puts its host function here.
pub trait VerifyEd25519 {
    /// Whether `signature` (R ‖ s) over `message` is good for `key`.
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool;
}

/// Verification in plain Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zebra;

impl VerifyEd25519 for Zebra {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        VerificationKey::try_from(key.0).is_ok_and(|key| key.verify(&Signature::from_bytes(signature), message).is_ok())
    }
}

impl<V: VerifyEd25519 + ?Sized> VerifyEd25519 for &V {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        (**self).verify(key, message, signature)
    }
}
