//! Verifying bundles, against the signatures and hashes that they cannot be verified without; their
//! sizes; many of them in a row.
#![allow(missing_docs, clippy::duplicate_mod)]

#[path = "../tests/common/mod.rs"]
mod common;

use alloy_primitives::{B256, keccak256};
use common::{Chain, Plan, Shape, World, hold, memo, packet, stored};
use lupu_grandpa::{VerifyEd25519, Zebra};
use lupu_proof::{AnchorClient, Bundle, Kind, Update, verify};
use lupu_qbft::{K256, seal::signer};
use lupu_standard::{Acknowledgement, Height, Path};
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

/// Every signature of the updates once, and every node hashed once.
fn floor(chain: Chain, world: &World, bundle: &Bundle) -> impl FnMut() {
    let mut checks: Vec<Box<dyn Fn()>> = Vec::new();
    for (leg, update) in world.legs.iter().zip(&bundle.updates) {
        match (update, &bundle.anchor.client) {
            (Update::Qbft { header }, AnchorClient::Qbft { state, .. }) => {
                let header = lupu_qbft::Header::decode(state.kind, header).unwrap();
                let digest = header.commit_digest();
                for seal in header.seals().to_vec() {
                    checks.push(Box::new(move || {
                        black_box(signer(&digest, &seal, &K256).unwrap());
                    }));
                }
            }
            (Update::Beefy { commitment, signatures, .. }, _) => {
                let digest = keccak256(commitment);
                for entry in signatures.chunks(66).map(|c| c[1..].to_vec()) {
                    let check = move || {
                        black_box(lupu_beefy::signature::signer(&digest, &entry, &lupu_beefy::K256).unwrap());
                    };
                    checks.push(Box::new(check));
                }
            }
            (Update::Grandpa { .. }, _) => {
                let message = lupu_grandpa::UpdateMessage::decode(&leg.message).unwrap();
                let set_id = message.trusted.set_id;
                let justification = lupu_grandpa::Justification::decode(&message.justification).unwrap();
                for vote in justification.votes {
                    let text = lupu_grandpa::justification::vote_message(&vote.target, justification.round, set_id);
                    let check = move || assert!(Zebra.verify(&vote.key, &text, &vote.signature));
                    checks.push(Box::new(check));
                }
            }
            _ => unreachable!("the updates are of the anchor's type"),
        }
    }
    let nodes = bundle.nodes.clone();
    let ethereum = matches!(chain, Chain::Qbft | Chain::Ibft2);
    move || {
        checks.iter().for_each(|check| check());
        for node in &nodes {
            let hash = if ethereum { keccak256(node) } else { lupu_substrate_state::blake2_256(node) };
            black_box::<B256>(hash);
        }
    }
}

fn line(what: &str, chain: Chain, world: &World, bundle: &Bundle) {
    let trusted = [bundle.anchor.digest()];
    let file = bundle.to_cbor();
    let read = || {
        let bundle = Bundle::decode(black_box(&file)).unwrap();
        black_box(verify(&bundle, &trusted, None).unwrap());
    };
    let (took, bare) = shortest(60, read, floor(chain, world, bundle));
    let each = took.as_secs_f64();
    println!(
        "{:8} {what:22} {:9.0} per s, {:.3} ms; floor {:.3} ms, ratio {:.2}; CBOR {} bytes, JSON {} bytes",
        chain.name(),
        1.0 / each,
        each * 1e3,
        bare.as_secs_f64() * 1e3,
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

fn main() {
    for chain in Chain::ALL {
        let world = World::new(chain, Shape::One);
        for kind in Kind::ALL {
            line(kind.name(), chain, &world, &world.bundle(&[kind]));
        }
        let (world, bundle) = hundred(chain);
        line("100 sent together", chain, &world, &bundle);
    }
    for chain in [Chain::Qbft, Chain::Beefy, Chain::Grandpa] {
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
