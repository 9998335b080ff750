//! Verifying a header against recovering as many bare signatures.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use alloy_primitives::B256;
use common::{Scenario, addresses};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use lupu_qbft::{Header, K256, Kind, Rules, Trusted, check_header, check_update};
use lupu_standard::{Height, TimestampSecs};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Nothing but k256.
fn recover(digest: &B256, seal: &[u8]) -> VerifyingKey {
    let signature = Signature::from_slice(&seal[..64]).unwrap();
    let id = RecoveryId::from_byte(seal[64]).unwrap();
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
    for n in [4usize, 16, 64] {
        let mut s = Scenario::new(Kind::Qbft, n);
        s.signers = s.header_set.clone();
        let raw = s.raw_header();
        let message = s.message().encode();
        let digest = s.block.digest();
        let seals = s.block.seals(&s.signers);
        let set = addresses(&s.header_set);
        let trusted = Trusted { height: Height(100), timestamp: TimestampSecs(common::T0), validators: &set };
        let now = TimestampSecs(s.now);

        let bare = || {
            for seal in &seals {
                black_box(recover(black_box(&digest), black_box(seal)));
            }
        };
        let whole = || {
            let header = Header::decode(Kind::Qbft, black_box(&raw)).unwrap();
            black_box(check_header(&header, trusted, &Rules::default(), now, &K256).unwrap());
        };
        let (a, b) = shortest(6_400 / n, bare, whole);
        let ratio = b.as_secs_f64() / a.as_secs_f64();
        println!("{n} seals: bare {a:?}, header {b:?}, ratio {ratio:.3}");

        let mut group = c.benchmark_group("header");
        group.bench_function(BenchmarkId::new("bare_recoveries", n), |b| b.iter(bare));
        group.bench_function(BenchmarkId::new("header", n), |b| b.iter(whole));
        group.bench_function(BenchmarkId::new("update", n), |b| {
            b.iter(|| check_update(&s.client, s.lookup(), black_box(&message), now, &K256).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
