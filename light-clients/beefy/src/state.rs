//! What a client keeps and what is sent to it, with the ABI encodings of
//! `docs/wire-formats.md`, section 7. Every decoder takes only the one canonical encoding.

use crate::{abi, authorities::AuthoritySet};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, FixedBytes, keccak256};
use alloy_sol_types::SolValue;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::EMPTY_ROOT;

/// Seconds that a packet may live, 24 hours: a trusting period must be longer.
pub const MAX_PACKET_LIFETIME: u64 = 86_400;

/// Bytes that are not the canonical ABI encoding of what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical ABI encoding of {0}")]
pub struct MalformedMessage(pub &'static str);

/// Decodes, encodes again, and takes only what gives the same bytes.
fn canonical<T>(what: &'static str, data: &[u8]) -> Result<T, MalformedMessage>
where
    T: SolValue + From<<T::SolType as alloy_sol_types::SolType>::RustType>,
{
    let value = T::abi_decode(data).map_err(|_| MalformedMessage(what))?;
    if value.abi_encode() == data { Ok(value) } else { Err(MalformedMessage(what)) }
}

/// When an update is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Seconds for which the newest state can be built upon.
    pub trusting_period: u64,
    /// Seconds by which a block may be ahead of the verifier's clock.
    pub max_clock_drift: u64,
}

impl Default for Rules {
    /// Seven days, 30 seconds.
    fn default() -> Self {
        Self { trusting_period: 7 * 86_400, max_clock_drift: 30 }
    }
}

/// A client's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// First 24 bytes of the source chain's genesis hash.
    pub genesis: FixedBytes<24>,
    /// twox128 of the name that the IBC pallet has in the source chain's runtime.
    pub pallet_prefix: FixedBytes<16>,
    /// The block whose leaf has index 0.
    pub first_mmr_block: u64,
    /// When an update is trusted.
    pub rules: Rules,
    /// Newest height with a consensus state.
    pub latest_height: Height,
    /// Block time at the newest height.
    pub latest_timestamp: TimestampSecs,
    /// Whether misbehaviour was proven.
    pub frozen: bool,
    /// The authorities that sign now.
    pub current: AuthoritySet,
    /// The authorities that sign next.
    pub next: AuthoritySet,
}

/// Why a client must not be created with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientStateError {
    /// The chain or its pallet is not named.
    #[error("{0} is zero")]
    InvalidIdentity(&'static str),
    /// A packet could outlive the client.
    #[error("trusting period of {0} s is not longer than a packet may live (86400 s)")]
    InvalidTrustingPeriod(u64),
    /// A block could be ahead of the clock by the whole trusting period.
    #[error("clock drift of {drift} s is not shorter than the trusting period of {period} s")]
    InvalidClockDrift {
        /// Seconds of drift.
        drift: u64,
        /// Seconds of the trusting period.
        period: u64,
    },
    /// No block, or one that no leaf of the initial state's chain can be of.
    #[error("first block with a leaf is {first}, not 1 to {latest} + 1")]
    InvalidFirstBlock {
        /// The block given.
        first: u64,
        /// The latest height.
        latest: Height,
    },
    /// A set is empty, too long or without a root, or the two do not follow each other.
    #[error("authority sets: {0}")]
    InvalidAuthoritySet(&'static str),
    /// The first consensus state does not belong to the client state, or is empty.
    #[error("initial state: {0}")]
    InvalidInitialState(&'static str),
}

impl ClientStateError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidIdentity(_) => "InvalidIdentity",
            Self::InvalidTrustingPeriod(_) => "InvalidTrustingPeriod",
            Self::InvalidClockDrift { .. } => "InvalidClockDrift",
            Self::InvalidFirstBlock { .. } => "InvalidFirstBlock",
            Self::InvalidAuthoritySet(_) => "InvalidAuthoritySet",
            Self::InvalidInitialState(_) => "InvalidInitialState",
        }
    }
}

impl AuthoritySet {
    fn abi(&self) -> abi::AuthoritySet {
        abi::AuthoritySet { id: self.id, len: self.len, root: self.root }
    }

    fn from_abi(s: &abi::AuthoritySet) -> Self {
        Self { id: s.id, len: s.len, root: s.root }
    }
}

impl ClientState {
    /// Decodes `abi.encode(ClientState)`. Says nothing about the parameters: see
    /// [`ClientState::validate`].
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        let s: abi::ClientState = canonical("ClientState", data)?;
        Ok(Self {
            genesis: s.genesis,
            pallet_prefix: s.palletPrefix,
            first_mmr_block: s.firstMmrBlock,
            rules: Rules { trusting_period: s.trustingPeriod, max_clock_drift: s.maxClockDrift },
            latest_height: Height(s.latestHeight),
            latest_timestamp: TimestampSecs(s.latestTimestamp),
            frozen: s.frozen,
            current: AuthoritySet::from_abi(&s.current),
            next: AuthoritySet::from_abi(&s.next),
        })
    }

    /// `abi.encode(ClientState)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::ClientState {
            genesis: self.genesis,
            palletPrefix: self.pallet_prefix,
            firstMmrBlock: self.first_mmr_block,
            trustingPeriod: self.rules.trusting_period,
            maxClockDrift: self.rules.max_clock_drift,
            latestHeight: self.latest_height.0,
            latestTimestamp: self.latest_timestamp.0,
            frozen: self.frozen,
            current: self.current.abi(),
            next: self.next.abi(),
        }
        .abi_encode()
    }

    /// What a migration must keep: `keccak256(abi.encode(bytes24 genesis, bytes16 palletPrefix))`.
    pub fn chain_identity(&self) -> B256 {
        keccak256((self.genesis, self.pallet_prefix).abi_encode())
    }

    /// Whether the parameters are safe to create a client with.
    pub fn validate(&self) -> Result<(), ClientStateError> {
        if self.genesis.is_zero() {
            return Err(ClientStateError::InvalidIdentity("genesis"));
        }
        if self.pallet_prefix.is_zero() {
            return Err(ClientStateError::InvalidIdentity("pallet prefix"));
        }
        let (period, drift) = (self.rules.trusting_period, self.rules.max_clock_drift);
        if period <= MAX_PACKET_LIFETIME {
            return Err(ClientStateError::InvalidTrustingPeriod(period));
        }
        if drift >= period {
            return Err(ClientStateError::InvalidClockDrift { drift, period });
        }
        let (first, latest) = (self.first_mmr_block, self.latest_height);
        if first == 0 || first > latest.0.saturating_add(1) {
            return Err(ClientStateError::InvalidFirstBlock { first, latest });
        }
        let fault = if !self.current.is_usable() {
            "the current one is empty, longer than 255 or has no root"
        } else if !self.next.is_usable() {
            "the next one is empty, longer than 255 or has no root"
        } else if !self.next.follows(&self.current) {
            "the next one's id is not the current one's and one more"
        } else {
            return Ok(());
        };
        Err(ClientStateError::InvalidAuthoritySet(fault))
    }

    /// Whether a new client can start from `initial`: [`ClientState::validate`], and the two
    /// belong together.
    pub fn validate_initial(&self, initial: &ConsensusState) -> Result<(), ClientStateError> {
        self.validate()?;
        let fault = if self.latest_height.0 == 0 {
            "height is zero"
        } else if self.latest_timestamp.0 == 0 {
            "time is zero"
        } else if self.frozen {
            "frozen"
        } else if initial.timestamp != self.latest_timestamp {
            "another time than the client state's"
        } else if initial.state_root.is_zero() || initial.state_root == EMPTY_ROOT {
            "state root is that of no state"
        } else {
            return Ok(());
        };
        Err(ClientStateError::InvalidInitialState(fault))
    }
}

/// What a client knows about one height. On chain only its hash is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusState {
    /// The block's time, from the anchor in its state.
    pub timestamp: TimestampSecs,
    /// Root of the chain's state.
    pub state_root: B256,
}

impl ConsensusState {
    fn abi(&self) -> abi::ConsensusState {
        abi::ConsensusState { timestamp: self.timestamp.0, stateRoot: self.state_root }
    }

    fn from_abi(s: &abi::ConsensusState) -> Self {
        Self { timestamp: TimestampSecs(s.timestamp), state_root: s.stateRoot }
    }

    /// Decodes `abi.encode(ConsensusState)`, 64 bytes.
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        Ok(Self::from_abi(&canonical::<abi::ConsensusState>("ConsensusState", data)?))
    }

    /// `abi.encode(ConsensusState)`.
    pub fn encode(&self) -> Vec<u8> {
        self.abi().abi_encode()
    }

    /// What is stored on chain: keccak256 of the encoding.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// A client update. Every field is bytes in the encoding that its check names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateMessage {
    /// SCALE, as signed.
    pub commitment: Bytes,
    /// The signing set's 20-byte addresses joined, in their order.
    pub authorities: Bytes,
    /// Of each signature: index (one byte) ‖ r ‖ s ‖ v, 66 bytes, ascending by index.
    pub signatures: Bytes,
    /// SCALE leaf, without the opaque wrapping.
    pub leaf: Bytes,
    /// 32-byte hashes joined, in the order of [`crate::mmr`].
    pub mmr_items: Bytes,
    /// SCALE header of the block that the leaf is about.
    pub header: Bytes,
    /// Packed proof of the anchor in the header's state.
    pub anchor_proof: Bytes,
}

impl UpdateMessage {
    fn abi(&self) -> abi::UpdateMessage {
        abi::UpdateMessage {
            commitment: self.commitment.clone(),
            authorities: self.authorities.clone(),
            signatures: self.signatures.clone(),
            leaf: self.leaf.clone(),
            mmrItems: self.mmr_items.clone(),
            header: self.header.clone(),
            anchorProof: self.anchor_proof.clone(),
        }
    }

    fn from_abi(m: abi::UpdateMessage) -> Self {
        Self {
            commitment: m.commitment,
            authorities: m.authorities,
            signatures: m.signatures,
            leaf: m.leaf,
            mmr_items: m.mmrItems,
            header: m.header,
            anchor_proof: m.anchorProof,
        }
    }

    /// Decodes `abi.encode(UpdateMessage)`.
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        canonical("UpdateMessage", data).map(Self::from_abi)
    }

    /// `abi.encode(UpdateMessage)`.
    pub fn encode(&self) -> Vec<u8> {
        self.abi().abi_encode()
    }
}

/// Evidence: two updates that the client would each accept, with commitments of one block to two
/// histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// One of them.
    pub a: UpdateMessage,
    /// The other.
    pub b: UpdateMessage,
}

impl Misbehaviour {
    /// Decodes `abi.encode(Misbehaviour)`.
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        let m: abi::Misbehaviour = canonical("Misbehaviour", data)?;
        Ok(Self { a: UpdateMessage::from_abi(m.a), b: UpdateMessage::from_abi(m.b) })
    }

    /// `abi.encode(Misbehaviour)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::Misbehaviour { a: self.a.abi(), b: self.b.abi() }.abi_encode()
    }
}

/// The `proof` bytes of every verify call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipProof {
    /// The consensus state at the proof's height.
    pub consensus: ConsensusState,
    /// Packed proof of the keys in its state root.
    pub nodes: Bytes,
}

impl MembershipProof {
    /// Decodes `abi.encode(MembershipProof)`.
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        let p: abi::MembershipProof = canonical("MembershipProof", data)?;
        Ok(Self { consensus: ConsensusState::from_abi(&p.consensus), nodes: p.nodes })
    }

    /// `abi.encode(MembershipProof)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::MembershipProof { consensus: self.consensus.abi(), nodes: self.nodes.clone() }.abi_encode()
    }
}
