//! Commitments, leaves, handovers and MMR proofs.

use crate::{
    Cases,
    common::{Scenario, compact, set_of, state_trie::seeded},
    part_cases::malformed_commitments,
};
use alloy_primitives::{B256, keccak256};
use lupu_beefy::{AuthoritySet, UpdateMessage};
use serde_json::Value;

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    commitments(&mut c);
    leaves(&mut c);
    handovers(&mut c);
    proofs(&mut c);
    c.0
}

fn commitments(c: &mut Cases) {
    let s = Scenario::new(4);
    for (name, what, commitment) in malformed_commitments(&s) {
        let message = s.message_with(commitment);
        c.raw(&format!("commitment_{name}"), what, &s, message.encode(), "MalformedCommitment");
    }
}

fn leaves(c: &mut Cases) {
    let s = Scenario::new(4);
    let good = s.message();
    let with = |leaf: Vec<u8>| UpdateMessage { leaf: leaf.into(), ..good.clone() }.encode();
    let leaf = s.leaf();
    let mut put = |name: &str, what: &str, leaf: Vec<u8>| {
        c.raw(&format!("leaf_{name}"), what, &s, with(leaf), "MalformedLeaf");
    };
    put("empty", "no bytes", Vec::new());
    put("80_bytes", "one byte less than the fields have", leaf[..80].to_vec());
    put("1025_bytes", "one byte more than a leaf may have", [&leaf[..], &[0; 1025]].concat()[..1025].to_vec());
    put("of_an_inner_node", "64 bytes: what an inner node hashes", vec![5; 64]);
    put("major_version_1", "a version that may mean something else", [&[0x20], &leaf[1..]].concat());
    put("major_version_7", "the highest major version", [&[0xff], &leaf[1..]].concat());

    let mut s = Scenario::new(4);
    s.leaf_version = 0x20;
    c.put("leaf_signed_major_version", "a leaf of the chain's of another version", &s, "MalformedLeaf");
    let check = "LeafOutOfRange";
    let mut s = Scenario::new(4);
    s.committed = 120;
    c.put("leaf_past_the_commitment", "a leaf of the block after the commitment's", &s, check);
    let mut s = Scenario::new(4);
    s.client.first_mmr_block = 122;
    c.put("leaf_before_the_first", "a leaf of a block before the first that has one", &s, check);
    let mut s = Scenario::new(4);
    s.leaf_number = u32::MAX;
    c.put("leaf_number_last", "block numbers do not wrap", &s, check);
    let mut s = Scenario::new(4);
    s.client.first_mmr_block = u64::MAX;
    c.put("leaf_first_block_last", "no block has a leaf", &s, check);
    let mut s = Scenario::new(4);
    s.committed = 0;
    c.put("leaf_committed_genesis", "a commitment to block 0", &s, check);
}

fn handovers(c: &mut Cases) {
    let mut s = Scenario::handover(4);
    s.committed = 130;
    c.put("handover_not_bound", "an older leaf cannot name the heirs", &s, "HandoverLeafNotBound");
    s.leaf_next = set_of(12, &s.heirs);
    c.put("handover_not_bound_other_id", "an older leaf, whatever it names", &s, "HandoverLeafNotBound");

    let check = "NextSetMismatch";
    let mut put = |name: &str, what: &str, next_signs: bool, change: &dyn Fn(&mut AuthoritySet)| {
        let mut s = if next_signs { Scenario::handover(4) } else { Scenario::new(4) };
        change(&mut s.leaf_next);
        c.put(name, what, &s, check);
    };
    put("handover_id_of_itself", "the heirs have the signing set's id", true, &|n| n.id = 8);
    put("handover_id_skipped", "the heirs' id skips one", true, &|n| n.id = 10);
    put("handover_id_zero", "the heirs have id 0", true, &|n| n.id = 0);
    put("handover_empty", "no heirs", true, &|n| n.len = 0);
    put("handover_256", "256 heirs", true, &|n| n.len = 256);
    put("handover_many", "as many heirs as four bytes say", true, &|n| n.len = u32::MAX);
    put("handover_root_zero", "heirs without a root", true, &|n| n.root = B256::ZERO);
    put("next_other_id", "the newest leaf names another id", false, &|n| n.id = 9);
    put("next_other_len", "the newest leaf names another length", false, &|n| n.len = 5);
    put("next_other_root", "the newest leaf names another root", false, &|n| n.root.0[31] ^= 1);
    let mut s = Scenario::handover(4);
    (s.client.current.id, s.client.next.id) = (u64::MAX - 1, u64::MAX);
    s.set_id = u64::MAX;
    s.leaf_next.id = 0;
    c.put("handover_ids_wrap", "there is no id after the last", &s, check);
}

fn proofs(c: &mut Cases) {
    let check = "InvalidMmrProof";
    // 121 leaves are peaks of 64, 32, 16, 8 and 1: the last leaf has four peaks to its left. Of
    // 150 leaves, peaks of 128, 16, 4 and 2, leaf 120 has seven siblings and peaks to its right.
    let bound = Scenario::new(4);
    let mut older = Scenario::new(4);
    older.committed = 150;
    for (k, s) in [("bound", &bound), ("older", &older)] {
        let good = s.message();
        let items: Vec<Vec<u8>> = good.mmr_items.chunks(32).map(<[u8]>::to_vec).collect();
        assert!(items.len() > 3);
        let mut put = |name: String, what: &str, items: Vec<Vec<u8>>| {
            let message = UpdateMessage { mmr_items: items.concat().into(), ..good.clone() };
            c.raw(&name, what, s, message.encode(), check);
        };
        for i in 0..items.len() {
            let mut less = items.clone();
            less.remove(i);
            put(format!("mmr_{k}_without_{i}"), "an item is missing", less);
            let mut flipped = items.clone();
            flipped[i][31] ^= 1;
            put(format!("mmr_{k}_flipped_{i}"), "a bit of an item is flipped", flipped);
        }
        for i in 1..items.len() {
            let mut swapped = items.clone();
            swapped.swap(i - 1, i);
            put(format!("mmr_{k}_swapped_{i}"), "two items have changed places", swapped);
        }
        put(format!("mmr_{k}_none"), "no items", Vec::new());
        put(format!("mmr_{k}_extra"), "one item too many", [items.clone(), vec![vec![0; 32]]].concat());
        put(format!("mmr_{k}_extra_first"), "one item too many in front", [vec![vec![0; 32]], items.clone()].concat());
        put(format!("mmr_{k}_byte"), "one byte too many", [items.clone(), vec![vec![0]]].concat());
        let mut cut = items.clone();
        cut[0].pop();
        put(format!("mmr_{k}_cut"), "the first item is not whole", cut);
    }
    let mut s = Scenario::new(4);
    s.root = Some(B256::ZERO);
    c.put("mmr_root_zero", "a commitment to zero", &s, check);
    s.root = Some(seeded("other root", 0));
    c.put("mmr_other_root", "a commitment to another history", &s, check);
    let mut m = older.message();
    let mut other = older.clone();
    other.leaf_extra[0] ^= 1;
    m.leaf = other.leaf().into();
    c.raw("mmr_other_leaf", "the leaf's extra data changed", &older, m.encode(), check);
    let mut other = older.clone();
    other.client.first_mmr_block = 2;
    let mut m = older.message();
    c.raw("mmr_other_first_block", "one leaf fewer than there are", &other, m.encode(), check);
    m.leaf = [&compact(m.leaf.len())[..], &m.leaf].concat().into();
    let what = "the leaf in its opaque wrapping: its first byte is a major version";
    c.raw("leaf_wrapped", what, &older, m.encode(), "MalformedLeaf");
    let mut neighbour = older.clone();
    neighbour.leaf_number = 119;
    let mut m = older.message();
    m.leaf = neighbour.leaf().into();
    c.raw("mmr_neighbour", "the leaf says that it is of the block before", &older, m.encode(), check);
    assert_ne!(keccak256(neighbour.leaf()), keccak256(older.leaf()));
}
