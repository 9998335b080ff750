//! What a node of the source chain accepts: finality-grandpa's `validate_commit` over the headers
//! that the justification carries, each signature by sp-consensus-grandpa, and no header unused.

use super::{SpHeader, Voter};
use finality_grandpa::{Chain, Error, Message, voter_set::VoterSet};
use sp_consensus_grandpa::{AuthorityId, GrandpaJustification, SignatureResult, check_message_signature};
use sp_core::{H256, ed25519};
use sp_runtime::traits::Header as _;
use std::collections::{BTreeMap, BTreeSet};

struct Headers(BTreeMap<H256, SpHeader>);

impl Chain<H256, u32> for Headers {
    fn ancestry(&self, base: H256, block: H256) -> Result<Vec<H256>, Error> {
        let mut way = Vec::new();
        let mut at = block;
        while at != base {
            at = *self.0.get(&at).ok_or(Error::NotDescendent)?.parent_hash();
            way.push(at);
        }
        way.pop();
        Ok(way)
    }
}

/// Whether a node with this set takes the justification.
pub fn accepts(justification: &GrandpaJustification<SpHeader>, set: &[Voter], set_id: u64) -> bool {
    let weights = set.iter().map(|v| (AuthorityId::from(ed25519::Public::from_raw(v.key.0)), v.weight));
    let Some(voters) = VoterSet::new(weights) else { return false };
    let headers = Headers(justification.votes_ancestries.iter().map(|h| (h.hash(), h.clone())).collect());
    let commit = &justification.commit;
    if !finality_grandpa::validate_commit(commit, &voters, &headers).is_ok_and(|result| result.is_valid()) {
        return false;
    }
    let lowest = commit.precommits.iter().map(|v| &v.precommit).min_by_key(|p| p.target_number);
    let base = lowest.expect("a valid commit has votes").target_hash;
    let mut seen = BTreeSet::new();
    for vote in &commit.precommits {
        let message = Message::Precommit(vote.precommit.clone());
        let round = justification.round;
        let signed = check_message_signature(&message, &vote.id, &vote.signature, round, set_id);
        if !matches!(signed, SignatureResult::Valid) {
            return false;
        }
        if vote.precommit.target_hash != base {
            let Ok(way) = headers.ancestry(base, vote.precommit.target_hash) else { return false };
            seen.insert(vote.precommit.target_hash);
            seen.extend(way);
        }
    }
    seen.into_iter().eq(headers.0.into_keys())
}

/// The message that the chain's own software has a voter sign.
pub fn signed_message(hash: H256, number: u32, round: u64, set_id: u64) -> Vec<u8> {
    let message =
        Message::<H256, u32>::Precommit(finality_grandpa::Precommit { target_hash: hash, target_number: number });
    sp_consensus_grandpa::localized_payload(round, set_id, &message)
}
