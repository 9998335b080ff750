//! BEEFY: signatures, sets, leaves, handovers.

mod proofs;
mod signers;

pub use proofs::{
    frozen_or_expired, leaf_index, node_as_leaf, node_as_value, not_canonical, other_contract, other_path,
    prefix_tricks, presence, received, trailing, zero_roots,
};
pub use signers::{
    clock, list_swapped, malleated, no_fork, other_digest, quorums, set_skipped, signer_twice, sister, stranger,
    unbound_header,
};

use super::members::{Asked, Members, between, salt};
use crate::scenarios::{
    beefy::{Scenario, path, reference, state_trie::seeded},
    grandpa::rng::Rng,
};
use alloy_primitives::B256;
use lupu_beefy::MembershipProof;
use lupu_standard::Height;

pub const CLIENT: &str = "bank.beefy-harbour";

/// A chain with these many authorities.
pub fn sized(rng: &mut Rng, n: usize) -> Scenario {
    let mut s = Scenario::salted(n, &salt(rng));
    let neighbours = rng.below(30);
    s.change_state(|state| {
        for i in 0..neighbours {
            let key = [&state.merkle_prefix()[..], seeded("more", i).as_slice()].concat();
            state.entries.insert(key, vec![i as u8; 1 + i]);
        }
    });
    s
}

/// A chain of 4 to 10 authorities.
pub fn fresh(rng: &mut Rng) -> Scenario {
    let n = between(rng, 4, 10);
    sized(rng, n)
}

fn asked<'a>(s: &'a Scenario, state: &'a [u8]) -> Asked<'a> {
    Asked { family: "beefy", state, stored: &s.stored, now: s.now }
}

pub fn update(m: &mut Members, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
    let state = s.client.encode();
    m.update(asked(s, &state), what, message, expect, || (s.leaf_number.into(), s.consensus().encode()));
}

pub fn put(m: &mut Members, what: &str, s: &Scenario, expect: &str) {
    update(m, what, s, s.message().encode(), expect);
}

/// Signatures over another digest: which check they fail, the plain checker says.
fn unpredicted(m: &mut Members, what: &str, s: &Scenario, message: Vec<u8>) {
    let check = reference::update(s, &message).expect_err("signatures over another digest");
    update(m, what, s, message, check);
}

fn with(s: &Scenario, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut message = s.message();
    let mut entries: Vec<Vec<u8>> = message.signatures.chunks(66).map(<[u8]>::to_vec).collect();
    change(&mut entries);
    message.signatures = entries.concat().into();
    message.encode()
}

pub fn accepted(s: &Scenario) -> Scenario {
    let mut s = s.clone();
    let consensus = s.consensus();
    s.client.latest_height = Height(u64::from(s.leaf_number));
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((u64::from(s.leaf_number), consensus.hash()));
    s
}

/// A verify call on an accepted scenario, paths with their prefix.
pub fn membership(m: &mut Members, what: &str, s: &Scenario, list: &[(Vec<u8>, B256)], nodes: Vec<u8>, expect: &str) {
    let (state, consensus) = (s.client.encode(), s.consensus());
    let proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
    m.membership(asked(s, &state), what, (s.leaf_number.into(), consensus.timestamp.0), list, proof, expect);
}

fn full(s: &Scenario, raw: &[u8]) -> Vec<u8> {
    [&s.state.merkle_prefix(), raw].concat()
}

fn sent(i: u64) -> Vec<u8> {
    path(CLIENT, 1, i)
}

fn some(rng: &mut Rng) -> u64 {
    1 + rng.next() % 20
}
