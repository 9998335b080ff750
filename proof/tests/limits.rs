//! Files at the limits: refused unread, or verified in linear time and memory.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use common::{Chain, Plan, Shape, World, hold, memo, packet, stored};
use lupu_proof::{Bundle, Kind, Problem, Statement, bundle::MAX_BUNDLE_BYTES, verify};
use lupu_standard::{Acknowledgement, Height, Path};
use std::time::{Duration, Instant};

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

/// Eight times the statements take about eight times as long, not sixty-four times.
#[test]
fn a_large_bundle_takes_linear_time_and_memory() {
    for chain in [Chain::Qbft, Chain::Grandpa] {
        let took = |bundle: &Bundle| {
            let best = (0..5).map(|_| {
                let start = Instant::now();
                verify(bundle, &[bundle.anchor.digest()], None).unwrap();
                start.elapsed()
            });
            best.min().unwrap().max(Duration::from_micros(100))
        };
        let (few, more) = (took(&many(chain, 512)), took(&many(chain, 4_096)));
        assert!(more < few * 40, "{}: 512 statements in {few:?}, 4,096 in {more:?}", chain.name());
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
