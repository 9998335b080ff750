//! Updates that were changed and then signed again, by the keys of the chain's own set: what lies
//! behind the signatures is reached.

use super::{
    super::{Chain, beefy, grandpa, qbft, rng::Rng},
    bytes::field,
};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_proof::{AnchorClient, Bundle, Update};
use lupu_qbft::Header;
use lupu_substrate_state::blake2_256;
use sp_mmr_primitives::mmr_lib::{MerkleProof, leaf_index_to_mmr_size, leaf_index_to_pos};

/// The keys of the set at the anchor.
pub enum Keys {
    /// Nobody's: others made the bundle.
    Unknown,
    Seal(Vec<qbft::Validator>),
    Commit(Vec<beefy::Authority>),
    Vote(Vec<grandpa::Voter>),
}

impl Keys {
    pub fn new(chain: Chain, n: usize, salt: &str) -> Self {
        match chain {
            Chain::Qbft | Chain::Ibft2 => Self::Seal(qbft::validators(&format!("{salt}validator"), n)),
            Chain::Beefy => Self::Commit(beefy::authorities(&format!("{salt}authority"), n)),
            Chain::Grandpa => Self::Vote(grandpa::voters(&format!("{salt}authority"), n)),
        }
    }
}

/// One byte in four tries, or the like of what is done to any field.
fn little(rng: &mut Rng, data: &mut Bytes) {
    if rng.below(4) == 0 || data.is_empty() {
        return field(rng, data, &[]);
    }
    let mut raw = data.to_vec();
    let at = rng.below(raw.len());
    raw[at] = if rng.below(2) == 0 { rng.next() as u8 } else { raw[at].wrapping_add(1) };
    *data = raw.into();
}

/// Changes an update and signs it. `None` where what came of it cannot be signed.
pub fn signed(rng: &mut Rng, bundle: &mut Bundle, keys: &Keys) -> Option<&'static str> {
    let client = bundle.anchor.client.clone();
    let at = rng.below(bundle.updates.len());
    match (bundle.updates.get_mut(at)?, client, keys) {
        (Update::Qbft { header }, AnchorClient::Qbft { state, .. }, Keys::Seal(set)) => {
            little(rng, header);
            let changed = Header::decode(state.kind, header).ok()?;
            let few = most(rng, lupu_qbft::quorum(set.len()), set.len());
            let seals = set.iter().take(few).map(|v| v.seal(&changed.commit_digest()).into()).collect();
            *header = changed.with_seals(seals).encode().into();
            Some("header changed, and sealed")
        }
        (Update::Beefy { commitment, signatures, leaf, mmr_items, header, .. }, client, Keys::Commit(set)) => {
            let what = if rng.below(2) == 0 {
                little(rng, commitment);
                "commitment changed, and signed"
            } else {
                let AnchorClient::Beefy { state, .. } = client else { return None };
                linked(rng, state.first_mmr_block, [commitment, leaf, mmr_items, header])?;
                "header changed, and committed to"
            };
            let few = most(rng, beefy::quorum(set.len()), set.len());
            let digest = keccak256(&commitment);
            let entry = |(i, a): (usize, &beefy::Authority)| [&[i as u8][..], &a.sign(&digest)].concat();
            *signatures = set.iter().enumerate().take(few).map(entry).collect::<Vec<_>>().concat().into();
            Some(what)
        }
        (Update::Grandpa { header, justification }, AnchorClient::Grandpa { set_id, .. }, Keys::Vote(set)) => {
            little(rng, header);
            let number = lupu_substrate_state::Header::decode(header).ok()?.number;
            let (hash, round) = (blake2_256(header), rng.next() >> rng.below(64));
            let few = most(rng, grandpa::quorum(set).len(), set.len());
            let ballots = set.iter().take(few).map(|v| v.sign(&hash, number, round, set_id)).collect();
            let just = grandpa::Just { round, hash, number, ballots, ancestry: Vec::new() };
            *justification = just.encode().into();
            Some("header changed, and voted for")
        }
        _ => None,
    }
}

/// The quorum mostly, one less or all sometimes.
fn most(rng: &mut Rng, quorum: usize, all: usize) -> usize {
    match rng.below(16) {
        0 => quorum.saturating_sub(1),
        1 => all,
        _ => quorum,
    }
}

/// Changes a header and makes leaf, range proof and commitment follow.
fn linked(rng: &mut Rng, first: u64, [commitment, leaf, items, header]: [&mut Bytes; 4]) -> Option<()> {
    little(rng, header);
    let number = lupu_substrate_state::Header::decode(header).ok()?.number;
    let mut raw = leaf.to_vec();
    raw.get_mut(1..5)?.copy_from_slice(&number.to_le_bytes());
    raw.get_mut(5..37)?.copy_from_slice(blake2_256(header).as_slice());
    *leaf = raw.into();
    // One payload: 04 ‖ "mh" ‖ 80 ‖ root ‖ block ‖ set id.
    let mut raw = commitment.to_vec();
    let block = u32::from_le_bytes(raw.get(36..40)?.try_into().ok()?);
    let index = (u64::from(number) + 1).checked_sub(first)?;
    let last = u64::from(block).checked_sub(first).filter(|last| index <= *last)?;
    let items = items.chunks(32).filter_map(|item| B256::try_from(item).ok()).collect();
    let proof = MerkleProof::<B256, beefy::Keccak>::new(leaf_index_to_mmr_size(last), items);
    let root = proof.calculate_root(vec![(leaf_index_to_pos(index), keccak256(&leaf))]).ok()?;
    raw.get_mut(4..36)?.copy_from_slice(root.as_slice());
    *commitment = raw.into();
    Some(())
}
