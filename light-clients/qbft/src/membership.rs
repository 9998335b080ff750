//! What a proven state says about commitments: the verify calls of `docs/wire-formats.md`,
//! section 2.

use crate::state::{ClientState, MalformedMessage, MembershipProof};
use alloc::{string::ToString, vec::Vec};
use alloy_primitives::{B256, keccak256};
use lupu_ethereum_state::{ProofError, packed, slot_key};
use lupu_light_client::{Claim, Rejection};
use lupu_standard::{Height, TimestampSecs, evm};

/// The storage slot of a raw path in the router: `keccak256(keccak256(path) ‖ IBCStore)`.
pub fn commitment_slot(path: &[u8]) -> B256 {
    evm::commitment_slot(keccak256(path))
}

/// Where a raw path is found in the router's storage trie: keccak256 of its slot.
pub fn commitment_key(path: &[u8]) -> B256 {
    slot_key(&commitment_slot(path))
}

/// The check that a verify call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum MembershipError {
    /// The client is frozen.
    #[error("the client is frozen")]
    ClientFrozen,
    /// The client's newest state is older than the trusting period.
    #[error("the client's newest state of time {latest} was trusted for {period} s, it is {now}")]
    ClientExpired { latest: TimestampSecs, period: u64, now: TimestampSecs },
    /// Nothing is stored at this height.
    #[error("no consensus state is stored at height {0}")]
    UnknownHeight(Height),
    /// The proof is not the canonical encoding.
    #[error(transparent)]
    MalformedMessage(#[from] MalformedMessage),
    /// The consensus state in the proof is not the stored one.
    #[error("the consensus state given hashes to {found}, stored at height {height} is {stored}")]
    ConsensusStateMismatch { height: Height, stored: B256, found: B256 },
    /// No path at all.
    #[error("no paths")]
    InvalidPath,
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
    ValuePresent { index: usize, found: B256 },
    /// Something else is stored.
    #[error("claim {index}: {found} is stored under the path, claimed is {claimed}")]
    ValueMismatch { index: usize, claimed: B256, found: B256 },
}

impl MembershipError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ClientFrozen => "ClientFrozen",
            Self::ClientExpired { .. } => "ClientExpired",
            Self::UnknownHeight(_) => "UnknownHeight",
            Self::MalformedMessage(_) => "MalformedMessage",
            Self::ConsensusStateMismatch { .. } => "ConsensusStateMismatch",
            Self::InvalidPath => "InvalidPath",
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

/// Whether the client's newest state is too old at `now`.
pub(crate) fn expired(client: &ClientState, now: TimestampSecs) -> bool {
    let end = u128::from(client.latest_timestamp.0).saturating_add(u128::from(client.rules.trusting_period));
    u128::from(now.0) >= end
}

/// Verifies claims about raw paths, in this order, at a height. `stored` is the hash of the
/// consensus state there; `proof` is `abi.encode(MembershipProof)`. Returns the block time.
pub fn check_membership(
    client: &ClientState,
    stored: Option<B256>,
    height: Height,
    claims: &[(Vec<u8>, Claim)],
    proof: &[u8],
    now: TimestampSecs,
) -> Result<TimestampSecs, MembershipError> {
    if client.frozen {
        return Err(MembershipError::ClientFrozen);
    }
    if expired(client, now) {
        let (latest, period) = (client.latest_timestamp, client.rules.trusting_period);
        return Err(MembershipError::ClientExpired { latest, period, now });
    }
    let stored = stored.filter(|hash| !hash.is_zero());
    let stored = stored.ok_or(MembershipError::UnknownHeight(height))?;
    let proof = MembershipProof::decode(proof)?;
    let found = proof.consensus.hash();
    if found != stored {
        return Err(MembershipError::ConsensusStateMismatch { height, stored, found });
    }
    if claims.is_empty() {
        return Err(MembershipError::InvalidPath);
    }
    let zero = |(_, claim): &(Vec<u8>, Claim)| matches!(claim, Claim::Present(v) if v.is_zero());
    if let Some(index) = claims.iter().position(zero) {
        return Err(MembershipError::InvalidValue(index));
    }
    let keys: Vec<B256> = claims.iter().map(|(path, _)| commitment_key(path)).collect();
    let values = packed::verify_storage(&proof.consensus.storage_root, &keys, &proof.nodes)?;
    for (index, ((_, claim), value)) in claims.iter().zip(values).enumerate() {
        match (claim, value) {
            (Claim::Absent, None) => {}
            (Claim::Present(claimed), Some(found)) if *claimed == found => {}
            (Claim::Absent, Some(found)) => {
                return Err(MembershipError::ValuePresent { index, found });
            }
            (Claim::Present(_), None) => return Err(MembershipError::ValueAbsent(index)),
            (Claim::Present(claimed), Some(found)) => {
                return Err(MembershipError::ValueMismatch { index, claimed: *claimed, found });
            }
        }
    }
    Ok(proof.consensus.timestamp)
}
