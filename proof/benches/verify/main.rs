//! Verifying bundles, against the signatures and hashes that they cannot be verified without; their
//! sizes; many of them in a row.
#![allow(missing_docs, clippy::duplicate_mod)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod floor;

use common::{Chain, Plan, Shape, World, hold, memo, packet, stored};
use floor::{Op, floor};
use lupu_proof::{Bundle, Kind, verify};
use lupu_standard::{Acknowledgement, Height, Path};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const RUNS: usize = 400;
const TOGETHER: &str = "100 sent together";

/// The time of one call, with the stack so many steps lower: where the curve's tables lie on their
/// pages decides a fifth of a signature's time, and differs from process to process.
#[inline(never)]
fn time(depth: usize, call: &mut dyn FnMut()) -> Duration {
    let room = black_box([0u8; 256]);
    let took = if depth > 0 {
        time(depth - 1, call)
    } else {
        let start = Instant::now();
        call();
        start.elapsed()
    };
    black_box(room);
    took
}

/// The shortest of many runs of each, taken in turns: what a busy machine disturbs least.
fn shortest(runs: usize, mut a: impl FnMut(), mut b: impl FnMut()) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for run in 0..runs {
        best.0 = best.0.min(time(run % 16, &mut a));
        best.1 = best.1.min(time(run % 16, &mut b));
    }
    best
}

fn line(what: &str, chain: Chain, world: &World, bundle: &Bundle) {
    let trusted = [bundle.anchor.digest()];
    let file = bundle.to_cbor();
    let read = || {
        let bundle = Bundle::decode(black_box(&file)).unwrap();
        black_box(verify(&bundle, &trusted, None).unwrap());
    };
    let ops = floor(chain, world, bundle);
    let signatures = ops.iter().filter(|op| op.is_signature()).count();
    let (took, bare) = shortest(RUNS, read, || ops.iter().for_each(Op::run));
    let each = took.as_secs_f64();
    println!(
        "{:8} {what:18} {:6.0} per s, {:.3} ms; floor {:.3} ms of {signatures} signatures and {} hashes, ratio {:.2}; \
         CBOR {} bytes, JSON {} bytes",
        chain.name(),
        1.0 / each,
        each * 1e3,
        bare.as_secs_f64() * 1e3,
        ops.len() - signatures,
        each / bare.as_secs_f64(),
        file.len(),
        bundle.to_json().len(),
    );
}

/// A chain on which a hundred packets were sent at once.
fn hundred(chain: Chain) -> (World, Bundle) {
    let none = Acknowledgement(Vec::new());
    let packets: Vec<_> = (1000..1100).map(|n| packet(true, n, memo("one of a hundred"))).collect();
    let mut stored = stored();
    packets.iter().for_each(|packet| hold(&mut stored, packet, &none));
    let paths = packets.iter().map(|packet| Path::commitment(packet).to_bytes()).collect();
    let world = Plan { stored, paths, ..Plan::new(chain, Shape::One) }.build();
    let statements: Vec<_> = packets.into_iter().map(|p| (Kind::Sent, Height(120), p, none.clone())).collect();
    let bundle = world.bundle_of(&statements);
    (world, bundle)
}

/// Most memory that this process has had, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// All of it, or what is named: `cargo bench -p lupu-proof --bench verify -- grandpa together`.
fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let asked = |chain: Chain, what: &str| named.iter().all(|name| name == chain.name() || what.contains(&name[..]));
    for chain in Chain::ALL {
        let world = World::new(chain, Shape::One);
        for kind in Kind::ALL.into_iter().filter(|kind| asked(chain, kind.name())) {
            line(kind.name(), chain, &world, &world.bundle(&[kind]));
        }
        if asked(chain, TOGETHER) {
            let (world, bundle) = hundred(chain);
            line(TOGETHER, chain, &world, &bundle);
        }
    }
    for chain in [Chain::Qbft, Chain::Beefy, Chain::Grandpa].into_iter().filter(|chain| asked(*chain, "10,000")) {
        let bundle = World::new(chain, Shape::One).bundle(&[Kind::Sent]);
        let (file, trusted) = (bundle.to_cbor(), [bundle.anchor.digest()]);
        let (before, start) = (peak(), Instant::now());
        for _ in 0..10_000 {
            verify(&Bundle::decode(black_box(&file)).unwrap(), &trusted, None).unwrap();
        }
        println!(
            "{:8} 10,000 bundles on one core in {:?}; peak memory {before:?} KiB before, {:?} KiB after",
            chain.name(),
            start.elapsed(),
            peak()
        );
    }
}
