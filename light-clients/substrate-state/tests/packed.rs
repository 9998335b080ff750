//! Random tries: the crate, sp-trie and the plain verifier agree, and no changed proof passes.
#![allow(missing_docs)]

mod common;

use alloy_primitives::B256;
use common::{Rng, Trie, Version, lookup, reference, slices};
use lupu_substrate_state::{EMPTY_ROOT, NodeSet, node_set::NodeSetErrorKind, proof_order, trace::Next, verify};
use proptest::{collection::vec, prelude::*, sample::Index};
use sp_core::{Blake2Hasher, H256};
use sp_trie::LayoutV1;

fn owned(values: Vec<Option<&[u8]>>) -> Vec<Option<Vec<u8>>> {
    values.into_iter().map(|v| v.map(<[u8]>::to_vec)).collect()
}

/// Everything that answers about these keys gives the same answers.
fn agree(trie: &Trie, keys: &[&[u8]]) {
    let root = trie.root();
    let truth = trie.values(keys);
    let set = trie.node_set(keys);
    let proof = set.pack(&root, keys).unwrap();
    assert_eq!(proof, trie.pack(keys));
    assert_eq!(owned(verify(&root, keys, &proof).unwrap()), truth);
    assert_eq!(reference::packed(&root, keys, &proof), Ok(truth.clone()));
    for (key, value) in keys.iter().zip(&truth) {
        assert_eq!(set.get(&root, key), Ok(value.as_deref()));
        let trace = set.trace(&root, key);
        assert_eq!(trace.end, Ok(value.clone()));
        let last = trace.visited.last().map(|v| v.next.clone());
        let value_hash = |v: &Vec<u8>| lupu_substrate_state::blake2_256(v);
        match value {
            Some(v) => assert!(last == Some(Next::Value(v.clone())) || last == Some(Next::Hashed(value_hash(v)))),
            None => assert!(matches!(last, Some(Next::Absent) | None)),
        }
    }
    assert_eq!(set.unused(&root, keys), Ok(0), "sp-trie reads nothing that is not needed");
    let subset = set.subset(&root, keys).unwrap();
    assert_eq!(subset, set);
}

#[test]
fn tries_of_every_size() {
    let mut rng = Rng(0x5eed_0000_0000_0001);
    for version in [Version::V0, Version::V1] {
        for size in [0, 1, 2, 3, 5, 10, 30, 100, 1_000, 10_000] {
            let trie = rng.trie(version, size);
            for count in [0, 1, 2, 10, 60] {
                let keys = rng.targets(&trie, count);
                agree(&trie, &slices(&keys));
                let sorted: Vec<&[u8]> = proof_order(&keys).into_iter().map(|i| &keys[i][..]).collect();
                agree(&trie, &sorted);
            }
        }
    }
}

#[test]
fn every_key_of_a_trie_alone_and_all_together() {
    let mut rng = Rng(0x5eed_0000_0000_0002);
    for version in [Version::V0, Version::V1] {
        let trie = rng.trie(version, 300);
        let keys: Vec<Vec<u8>> = trie.entries.keys().cloned().collect();
        let keys = slices(&keys);
        agree(&trie, &keys);
        for key in &keys {
            agree(&trie, &[key]);
            let path = trie.path(key);
            let proof = trie.pack(&[key]);
            let listed: usize = path.iter().map(|item| item.len() + 2).sum();
            assert_eq!(proof.len(), 2 + listed, "the path and nothing else");
        }
        // In ascending order every node is listed once.
        let set = trie.node_set(&keys);
        let distinct: usize = set.iter().map(|(_, item)| item.len() + 2).sum();
        let listed = set.pack(&trie.root(), &keys).unwrap().len() - 2 * keys.len();
        assert_eq!(listed, distinct);
    }
}

/// sp-trie's own generator of proofs and its verifier stand on the same tries.
#[test]
fn proofs_of_sp_trie() {
    let mut rng = Rng(0x5eed_0000_0000_0003);
    let trie = rng.trie(Version::V1, 500);
    let root = trie.root();
    let mut keys = rng.targets(&trie, 40);
    keys.sort();
    keys.dedup();
    let keys = slices(&keys);
    let values = owned(verify(&root, &keys, &trie.pack(&keys)).unwrap());
    let db = common::storage_proof(trie.nodes(&keys)).into_memory_db::<Blake2Hasher>();
    let compact = sp_trie::generate_trie_proof::<LayoutV1<Blake2Hasher>, _, _, _>(&db, H256(root.0), &keys).unwrap();
    let items: Vec<(&[u8], Option<Vec<u8>>)> = keys.iter().copied().zip(values).collect();
    sp_trie::verify_trie_proof::<LayoutV1<Blake2Hasher>, _, _, _>(&H256(root.0), &compact, &items).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_verifier_agrees(seed in 1u64.., size in 0usize..60, count in 0usize..14, old in any::<bool>()) {
        let mut rng = Rng(seed);
        let trie = rng.trie(if old { Version::V0 } else { Version::V1 }, size);
        let keys = rng.targets(&trie, count);
        agree(&trie, &slices(&keys));
    }

    #[test]
    fn a_changed_byte_is_refused(
        seed in 1u64..,
        size in 0usize..60,
        changes in vec((any::<Index>(), 1u8..=255), 12),
    ) {
        let mut rng = Rng(seed);
        let trie = rng.trie(Version::V1, size);
        let root = trie.root();
        let keys = rng.targets(&trie, 5);
        let keys = slices(&keys);
        let proof = trie.pack(&keys);
        let refused = |bytes: &[u8]| {
            let verdict = verify(&root, &keys, bytes).map(owned).map_err(|e| e.kind.name());
            prop_assert_eq!(&verdict, &reference::packed(&root, &keys, bytes));
            // An empty trie may show its root or not; nothing else has two proofs.
            if root == EMPTY_ROOT {
                prop_assert!(verdict.is_err() || verdict == Ok(trie.values(&keys)));
            } else {
                prop_assert!(verdict.is_err());
            }
            Ok(())
        };
        for (at, change) in changes {
            let mut bytes = proof.clone();
            bytes[at.index(proof.len())] ^= change;
            refused(&bytes)?;
            let mut bytes = proof.clone();
            bytes.remove(at.index(proof.len()));
            refused(&bytes)?;
            let mut bytes = proof.clone();
            bytes.insert(at.index(proof.len() + 1), change);
            refused(&bytes)?;
            refused(&proof[..at.index(proof.len())])?;
        }
        prop_assert!(verify(&B256::repeat_byte(7), &keys, &proof).is_err());
    }

    #[test]
    fn any_bytes_get_the_same_verdict(
        keys in vec(vec(0u8..3, 0..4), 0..4),
        proof in vec(prop_oneof![any::<u8>(), 0u8..3, Just(0x40), Just(0x80)], 0..80),
        empty in any::<bool>(),
    ) {
        let root = if empty { EMPTY_ROOT } else { B256::repeat_byte(1) };
        let keys = slices(&keys);
        let fast = verify(&root, &keys, &proof).map(owned).map_err(|e| e.kind.name());
        prop_assert_eq!(fast, reference::packed(&root, &keys, &proof));
    }

    /// Any bytes as the root node: the crate takes what the plain checker takes, and then says
    /// what trie-db says.
    #[test]
    fn any_root_node_gets_the_same_verdict(
        node in vec(prop_oneof![4 => any::<u8>(), 4 => 0u8..9, 1 => Just(0x40), 1 => Just(0x80), 1 => Just(0xc0)], 0..40),
        key in vec(0u8..3, 0..3),
    ) {
        let root = lupu_substrate_state::blake2_256(&node);
        let proof = common::joined(&[common::Part { restart: 0, items: vec![node.clone()] }]);
        let fast = verify(&root, &[&key], &proof).map(owned).map_err(|e| e.kind.name());
        prop_assert_eq!(&fast, &reference::packed(&root, &[&key], &proof));
        if let Ok(values) = fast {
            prop_assert_eq!(lookup(&root, &[node], &key), Ok(values[0].clone()));
        }
    }
}

proptest! {
    /// Any bytes as nodes: a node set never panics, and what it answers is what its own packed
    /// proof shows and what trie-db reads.
    #[test]
    fn any_node_set_answers_as_its_packed_proof(
        nodes in vec(vec(prop_oneof![2 => 0u8..5, 1 => Just(0x40), 1 => Just(0x80), 1 => any::<u8>()], 0..40), 1..5),
        value in vec(any::<u8>(), 0..3),
        key in vec(0u8..3, 0..3),
    ) {
        // A branch over the first two, so that some walks go on.
        let hash = |at: usize| lupu_substrate_state::blake2_256(&nodes[at % nodes.len()]).0;
        let branch = [&[0xc0, 0b11, 0, value.len() as u8 * 4], &value[..], &[0x80], &hash(0), &[0x80], &hash(1)].concat();
        for top in nodes.iter().chain([&branch]) {
            let root = lupu_substrate_state::blake2_256(top);
            let set: NodeSet = nodes.iter().chain([&branch]).cloned().collect();
            let found = set.get(&root, &key);
            assert_eq!(set.trace(&root, &key).end, found.clone().map(|v| v.map(<[u8]>::to_vec)));
            let packed = set.pack(&root, &[&key]);
            prop_assert_eq!(found.as_ref().err(), packed.as_ref().err());
            prop_assert_eq!(set.unused(&root, &[&key]).is_ok(), found.is_ok());
            let (Ok(found), Ok(packed)) = (found, packed) else { continue };
            prop_assert_eq!(verify(&root, &[&key], &packed), Ok(vec![found]));
            let items: Vec<Vec<u8>> = set.iter().map(|(_, item)| item.to_vec()).collect();
            prop_assert_eq!(lookup(&root, &items, &key), Ok(found.map(<[u8]>::to_vec)));
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let mut rng = Rng(0x5eed_0000_0000_0004);
    let trie = rng.trie(Version::V1, 200);
    let root = trie.root();
    let long = trie.entries.iter().find(|(_, value)| value.len() > 40).map(|(key, _)| key.clone()).unwrap();
    let key = long.as_slice();
    let full = trie.node_set(&[key]);
    let mut missing = [0; 2];
    for (hash, item) in full.iter() {
        let partial: NodeSet = full.iter().filter(|(h, _)| *h != hash).map(|(_, node)| node.clone()).collect();
        let is_value = item.as_ref() == trie.entries[key];
        let kind = match is_value {
            true => NodeSetErrorKind::MissingValue(*hash),
            false => NodeSetErrorKind::MissingNode(*hash),
        };
        missing[usize::from(is_value)] += 1;
        let error = partial.get(&root, key).unwrap_err();
        assert_eq!(partial.trace(&root, key).end, Err(error.clone()));
        assert_eq!((error.kind, &error.key[..], error.kind.name()), (kind, key, "MissingNode"));
        assert_eq!(partial.pack(&root, &[key]), Err(error.clone()));
        assert_eq!(partial.unused(&root, &[key]), Err(error));
    }
    assert!(missing[0] > 1 && missing[1] == 1, "{missing:?}");
}

#[test]
fn unused_items_are_counted_and_left_out() {
    let mut rng = Rng(0x5eed_0000_0000_0005);
    let trie = rng.trie(Version::V1, 50);
    let root = trie.root();
    let keys = rng.targets(&trie, 5);
    let keys = slices(&keys);
    let mut set = trie.node_set(&keys);
    let packed = set.pack(&root, &keys).unwrap();
    let stranger = set.insert(vec![0x40, 0x04, 0x05]);
    set.insert(Vec::new());
    assert_eq!(set.unused(&root, &keys), Ok(2));
    assert_eq!(set.pack(&root, &keys), Ok(packed));
    let subset = set.subset(&root, &keys).unwrap();
    assert!(subset.node(&stranger).is_none());
    assert_eq!(subset.len() + 2, set.len());

    let mut merged = trie.node_set(&keys[..2]);
    assert!(merged.len() < subset.len());
    merged.merge(trie.node_set(&keys[2..]));
    assert_eq!(merged, subset);
}

/// A chain of branches, one nibble a level, deeper than a packed proof can count. sp-trie builds it
/// by recursion, on a stack of its own.
#[test]
fn a_path_that_cannot_be_counted() {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(deep_path).unwrap();
    thread.join().unwrap();
}

fn deep_path() {
    let mut entries: common::Entries = (0..=130).map(|i| (vec![0; i], vec![i as u8; 32])).collect();
    entries.extend((0..130).map(|i| ([vec![0; i], vec![1]].concat(), vec![9; 32])));
    let trie = Trie::new(Version::V1, entries);
    let key = vec![0; 130];
    let error = trie.node_set(&[&key]).pack(&trie.root(), &[&key]).unwrap_err();
    assert_eq!(error.kind.name(), "PathTooLong");
    assert_eq!(trie.node_set(&[&key]).get(&trie.root(), &key), Ok(trie.entries.get(&key).map(Vec::as_slice)));
    let shorter = vec![0; 60];
    agree(&trie, &[&shorter]);
}

#[test]
fn sizes_at_the_edges() {
    let key = [7u8; 512];
    let longer = [7u8; 513];
    let trie = Trie::new(Version::V1, [(key.to_vec(), vec![1; 65_535])].into());
    agree(&trie, &[&key]);
    assert_eq!(verify(&trie.root(), &[&longer], &trie.pack(&[&key])).unwrap_err().kind.name(), "KeySize");
    assert_eq!(trie.node_set(&[&key]).get(&trie.root(), &longer).unwrap_err().kind.name(), "KeySize");
    let trie = Trie::new(Version::V1, [(key.to_vec(), vec![1; 65_536])].into());
    let set = trie.node_set(&[&key]);
    assert_eq!(set.get(&trie.root(), &key), Ok(Some(&[1; 65_536][..])));
    assert_eq!(set.pack(&trie.root(), &[&key]).unwrap_err().kind.name(), "ValueSize");
    for (node, name) in [(4_096, None), (4_097, Some("NodeSize"))] {
        // A leaf: header 1, key 1, length 2 and the value.
        let trie = Trie::new(Version::V0, [(vec![7], vec![1; node - 4])].into());
        let set = trie.node_set(&[&[7]]);
        assert_eq!(set.iter().next().unwrap().1.len(), node);
        assert_eq!(set.pack(&trie.root(), &[&[7]]).err().map(|e| e.kind.name()), name);
    }
}
