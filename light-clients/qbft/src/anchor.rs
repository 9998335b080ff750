//! The start of trust: a header that a person vouches for becomes a client's first state.

use crate::{
    header::{Header, Kind},
    seal::Recover,
    state::{ClientState, ClientStateError, ConsensusState, Rules},
    verify::{UpdateError, check_account, check_seals, check_state_root, check_validators},
};
use alloy_primitives::{Address, B256};

/// What a client is created with, besides a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorParameters {
    /// Consensus of the source chain.
    pub kind: Kind,
    /// EVM chain id of the source chain.
    pub chain_id: u64,
    /// The source chain's router.
    pub router: Address,
    /// keccak256 of the router's code.
    pub router_code_hash: B256,
    /// When a header is trusted.
    pub rules: Rules,
}

/// Why a header cannot be an anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The parameters are not safe.
    #[error(transparent)]
    Parameters(#[from] ClientStateError),
    /// The header, its seals or its account proof fail a check.
    #[error("{name}: {0}", name = .0.name())]
    Header(#[from] UpdateError),
    /// The header is of another kind than the parameters say.
    #[error("header is {found:?}, the client is for {expected:?}")]
    Kind {
        /// The parameters' kind.
        expected: Kind,
        /// The header's kind.
        found: Kind,
    },
}

/// The first client state and consensus state, from a header and the packed proof of the router's
/// account in it. The header must be sealed by a quorum of its own validators; that these are the
/// right ones is for whoever confirms the anchor.
pub fn initial_state(
    parameters: &AnchorParameters,
    header: &Header,
    account_proof: &[u8],
    recover: &(impl Recover + ?Sized),
) -> Result<(ClientState, ConsensusState), AnchorError> {
    let AnchorParameters { kind, chain_id, router, router_code_hash, rules } = *parameters;
    if header.kind() != kind {
        return Err(AnchorError::Kind { expected: kind, found: header.kind() });
    }
    let state = ClientState {
        kind,
        chain_id,
        router,
        router_code_hash,
        rules,
        latest_height: header.number(),
        latest_timestamp: header.timestamp(),
        frozen: false,
    };
    state.validate()?;
    check_state_root(header)?;
    check_validators(header)?;
    check_seals(header, recover)?;
    let account = check_account(header, &router, &router_code_hash, account_proof)?;
    let consensus = ConsensusState {
        timestamp: header.timestamp(),
        storage_root: account.storage_root,
        validators_hash: header.validators_hash(),
    };
    state.validate_initial(&consensus)?;
    Ok((state, consensus))
}
