//! The start of trust: a signed block that a person vouches for becomes a client's first state.

use crate::{
    authorities::{AuthoritySet, split_addresses},
    commitment::Commitment,
    leaf::MmrLeaf,
    mmr,
    signature::Recover,
    state::{ClientState, ClientStateError, ConsensusState, Rules, UpdateMessage},
    verify::{UpdateError, check_header, check_leaf, check_signatures},
};
use alloy_primitives::FixedBytes;
use lupu_standard::{Height, TimestampSecs};
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
    let commitment = Commitment::decode(&message.commitment).map_err(UpdateError::from)?;
    let mmr_root = commitment.mmr_root().map_err(UpdateError::from)?;
    let authorities = split_addresses(&message.authorities).unwrap_or_default();
    let current = AuthoritySet::new(commitment.validator_set_id, &authorities);
    check_signatures(&current, &message.authorities, &message.signatures, &message.commitment, recover)?;
    let leaf = MmrLeaf::decode(&message.leaf).map_err(UpdateError::from)?;
    let items = mmr::split_items(&message.mmr_items).map_err(UpdateError::from)?;
    check_leaf(parameters.first_mmr_block, &commitment, &mmr_root, &leaf, &items)?;
    let block = leaf.parent_number.saturating_add(1);
    if block != commitment.block_number {
        let (leaf, committed) = (u64::from(block), commitment.block_number);
        return Err(UpdateError::HandoverLeafNotBound { leaf, committed }.into());
    }
    let header = check_header(&leaf, &message.header)?;
    let AnchorParameters { genesis, pallet_prefix, first_mmr_block, rules } = *parameters;
    let anchor = check_anchor(&header.state_root, &pallet_prefix.0, &genesis.0, &message.anchor_proof)
        .map_err(UpdateError::from)?;
    let timestamp: TimestampSecs = anchor.timestamp;
    let state = ClientState {
        genesis,
        pallet_prefix,
        first_mmr_block,
        rules,
        latest_height: Height(u64::from(leaf.parent_number)),
        latest_timestamp: timestamp,
        frozen: false,
        current,
        next: leaf.next,
    };
    let consensus = ConsensusState { timestamp, state_root: header.state_root };
    state.validate_initial(&consensus)?;
    Ok((state, consensus))
}
