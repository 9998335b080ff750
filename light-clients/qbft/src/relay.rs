//! What a relayer does to a header before it sends it: join the seals that several nodes show,
//! sort them, leave out those that nobody needs, and build the update.

use crate::{
    header::{Header, join_addresses},
    quorum::{overlap_required, quorum},
    seal::Recover,
    state::{ConsensusState, Rules, UpdateMessage},
};
use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes};
use lupu_ethereum_state::{NodeSet, NodeSetError, account_key};
use lupu_standard::Height;

/// Why seals cannot be joined, or are not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealsError {
    /// No header at all.
    #[error("no header")]
    NoHeader,
    /// Two headers with different commit digests: another block, or another round.
    #[error("headers have different commit digests: {0} and {1}")]
    DifferentDigests(B256, B256),
    /// Fewer seals than a quorum of the header's validators.
    #[error("{found} seals of the header's validators, {required} are required")]
    TooFewSeals {
        /// Valid seals of listed validators.
        found: usize,
        /// Seals required.
        required: usize,
    },
    /// Fewer seals of trusted validators than the client demands. Other nodes may show other
    /// seals, a later block may have more; else the client must be anchored anew.
    #[error("{found} seals of trusted validators, {required} are required")]
    TooLittleOverlap {
        /// Seals of trusted validators.
        found: usize,
        /// Seals required.
        required: usize,
    },
}

/// Valid seals of listed validators, by signer. What is invalid or foreign is left out.
fn valid_seals(header: &Header, recover: &(impl Recover + ?Sized)) -> BTreeMap<Address, Bytes> {
    let listed = |a: &Address| header.validators().contains(a);
    let signers = header.recover_seals(recover);
    let pairs = signers.into_iter().zip(header.seals());
    pairs.filter_map(|(s, seal)| Some((s.ok().filter(listed)?, seal.clone()))).collect()
}

/// One header with the seals of all: the valid ones of listed validators, each signer once,
/// ascending. All headers must have the same commit digest.
pub fn join_seals(headers: &[Header], recover: &(impl Recover + ?Sized)) -> Result<Header, SealsError> {
    let first = headers.first().ok_or(SealsError::NoHeader)?;
    let digest = first.commit_digest();
    let mut seals = BTreeMap::new();
    for header in headers {
        let other = header.commit_digest();
        if other != digest {
            return Err(SealsError::DifferentDigests(digest, other));
        }
        for (signer, seal) in valid_seals(header, recover) {
            seals.entry(signer).or_insert(seal);
        }
    }
    Ok(first.with_seals(seals.into_values().collect()))
}

/// The header with as few seals as both thresholds allow, ascending by signer: seals of trusted
/// validators first, then others until the header's own quorum is reached.
pub fn trim(
    header: &Header,
    trusted: &[Address],
    rules: &Rules,
    recover: &(impl Recover + ?Sized),
) -> Result<Header, SealsError> {
    let seals = valid_seals(header, recover);
    let own = quorum(header.validators().len());
    if seals.len() < own {
        return Err(SealsError::TooFewSeals { found: seals.len(), required: own });
    }
    let (of_trusted, others): (Vec<_>, Vec<_>) = seals.into_iter().partition(|(signer, _)| trusted.contains(signer));
    let overlap = overlap_required(trusted.len(), rules.trust_numerator, rules.trust_denominator);
    if of_trusted.len() < overlap {
        let found = of_trusted.len();
        return Err(SealsError::TooLittleOverlap { found, required: overlap });
    }
    let chosen = of_trusted.into_iter().chain(others).take(own.max(overlap));
    let sorted: BTreeMap<Address, Bytes> = chosen.collect();
    Ok(header.with_seals(sorted.into_values().collect()))
}

/// Builds an update: `header` as it is to be sent, the trusted state it builds upon with its
/// validators, and the nodes that prove the router's account in the header's state.
pub fn update_message(
    header: &Header,
    trusted_height: Height,
    trusted: ConsensusState,
    trusted_validators: &[Address],
    account: &NodeSet,
    router: &Address,
) -> Result<UpdateMessage, NodeSetError> {
    let proof = account.pack(&header.state_root(), &[account_key(router)])?;
    let same = header.validators_hash() == trusted.validators_hash;
    let validators = if same { Vec::new() } else { join_addresses(trusted_validators) };
    Ok(UpdateMessage {
        header: header.encode().into(),
        trusted_height,
        trusted,
        trusted_validators: validators.into(),
        account_proof: proof.into(),
    })
}
