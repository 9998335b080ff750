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
use std::hint::black_box;

/// Nothing but k256.
fn recover(digest: &B256, seal: &[u8]) -> VerifyingKey {
    let signature = Signature::from_slice(&seal[..64]).unwrap();
    let id = RecoveryId::from_byte(seal[64]).unwrap();
    VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, id).unwrap()
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

        let mut group = c.benchmark_group("header");
        group.bench_function(BenchmarkId::new("bare_recoveries", n), |b| {
            b.iter(|| {
                for seal in &seals {
                    black_box(recover(black_box(&digest), black_box(seal)));
                }
            });
        });
        group.bench_function(BenchmarkId::new("header", n), |b| {
            b.iter(|| {
                let header = Header::decode(Kind::Qbft, black_box(&raw)).unwrap();
                check_header(&header, trusted, &Rules::default(), now, &K256).unwrap()
            });
        });
        group.bench_function(BenchmarkId::new("update", n), |b| {
            b.iter(|| check_update(&s.client, s.lookup(), black_box(&message), now, &K256).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
