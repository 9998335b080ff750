//! QBFT and IBFT 2.0: seals, sets, accounts.

mod proofs;
mod signers;

pub use proofs::{
    frozen_or_expired, not_canonical, other_contract, other_path, prefix_tricks, presence, received, trailing,
    unused_nodes, zero_roots,
};
pub use signers::{
    clock, grown_quorum, list_swapped, malleated, no_fork, other_digest, quorum, set_skipped, signer_twice, sister,
    stranger, unbound_header,
};

use super::members::{Asked, Members, between, salt};
use crate::scenarios::{
    grandpa::rng::Rng,
    qbft::{Scenario, path, reference},
};
use alloy_primitives::B256;
use lupu_qbft::{Kind, MembershipProof, Misbehaviour};
use lupu_standard::Height;

pub const CLIENT: &str = "bank.qbft-harbour";

/// A chain with these many validators, at heights and with neighbours of its own.
pub fn sized(rng: &mut Rng, n: usize) -> Scenario {
    let kind = if rng.one_in(2) { Kind::Qbft } else { Kind::Ibft2 };
    of_kind(rng, kind, n)
}

fn of_kind(rng: &mut Rng, kind: Kind, n: usize) -> Scenario {
    let mut s = Scenario::salted(kind, n, &salt(rng));
    s.trusted_height = 1 + rng.next() % 5_000_000;
    s.client.latest_height = Height(s.trusted_height);
    s.block.number = s.trusted_height + 1 + rng.next() % 1_000;
    s.block.round = rng.below(4) as u32;
    let neighbours = rng.below(40);
    s.change_state(|state| state.neighbours = neighbours);
    s.restore();
    s
}

/// A chain of 4 to 10 validators.
pub fn fresh(rng: &mut Rng) -> Scenario {
    let n = between(rng, 4, 10);
    sized(rng, n)
}

fn asked<'a>(s: &'a Scenario, state: &'a [u8]) -> Asked<'a> {
    Asked { family: "qbft", state, stored: &s.stored, now: s.now }
}

pub fn update(m: &mut Members, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
    let state = s.client.encode();
    m.update(asked(s, &state), what, message, expect, || (s.block.number, s.consensus().encode()));
}

pub fn put(m: &mut Members, what: &str, s: &Scenario, expect: &str) {
    update(m, what, s, s.message().encode(), expect);
}

/// Seals over another digest: which check they fail, the plain checker says.
fn unpredicted(m: &mut Members, what: &str, s: &Scenario, header: Vec<u8>) {
    let message = s.message_with(header).encode();
    let check = reference::update(s, &message).expect_err("seals over another digest");
    update(m, what, s, message, check);
}

/// The scenario's block is accepted already: its storage can be asked.
pub fn accepted(s: &Scenario) -> Scenario {
    let mut s = s.clone();
    let consensus = s.consensus();
    s.client.latest_height = Height(s.block.number);
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((s.block.number, consensus.hash()));
    s
}

/// A verify call on an accepted scenario: nodes for `asked`, claims as they are.
pub fn membership(m: &mut Members, what: &str, s: &Scenario, list: &[(Vec<u8>, B256)], nodes: Vec<u8>, expect: &str) {
    let (state, consensus) = (s.client.encode(), s.consensus());
    let proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
    m.membership(asked(s, &state), what, (s.block.number, consensus.timestamp.0), list, proof, expect);
}

fn sent(i: u64) -> Vec<u8> {
    path(CLIENT, 1, i)
}

fn some(rng: &mut Rng) -> u64 {
    1 + rng.next() % 20
}

pub fn evidence(m: &mut Members, what: &str, a: &Scenario, b: &Scenario, expect: &str) {
    let (state, evidence) = (a.client.encode(), Misbehaviour { a: a.message(), b: b.message() }.encode());
    m.misbehaviour(asked(a, &state), what, evidence, expect);
}
