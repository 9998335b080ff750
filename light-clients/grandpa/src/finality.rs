//! When a justification finalizes its target: checks 10 to 13 of `docs/wire-formats.md`,
//! section 8.

use crate::{
    ancestry::Ancestry,
    authorities::AuthoritySet,
    justification::{Justification, MalformedJustification, Target, vote_message},
    signature::VerifyEd25519,
};
use alloc::{vec, vec::Vec};
use alloy_primitives::B256;
use lupu_substrate_state::Header;

/// The check that a justification failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum JustificationError {
    /// Check 9.
    #[error(transparent)]
    MalformedJustification(#[from] MalformedJustification),
    /// Check 10.
    #[error("it finalizes block {} {}, the header is block {} {}", found.number, found.hash, header.number, header.hash)]
    TargetMismatch { found: Target, header: Target },
    /// Check 11: who voted.
    #[error("vote {index} is of {key}, which is not in the set")]
    ForeignVoter { index: usize, key: B256 },
    /// Check 11: once.
    #[error("vote {index} is the second one of {key}")]
    DuplicateVoter { index: usize, key: B256 },
    /// Check 11: the signature.
    #[error("vote {index} of {key} is not signed in round {round} of set {set_id}")]
    InvalidSignature { index: usize, key: B256, round: u64, set_id: u64 },
    /// Check 12: every vote.
    #[error("vote {index} for block {} {} is not for the target or what descends from it", target.number, target.hash)]
    InvalidAncestry { index: usize, target: Target },
    /// Check 12: every header.
    #[error("{used} of {given} ancestry headers are on the way of a vote")]
    UnusedAncestry { used: usize, given: usize },
    /// Check 13.
    #[error("votes of weight {found} of {total}, {required} is required")]
    TooLittleWeight { found: u64, required: u64, total: u64 },
}

impl JustificationError {
    /// The stable name of the check, as in vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedJustification(_) => "MalformedJustification",
            Self::TargetMismatch { .. } => "TargetMismatch",
            Self::ForeignVoter { .. } => "ForeignVoter",
            Self::DuplicateVoter { .. } => "DuplicateVoter",
            Self::InvalidSignature { .. } => "InvalidSignature",
            Self::InvalidAncestry { .. } => "InvalidAncestry",
            Self::UnusedAncestry { .. } => "UnusedAncestry",
            Self::TooLittleWeight { .. } => "TooLittleWeight",
        }
    }
}

/// What a good justification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    /// The round of the vote.
    pub round: u64,
    /// The finalized block.
    pub target: Target,
    /// The keys of those who voted, in the justification's order.
    pub signers: Vec<B256>,
    /// Their weight.
    pub weight: u64,
}

/// Check 10, and then [`check_votes`]: whether `justification` finalizes `header`. With this a
/// relayer follows a chain.
pub fn check_justification(
    header: &Header,
    justification: &Justification,
    set_id: u64,
    authorities: &AuthoritySet,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Finality, JustificationError> {
    let header = Target { hash: header.hash(), number: header.number };
    if justification.target != header {
        return Err(JustificationError::TargetMismatch { found: justification.target, header });
    }
    check_votes(justification, set_id, authorities, verifier)
}

/// Checks 11 to 13: whether the votes finalize the justification's own target.
pub fn check_votes(
    justification: &Justification,
    set_id: u64,
    authorities: &AuthoritySet,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Finality, JustificationError> {
    let round = justification.round;
    let mut voted = vec![false; authorities.authorities().len()];
    let mut weight = 0u64;
    for (index, vote) in justification.votes.iter().enumerate() {
        let key = vote.key;
        let found = authorities.find(&key);
        let (position, its) = found.ok_or(JustificationError::ForeignVoter { index, key })?;
        match voted.get_mut(position) {
            Some(voted) if !*voted => *voted = true,
            _ => return Err(JustificationError::DuplicateVoter { index, key }),
        }
        if !verifier.verify(&key, &vote_message(&vote.target, round, set_id), &vote.signature) {
            return Err(JustificationError::InvalidSignature { index, key, round, set_id });
        }
        weight = weight.saturating_add(its);
    }
    check_ancestry(justification)?;
    let required = authorities.threshold();
    if weight < required {
        let total = authorities.total_weight();
        return Err(JustificationError::TooLittleWeight { found: weight, required, total });
    }
    Ok(Finality { round, target: justification.target, signers: justification.voters(), weight })
}

/// Check 12.
fn check_ancestry(justification: &Justification) -> Result<(), JustificationError> {
    let mut ancestry = Ancestry::new(justification);
    for (index, vote) in justification.votes.iter().enumerate() {
        if !ancestry.reaches(&vote.target) {
            return Err(JustificationError::InvalidAncestry { index, target: vote.target });
        }
    }
    let (used, given) = (ancestry.used(), justification.ancestry.len());
    if used != given {
        return Err(JustificationError::UnusedAncestry { used, given });
    }
    Ok(())
}
