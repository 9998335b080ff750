//! Packing and verifying one proof of many keys, out of 10,000.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Trie, Version, seeded, slices};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lupu_substrate_state::{commitment_key, commitment_prefix, pallet_prefix, proof_order, verify};
use std::hint::black_box;

fn proofs(c: &mut Criterion) {
    let prefix = commitment_prefix(&pallet_prefix("Ibc"));
    let key = |i: usize| commitment_key(&prefix, seeded("path", i).as_slice()).to_vec();
    let trie = Trie::new(Version::V1, (0..10_000).map(|i| (key(i), seeded("value", i).to_vec())).collect());
    let root = trie.root();
    for count in [1usize, 10, 100, 1_000] {
        let keys: Vec<Vec<u8>> = (0..count).map(|i| key(i * (10_000 / count))).collect();
        let order = proof_order(&keys);
        let keys: Vec<&[u8]> = order.iter().map(|i| slices(&keys)[*i]).collect();
        let set = trie.node_set(&keys);
        let proof = set.pack(&root, &keys).unwrap();
        println!("{count} keys: {} nodes, {} bytes", set.len(), proof.len());
        let mut group = c.benchmark_group("proofs");
        group.bench_function(BenchmarkId::new("pack", count), |b| {
            b.iter(|| set.pack(black_box(&root), black_box(&keys)).unwrap());
        });
        group.bench_function(BenchmarkId::new("verify", count), |b| {
            b.iter(|| {
                let values = verify(&root, black_box(&keys), black_box(&proof));
                assert!(values.unwrap().iter().all(Option::is_some));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, proofs);
criterion_main!(benches);
