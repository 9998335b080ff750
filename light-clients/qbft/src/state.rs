//! What a client keeps and what is sent to it, with the ABI encodings of
//! `docs/wire-formats.md`, section 2. Every decoder takes only the one canonical encoding.

use crate::{abi, header::Kind};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY as KECCAK_EMPTY, keccak256};
use alloy_sol_types::SolValue;
use lupu_standard::{Height, TimestampSecs};

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

/// When a header is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Seconds for which a consensus state can be built upon.
    pub trusting_period: u64,
    /// Seconds by which a header may be ahead of the verifier's clock.
    pub max_clock_drift: u64,
    /// Share of the trusted set that must have sealed: numerator.
    pub trust_numerator: u8,
    /// Share of the trusted set that must have sealed: denominator.
    pub trust_denominator: u8,
}

impl Default for Rules {
    /// Seven days, 30 seconds, two thirds.
    fn default() -> Self {
        Self { trusting_period: 7 * 86_400, max_clock_drift: 30, trust_numerator: 2, trust_denominator: 3 }
    }
}

/// A client's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// Consensus of the source chain.
    pub kind: Kind,
    /// EVM chain id of the source chain; the router's address commits to it.
    pub chain_id: u64,
    /// The source chain's router.
    pub router: Address,
    /// keccak256 of the router's code.
    pub router_code_hash: B256,
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
    /// Chain id 0.
    #[error("chain id is zero")]
    InvalidChainId,
    /// Router or code hash is zero.
    #[error("{0} is zero")]
    InvalidRouter(&'static str),
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
    /// The trusted share is at most one third, or more than all.
    #[error("trusted share {0}/{1} is not above 1/3 and at most 1")]
    InvalidTrustLevel(u8, u8),
    /// The first consensus state does not belong to the client state, or is empty.
    #[error("initial state: {0}")]
    InvalidInitialState(&'static str),
}

impl ClientStateError {
    /// The stable name of the check, as in vectors and in Solidity.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidChainId => "InvalidChainId",
            Self::InvalidRouter(_) => "InvalidRouter",
            Self::InvalidTrustingPeriod(_) => "InvalidTrustingPeriod",
            Self::InvalidClockDrift { .. } => "InvalidClockDrift",
            Self::InvalidTrustLevel(..) => "InvalidTrustLevel",
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
            kind: Kind::from_u8(s.kind).ok_or(MalformedMessage("ClientState.kind"))?,
            chain_id: s.chainId,
            router: s.router,
            router_code_hash: s.routerCodeHash,
            rules: Rules {
                trusting_period: s.trustingPeriod,
                max_clock_drift: s.maxClockDrift,
                trust_numerator: s.trustNumerator,
                trust_denominator: s.trustDenominator,
            },
            latest_height: Height(s.latestHeight),
            latest_timestamp: TimestampSecs(s.latestTimestamp),
            frozen: s.frozen,
        })
    }

    /// `abi.encode(ClientState)`.
    pub fn encode(&self) -> Vec<u8> {
        abi::ClientState {
            kind: self.kind as u8,
            chainId: self.chain_id,
            router: self.router,
            routerCodeHash: self.router_code_hash,
            trustingPeriod: self.rules.trusting_period,
            maxClockDrift: self.rules.max_clock_drift,
            trustNumerator: self.rules.trust_numerator,
            trustDenominator: self.rules.trust_denominator,
            latestHeight: self.latest_height.0,
            latestTimestamp: self.latest_timestamp.0,
            frozen: self.frozen,
        }
        .abi_encode()
    }

    /// Whether the parameters are safe to create a client with.
    pub fn validate(&self) -> Result<(), ClientStateError> {
        if self.chain_id == 0 {
            return Err(ClientStateError::InvalidChainId);
        }
        if self.router.is_zero() {
            return Err(ClientStateError::InvalidRouter("router"));
        }
        if self.router_code_hash.is_zero() {
            return Err(ClientStateError::InvalidRouter("router code hash"));
        }
        let (period, drift) = (self.rules.trusting_period, self.rules.max_clock_drift);
        if period <= MAX_PACKET_LIFETIME {
            return Err(ClientStateError::InvalidTrustingPeriod(period));
        }
        if drift >= period {
            return Err(ClientStateError::InvalidClockDrift { drift, period });
        }
        let (n, d) = (self.rules.trust_numerator, self.rules.trust_denominator);
        if n > d || u16::from(n).saturating_mul(3) <= u16::from(d) {
            return Err(ClientStateError::InvalidTrustLevel(n, d));
        }
        Ok(())
    }

    /// Whether a new client can start from `initial`: [`ClientState::validate`], and the two
    /// belong together.
    pub fn validate_initial(&self, initial: &ConsensusState) -> Result<(), ClientStateError> {
        self.validate()?;
        let empty_set = initial.validators_hash.is_zero() || initial.validators_hash == KECCAK_EMPTY;
        let fault = if self.latest_height.0 == 0 {
            "height is zero"
        } else if self.latest_timestamp.0 == 0 {
            "time is zero"
        } else if self.frozen {
            "frozen"
        } else if initial.timestamp != self.latest_timestamp {
            "another time than the client state's"
        } else if initial.storage_root.is_zero() {
            "storage root is zero"
        } else if empty_set {
            "no validators"
        } else {
            return Ok(());
        };
        Err(ClientStateError::InvalidInitialState(fault))
    }
}

/// What a client knows about one height. On chain only its hash is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusState {
    /// The header's time.
    pub timestamp: TimestampSecs,
    /// Root of the router's storage trie.
    pub storage_root: B256,
    /// keccak256 of the validators' addresses joined.
    pub validators_hash: B256,
}

impl ConsensusState {
    fn abi(&self) -> abi::ConsensusState {
        abi::ConsensusState {
            timestamp: self.timestamp.0,
            storageRoot: self.storage_root,
            validatorsHash: self.validators_hash,
        }
    }

    fn from_abi(s: &abi::ConsensusState) -> Self {
        Self { timestamp: TimestampSecs(s.timestamp), storage_root: s.storageRoot, validators_hash: s.validatorsHash }
    }

    /// Decodes `abi.encode(ConsensusState)`, 96 bytes.
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
    /// Raw header RLP, seals included.
    pub header: Bytes,
    /// Height of a consensus state that the client holds.
    pub trusted_height: Height,
    /// That consensus state.
    pub trusted: ConsensusState,
    /// Its validators, 20-byte addresses joined; empty if the header lists the same set.
    pub trusted_validators: Bytes,
    /// Packed proof of the router's account in the header's state.
    pub account_proof: Bytes,
}

impl UpdateMessage {
    fn abi(&self) -> abi::UpdateMessage {
        abi::UpdateMessage {
            header: self.header.clone(),
            trustedHeight: self.trusted_height.0,
            trusted: self.trusted.abi(),
            trustedValidators: self.trusted_validators.clone(),
            accountProof: self.account_proof.clone(),
        }
    }

    fn from_abi(m: abi::UpdateMessage) -> Self {
        Self {
            header: m.header,
            trusted_height: Height(m.trustedHeight),
            trusted: ConsensusState::from_abi(&m.trusted),
            trusted_validators: m.trustedValidators,
            account_proof: m.accountProof,
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

/// Evidence: two updates that the client would each accept, of one height and two blocks.
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
    /// Packed proof of the keys in its storage root.
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
