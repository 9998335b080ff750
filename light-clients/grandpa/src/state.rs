//! What a client keeps and what is sent to it, with the ABI encodings of
//! `docs/wire-formats.md`, section 8. Every decoder takes only the one canonical encoding.

use crate::abi;
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, FixedBytes, keccak256};
use alloy_sol_types::{SolValue, abi::AbiDecoderConfig};
use lupu_light_client::Status;
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::EMPTY_ROOT;

/// Seconds that a packet may live, 24 hours: a trusting period must be longer.
pub const MAX_PACKET_LIFETIME: u64 = 86_400;

/// Bytes that are not the canonical ABI encoding of what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical ABI encoding of {0}")]
pub struct MalformedMessage(pub &'static str);

/// Decodes, encodes again, and takes only what gives the same bytes. The strict decoder takes no
/// two fields from the same bytes, so that what is allocated is in proportion to what was sent.
fn canonical<T>(what: &'static str, data: &[u8]) -> Result<T, MalformedMessage>
where
    T: SolValue + From<<T::SolType as alloy_sol_types::SolType>::RustType>,
{
    let strict = AbiDecoderConfig::new().strict(true);
    let value = T::abi_decode_with_config(data, strict).map_err(|_| MalformedMessage(what))?;
    if value.abi_encode() == data { Ok(value) } else { Err(MalformedMessage(what)) }
}

/// When a header is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Seconds for which a consensus state can be built upon.
    pub trusting_period: u64,
    /// Seconds by which a header may be ahead of the verifier's clock.
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
    /// First 24 bytes of the source chain's genesis hash; the anchor in its state proves them.
    pub genesis: FixedBytes<24>,
    /// twox128 of the name of the `Ibc` pallet in the source chain's runtime.
    pub pallet_prefix: FixedBytes<16>,
    /// When a header is trusted.
    pub rules: Rules,
    /// Newest height with a consensus state.
    pub latest_height: Height,
    /// Block time at the newest height.
    pub latest_timestamp: TimestampSecs,
    /// Whether misbehaviour was proven.
    pub frozen: bool,
}

/// Why a client must not be created with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientStateError {
    /// Genesis hash or pallet prefix is zero.
    #[error("{0} is zero")]
    InvalidIdentity(&'static str),
    /// A packet could outlive the client.
    #[error("trusting period of {0} s is not longer than a packet may live (86400 s)")]
    InvalidTrustingPeriod(u64),
    /// A header could be ahead of the clock by the whole trusting period.
    #[error("clock drift of {drift} s is not shorter than the trusting period of {period} s")]
    InvalidClockDrift {
        /// Seconds of drift.
        drift: u64,
        /// Seconds of the trusting period.
        period: u64,
    },
    /// The first consensus state does not belong to the client state, or is empty.
    #[error("initial state: {0}")]
    InvalidInitialState(&'static str),
}

impl ClientStateError {
    /// The stable name of the check, as in vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidIdentity(_) => "InvalidIdentity",
            Self::InvalidTrustingPeriod(_) => "InvalidTrustingPeriod",
            Self::InvalidClockDrift { .. } => "InvalidClockDrift",
            Self::InvalidInitialState(_) => "InvalidInitialState",
        }
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
            rules: Rules { trusting_period: s.trustingPeriod, max_clock_drift: s.maxClockDrift },
            latest_height: Height(s.latestHeight),
            latest_timestamp: TimestampSecs(s.latestTimestamp),
            frozen: s.frozen,
        })
    }

    /// `abi.encode(ClientState)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::ClientState {
            genesis: self.genesis,
            palletPrefix: self.pallet_prefix,
            trustingPeriod: self.rules.trusting_period,
            maxClockDrift: self.rules.max_clock_drift,
            latestHeight: self.latest_height.0,
            latestTimestamp: self.latest_timestamp.0,
            frozen: self.frozen,
        }
        .abi_encode()
    }

    /// Active, Expired or Frozen at `now`.
    pub fn status(&self, now: TimestampSecs) -> Status {
        let end = u128::from(self.latest_timestamp.0).saturating_add(u128::from(self.rules.trusting_period));
        if self.frozen {
            Status::Frozen
        } else if u128::from(now.0) >= end {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// Raises the newest height and its time, if this is newer.
    pub fn raise(&mut self, height: Height, timestamp: TimestampSecs) {
        if height > self.latest_height {
            self.latest_height = height;
            self.latest_timestamp = timestamp;
        }
    }

    /// What a migration must keep: `keccak256(abi.encode(bytes24 genesis, bytes16 palletPrefix))`.
    pub fn chain_identity(&self) -> B256 {
        keccak256((self.genesis, self.pallet_prefix).abi_encode())
    }

    /// Whether the parameters are safe to create a client with.
    pub fn validate(&self) -> Result<(), ClientStateError> {
        if self.genesis.is_zero() {
            return Err(ClientStateError::InvalidIdentity("genesis hash"));
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
        Ok(())
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
        } else if is_empty_root(&initial.state_root) {
            "state root is that of no state"
        } else if initial.header_hash.is_zero() {
            "header hash is zero"
        } else if initial.authorities_hash.is_zero() {
            "no authorities"
        } else {
            return Ok(());
        };
        Err(ClientStateError::InvalidInitialState(fault))
    }
}

/// Zero, or the root of an empty trie.
pub(crate) fn is_empty_root(root: &B256) -> bool {
    root.is_zero() || *root == EMPTY_ROOT
}

/// What a client knows about one height. On chain only its hash is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusState {
    /// The block's time, from the anchor in its state.
    pub timestamp: TimestampSecs,
    /// Root of the state trie after this block.
    pub state_root: B256,
    /// BLAKE2b-256 of the header.
    pub header_hash: B256,
    /// Id of the set that finalizes what follows this block.
    pub set_id: u64,
    /// keccak256 of that set: ed25519 key ‖ weight u64 little-endian, joined, in their order.
    pub authorities_hash: B256,
}

impl ConsensusState {
    fn abi(&self) -> abi::ConsensusState {
        abi::ConsensusState {
            timestamp: self.timestamp.0,
            stateRoot: self.state_root,
            headerHash: self.header_hash,
            setId: self.set_id,
            authoritiesHash: self.authorities_hash,
        }
    }

    fn from_abi(s: &abi::ConsensusState) -> Self {
        Self {
            timestamp: TimestampSecs(s.timestamp),
            state_root: s.stateRoot,
            header_hash: s.headerHash,
            set_id: s.setId,
            authorities_hash: s.authoritiesHash,
        }
    }

    /// Decodes `abi.encode(ConsensusState)`, 160 bytes.
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

/// A client update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateMessage {
    /// SCALE header of the block that the justification finalizes.
    pub header: Bytes,
    /// SCALE justification, as nodes serve it or trimmed.
    pub justification: Bytes,
    /// Height of a consensus state that the client holds.
    pub trusted_height: Height,
    /// That consensus state.
    pub trusted: ConsensusState,
    /// Its authorities: ed25519 key ‖ weight u64 little-endian, joined, in their order.
    pub authorities: Bytes,
    /// Packed proof of the anchor in the header's state.
    pub anchor_proof: Bytes,
}

impl UpdateMessage {
    fn abi(&self) -> abi::UpdateMessage {
        abi::UpdateMessage {
            header: self.header.clone(),
            justification: self.justification.clone(),
            trustedHeight: self.trusted_height.0,
            trusted: self.trusted.abi(),
            authorities: self.authorities.clone(),
            anchorProof: self.anchor_proof.clone(),
        }
    }

    fn from_abi(m: abi::UpdateMessage) -> Self {
        Self {
            header: m.header,
            justification: m.justification,
            trusted_height: Height(m.trustedHeight),
            trusted: ConsensusState::from_abi(&m.trusted),
            authorities: m.authorities,
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

/// Evidence: two updates that the client would each accept, of which neither block descends from
/// the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// The lower or equal target.
    pub a: UpdateMessage,
    /// The higher or equal target.
    pub b: UpdateMessage,
    /// SCALE headers from b's parent down to a's height; none where the heights are equal.
    pub ancestry: Vec<Bytes>,
}

impl Misbehaviour {
    /// Decodes `abi.encode(Misbehaviour)`.
    pub fn decode(data: &[u8]) -> Result<Self, MalformedMessage> {
        let m: abi::Misbehaviour = canonical("Misbehaviour", data)?;
        Ok(Self { a: UpdateMessage::from_abi(m.a), b: UpdateMessage::from_abi(m.b), ancestry: m.ancestry })
    }

    /// `abi.encode(Misbehaviour)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::Misbehaviour { a: self.a.abi(), b: self.b.abi(), ancestry: self.ancestry.clone() }.abi_encode()
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
