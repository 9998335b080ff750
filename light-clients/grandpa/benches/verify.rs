//! Verifying an update against verifying as many bare signatures.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::Scenario;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lupu_grandpa::{AuthoritySet, Justification, VerifyEd25519, Zebra, check_update, check_votes, trim};
use lupu_standard::TimestampSecs;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

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
        let s = Scenario::new(n);
        let just = s.just();
        let message = s.message().encode();
        let vote = s.vote_bytes();
        let set = AuthoritySet::decode(&common::joined(&s.set)).unwrap();
        let justification = Justification::decode(&just.encode()).unwrap();
        let now = TimestampSecs(s.now);

        let bare = || {
            for ballot in &just.ballots {
                assert!(Zebra.verify(black_box(&ballot.key), black_box(&vote), black_box(&ballot.signature)));
            }
        };
        let whole = || {
            black_box(check_update(&s.client, s.lookup(), black_box(&message), now, &Zebra).unwrap());
        };
        let (a, b) = shortest(3_200 / n, bare, whole);
        let ratio = b.as_secs_f64() / a.as_secs_f64();
        println!("{} votes of {n}: bare {a:?}, update {b:?}, ratio {ratio:.3}", just.ballots.len());

        let mut group = c.benchmark_group("grandpa");
        group.bench_function(BenchmarkId::new("bare_verifications", n), |b| b.iter(bare));
        group.bench_function(BenchmarkId::new("update", n), |b| b.iter(whole));
        group.bench_function(BenchmarkId::new("votes", n), |b| {
            b.iter(|| check_votes(black_box(&justification), s.signed_set, &set, &Zebra).unwrap());
        });
        group.bench_function(BenchmarkId::new("trim", n), |b| {
            b.iter(|| trim(black_box(&justification), s.signed_set, &set, &Zebra).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
