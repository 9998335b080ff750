//! What a relayer does to a justification before it sends it: leave out the votes and headers that
//! nobody needs, and build the update.

use crate::{
    ancestry::Ancestry,
    authorities::AuthoritySet,
    finality::{JustificationError, check_votes},
    justification::{Justification, Vote, vote_message},
    signature::VerifyEd25519,
    state::{ClientState, ConsensusState, UpdateMessage},
    verify::{UpdateError, Verified, check_final},
};
use alloc::{collections::BTreeSet, vec::Vec};
use alloy_primitives::B256;
use lupu_standard::Height;

/// The justification with as few votes as finalize its target, and the headers that these need.
///
/// Nodes accept what a client does not: two votes of one voter, votes below the target, votes of
/// strangers, votes beyond what is needed. Of each voter one good vote is kept, the one nearest to
/// the target; then as many voters, nearest and heaviest first, as reach the threshold. The
/// result passes [`check_votes`]; where it cannot, the error says which check fails.
pub fn trim(
    justification: &Justification,
    set_id: u64,
    authorities: &AuthoritySet,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<Justification, JustificationError> {
    let mut all = Ancestry::new(justification);
    let mut candidates: Vec<(&Vote, u64)> = Vec::new();
    for vote in &justification.votes {
        if let Some((_, weight)) = authorities.find(&vote.key)
            && all.reaches(&vote.target)
        {
            candidates.push((vote, weight));
        }
    }
    candidates.sort_by_key(|(vote, weight)| (vote.target.number, u64::MAX.saturating_sub(*weight)));

    let (mut weight, required) = (0u64, authorities.threshold());
    let mut voters: BTreeSet<B256> = BTreeSet::new();
    let mut way = Ancestry::new(justification);
    let mut votes = Vec::new();
    for (vote, its) in candidates {
        if weight >= required {
            break;
        }
        let message = vote_message(&vote.target, justification.round, set_id);
        if voters.contains(&vote.key) || !verifier.verify(&vote.key, &message, &vote.signature) {
            continue;
        }
        voters.insert(vote.key);
        way.reaches(&vote.target);
        weight = weight.saturating_add(its);
        votes.push(vote.clone());
    }
    let mut given = BTreeSet::new();
    let mut ancestry = justification.ancestry.clone();
    ancestry.retain(|header| way.uses(&header.hash) && given.insert(header.hash));
    let trimmed = Justification { round: justification.round, target: justification.target, votes, ancestry };
    check_votes(&trimmed, set_id, authorities, verifier)?;
    Ok(trimmed)
}

/// What an update is made of.
#[derive(Clone, Copy, Debug)]
pub struct UpdateParts<'a> {
    /// SCALE header of the finalized block.
    pub header: &'a [u8],
    /// SCALE justification, as nodes serve it.
    pub justification: &'a [u8],
    /// Packed proof of the anchor in the header's state.
    pub anchor_proof: &'a [u8],
    /// Height of the consensus state to build upon.
    pub trusted_height: Height,
    /// That consensus state.
    pub trusted: ConsensusState,
    /// Its authorities.
    pub authorities: &'a AuthoritySet,
}

/// Builds an update with a trimmed justification, and what it will prove. All checks are run that
/// need neither the clock nor what the client stores.
pub fn update_message(
    client: &ClientState,
    parts: &UpdateParts<'_>,
    verifier: &(impl VerifyEd25519 + ?Sized),
) -> Result<(UpdateMessage, Verified), UpdateError> {
    let justification = Justification::decode(parts.justification).map_err(JustificationError::from)?;
    let trimmed = trim(&justification, parts.trusted.set_id, parts.authorities, verifier)?;
    let message = UpdateMessage {
        header: parts.header.to_vec().into(),
        justification: trimmed.encode().into(),
        trusted_height: parts.trusted_height,
        trusted: parts.trusted,
        authorities: parts.authorities.encode().into(),
        anchor_proof: parts.anchor_proof.to_vec().into(),
    };
    let verified = check_final(client, &message, Some(parts.trusted_height), verifier)?;
    Ok((message, verified))
}
