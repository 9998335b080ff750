//! State proofs and mountain ranges by themselves.

use super::members::{Members, between, hexed, salt};
use crate::scenarios::{
    beefy::{self, state_trie as substrate},
    grandpa::rng::Rng,
    qbft::{state_trie as ethereum, string},
};
use alloy_primitives::{B256, keccak256};
use lupu_ethereum_state::NodeSet;
use serde_json::json;
use std::collections::BTreeMap;

fn mmr(m: &mut Members, what: &str, expect: &str, root: B256, leaf: B256, at: (u64, u64), items: &[B256]) {
    let items: Vec<u8> = items.iter().flat_map(|item| item.0).collect();
    let (index, count) = at;
    let fields = json!({"root": root, "leaf": leaf, "index": index, "count": count, "items": hexed(items)});
    m.put("beefy/mmr", what, expect, fields);
}

fn leaves(rng: &mut Rng, count: usize) -> Vec<B256> {
    let salt = salt(rng);
    (0..count).map(|i| substrate::seeded(&salt, i)).collect()
}

/// A leaf at an index that is not its own, or past the last.
pub fn leaf_index(rng: &mut Rng, m: &mut Members) {
    let count = between(rng, 2, 60);
    let leaves = leaves(rng, count);
    let (index, count) = (rng.below(count) as u64, count as u64);
    let (root, items) = beefy::mmr(&leaves, index);
    let leaf = leaves[index as usize];
    mmr(m, "its_own", "ok", root, leaf, (index, count), &items);
    let check = "InvalidMmrProof";
    mmr(m, "past_the_last", check, root, leaf, (count, count), &items);
    mmr(m, "far_past_the_last", check, root, leaf, (count + index + (1 << 33), count), &items);
    mmr(m, "index_wrapped", check, root, leaf, (index.wrapping_sub(count), count), &items);
    mmr(m, "no_leaves", check, root, leaf, (index, 0), &items);
    let other = (index + 1) % count;
    mmr(m, "neighbour", check, root, leaf, (other, count), &items);
    // A leaf that is in no range, at an index where nothing is checked against it.
    let forged = substrate::seeded(&salt(rng), 0);
    mmr(m, "forged_past_the_last", check, root, forged, (count, count), &[root]);
    mmr(m, "forged_with_the_root", check, root, forged, (index, count), &[root]);
    mmr(m, "root_as_its_leaf", check, root, root, (index, count), &[]);
}

/// Another width, items left out or added.
pub fn width(rng: &mut Rng, m: &mut Members) {
    let count = between(rng, 3, 60);
    let leaves = leaves(rng, count);
    let (index, count) = (rng.below(count) as u64, count as u64);
    let (root, items) = beefy::mmr(&leaves, index);
    let leaf = leaves[index as usize];
    let check = "InvalidMmrProof";
    mmr(m, "all_items", "ok", root, leaf, (index, count), &items);
    if let Some((_, fewer)) = items.split_last() {
        mmr(m, "last_item_left_out", check, root, leaf, (index, count), fewer);
    }
    mmr(m, "item_added", check, root, leaf, (index, count), &[&items[..], &[root]].concat());
    // The root of a narrower range under a wider count.
    let (narrow, fewer) = beefy::mmr(&leaves[..leaves.len() - 1], 0);
    mmr(m, "narrow_root", check, narrow, leaves[0], (0, count + 64), &fewer);
}

/// An inner node as a leaf: where leaves and nodes are hashed alike, the shorter proof is good.
pub fn aliasing(rng: &mut Rng, m: &mut Members) {
    let height = between(rng, 2, 5);
    let count = 1usize << height;
    let leaves = leaves(rng, count);
    let (root, items) = beefy::mmr(&leaves, 0);
    let inner = keccak256([leaves[0].0, leaves[1].0].concat());
    let check = "InvalidMmrProof";
    mmr(m, "inner_node_in_the_same_width", check, root, inner, (0, count as u64), &items[1..]);
    mmr(m, "root_as_leaf", check, root, root, (0, count as u64), &[]);
    // An authority list whose length is another than the root's, and two nodes for two addresses.
    let set = beefy::authorities(&salt(rng), 4);
    let joined = beefy::joined(&set);
    let root = beefy::keyset_root(&set);
    let keyset = |m: &mut Members, what: &str, expect: &str, list: &[u8], len: usize| {
        m.put("beefy/keyset", what, expect, json!({"authorities": hexed(list), "len": len, "root": root}));
    };
    keyset(m, "the_list", "ok", &joined, 4);
    keyset(m, "half_the_list", "AuthoritySetMismatch", &joined[..40], 2);
    keyset(m, "last_one_twice", "AuthoritySetMismatch", &[&joined[..], &joined[60..]].concat(), 5);
    let node = keccak256([keccak256(&joined[..20]).0, keccak256(&joined[20..40]).0].concat());
    keyset(m, "node_as_address", "AuthoritySetMismatch", &[&node[12..], &joined[40..60], &joined[60..]].concat(), 3);
}

/// Packed proofs of Ethereum state.
pub fn ethereum_nodes(rng: &mut Rng, m: &mut Members) {
    let salt = salt(rng);
    let mut trie = ethereum::Trie::default();
    for i in 0..between(rng, 10, 80) {
        let value = ethereum::seeded(&salt, 1_000 + i);
        trie.0.insert(ethereum::seeded(&salt, i), string(value.as_slice()));
    }
    let keys: Vec<B256> = trie.0.keys().copied().collect();
    let key = keys[rng.below(keys.len())];
    let root = trie.root();
    let set: NodeSet = trie.nodes(&[key]).into_iter().collect();
    let good = set.pack(&root, &[key]).expect("the walk");
    let put = |m: &mut Members, what: &str, expect: &str, root: B256, proof: Vec<u8>| {
        m.put("ethereum-state/packed", what, expect, json!({"root": root, "keys": [key], "proof": hexed(proof)}));
    };
    put(m, "whole", "ok", root, good.clone());
    let mut more = good.clone();
    more[1] += 1;
    more.push(0x80);
    put(m, "empty_node_behind", "InvalidProof", root, more);
    let mut more = good.clone();
    more[1] += 1;
    // What the leaf holds, offered as one more node.
    more.extend(&trie.0[&key]);
    put(m, "value_as_a_node", "InvalidProof", root, more);
    // The walk begun below the root.
    let first = ethereum::reference::item(&good[2..]).expect("a node").0.1;
    let mut cut = vec![0, good[1] - 1];
    cut.extend(&good[2 + first.len()..]);
    put(m, "root_left_out", "InvalidProof", root, cut.clone());
    put(m, "zero_root", "InvalidProof", B256::ZERO, good.clone());
    let mut forged = good.clone();
    let at = forged.len() - 1 - rng.below(20);
    forged[at] ^= 1 << rng.below(8);
    put(m, "value_forged", "InvalidProof", root, forged);
    put(m, "byte_behind", "InvalidProof", root, [&good[..], &[0]].concat());
}

/// Packed proofs of Substrate state.
pub fn substrate_nodes(rng: &mut Rng, m: &mut Members) {
    let salt = salt(rng);
    let mut entries: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for i in 0..between(rng, 10, 80) {
        let key = [&substrate::seeded("map", i % 3)[..16], substrate::seeded(&salt, i).as_slice()].concat();
        entries.insert(key, substrate::seeded(&salt, 1_000 + i).to_vec());
    }
    // One value is itself a node: a leaf for the rest of a longer key.
    let longer = [&substrate::seeded("map", 9)[..16], substrate::seeded(&salt, 5_000).as_slice()].concat();
    let inner = substrate::Trie::new(
        substrate::Version::V1,
        [(longer[32..].to_vec(), substrate::seeded(&salt, 6_000).to_vec())].into_iter().collect(),
    );
    let node = inner.nodes(&[&longer[32..]]).swap_remove(0);
    entries.insert(longer[..32].to_vec(), node.clone());
    let trie = substrate::Trie::new(substrate::Version::V1, entries.clone());
    let keys: Vec<&Vec<u8>> = entries.keys().collect();
    let key = keys[rng.below(keys.len())].clone();
    let put = |m: &mut Members, what: &str, expect: &str, key: &[u8], root: B256, proof: Vec<u8>| {
        let fields = json!({"root": root, "keys": [hexed(key)], "proof": hexed(proof)});
        m.put("substrate-state/packed", what, expect, fields);
    };
    let root = trie.root();
    let good = trie.pack(&[&key]);
    put(m, "whole", "ok", &key, root, good.clone());
    put(m, "zero_root", "InvalidProof", &key, B256::ZERO, good.clone());
    put(m, "byte_behind", "InvalidProof", &key, root, [&good[..], &[0]].concat());
    let mut more = good.clone();
    more[1] += 1;
    more.extend([0, 1, 0]);
    put(m, "empty_node_behind", "InvalidProof", &key, root, more);
    let mut parts = substrate::parts(&good, 1).expect("one part");
    parts[0].items.remove(0);
    put(m, "root_left_out", "InvalidProof", &key, root, substrate::joined(&parts));
    let walked = trie.pack(&[&longer]);
    put(m, "longer_key_absent", "ok", &longer, root, walked.clone());
    let mut parts = substrate::parts(&walked, 1).expect("one part");
    parts[0].items.push(node);
    put(m, "value_as_a_node", "InvalidProof", &longer, root, substrate::joined(&parts));
}
