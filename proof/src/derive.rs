//! An anchor out of what a chain holds: a light client's state, the consensus state at its newest
//! height, and whatever reveals the set of validators behind that state's hash.

use crate::{
    anchor::{Anchor, AnchorClient},
    caip,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, keccak256};
use lupu_beefy as beefy;
use lupu_grandpa as grandpa;
use lupu_qbft::{self as qbft, header::join_addresses};
use lupu_standard::Height;

/// Why an anchor cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// A client type that bundles do not know.
    #[error("client type {0} has no anchors")]
    UnknownClientType(String),
    /// A state that is not in the client type's encoding.
    #[error("{0}")]
    Malformed(String),
    /// The consensus state is of another height than the client's newest.
    #[error("the consensus state is of height {found}, the client's newest is {expected}")]
    OtherHeight {
        /// The client's newest height.
        expected: Height,
        /// The consensus state's.
        found: Height,
    },
    /// No message says which set stands behind a hash.
    #[error("no update message reveals the set whose hash is {0}")]
    SetUnknown(B256),
}

fn malformed(e: impl ToString) -> DeriveError {
    DeriveError::Malformed(e.to_string())
}

/// A client as its host has it, encoded as its type says.
#[derive(Clone, Copy, Debug)]
pub struct Hosted<'a> {
    /// Its type.
    pub client_type: &'a str,
    /// Its state.
    pub state: &'a [u8],
    /// Its newest height.
    pub height: Height,
    /// Its consensus state there.
    pub consensus: &'a [u8],
}

impl Anchor {
    /// The anchor of a client: its state, its consensus state at its newest height, both encoded
    /// as its type says. `messages` are update messages of that client, one of which must start
    /// from, or lead to, the same validators (QBFT, GRANDPA).
    pub fn of_client<'a>(
        name: &str,
        client_type: &str,
        state: &[u8],
        height: Height,
        consensus: &[u8],
        messages: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, DeriveError> {
        let hosted = Hosted { client_type, state, height, consensus };
        let set = match client_type {
            qbft::CLIENT_TYPE => {
                let kind = qbft::ClientState::decode(state).map_err(malformed)?.kind;
                let hash = qbft::ConsensusState::decode(consensus).map_err(malformed)?.validators_hash;
                messages.into_iter().find_map(|m| validators(kind, m, &hash)).map(|set| join_addresses(&set))
            }
            grandpa::CLIENT_TYPE => {
                let hash = grandpa::ConsensusState::decode(consensus).map_err(malformed)?.authorities_hash;
                messages.into_iter().find_map(|m| authorities(m, &hash)).map(|set| set.encode())
            }
            _ => None,
        };
        Self::of_hosted(name, hosted, set.as_deref().unwrap_or_default())
    }

    /// The anchor of a client whose newest validators are known: addresses joined (QBFT), keys and
    /// weights joined (GRANDPA), nothing (BEEFY, whose client state has the sets).
    pub fn of_hosted(name: &str, hosted: Hosted<'_>, set: &[u8]) -> Result<Self, DeriveError> {
        let Hosted { client_type, state, height, consensus } = hosted;
        let behind = |hash: B256| if keccak256(set) == hash { Ok(set) } else { Err(DeriveError::SetUnknown(hash)) };
        let client = match client_type {
            qbft::CLIENT_TYPE => {
                let state = qbft::ClientState::decode(state).map_err(malformed)?;
                let first = qbft::ConsensusState::decode(consensus).map_err(malformed)?;
                same_height(state.latest_height, height)?;
                let set = behind(first.validators_hash)?;
                let validators = qbft::header::split_addresses(set);
                let validators = validators.ok_or_else(|| malformed("the validators are no addresses joined"))?;
                AnchorClient::Qbft { state, storage_root: first.storage_root, validators }
            }
            beefy::CLIENT_TYPE => {
                let state = beefy::ClientState::decode(state).map_err(malformed)?;
                let first = beefy::ConsensusState::decode(consensus).map_err(malformed)?;
                same_height(state.latest_height, height)?;
                AnchorClient::Beefy { state, state_root: first.state_root }
            }
            grandpa::CLIENT_TYPE => {
                let state = grandpa::ClientState::decode(state).map_err(malformed)?;
                let first = grandpa::ConsensusState::decode(consensus).map_err(malformed)?;
                same_height(state.latest_height, height)?;
                let set = behind(first.authorities_hash)?;
                AnchorClient::Grandpa {
                    state,
                    state_root: first.state_root,
                    header_hash: first.header_hash,
                    set_id: first.set_id,
                    authorities: grandpa::AuthoritySet::decode(set).map_err(malformed)?,
                }
            }
            other => return Err(DeriveError::UnknownClientType(other.into())),
        };
        Ok(Self { name: name.into(), client })
    }
}

/// The host of IBC in CAIP-10 form, of the chain that a client tracks: what [`AnchorClient::host`]
/// says of its anchor.
pub fn host_of(client_type: &str, state: &[u8]) -> Result<String, DeriveError> {
    Ok(match client_type {
        qbft::CLIENT_TYPE => {
            let state = qbft::ClientState::decode(state).map_err(malformed)?;
            format!("{}:{:#x}", caip::eip155(state.chain_id), state.router)
        }
        beefy::CLIENT_TYPE => {
            let state = beefy::ClientState::decode(state).map_err(malformed)?;
            format!("{}:{:#x}", caip::polkadot(&state.genesis), state.pallet_prefix)
        }
        grandpa::CLIENT_TYPE => {
            let state = grandpa::ClientState::decode(state).map_err(malformed)?;
            format!("{}:{:#x}", caip::polkadot(&state.genesis), state.pallet_prefix)
        }
        other => return Err(DeriveError::UnknownClientType(other.into())),
    })
}

impl AnchorClient {
    /// The client state, encoded as its type says: what a prover starts from.
    pub fn client_state(&self) -> Vec<u8> {
        match self {
            Self::Qbft { state, .. } => state.encode(),
            Self::Beefy { state, .. } => state.encode(),
            Self::Grandpa { state, .. } => state.encode(),
        }
    }

    /// The consensus state at the anchor's height, encoded as its type says.
    pub fn consensus_state(&self) -> Vec<u8> {
        match self {
            Self::Qbft { state, storage_root, validators } => qbft::ConsensusState {
                timestamp: state.latest_timestamp,
                storage_root: *storage_root,
                validators_hash: keccak256(join_addresses(validators)),
            }
            .encode(),
            Self::Beefy { state, state_root } => {
                beefy::ConsensusState { timestamp: state.latest_timestamp, state_root: *state_root }.encode()
            }
            Self::Grandpa { state, state_root, header_hash, set_id, authorities } => grandpa::ConsensusState {
                timestamp: state.latest_timestamp,
                state_root: *state_root,
                header_hash: *header_hash,
                set_id: *set_id,
                authorities_hash: authorities.hash(),
            }
            .encode(),
        }
    }
}

fn same_height(expected: Height, found: Height) -> Result<(), DeriveError> {
    if expected == found { Ok(()) } else { Err(DeriveError::OtherHeight { expected, found }) }
}

/// The validators with this hash, if a message shows them.
fn validators(kind: qbft::Kind, message: &[u8], hash: &B256) -> Option<Vec<Address>> {
    let message = qbft::UpdateMessage::decode(message).ok()?;
    if keccak256(&message.trusted_validators) == *hash {
        return qbft::header::split_addresses(&message.trusted_validators);
    }
    let header = qbft::Header::decode(kind, &message.header).ok()?;
    (header.validators_hash() == *hash).then(|| header.validators().to_vec())
}

/// The authorities with this hash, if a message shows them.
fn authorities(message: &[u8], hash: &B256) -> Option<grandpa::AuthoritySet> {
    let message = grandpa::UpdateMessage::decode(message).ok()?;
    if keccak256(&message.authorities) == *hash {
        return grandpa::AuthoritySet::decode(&message.authorities).ok();
    }
    let header = lupu_substrate_state::Header::decode(&message.header).ok()?;
    grandpa::scheduled_change(&header).ok()?.filter(|set| set.hash() == *hash)
}
