//! Signatures of authorities: `r(32) ‖ s(32) ‖ v(1)` over the hash of a commitment.

use alloy_primitives::{Address, B256, b256, keccak256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

/// Order of the curve secp256k1.
const ORDER: B256 = b256!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
/// Half of the order, rounded down: the largest `s` that is accepted.
const HALF_ORDER: B256 = b256!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Recovers the signer of a signature. A pallet puts its host function here.
pub trait Recover {
    /// The address that signed `digest`, or `None` if there is none. The caller has checked that
    /// `v` is 0 or 1, `r` and `s` are in range and `s` is in the lower half.
    fn recover(&self, digest: &B256, signature: &[u8; 65]) -> Option<Address>;
}

/// Recovery in plain Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct K256;

impl Recover for K256 {
    fn recover(&self, digest: &B256, signature: &[u8; 65]) -> Option<Address> {
        let (signature, v) = signature.split_at_checked(64)?;
        let id = RecoveryId::from_byte(*v.first()?)?;
        let signature = Signature::from_slice(signature).ok()?;
        let key = VerifyingKey::recover_from_prehash(&digest.0, &signature, id).ok()?;
        let point = key.to_sec1_point(false);
        let hash = keccak256(point.as_bytes().get(1..)?);
        Some(Address::from_word(hash))
    }
}

impl<R: Recover + ?Sized> Recover for &R {
    fn recover(&self, digest: &B256, signature: &[u8; 65]) -> Option<Address> {
        (**self).recover(digest, signature)
    }
}

/// Why a signature is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 65 bytes.
    #[error("has {0} bytes, not 65")]
    Length(usize),
    /// `v` is neither 0 nor 1.
    #[error("v is {0}, not 0 or 1")]
    V(u8),
    /// `r` is zero, or not below the order of the curve.
    #[error("r is out of range")]
    R,
    /// `s` is zero, or above half the order of the curve.
    #[error("s is out of range or in the upper half")]
    S,
    /// No public key belongs to this signature.
    #[error("recovers no signer")]
    Unrecoverable,
}

/// Checks a signature's form and recovers its signer.
pub fn signer(digest: &B256, signature: &[u8], recover: &(impl Recover + ?Sized)) -> Result<Address, SignatureError> {
    let signature: &[u8; 65] = signature.try_into().map_err(|_| SignatureError::Length(signature.len()))?;
    let (rs, v) = signature.split_at(64);
    let (r, s) = rs.split_at(32);
    if let Some(v) = v.first().filter(|v| **v > 1) {
        return Err(SignatureError::V(*v));
    }
    let zero = B256::ZERO;
    if r == zero.as_slice() || r >= ORDER.as_slice() {
        return Err(SignatureError::R);
    }
    if s == zero.as_slice() || s > HALF_ORDER.as_slice() {
        return Err(SignatureError::S);
    }
    recover.recover(digest, signature).ok_or(SignatureError::Unrecoverable)
}
