//! What a proven state says about commitments: the verify calls of `docs/wire-formats.md`,
//! section 7.

use crate::{
    state::{ClientState, MalformedMessage, MembershipProof},
    verify::expired,
};
use alloc::{string::ToString, vec::Vec};
use alloy_primitives::B256;
use lupu_light_client::{Claim, Rejection};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::membership;

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
    /// The claims, or the packed proof.
    #[error(transparent)]
    Claims(#[from] membership::MembershipError),
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
            Self::Claims(e) => e.name(),
        }
    }
}

impl From<MembershipError> for Rejection {
    fn from(e: MembershipError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// Verifies claims about paths, in this order, at a height. Each path is the pallet's Merkle
/// prefix and the raw IBC path. `stored` is the hash of the consensus state there, zero being
/// none; `proof` is `abi.encode(MembershipProof)`. Returns the block time.
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
    let (root, prefix) = (&proof.consensus.state_root, &client.pallet_prefix.0);
    membership::check_membership(root, prefix, claims, &proof.nodes)?;
    Ok(proof.consensus.timestamp)
}
