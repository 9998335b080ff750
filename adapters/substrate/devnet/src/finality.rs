//! GRANDPA justifications and BEEFY commitments, as nodes make them.

use codec::Encode;
use finality_grandpa::SignedPrecommit;
use lupu_substrate_runtime::Header;
use sp_consensus_beefy::ecdsa_crypto::{AuthorityId as BeefyId, Signature as BeefySignature};
use sp_consensus_beefy::{
    Commitment, Payload, SignedCommitment, ValidatorSet, VersionedFinalityProof, known_payloads::MMR_ROOT_ID,
};
use sp_consensus_grandpa::{AuthorityList, Commit, GrandpaJustification, Message, Precommit, localized_payload};
use sp_core::{H256, Pair};
use sp_crypto_hashing::keccak_256;

use crate::block::Block;
use crate::keys::Keystore;
use crate::world::{CallError, World};

/// The GRANDPA set that finalizes a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrandpaSet {
    /// Its id.
    pub id: u64,
    /// Its members with their weights, in their order.
    pub authorities: AuthorityList,
}

/// How many of `n` must sign: more than two thirds.
pub fn threshold(n: usize) -> usize {
    n.saturating_sub(n.saturating_sub(1) / 3)
}

impl World {
    /// The GRANDPA set that finalizes the children of a block with this state.
    pub(crate) fn grandpa_set(&self, state_root: H256) -> Result<GrandpaSet, CallError> {
        Ok(GrandpaSet {
            id: self.ask(state_root, "GrandpaApi_current_set_id", &())?,
            authorities: self.ask(state_root, "GrandpaApi_grandpa_authorities", &())?,
        })
    }

    /// The BEEFY set that commits to a block with this state; `None` while there is none.
    pub(crate) fn beefy_set(&self, state_root: H256) -> Result<Option<ValidatorSet<BeefyId>>, CallError> {
        self.ask(state_root, "BeefyApi_validator_set", &())
    }
}

/// A justification of `target` by as many votes as it needs and no more; `None` where keys are
/// missing. `descendants` are the headers that follow the target, oldest first: each voter votes for
/// another one of them, as voters do who see different heads.
pub(crate) fn justify(
    keys: &Keystore,
    set: &GrandpaSet,
    round: u64,
    target: &Block,
    descendants: &[Header],
) -> Option<GrandpaJustification<Header>> {
    let able: Vec<_> = set.authorities.iter().filter_map(|(id, _)| Some((id, keys.grandpa(id)?))).collect();
    let needed = threshold(set.authorities.len());
    if able.len() < needed || needed == 0 {
        return None;
    }
    // Which voters come first differs from block to block.
    let first = target.number() as usize % able.len();
    let mut furthest = 0;
    let precommits = able
        .iter()
        .cycle()
        .skip(first)
        .take(needed)
        .enumerate()
        .map(|(place, (id, pair))| {
            let above = place % (descendants.len() + 1);
            furthest = furthest.max(above);
            let precommit: Precommit<Header> = match above.checked_sub(1).and_then(|i| descendants.get(i)) {
                Some(header) => Precommit::<Header> { target_hash: header.hash(), target_number: header.number },
                None => Precommit::<Header> { target_hash: target.hash, target_number: target.number() },
            };
            let message: Message<Header> = finality_grandpa::Message::Precommit(precommit.clone());
            let signature = pair.sign(&localized_payload(round, set.id, &message)).into();
            SignedPrecommit { precommit, signature, id: (*id).clone() }
        })
        .collect();
    let commit: Commit<Header> =
        Commit::<Header> { target_hash: target.hash, target_number: target.number(), precommits };
    Some(GrandpaJustification { round, commit, votes_ancestries: descendants.iter().take(furthest).cloned().collect() })
}

/// A commitment to a block's MMR root by as many signatures as it needs and no more; `None` where
/// keys or the root are missing.
pub(crate) fn commit(
    keys: &Keystore,
    set: &ValidatorSet<BeefyId>,
    block: &Block,
) -> Option<VersionedFinalityProof<u32, BeefySignature>> {
    let payload = Payload::from_single_entry(MMR_ROOT_ID, block.mmr_root()?.encode());
    let commitment = Commitment { payload, block_number: block.number(), validator_set_id: set.id() };
    let message = keccak_256(&commitment.encode());
    let needed = threshold(set.len());
    let count = set.len().max(1);
    let mut signed = 0;
    let mut signatures: Vec<Option<BeefySignature>> = vec![None; set.len()];
    for place in 0..count {
        let index = (place + block.number() as usize) % count;
        let pair = set.validators().get(index).and_then(|id| keys.beefy(id));
        if let (true, Some(pair), Some(slot)) = (signed < needed, pair, signatures.get_mut(index)) {
            *slot = Some(pair.sign_prehashed(&message).into());
            signed += 1;
        }
    }
    (signed == needed).then_some(VersionedFinalityProof::V1(SignedCommitment { commitment, signatures }))
}
