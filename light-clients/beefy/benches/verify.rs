//! Verifying an update against recovering as many bare signatures.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use alloy_primitives::{B256, keccak256};
use common::Scenario;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use lupu_beefy::{K256, check_update};
use lupu_standard::TimestampSecs;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Nothing but k256.
fn recover(digest: &B256, signature: &[u8]) -> VerifyingKey {
    let id = RecoveryId::from_byte(signature[64]).unwrap();
    let signature = Signature::from_slice(&signature[..64]).unwrap();
    VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, id).unwrap()
}

/// The shortest of many runs of each, taken in turns: what a busy machine disturbs least.
fn shortest(runs: usize, mut a: impl FnMut(), mut b: impl FnMut()) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..runs {
        let start = Instant::now();
        a();
        best.0 = best.0.min(start.elapsed());
        let start = Instant::now();
        b();
        best.1 = best.1.min(start.elapsed());
    }
    best
}

fn verify(c: &mut Criterion) {
    for n in [4usize, 16, 64, 255] {
        let mut s = Scenario::new(n);
        s.committed = 4_000;
        let message = s.message().encode();
        let commitment = s.commitment();
        let digest = keccak256(&commitment);
        let signatures = s.signatures_of(&commitment);
        let now = TimestampSecs(s.now);

        let bare = || {
            for entry in &signatures {
                black_box(recover(black_box(&digest), black_box(&entry[1..])));
            }
        };
        let whole = || {
            black_box(check_update(&s.client, black_box(&message), now, &K256).unwrap());
        };
        let (a, b) = shortest((6_400 / n).max(40), bare, whole);
        let ratio = b.as_secs_f64() / a.as_secs_f64();
        let signed = signatures.len();
        println!("{signed} signatures of {n}: bare {a:?}, update {b:?}, ratio {ratio:.3}");

        let mut group = c.benchmark_group("update");
        group.bench_function(BenchmarkId::new("bare_recoveries", n), |b| b.iter(bare));
        group.bench_function(BenchmarkId::new("update", n), |b| b.iter(whole));
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
