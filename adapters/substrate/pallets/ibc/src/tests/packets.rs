//! Packets over real proofs: what the tests of their outcomes share.

use super::{evm::Router, *};
use crate::{Commitments, Event, Outcome, ScalePacket, Settling, wire::raw_path};
use alloc::vec::Vec;
use frame_support::{dispatch::DispatchResultWithPostInfo, weights::Weight};
use lupu_standard::PathKind;
use sp_io::hashing::keccak_256;

pub const TIME: u64 = START - 1;

pub fn path(client: &[u8], kind: PathKind, sequence: u64) -> Vec<u8> {
    raw_path(client, kind, sequence)
}

pub fn stored(client: &str, kind: PathKind, sequence: u64) -> Option<[u8; 32]> {
    Commitments::<Test>::get(keccak_256(&path(client.as_bytes(), kind, sequence)))
}

/// The router of the counterparty, which has committed to these packets.
pub fn sender(packets: &[ScalePacket]) -> Router {
    packets.iter().fold(Router::new(), |router, p| {
        router.with(&path(&p.source_client, PathKind::Commitment, p.sequence), p.commitment())
    })
}

pub fn commitment_proof(router: &Router, packets: &[ScalePacket]) -> Vec<u8> {
    let paths: Vec<_> = packets.iter().map(|p| path(&p.source_client, PathKind::Commitment, p.sequence)).collect();
    router.prove(&paths, TIME)
}

pub fn recv(packets: &[ScalePacket], proof: &[u8], weight: Weight) -> DispatchResultWithPostInfo {
    Ibc::recv_packets(RuntimeOrigin::signed(7), batch(packets), bounded(proof), HEIGHT, weight)
}

/// Receives packets that their chain has committed to.
pub fn received(packets: &[ScalePacket]) -> Vec<Event<Test>> {
    let router = sender(packets);
    bound(router.root());
    events();
    assert_ok!(recv(packets, &commitment_proof(&router, packets), LIMIT * packets.len() as u64));
    assert!(!Settling::<Test>::get());
    events()
}

pub fn outcome(sequence: u64, outcome: Outcome) -> Event<Test> {
    Event::PacketOutcome { client: id(HERE), sequence, outcome: outcome as u8 }
}
