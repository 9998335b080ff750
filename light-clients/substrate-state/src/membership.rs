//! What a proven state says about commitments: the part of the verify calls that all clients of
//! Substrate chains share (`docs/wire-formats.md`, sections 2, 6 and 7).

use crate::{
    packed::{ProofError, verify},
    storage::{commitment_key, commitment_prefix},
};
use alloc::{string::ToString, vec::Vec};
use alloy_primitives::{B256, hex};
use core::fmt;
use lupu_light_client::{Claim, Rejection};

/// Shortest path with its Merkle prefix, in bytes.
pub const MIN_PATH: usize = 33;
/// Longest path with its Merkle prefix, in bytes: 32, a client identifier of 128, kind and sequence.
pub const MAX_PATH: usize = 169;

/// Bytes found in a state. Printed in hex, the first 32 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored(pub Vec<u8>);

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..32).unwrap_or(&self.0);
        write!(f, "{}", hex::encode_prefixed(shown))?;
        if self.0.len() > shown.len() { write!(f, "… ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

/// The check that a claim failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum MembershipError {
    /// No claims at all.
    #[error("no paths")]
    NoPaths,
    /// A path of another pallet or chain, or of no possible length.
    #[error("path {index} has {len} bytes, not 33 to 169 that start with the Merkle prefix")]
    InvalidPath { index: usize, len: usize },
    /// A claim that zero is stored.
    #[error("claim {0} is that zero is stored; that is absence")]
    InvalidValue(usize),
    /// The packed proof does not hold.
    #[error(transparent)]
    InvalidProof(#[from] ProofError),
    /// Nothing is stored where the claim says something is.
    #[error("claim {0}: nothing is stored under the path")]
    ValueAbsent(usize),
    /// Something is stored where the claim says nothing is.
    #[error("claim {index}: {found} is stored under the path")]
    ValuePresent { index: usize, found: Stored },
    /// Something else is stored.
    #[error("claim {index}: {found} is stored under the path, claimed is {claimed}")]
    ValueMismatch { index: usize, claimed: B256, found: Stored },
}

impl MembershipError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoPaths | Self::InvalidPath { .. } => "InvalidPath",
            Self::InvalidValue(_) => "InvalidValue",
            Self::InvalidProof(_) => "InvalidProof",
            Self::ValueAbsent(_) => "ValueAbsent",
            Self::ValuePresent { .. } => "ValuePresent",
            Self::ValueMismatch { .. } => "ValueMismatch",
        }
    }
}

impl From<MembershipError> for Rejection {
    fn from(e: MembershipError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// The storage key of a path that starts with the Merkle prefix. `None` for another path.
fn key(prefix: &[u8; 32], path: &[u8]) -> Option<[u8; 64]> {
    let rest = path.strip_prefix(prefix)?;
    (MIN_PATH..=MAX_PATH).contains(&path.len()).then(|| commitment_key(prefix, rest))
}

/// Verifies claims about paths, in this order, against a state root that a client holds. Each path
/// is the pallet's Merkle prefix and the raw IBC path; `nodes` is the packed proof of their keys.
pub fn check_membership(
    state_root: &B256,
    pallet_prefix: &[u8; 16],
    claims: &[(Vec<u8>, Claim)],
    nodes: &[u8],
) -> Result<(), MembershipError> {
    if claims.is_empty() {
        return Err(MembershipError::NoPaths);
    }
    let prefix = commitment_prefix(pallet_prefix);
    let mut keys = Vec::with_capacity(claims.len());
    for (index, (path, _)) in claims.iter().enumerate() {
        keys.push(key(&prefix, path).ok_or(MembershipError::InvalidPath { index, len: path.len() })?);
    }
    let zero = |(_, claim): &(Vec<u8>, Claim)| matches!(claim, Claim::Present(v) if v.is_zero());
    if let Some(index) = claims.iter().position(zero) {
        return Err(MembershipError::InvalidValue(index));
    }
    let keys: Vec<&[u8]> = keys.iter().map(<[u8; 64]>::as_slice).collect();
    let values = verify(state_root, &keys, nodes)?;
    for (index, ((_, claim), value)) in claims.iter().zip(values).enumerate() {
        match (claim, value) {
            (Claim::Absent, None) => {}
            (Claim::Present(claimed), Some(found)) if claimed.as_slice() == found => {}
            (Claim::Absent, Some(found)) => {
                return Err(MembershipError::ValuePresent { index, found: Stored(found.to_vec()) });
            }
            (Claim::Present(_), None) => return Err(MembershipError::ValueAbsent(index)),
            (Claim::Present(claimed), Some(found)) => {
                let found = Stored(found.to_vec());
                return Err(MembershipError::ValueMismatch { index, claimed: *claimed, found });
            }
        }
    }
    Ok(())
}
