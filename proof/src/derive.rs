//! An anchor out of what a chain holds: a light client's state, the consensus state at its newest
//! height, and whatever reveals the set of validators behind that state's hash.

use crate::anchor::{Anchor, AnchorClient};
use alloc::string::{String, ToString};
use alloy_primitives::{Address, B256, keccak256};
use lupu_beefy as beefy;
use lupu_grandpa as grandpa;
use lupu_qbft as qbft;
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
        let client = match client_type {
            qbft::CLIENT_TYPE => {
                let state = qbft::ClientState::decode(state).map_err(malformed)?;
                let first = qbft::ConsensusState::decode(consensus).map_err(malformed)?;
                same_height(state.latest_height, height)?;
                let hash = first.validators_hash;
                let set = messages.into_iter().find_map(|m| validators(state.kind, m, &hash));
                let validators = set.ok_or(DeriveError::SetUnknown(hash))?;
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
                let hash = first.authorities_hash;
                let set = messages.into_iter().find_map(|m| authorities(m, &hash));
                AnchorClient::Grandpa {
                    state,
                    state_root: first.state_root,
                    header_hash: first.header_hash,
                    set_id: first.set_id,
                    authorities: set.ok_or(DeriveError::SetUnknown(hash))?,
                }
            }
            other => return Err(DeriveError::UnknownClientType(other.into())),
        };
        Ok(Self { name: name.into(), client })
    }
}

fn same_height(expected: Height, found: Height) -> Result<(), DeriveError> {
    if expected == found { Ok(()) } else { Err(DeriveError::OtherHeight { expected, found }) }
}

/// The validators with this hash, if a message shows them.
fn validators(kind: qbft::Kind, message: &[u8], hash: &B256) -> Option<alloc::vec::Vec<Address>> {
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
