//! Packing and verifying one proof of many keys, out of 10,000.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use alloy_primitives::B256;
use common::{Trie, seeded};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lupu_ethereum_state::{NodeSet, account::encode_storage_value, packed};
use std::hint::black_box;

fn prove(c: &mut Criterion) {
    let entries = (0..10_000).map(|i| (seeded("slot", i), encode_storage_value(&seeded("word", i)).unwrap()));
    let trie = Trie(entries.collect());
    let root = trie.root();
    for count in [1usize, 10, 100, 1_000] {
        let mut keys: Vec<B256> = (0..count).map(|i| seeded("slot", i * (10_000 / count))).collect();
        keys.sort();
        let set: NodeSet = trie.nodes(&keys).into_iter().collect();
        let proof = set.pack(&root, &keys).unwrap();
        println!("{count} keys: {} nodes, {} bytes", set.len(), proof.len());
        let mut group = c.benchmark_group("prove");
        group.bench_function(BenchmarkId::new("pack", count), |b| {
            b.iter(|| set.pack(black_box(&root), black_box(&keys)).unwrap());
        });
        group.bench_function(BenchmarkId::new("verify", count), |b| {
            b.iter(|| {
                let values = packed::verify_storage(&root, black_box(&keys), black_box(&proof));
                assert!(values.unwrap().iter().all(Option::is_some));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, prove);
criterion_main!(benches);
