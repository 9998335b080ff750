//! The start of trust: a signed block that a person vouches for becomes a client's first state.

use crate::{
    authorities::{AuthoritySet, split_addresses},
    commitment::Commitment,
    leaf::MmrLeaf,
    mmr,
    signature::Recover,
    state::{ClientState, ClientStateError, ConsensusState, Rules, UpdateMessage},
    verify::{UpdateError, check_header, check_signatures, leaf_position},
};
use alloy_primitives::FixedBytes;
use lupu_standard::Height;
use lupu_substrate_state::check_anchor;

/// What a client is created with, besides a signed block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorParameters {
    /// First 24 bytes of the source chain's genesis hash.
    pub genesis: FixedBytes<24>,
    /// twox128 of the IBC pallet's name.
    pub pallet_prefix: FixedBytes<16>,
    /// The block whose leaf has index 0.
    pub first_mmr_block: u64,
    /// When an update is trusted.
    pub rules: Rules,
}

/// Why a signed block cannot be an anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The parameters are not safe, or the sets do not follow each other.
    #[error("{name}: {0}", name = .0.name())]
    Parameters(#[from] ClientStateError),
    /// The signatures, the leaf, the header or its anchor fail a check.
    #[error("{name}: {0}", name = .0.name())]
    Update(#[from] UpdateError),
}

/// The first client state and consensus state, from an update that nobody can check yet. The
/// commitment must be signed by enough of the authorities in the message, they become the current
/// set, and the leaf must be that of the commitment's block: it names the next set. That these
/// authorities are the right ones is for whoever confirms the anchor.
pub fn initial_state(
    parameters: &AnchorParameters,
    message: &UpdateMessage,
    recover: &(impl Recover + ?Sized),
) -> Result<(ClientState, ConsensusState), AnchorError> {
    let (current, leaf, consensus) = check_message(parameters, message, recover)?;
    let AnchorParameters { genesis, pallet_prefix, first_mmr_block, rules } = *parameters;
    let state = ClientState {
        genesis,
        pallet_prefix,
        first_mmr_block,
        rules,
        latest_height: Height(u64::from(leaf.parent_number)),
        latest_timestamp: consensus.timestamp,
        frozen: false,
        current,
        next: leaf.next,
    };
    state.validate_initial(&consensus)?;
    Ok((state, consensus))
}

/// The checks of an update that need no client: what the message says of itself holds together.
fn check_message(
    parameters: &AnchorParameters,
    message: &UpdateMessage,
    recover: &(impl Recover + ?Sized),
) -> Result<(AuthoritySet, MmrLeaf, ConsensusState), UpdateError> {
    let commitment = Commitment::decode(&message.commitment)?;
    let mmr_root = commitment.mmr_root()?;
    let authorities = split_addresses(&message.authorities).unwrap_or_default();
    let current = AuthoritySet::new(commitment.validator_set_id, &authorities);
    check_signatures(&current, &message.authorities, &message.signatures, &message.commitment, recover)?;
    let leaf = MmrLeaf::decode(&message.leaf)?;
    let (index, count) = leaf_position(parameters.first_mmr_block, &commitment, &leaf)?;
    let (block, committed) = (u64::from(leaf.parent_number).saturating_add(1), commitment.block_number);
    if block != u64::from(committed) {
        return Err(UpdateError::HandoverLeafNotBound { leaf: block, committed });
    }
    let items = mmr::split_items(&message.mmr_items)?;
    mmr::verify(&mmr_root, &leaf.hash(), index, count, &items)?;
    let header = check_header(&leaf, &message.header)?;
    let (prefix, genesis) = (&parameters.pallet_prefix.0, &parameters.genesis.0);
    let anchor = check_anchor(&header.state_root, prefix, genesis, &message.anchor_proof)?;
    let consensus = ConsensusState { timestamp: anchor.timestamp, state_root: header.state_root };
    Ok((current, leaf, consensus))
}
