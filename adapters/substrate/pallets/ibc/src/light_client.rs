//! The light clients that this host can hold, behind one type. Signatures are recovered by the
//! node's host functions.

use crate::check::Check;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256};
use lupu_grandpa::VerifyEd25519;
use lupu_light_client::{Claim, LightClient, Status, UpdateResult};
use lupu_qbft::{QbftClient, Recover};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::commitment_prefix;
use sp_core::ed25519;
use sp_io::hashing::keccak_256;

/// secp256k1 recovery by the node.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRecover;

impl Recover for HostRecover {
    fn recover(&self, digest: &B256, seal: &[u8; 65]) -> Option<Address> {
        let key = sp_io::crypto::secp256k1_ecdsa_recover(seal, &digest.0).ok()?;
        Some(Address::from_word(B256::new(keccak_256(&key))))
    }
}

/// Ed25519 verification by the node, ZIP 215 like the light client's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostEd25519;

impl VerifyEd25519 for HostEd25519 {
    fn verify(&self, key: &B256, message: &[u8], signature: &[u8; 64]) -> bool {
        let (key, signature) = (ed25519::Public::from_raw(key.0), ed25519::Signature::from_raw(*signature));
        sp_io::crypto::ed25519_verify(&signature, message, &key)
    }
}

/// A client as stored, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostedClient {
    /// A Besu or GoQuorum chain.
    Qbft(lupu_qbft::ClientState),
    /// A Substrate chain.
    Grandpa(lupu_grandpa::ClientState),
}

/// A consensus state to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsensusEntry {
    /// Block number.
    pub height: u64,
    /// Its encoding.
    pub preimage: Vec<u8>,
    /// What is stored: keccak256 of the encoding.
    pub hash: B256,
}

/// Why there is no such client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// This host has no client of that type.
    UnknownType,
    /// A check of the light client failed.
    Rejected(Check),
}

impl From<lupu_qbft::MalformedMessage> for Check {
    fn from(e: lupu_qbft::MalformedMessage) -> Self {
        if e.0 == "ClientState.kind" { Self::InvalidKind } else { Self::MalformedMessage }
    }
}

impl From<lupu_grandpa::MalformedMessage> for Check {
    fn from(_: lupu_grandpa::MalformedMessage) -> Self {
        Self::MalformedMessage
    }
}

macro_rules! by_name {
    ($($error:path),*) => {
        $(impl From<$error> for Check {
            fn from(e: $error) -> Self {
                Self::from_name(e.name())
            }
        })*
    };
}

by_name!(
    lupu_qbft::ClientStateError,
    lupu_qbft::UpdateError,
    lupu_qbft::MembershipError,
    lupu_grandpa::ClientStateError,
    lupu_grandpa::UpdateError,
    lupu_grandpa::MembershipError
);

impl<E: Into<Check>> From<E> for HostError {
    fn from(e: E) -> Self {
        Self::Rejected(e.into())
    }
}

impl HostedClient {
    /// A stored client.
    pub fn decode(client_type: &[u8], state: &[u8]) -> Result<Self, HostError> {
        if client_type == lupu_qbft::CLIENT_TYPE.as_bytes() {
            return Ok(Self::Qbft(lupu_qbft::ClientState::decode(state)?));
        }
        if client_type == lupu_grandpa::CLIENT_TYPE.as_bytes() {
            return Ok(Self::Grandpa(lupu_grandpa::ClientState::decode(state)?));
        }
        Err(HostError::UnknownType)
    }

    /// A new client that trusts `consensus` at the state's latest height.
    pub fn create(client_type: &[u8], state: &[u8], consensus: &[u8]) -> Result<(Self, ConsensusEntry), HostError> {
        let client = Self::decode(client_type, state)?;
        let entry = match &client {
            Self::Qbft(state) => {
                let initial = lupu_qbft::ConsensusState::decode(consensus)?;
                state.validate_initial(&initial)?;
                ConsensusEntry { height: state.latest_height.0, preimage: initial.encode(), hash: initial.hash() }
            }
            Self::Grandpa(state) => {
                let initial = lupu_grandpa::ConsensusState::decode(consensus)?;
                state.validate_initial(&initial)?;
                ConsensusEntry { height: state.latest_height.0, preimage: initial.encode(), hash: initial.hash() }
            }
        };
        Ok((client, entry))
    }

    /// The client state's encoding.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Qbft(state) => state.encode(),
            Self::Grandpa(state) => state.encode(),
        }
    }

    /// Newest height with a consensus state.
    pub fn latest_height(&self) -> u64 {
        match self {
            Self::Qbft(state) => state.latest_height.0,
            Self::Grandpa(state) => state.latest_height.0,
        }
    }

    /// Block time at the newest height.
    pub fn latest_timestamp(&self) -> TimestampSecs {
        match self {
            Self::Qbft(state) => state.latest_timestamp,
            Self::Grandpa(state) => state.latest_timestamp,
        }
    }

    /// Active, Expired or Frozen at `now`.
    pub fn status(&self, now: TimestampSecs) -> Status {
        match self {
            Self::Qbft(state) => QbftClient::from_snapshot(state.clone(), []).status(now),
            Self::Grandpa(state) => state.status(now),
        }
    }

    /// Which chain and which host on it: a migration must keep this.
    pub fn chain_identity(&self) -> [u8; 32] {
        match self {
            Self::Qbft(state) => {
                let mut words = [0u8; 96];
                let (id, rest) = words.split_at_mut(32);
                let (router, code) = rest.split_at_mut(32);
                copy_right(id, &state.chain_id.to_be_bytes());
                copy_right(router, state.router.as_slice());
                copy_right(code, state.router_code_hash.as_slice());
                keccak_256(&words)
            }
            Self::Grandpa(state) => state.chain_identity().0,
        }
    }

    /// The one element of the merkle prefix under which this client finds its counterparty's
    /// commitments.
    pub fn merkle_prefix(&self) -> Vec<u8> {
        match self {
            Self::Qbft(_) => Vec::new(),
            Self::Grandpa(state) => commitment_prefix(&state.pallet_prefix.0).to_vec(),
        }
    }

    fn freeze(&mut self) {
        match self {
            Self::Qbft(state) => state.frozen = true,
            Self::Grandpa(state) => state.frozen = true,
        }
    }

    /// Checks an update against the stored hashes. On `Update` and `Misbehaviour` this value is
    /// the state to store; on `Update` so is the consensus state.
    pub fn update(
        &mut self,
        stored: impl Fn(Height) -> Option<B256>,
        message: &[u8],
        now: TimestampSecs,
    ) -> Result<(UpdateResult, ConsensusEntry), Check> {
        let (entry, timestamp) = match self {
            Self::Qbft(state) => {
                let verified = lupu_qbft::check_update(state, &stored, message, now, &HostRecover)?;
                let entry = ConsensusEntry {
                    height: verified.height.0,
                    preimage: verified.consensus.encode(),
                    hash: verified.consensus.hash(),
                };
                (entry, verified.consensus.timestamp)
            }
            Self::Grandpa(state) => {
                let verified = lupu_grandpa::check_update(state, &stored, message, now, &HostEd25519)?;
                let entry = ConsensusEntry {
                    height: verified.height.0,
                    preimage: verified.consensus.encode(),
                    hash: verified.consensus.hash(),
                };
                (entry, verified.consensus.timestamp)
            }
        };
        let result = match stored(Height(entry.height)) {
            None => {
                self.advance(entry.height, timestamp);
                UpdateResult::Update
            }
            Some(hash) if hash == entry.hash => UpdateResult::NoOp,
            Some(_) => {
                self.freeze();
                UpdateResult::Misbehaviour
            }
        };
        Ok((result, entry))
    }

    fn advance(&mut self, height: u64, timestamp: TimestampSecs) {
        match self {
            Self::Qbft(state) if height > state.latest_height.0 => {
                state.latest_height = Height(height);
                state.latest_timestamp = timestamp;
            }
            Self::Qbft(_) => {}
            Self::Grandpa(state) => state.raise(Height(height), timestamp),
        }
    }

    /// Checks evidence. If it holds, this value is the frozen state to store.
    pub fn misbehaviour(
        &mut self,
        stored: impl Fn(Height) -> Option<B256>,
        evidence: &[u8],
        now: TimestampSecs,
    ) -> Result<(), Check> {
        match self {
            Self::Qbft(state) => {
                lupu_qbft::check_misbehaviour(state, stored, evidence, now, &HostRecover)?;
            }
            Self::Grandpa(state) => {
                lupu_grandpa::check_misbehaviour(state, stored, evidence, now, &HostEd25519)?;
            }
        }
        self.freeze();
        Ok(())
    }

    /// Verifies claims about raw paths, each behind the merkle prefix, with one proof. `stored` is
    /// the hash at `height`. Returns the block time there.
    pub fn verify(
        &self,
        stored: Option<B256>,
        height: u64,
        claims: &[(Vec<u8>, Claim)],
        proof: &[u8],
        now: TimestampSecs,
    ) -> Result<TimestampSecs, Check> {
        let height = Height(height);
        Ok(match self {
            Self::Qbft(state) => lupu_qbft::check_membership(state, stored, height, claims, proof, now)?,
            Self::Grandpa(state) => lupu_grandpa::check_membership(state, stored, height, claims, proof, now)?,
        })
    }
}

/// Writes `bytes` at the end of a word.
fn copy_right(word: &mut [u8], bytes: &[u8]) {
    let start = word.len().saturating_sub(bytes.len());
    for (to, from) in word.iter_mut().skip(start).zip(bytes) {
        *to = *from;
    }
}
