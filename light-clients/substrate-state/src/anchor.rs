//! The anchor: one stored value that says when a block was made, and on which chain.

use crate::{
    packed::{ProofError, verify},
    storage::anchor_key,
};
use alloc::string::ToString;
use alloy_primitives::{B256, hex};
use lupu_light_client::Rejection;
use lupu_standard::TimestampSecs;

/// What the pallet writes at the end of every block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Block time, ⌊ms/1000⌋.
    pub timestamp: TimestampSecs,
    /// The first 24 bytes of the genesis hash.
    pub genesis: [u8; 24],
}

impl Anchor {
    /// Decodes exactly 32 bytes: seconds in eight big-endian bytes, then the genesis. `None` for
    /// another length.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (timestamp, genesis) = bytes.split_first_chunk::<8>()?;
        let genesis = genesis.try_into().ok()?;
        Some(Self { timestamp: TimestampSecs(u64::from_be_bytes(*timestamp)), genesis })
    }

    /// The bytes that [`Anchor::decode`] reads.
    pub fn encode(&self) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(self.timestamp.0.to_be_bytes().iter().chain(&self.genesis)) {
            *to = *from;
        }
        out
    }
}

/// Why a state root has no good anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The packed proof does not hold.
    #[error(transparent)]
    InvalidProof(#[from] ProofError),
    /// Nothing is stored where the anchor belongs.
    #[error("the state has no anchor")]
    AnchorAbsent,
    /// What is stored is not an anchor.
    #[error("the anchor has {0} bytes, not 32")]
    MalformedAnchor(usize),
    /// The state of another chain.
    #[error("the state is of the chain with genesis {}…, not {}…", hex::encode_prefixed(.found), hex::encode_prefixed(.expected))]
    WrongChain {
        /// First 24 bytes of the genesis hash that the client pins.
        expected: [u8; 24],
        /// Those in the anchor.
        found: [u8; 24],
    },
}

impl AnchorError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidProof(_) => "InvalidProof",
            Self::AnchorAbsent => "AnchorAbsent",
            Self::MalformedAnchor(_) => "MalformedAnchor",
            Self::WrongChain { .. } => "WrongChain",
        }
    }
}

impl From<AnchorError> for Rejection {
    fn from(e: AnchorError) -> Self {
        Self { check: e.name(), detail: e.to_string() }
    }
}

/// Reads the anchor from a packed proof of its one key in `state_root`, and demands that it is of
/// the chain with this genesis.
pub fn check_anchor(
    state_root: &B256,
    pallet_prefix: &[u8; 16],
    genesis: &[u8; 24],
    proof: &[u8],
) -> Result<Anchor, AnchorError> {
    let key = anchor_key(pallet_prefix);
    let values = verify(state_root, &[&key], proof)?;
    let value = values.first().copied().flatten().ok_or(AnchorError::AnchorAbsent)?;
    let anchor = Anchor::decode(value).ok_or(AnchorError::MalformedAnchor(value.len()))?;
    if anchor.genesis != *genesis {
        return Err(AnchorError::WrongChain { expected: *genesis, found: anchor.genesis });
    }
    Ok(anchor)
}
