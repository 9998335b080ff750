//! The anchor: time and chain, proven from the header's state.

use crate::{
    Cases,
    common::{Scenario, anchor, genesis, state_trie::seeded},
};
use alloy_primitives::{B256, FixedBytes};
use serde_json::Value;
use sp_crypto_hashing::blake2_256;

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    states(&mut c);
    proofs(&mut c);
    c.0
}

fn states(c: &mut Cases) {
    let with = |change: &dyn Fn(&mut Scenario)| {
        let mut s = Scenario::new(4);
        change(&mut s);
        s
    };
    let s = with(&|s| {
        s.state.neighbours = 0;
        s.state.commitments.clear();
    });
    c.put("anchor_alone", "the anchor is all there is: one leaf", &s, "Update");
    let s = with(&|s| s.state.neighbours = 600);
    c.put("anchor_deep", "a state of many entries", &s, "Update");
    let s = with(&|s| s.state.anchor = None);
    c.put("anchor_absent", "a chain without the pallet", &s, "AnchorAbsent");
    let s = with(&|s| {
        s.state.anchor = None;
        s.state.commitments.clear();
        s.state.neighbours = 1;
    });
    c.put("anchor_absent_one_leaf", "the only entry is another", &s, "AnchorAbsent");
    let s = with(&|s| s.client.pallet_prefix = FixedBytes::repeat_byte(9));
    let mut m = s.message();
    let mut other = s.state.clone();
    other.pallet = s.client.pallet_prefix;
    m.anchor_proof = s.state.proof(&[other.anchor_key()]).into();
    c.message("anchor_of_other_pallet", "another pallet is pinned", &s, &m, "AnchorAbsent");

    let good = anchor(crate::common::T0 + 60, genesis());
    for (name, value) in [
        ("anchor_short", good[..31].to_vec()),
        ("anchor_long", [&good[..], &[0]].concat()),
        ("anchor_of_time_only", good[..8].to_vec()),
        ("anchor_hashed", [&good[..], &[7; 40]].concat()),
        ("anchor_empty", Vec::new()),
    ] {
        let s = with(&|s| s.state.anchor = Some(value.clone()));
        c.put(name, "not 32 bytes", &s, "MalformedAnchor");
    }
    let wrong = "WrongChain";
    let sister = FixedBytes::from_slice(&seeded("sister genesis", 0)[..24]);
    let s = with(&|s| s.state.anchor = Some(anchor(s.time(), sister)));
    c.put("sister_chain", "the same authorities finalize another chain", &s, wrong);
    for at in [8, 31] {
        let s = with(&|s| s.state.anchor.as_mut().unwrap()[at] ^= 1);
        c.put(&format!("genesis_bit_at_{at}"), "one bit of the genesis hash differs", &s, wrong);
    }
    let s = with(&|s| s.state.anchor = Some(vec![0; 32]));
    c.put("anchor_zero", "32 zero bytes", &s, wrong);
    let s = with(&|s| s.client.genesis = sister);
    c.put("client_of_sister_chain", "the client is of another chain", &s, wrong);
}

fn proofs(c: &mut Cases) {
    let s = Scenario::new(4);
    let good = s.message();
    let proof = good.anchor_proof.to_vec();
    let mut put = |name: &str, what: &str, proof: Vec<u8>| {
        let mut m = good.clone();
        m.anchor_proof = proof.into();
        c.message(&format!("proof_{name}"), what, &s, &m, "InvalidProof");
    };
    put("empty", "no bytes", Vec::new());
    put("of_nothing", "no items", vec![0, 0]);
    put("truncated", "the last byte is missing", proof[..proof.len() - 1].to_vec());
    put("extended", "one byte too many", [&proof[..], &[0]].concat());
    put("extended_key", "a second key", [&proof[..], &[proof[1], 0]].concat());
    for at in [0, 1, 2, 3, 4, 40, proof.len() / 2, proof.len() - 1] {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        put(&format!("bit_{at}"), "one bit is flipped", flipped);
    }
    let first = 4 + usize::from(u16::from_be_bytes([proof[2], proof[3]]));
    let mut cut = [&[0, proof[1] - 1], &proof[first..]].concat();
    put("without_root", "the root node is missing", cut.clone());
    cut = [&proof[..first], &proof[2..]].concat();
    cut[1] += 1;
    put("root_twice", "the root node is listed twice", cut);
    let mut unused = proof.clone();
    unused[1] += 1;
    unused.extend([0, 32]);
    unused.extend([7; 32]);
    put("unused_item", "an item that nothing needs", unused);
    put("other_key", "a proof of another key", s.state.proof(&[s.state.path_key(b"other")]));
    let mut other = s.state.clone();
    other.neighbours += 1;
    put("other_state", "a proof in another state", other.anchor_proof());
    let mut forged = s.state.clone();
    forged.anchor = Some(anchor(crate::common::T0 + 61, genesis()));
    put("other_time", "a later time, in a state of its own", forged.anchor_proof());

    let mut s = Scenario::new(4);
    s.state_root = Some(B256::new(blake2_256(b"unknown")));
    c.put("root_unknown", "a header of another state", &s, "InvalidProof");
}
