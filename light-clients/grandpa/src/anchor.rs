//! The start of trust: a finalized header that a person vouches for becomes a client's first state.

use crate::{
    authorities::AuthoritySet,
    signature::VerifyEd25519,
    state::{ClientState, ClientStateError, ConsensusState, Rules, UpdateMessage},
    verify::{UpdateError, check_final},
};
use alloy_primitives::{B256, FixedBytes};
use lupu_standard::{Height, TimestampSecs};

/// What a client is created with, besides a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorParameters {
    /// First 24 bytes of the source chain's genesis hash.
    pub genesis: FixedBytes<24>,
    /// twox128 of the name of the `Ibc` pallet in the source chain's runtime.
    pub pallet_prefix: FixedBytes<16>,
    /// When a header is trusted.
    pub rules: Rules,
}

/// A finalized header, with what shows that it is.
#[derive(Clone, Copy, Debug)]
pub struct Finalized<'a> {
    /// SCALE header.
    pub header: &'a [u8],
    /// SCALE justification of it, without votes that the checks refuse ([`crate::trim`]).
    pub justification: &'a [u8],
    /// Id of the set that finalized it.
    pub set_id: u64,
    /// That set.
    pub authorities: &'a AuthoritySet,
    /// Packed proof of the anchor in the header's state.
    pub anchor_proof: &'a [u8],
}

/// Why a header cannot be an anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The parameters are not safe.
    #[error(transparent)]
    Parameters(#[from] ClientStateError),
    /// The header, its justification or its anchor proof fail a check.
    #[error("{name}: {0}", name = .0.name())]
    Header(#[from] UpdateError),
}

/// The first client state and consensus state. The header must be finalized by the set given; that
/// this is the right one is for whoever confirms the anchor.
pub fn initial_state(
    parameters: &AnchorParameters,
    finalized: &Finalized<'_>,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<(ClientState, ConsensusState), AnchorError> {
    let AnchorParameters { genesis, pallet_prefix, rules } = *parameters;
    let mut state = ClientState {
        genesis,
        pallet_prefix,
        rules,
        latest_height: Height(0),
        latest_timestamp: TimestampSecs(0),
        frozen: false,
    };
    state.validate()?;
    let message = UpdateMessage {
        header: finalized.header.to_vec().into(),
        justification: finalized.justification.to_vec().into(),
        trusted_height: Height(0),
        trusted: ConsensusState {
            timestamp: TimestampSecs(0),
            state_root: B256::ZERO,
            header_hash: B256::ZERO,
            set_id: finalized.set_id,
            authorities_hash: finalized.authorities.hash(),
        },
        authorities: finalized.authorities.encode().into(),
        anchor_proof: finalized.anchor_proof.to_vec().into(),
    };
    let verified = check_final(&state, &message, None, verifier)?;
    state.raise(verified.height, verified.consensus.timestamp);
    state.validate_initial(&verified.consensus)?;
    Ok((state, verified.consensus))
}
