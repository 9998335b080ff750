//! Files at the limits: refused unread, or verified whole. What they cost is measured in `benches/`.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;
#[path = "common/long.rs"]
mod long;

use common::{Chain, Plan, Shape, T0, World, hold, memo, packet, stored};
use lupu_proof::{
    Bundle, Kind, Problem, Statement,
    bundle::{MAX_BUNDLE_BYTES, MAX_STATEMENTS, MAX_UPDATES},
    verify,
};
use lupu_standard::{Acknowledgement, Height, Path, TimestampSecs};
use std::time::Instant;

#[test]
fn larger_files_are_refused_unread() {
    for first in [b'{', 0xd9, b'['] {
        let mut file = vec![first; MAX_BUNDLE_BYTES + 1];
        let error = Bundle::decode(&file).unwrap_err();
        assert_eq!((error.at, error.problem), (MAX_BUNDLE_BYTES, Problem::FileSize(MAX_BUNDLE_BYTES)));
        file.pop();
        assert_ne!(Bundle::decode(&file).unwrap_err().problem, Problem::FileSize(MAX_BUNDLE_BYTES));
    }
}

/// `count` packets sent, in one bundle.
fn many(chain: Chain, count: u64) -> Bundle {
    let mut stored = stored();
    let packets: Vec<_> = (1000..1000 + count).map(|n| packet(true, n, memo("one of many"))).collect();
    let none = Acknowledgement(Vec::new());
    packets.iter().for_each(|packet| hold(&mut stored, packet, &none));
    let paths = packets.iter().map(|packet| Path::commitment(packet).to_bytes()).collect();
    let world = Plan { stored, paths, ..Plan::new(chain, Shape::One) }.build();
    let statements: Vec<_> =
        packets.into_iter().map(|packet| (Kind::Sent, Height(120), packet, none.clone())).collect();
    let mut bundle = world.bundle_over(&statements);
    bundle.statements.sort_by_key(|s| s.path.clone());
    bundle
}

/// As many statements as there may be: all proven, whatever the client type, and not one more read.
#[test]
fn as_many_statements_as_there_may_be() {
    for chain in [Chain::Qbft, Chain::Grandpa] {
        let bundle = many(chain, MAX_STATEMENTS as u64);
        let report = verify(&bundle, &[bundle.anchor.digest()], None).unwrap();
        assert_eq!(report.trace.proven.len(), MAX_STATEMENTS);
    }
    let one_more = many(Chain::Qbft, MAX_STATEMENTS as u64 + 1);
    assert_eq!(Bundle::decode(&one_more.to_cbor()).unwrap_err().problem, Problem::TooMany(MAX_STATEMENTS));
}

/// Most memory that this process has had, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// As many updates as there may be, all verified, and not one more read. What it takes is printed.
#[test]
fn as_many_updates_as_there_may_be() {
    for chain in [Chain::Qbft, Chain::Beefy, Chain::Grandpa] {
        let times: Vec<u64> = (1..=MAX_UPDATES as u64).map(|i| T0 + 60 * i).collect();
        let mut bundle = long::bundle(chain, 1, &times);
        let file = bundle.to_cbor();
        let (before, start) = (peak(), Instant::now());
        let read = Bundle::decode(&file).unwrap();
        let report = verify(&read, &[bundle.anchor.digest()], None).unwrap();
        println!(
            "{}: {MAX_UPDATES} updates, {} bytes, verified in {:?}; peak memory {before:?} KiB before, {:?} KiB after",
            chain.name(),
            file.len(),
            start.elapsed(),
            peak()
        );
        assert_eq!(report.trace.steps.len(), MAX_UPDATES);
        assert_eq!(report.latest, (Height(100 + MAX_UPDATES as u64), TimestampSecs(T0 + 60 * MAX_UPDATES as u64)));

        bundle.updates.push(bundle.updates[0].clone());
        for file in [bundle.to_cbor(), bundle.to_json().into_bytes()] {
            let error = Bundle::decode(&file).unwrap_err();
            // Written out in hex it may be too large before it has too many.
            if file.len() > MAX_BUNDLE_BYTES {
                assert_eq!(error.problem, Problem::FileSize(MAX_BUNDLE_BYTES));
            } else {
                assert_eq!((error.field.as_str(), error.problem), ("updates[4096]", Problem::TooMany(MAX_UPDATES)));
            }
        }
    }
}

/// Nodes that are no nodes, as many as there may be, cost a hash each and nothing more.
#[test]
fn nodes_that_nobody_needs_are_counted() {
    let mut bundle = World::new(Chain::Qbft, Shape::One).bundle(&[Kind::Sent]);
    let room = lupu_proof::bundle::MAX_NODES - bundle.nodes.len();
    bundle.nodes.extend((0..room as u32).map(|n| n.to_be_bytes().to_vec().into()));
    bundle.nodes.sort_unstable();
    let read = Bundle::decode(&bundle.to_cbor()).unwrap();
    let error = verify(&read, &[bundle.anchor.digest()], None).unwrap_err();
    assert_eq!(error.check(), "UnusedNodes");
    bundle.nodes.push(vec![0xff; 9].into());
    assert!(matches!(Bundle::decode(&bundle.to_cbor()).unwrap_err().problem, Problem::TooMany(_)));
}

#[test]
fn a_packet_that_is_too_large_is_named() {
    let mut bundle = World::new(Chain::Qbft, Shape::One).bundle(&[Kind::Sent]);
    let s = &mut bundle.statements[0];
    s.packet.payloads[0].value = vec![1; 200_000].into();
    s.packet.payloads.push(s.packet.payloads[0].clone());
    *s = Statement::new(s.kind, s.height, s.packet.clone(), s.acknowledgement.clone());
    let read = Bundle::decode(&bundle.to_cbor()).unwrap();
    let error = verify(&read, &[bundle.anchor.digest()], None).unwrap_err();
    assert_eq!(error.check(), "MalformedPacket");
}
