//! Files at the limits: refused unread, or verified whole. What they cost is measured in `benches/`.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use common::{Chain, Plan, Shape, World, hold, memo, packet, stored};
use lupu_proof::{Bundle, Kind, Problem, Statement, bundle::MAX_BUNDLE_BYTES, bundle::MAX_STATEMENTS, verify};
use lupu_standard::{Acknowledgement, Height, Path};

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
