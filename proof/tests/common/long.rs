//! Chains of many updates: one after the other from block 101 on, each at a time that is given,
//! all by the anchor's set.

use crate::common::{Chain, Leg, Plan, Shape, World, beefy, grandpa, qbft, stored, subject};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_proof::{Bundle, Kind};
use lupu_standard::{Path, TimestampSecs};
use sp_mmr_primitives::mmr_lib::{MMR, leaf_index_to_pos, util::MemStore};

/// The first block after the anchor.
const FIRST: u64 = 101;

/// A bundle of all these updates, about a packet that the newest block shows as sent.
pub fn bundle(chain: Chain, validators: usize, times: &[u64]) -> Bundle {
    let (packet, none) = subject(Kind::Sent);
    let world = world(chain, validators, times);
    world.bundle_over(&[(Kind::Sent, world.newest(), packet, none)])
}

/// The anchor is of time `T0`.
pub fn world(chain: Chain, validators: usize, times: &[u64]) -> World {
    let plan = Plan { validators, neighbours: Some(6), ..Plan::new(chain, Shape::AnchorOnly) };
    let mut world = plan.build();
    world.legs = match chain {
        Chain::Qbft | Chain::Ibft2 => sealed(chain, validators, times),
        Chain::Beefy => committed(validators, times),
        Chain::Grandpa => voted(validators, times),
    };
    world
}

fn path() -> Vec<u8> {
    Path::commitment(&subject(Kind::Sent).0).to_bytes()
}

fn sealed(chain: Chain, validators: usize, times: &[u64]) -> Vec<Leg> {
    let kind = lupu_qbft::Kind::from_name(chain.name()).unwrap();
    let mut s = qbft::Scenario::salted(kind, validators, "");
    s.change_state(|state| {
        state.neighbours = 6;
        state.storage = stored().iter().map(|(path, value)| (qbft::path_slot(path), *value)).collect();
    });
    let (base, consensus) = (s.message(), s.consensus());
    let shown: Bytes = s.state.storage_proof(&[path()]).into();
    let leg = |(i, time): (usize, &u64)| {
        s.block.number = FIRST + i as u64;
        s.block.timestamp = *time;
        let nodes = if i + 1 == times.len() { shown.clone() } else { Bytes::new() };
        Leg {
            height: s.block.number,
            message: lupu_qbft::UpdateMessage { header: s.raw_header().into(), ..base.clone() }.encode(),
            proof: lupu_qbft::MembershipProof { consensus, nodes }.encode(),
        }
    };
    times.iter().enumerate().map(leg).collect()
}

/// One commitment after the last block, and a leaf of its range for each.
fn committed(validators: usize, times: &[u64]) -> Vec<Leg> {
    let mut s = beefy::Scenario::salted(validators, "");
    let own = s.state.merkle_prefix();
    s.state.entries.retain(|key, _| !key.starts_with(&own));
    s.state.entries = s.state.entries.clone().into_iter().take(6).collect();
    for (path, value) in stored() {
        s.state.entries.insert(s.state.key(&path), value.to_vec());
    }
    let at = |i: usize| {
        let mut s = s.clone();
        s.set_height((FIRST + i as u64) as u32);
        s.set_time(times[i]);
        s
    };
    let blocks: Vec<beefy::Scenario> = (0..times.len()).map(at).collect();
    let store = MemStore::default();
    let mut range = MMR::<B256, beefy::Keccak, _>::new(0, &store);
    // Leaf i is about block i: the range begins at block 1.
    for _ in 0..FIRST {
        range.push(B256::repeat_byte(1)).unwrap();
    }
    for block in &blocks {
        range.push(keccak256(block.leaf())).unwrap();
    }
    s.committed = (FIRST as usize + times.len()) as u32;
    let commitment = s.commitment_of(range.get_root().unwrap());
    let signatures = s.signatures_of(&commitment).concat();
    let leg = |(i, block): (usize, &beefy::Scenario)| {
        let index = FIRST + i as u64;
        let items = range.gen_proof(vec![leaf_index_to_pos(index)]).unwrap().proof_items().to_vec();
        let message = lupu_beefy::UpdateMessage {
            commitment: commitment.clone().into(),
            authorities: beefy::joined(&s.signing).into(),
            signatures: signatures.clone().into(),
            leaf: block.leaf().into(),
            mmr_items: items.iter().flat_map(|item| item.0).collect::<Vec<u8>>().into(),
            header: block.header.encode().into(),
            anchor_proof: block.state.anchor_proof().into(),
        };
        let last = i + 1 == times.len();
        let nodes = if last { block.state.proof(&[path()]).into() } else { Bytes::new() };
        let consensus =
            lupu_beefy::ConsensusState { timestamp: TimestampSecs(times[i]), state_root: block.header.state_root };
        let proof = lupu_beefy::MembershipProof { consensus, nodes }.encode();
        Leg { height: u64::from(block.leaf_number), message: message.encode(), proof }
    };
    blocks.iter().enumerate().map(leg).collect()
}

fn voted(validators: usize, times: &[u64]) -> Vec<Leg> {
    let mut s = grandpa::Scenario::salted(validators, "");
    s.state.neighbours = 6;
    s.state.commitments = stored().iter().map(|(path, value)| (path.clone(), value.to_vec())).collect();
    let leg = |(i, time): (usize, &u64)| {
        s.number = (FIRST + i as u64) as u32;
        s.set_time(*time);
        s.state_root = Some(s.state.trie().root());
        let last = i + 1 == times.len();
        let nodes = if last { s.state.proof(&[s.state.path_key(&path())]).into() } else { Bytes::new() };
        let proof = lupu_grandpa::MembershipProof { consensus: s.consensus(), nodes }.encode();
        Leg { height: s.number.into(), message: s.message().encode(), proof }
    };
    times.iter().enumerate().map(leg).collect()
}
