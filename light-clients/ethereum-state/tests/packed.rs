//! Random tries: the crate, alloy-trie and the plain verifier agree, and no changed proof passes.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes};
use alloy_trie::{Nibbles, proof::verify_proof};
use common::{Trie, reference};
use lupu_ethereum_state::{NodeSet, NodeSetError, packed, sorted_order};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;

/// Keys that often share long prefixes: a few stems, a few last bytes.
fn key() -> impl Strategy<Value = B256> {
    let clustered = (0u8..3, 28usize..32, any::<u8>(), 0u8..4).prop_map(|(stem, at, byte, last)| {
        let mut key = B256::repeat_byte(stem);
        key.0[at] = byte & 0x33;
        key.0[31] ^= last << 4;
        key
    });
    prop_oneof![3 => clustered, 1 => any::<[u8; 32]>().prop_map(B256::new)]
}

fn trie() -> impl Strategy<Value = Trie> {
    let value = prop_oneof![vec(any::<u8>(), 1..4), vec(any::<u8>(), 33)];
    vec((key(), value), 0..40).prop_map(|entries| Trie(entries.into_iter().collect()))
}

/// Keys to ask for: some are there, some are not.
fn targets(trie: &Trie, picks: &[usize], others: &[B256]) -> Vec<B256> {
    let present: Vec<B256> = trie.0.keys().copied().collect();
    let mut keys = others.to_vec();
    if !present.is_empty() {
        keys.extend(picks.iter().map(|i| present[i % present.len()]));
    }
    keys
}

fn node_set(trie: &Trie, keys: &[B256]) -> NodeSet {
    trie.nodes(keys).into_iter().collect()
}

fn owned(values: Vec<Option<&[u8]>>) -> Vec<Option<Vec<u8>>> {
    values.into_iter().map(|v| v.map(<[u8]>::to_vec)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_verifier_agrees(
        trie in trie(),
        picks in vec(any::<usize>(), 0..12),
        others in vec(key(), 0..12),
        sort in any::<bool>(),
    ) {
        let root = trie.root();
        let mut keys = targets(&trie, &picks, &others);
        if sort {
            keys = sorted_order(&keys).into_iter().map(|i| keys[i]).collect();
        }
        let set = node_set(&trie, &keys);
        let proof = set.pack(&root, &keys).unwrap();
        let truth: Vec<Option<Vec<u8>>> = keys.iter().map(|k| trie.0.get(k).cloned()).collect();
        let values = owned(packed::verify(&root, &keys, &proof).unwrap());
        prop_assert_eq!(&values, &truth);
        prop_assert_eq!(reference::packed(&root, &keys, &proof), Some(truth.clone()));
        for (key, value) in keys.iter().zip(truth) {
            prop_assert_eq!(set.verify(&root, key), Ok(value.clone()));
            let trace = set.trace(&root, key);
            prop_assert_eq!(trace.end, Ok(value.clone()));
            let hashes: BTreeSet<B256> = trace.visited.iter().filter_map(|v| v.hash).collect();
            let mut used = set.used(&root, &[*key]).unwrap();
            used.remove(&lupu_ethereum_state::EMPTY_ROOT);
            prop_assert_eq!(hashes, used);
            let path: Vec<Bytes> = trie.path(key);
            prop_assert!(verify_proof(root, Nibbles::unpack(key), value, &path).is_ok());
            let single: NodeSet = path.iter().cloned().collect();
            prop_assert_eq!(single.unused(&root, &[*key]), Ok(0));
        }
        if sort {
            // Sorted by key, no node is listed twice.
            let subset = set.subset(&root, &keys).unwrap();
            let shown = |(_, node): &(&B256, &Bytes)| node.as_ref() != [0x80];
            let bytes: usize = subset.iter().filter(shown).map(|(_, node)| node.len()).sum();
            prop_assert_eq!(proof.len(), bytes + 2 * keys.len());
        }
    }

    #[test]
    fn a_changed_proof_is_refused(
        trie in trie(),
        picks in vec(any::<usize>(), 1..6),
        others in vec(key(), 1..6),
        changes in vec((any::<proptest::sample::Index>(), 1u8..=255), 40),
    ) {
        let root = trie.root();
        let keys = targets(&trie, &picks, &others);
        let proof = node_set(&trie, &keys).pack(&root, &keys).unwrap();
        for (at, change) in changes {
            let mut bytes = proof.clone();
            bytes[at.index(proof.len())] ^= change;
            prop_assert!(packed::verify(&root, &keys, &bytes).is_err());
            let mut bytes = proof.clone();
            bytes.remove(at.index(proof.len()));
            let shorter = packed::verify(&root, &keys, &bytes);
            prop_assert_eq!(shorter.is_ok(), reference::packed(&root, &keys, &bytes).is_some());
            prop_assert!(shorter.is_err());
            let mut bytes = proof.clone();
            bytes.insert(at.index(proof.len() + 1), change);
            prop_assert!(packed::verify(&root, &keys, &bytes).is_err());
            prop_assert!(packed::verify(&root, &keys, &proof[..at.index(proof.len())]).is_err());
        }
        prop_assert!(packed::verify(&B256::repeat_byte(7), &keys, &proof).is_err());
    }

    /// A node whose bytes are changed, under a root that is changed with it: what a broken chain
    /// could commit to. Both verifiers take or refuse the same.
    #[test]
    fn broken_nodes_get_the_same_verdict(
        trie in trie(),
        other in key(),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>(), 0u8..3), 1..3),
    ) {
        let keys: Vec<B256> = trie.0.keys().take(1).copied().chain([other]).collect();
        for key in keys {
            let mut nodes: Vec<Vec<u8>> = trie.path(&key).into_iter().map(|n| n.to_vec()).collect();
            let Some(last) = nodes.last_mut() else { continue };
            for (at, byte, what) in &edits {
                let index = at.index(last.len());
                match what {
                    0 => last[index] = *byte,
                    1 => last.insert(index, *byte),
                    _ if last.len() > 1 => { last.remove(index); }
                    _ => {}
                }
            }
            // Each parent gets the new hash of its child.
            for i in (1..nodes.len()).rev() {
                let old = alloy_primitives::keccak256(&trie.path(&key)[i]);
                let new = alloy_primitives::keccak256(&nodes[i]);
                let parent = &mut nodes[i - 1];
                let at = parent.windows(32).position(|w| w == old.as_slice()).unwrap();
                parent[at..at + 32].copy_from_slice(new.as_slice());
            }
            let Some(first) = nodes.first() else { continue };
            let root = alloy_primitives::keccak256(first);
            let proof = [vec![0, nodes.len() as u8], nodes.concat()].concat();
            let fast = packed::verify(&root, &[key], &proof).map(owned).ok();
            prop_assert_eq!(fast, reference::packed(&root, &[key], &proof));
        }
    }

    #[test]
    fn any_bytes_get_the_same_verdict(
        keys in vec(key(), 0..4),
        proof in vec(prop_oneof![any::<u8>(), 0u8..3, Just(0x80)], 0..80),
        empty in any::<bool>(),
    ) {
        let root = if empty { lupu_ethereum_state::EMPTY_ROOT } else { B256::repeat_byte(1) };
        let fast = packed::verify(&root, &keys, &proof).map(owned).ok();
        prop_assert_eq!(fast, reference::packed(&root, &keys, &proof));
    }
}

#[test]
fn a_missing_node_is_named() {
    let trie = Trie((0..50).map(|i| (common::seeded("slot", i), vec![i as u8 + 1])).collect());
    let key = common::seeded("slot", 7);
    let full = node_set(&trie, &[key]);
    for (hash, _) in full.iter() {
        let partial: NodeSet = full.iter().filter(|(h, _)| *h != hash).map(|(_, node)| node.clone()).collect();
        let error = NodeSetError::MissingNode { key, hash: *hash };
        if partial.verify(&trie.root(), &key) == Ok(Some(vec![8])) {
            // Embedded in its parent: never needed by itself.
            assert!(full.get(hash).unwrap().len() < 32);
            continue;
        }
        assert_eq!(partial.verify(&trie.root(), &key), Err(error));
        assert_eq!(partial.pack(&trie.root(), &[key]), Err(error));
        assert_eq!(partial.unused(&trie.root(), &[key]), Err(error));
    }
}

#[test]
fn unused_nodes_are_counted_and_left_out() {
    let trie = Trie((0..50).map(|i| (common::seeded("slot", i), vec![0xa0; 33])).collect());
    let keys: Vec<B256> = (0..5).map(|i| common::seeded("slot", i)).collect();
    let mut set = node_set(&trie, &keys);
    assert_eq!(set.unused(&trie.root(), &keys), Ok(0));
    let packed = set.pack(&trie.root(), &keys).unwrap();
    let stranger = set.insert(vec![0xc1, 0x05]);
    set.insert(Vec::new());
    assert_eq!(set.unused(&trie.root(), &keys), Ok(2));
    assert_eq!(set.pack(&trie.root(), &keys), Ok(packed));
    let subset = set.subset(&trie.root(), &keys).unwrap();
    assert!(subset.get(&stranger).is_none());
    assert_eq!(subset.len() + 2, set.len());
}
