//! GRANDPA: votes, weights, sets, changes.

use super::members::{Asked, Members, between, salt};
use crate::scenarios::grandpa::{
    Scenario, State, Voter, anchor, change, commitment, genesis, header_hash, joined, path, quorum, reference,
    rng::Rng, state_trie::seeded, voters,
};
use alloy_primitives::{B256, FixedBytes};
use codec::Encode;
use lupu_grandpa::{MembershipProof, Misbehaviour};
use lupu_standard::Height;

pub const CLIENT: &str = "harbour.grandpa-customs";

/// A chain with these many authorities of weight 1, at heights and in a round of its own.
pub fn sized(rng: &mut Rng, n: usize) -> Scenario {
    let mut s = Scenario::salted(n, &salt(rng));
    s.trusted_height = 1 + rng.next() % 5_000_000;
    s.client.latest_height = Height(s.trusted_height);
    s.number = s.trusted_height as u32 + 1 + rng.below(1_000) as u32;
    s.round = 1 + rng.next() % 1_000;
    s.trusted.set_id = rng.next() % 1_000;
    s.signed_set = s.trusted.set_id;
    s.state.neighbours = rng.below(30);
    s.restore();
    s
}

/// A chain of 4 to 10 authorities.
pub fn fresh(rng: &mut Rng) -> Scenario {
    let n = between(rng, 4, 10);
    sized(rng, n)
}

fn asked<'a>(s: &'a Scenario, state: &'a [u8]) -> Asked<'a> {
    Asked { family: "grandpa", state, stored: &s.stored, now: s.now }
}

fn update_with(m: &mut Members, what: &str, s: &Scenario, next: Option<&[Voter]>, message: Vec<u8>, expect: &str) {
    let state = s.client.encode();
    m.update(asked(s, &state), what, message, expect, || (s.number.into(), s.consensus_with(next).encode()));
}

pub fn update(m: &mut Members, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
    update_with(m, what, s, None, message, expect);
}

pub fn put(m: &mut Members, what: &str, s: &Scenario, expect: &str) {
    update(m, what, s, s.message().encode(), expect);
}

pub fn accepted(s: &Scenario) -> Scenario {
    let mut s = s.clone();
    let consensus = s.consensus();
    s.client.latest_height = Height(u64::from(s.number));
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((u64::from(s.number), consensus.hash()));
    s
}

/// A verify call on an accepted scenario, paths with their prefix.
pub fn membership(m: &mut Members, what: &str, s: &Scenario, list: &[(Vec<u8>, B256)], nodes: Vec<u8>, expect: &str) {
    let (state, consensus) = (s.client.encode(), s.consensus());
    let proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
    m.membership(asked(s, &state), what, (s.number.into(), consensus.timestamp.0), list, proof, expect);
}

fn full(s: &Scenario, raw: &[u8]) -> Vec<u8> {
    [&s.state.prefix(), raw].concat()
}

fn proof(s: &Scenario, raw: &[u8]) -> Vec<u8> {
    s.state.proof(&[s.state.path_key(raw)])
}

fn sent(i: u64) -> Vec<u8> {
    path(CLIENT, 1, i)
}

fn some(rng: &mut Rng) -> u64 {
    1 + rng.next() % 20
}

pub fn unbound_header(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "bound", &s, "Update");
    let justification = s.just().encode();
    s.parent = seeded(&salt(rng), 0);
    update(m, "votes_for_a_sibling", &s, s.message_with(justification).encode(), "TargetMismatch");
}

pub fn signer_twice(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let at = rng.below(s.ballots.len() - 1);
    s.ballots[at + 1] = s.ballots[at].clone();
    put(m, "vote_twice", &s, "DuplicateVoter");
    // Two votes of one voter for two blocks.
    s.ballots[at + 1].1 = 1;
    put(m, "votes_for_two_blocks", &s, "DuplicateVoter");
}

pub fn stranger(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "members_only", &s, "Update");
    let at = rng.below(s.ballots.len());
    s.ballots[at] = (voters(&salt(rng), 1).swap_remove(0), 0);
    put(m, "stranger_in_the_quorum", &s, "ForeignVoter");
}

/// 1 to 10 authorities: exactly a quorum, and one vote less.
pub fn quorums(rng: &mut Rng, m: &mut Members) {
    for n in 1..=10 {
        let mut s = sized(rng, n);
        let needed = quorum(&s.set).len();
        put(m, &format!("{needed}_of_{n}"), &s, "Update");
        s.ballots.remove(rng.below(needed));
        put(m, &format!("{}_of_{n}", needed - 1), &s, "TooLittleWeight");
    }
}

pub fn other_digest(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut just = s.just();
    just.round += 1;
    update(m, "of_another_round", &s, s.message_with(just.encode()).encode(), "InvalidSignature");
    let mut s = fresh(rng);
    s.signed_set += 1;
    put(m, "for_another_set_id", &s, "InvalidSignature");
}

pub fn list_swapped(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let own = voters(&salt(rng), s.set.len());
    s.vote(own.clone());
    let mut message = s.message();
    message.authorities = joined(&own).into();
    update(m, "own_authorities", &s, message.encode(), "AuthoritySetMismatch");
}

pub fn set_skipped(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let next = voters(&salt(rng), s.set.len());
    s.digest.push(change(&next, 0));
    update_with(m, "announced", &s, Some(&next), s.message().encode(), "Update");
    // What the new set finalizes, shown to a client that has not seen the change.
    let mut s = fresh(rng);
    let next = voters(&salt(rng), s.set.len());
    s.signed_set += 1;
    s.vote(quorum(&next));
    put(m, "by_the_next_set", &s, "ForeignVoter");
    let mut message = s.message();
    message.authorities = joined(&next).into();
    update(m, "with_the_next_list", &s, message.encode(), "AuthoritySetMismatch");
}

pub fn zero_roots(rng: &mut Rng, m: &mut Members) {
    let empty = B256::new(sp_crypto_hashing::blake2_256(&[0]));
    for (what, root) in [("state_root_zero", B256::ZERO), ("state_root_empty", empty)] {
        let mut s = fresh(rng);
        s.state_root = Some(root);
        put(m, what, &s, "ZeroStateRoot");
    }
    let mut s = fresh(rng);
    s.stored[0].1 = B256::ZERO;
    put(m, "stored_hash_zero", &s, "UnknownTrustedHeight");
    let mut s = accepted(&fresh(rng));
    let i = some(rng);
    s.stored[1].1 = B256::ZERO;
    membership(m, "asked_hash_zero", &s, &[(full(&s, &sent(i)), commitment(i))], proof(&s, &sent(i)), "UnknownHeight");
}

pub fn other_contract(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let pallet = FixedBytes::from_slice(&seeded(&salt(rng), 0)[..16]);
    let imposter = State { pallet, ..s.state.clone() };
    // Only the imposter has an anchor; the walk is to our key.
    let pinned = s.state.anchor_key();
    s.state = imposter;
    let mut message = s.message();
    message.anchor_proof = s.state.proof(&[pinned]).into();
    update(m, "anchor_of_another_pallet", &s, message.encode(), "AnchorAbsent");
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let imposter = State { pallet, ..s.state.clone() };
    let asked = [&imposter.prefix()[..], &sent(i)].concat();
    let nodes = s.state.proof(&[imposter.path_key(&sent(i))]);
    membership(m, "path_of_another_pallet", &s, &[(asked, commitment(i))], nodes, "InvalidPath");
}

fn off_the_way(s: &Scenario, asked: &[u8], nodes: &[u8]) -> bool {
    reference::packed(&s.state.trie().root(), &[s.state.path_key(asked)], nodes).is_none()
}

pub fn other_path(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let nodes = proof(&s, &sent(i));
    membership(m, "its_own", &s, &[(full(&s, &sent(i)), commitment(i))], nodes.clone(), "ok");
    let other = path("harbour.grandpa-bank", 1, i);
    let shown = proof(&s, &other);
    membership(m, "other_client", &s, &[(full(&s, &other), commitment(i))], shown, "ValueAbsent");
    let j = i % 20 + 1;
    membership(m, "other_sequence", &s, &[(full(&s, &sent(j)), commitment(i))], proof(&s, &sent(j)), "ValueMismatch");
    let other = (1_000..).map(|j| path(CLIENT, 1, j)).find(|other| off_the_way(&s, other, &nodes));
    let other = other.expect("a path that leads elsewhere");
    membership(m, "proof_of_another", &s, &[(full(&s, &other), commitment(i))], nodes, "InvalidProof");
}

pub fn prefix_tricks(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let mut shown = |what: &str, asked: Vec<u8>| {
        let nodes = proof(&s, &asked);
        membership(m, what, &s, &[(full(&s, &asked), commitment(i))], nodes, "ValueAbsent");
    };
    shown("shorter_client", path(&CLIENT[..CLIENT.len() - 1], 1, i));
    shown("longer_client", path(&format!("{CLIENT}2"), 1, i));
    let nodes = proof(&s, &sent(i));
    let late = full(&s, &sent(i))[1..].to_vec();
    membership(m, "prefix_cut", &s, &[(late, commitment(i))], nodes, "InvalidPath");
}

pub fn presence(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let absent = path(CLIENT, 3, i);
    let (asked, nodes) = (full(&s, &absent), proof(&s, &absent));
    membership(m, "absent", &s, &[(asked.clone(), B256::ZERO)], nodes.clone(), "ok");
    membership(m, "absent_as_present", &s, &[(asked, commitment(i))], nodes, "ValueAbsent");
    let (asked, nodes) = (full(&s, &sent(i)), proof(&s, &sent(i)));
    membership(m, "present_as_absent", &s, &[(asked.clone(), B256::ZERO)], nodes.clone(), "ValuePresent");
    membership(m, "other_value", &s, &[(asked, commitment(i + 1))], nodes, "ValueMismatch");
}

pub fn received(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let i = some(rng);
    let receipt = path(CLIENT, 2, i);
    s.state.commitments.insert(receipt.clone(), commitment(i).to_vec());
    let s = accepted(&s);
    membership(m, "receipt_hidden", &s, &[(full(&s, &receipt), B256::ZERO)], proof(&s, &receipt), "ValuePresent");
    let never = path(CLIENT, 2, 500 + i);
    membership(m, "never_received", &s, &[(full(&s, &never), B256::ZERO)], proof(&s, &never), "ok");
}

pub fn trailing(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let message = s.message().encode();
    update(m, "message_byte", &s, [&message[..], &[0]].concat(), "MalformedMessage");
    let justification = [s.just().encode(), vec![0]].concat();
    update(m, "justification_byte", &s, s.message_with(justification).encode(), "MalformedJustification");
    let mut longer = s.message();
    longer.header = [&longer.header[..], &[0]].concat().into();
    update(m, "header_byte", &s, longer.encode(), "MalformedHeader");
    let mut longer = s.message();
    longer.anchor_proof = [&longer.anchor_proof[..], &[0]].concat().into();
    update(m, "proof_byte", &s, longer.encode(), "InvalidProof");
    // Time and genesis are good, and a byte stands behind them.
    let mut s = fresh(rng);
    s.state.anchor = s.state.anchor.map(|anchor| [anchor, vec![0]].concat());
    put(m, "anchor_byte", &s, "MalformedAnchor");
}

pub fn not_canonical(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    // The count of the digest's items in two bytes.
    let header = s.header();
    let encoded = header.encode();
    let fixed = 96 + codec::Compact(s.number).encode().len();
    let count = encoded[fixed];
    let long = [u8::to_le_bytes(count | 1)[0], 0];
    let raw = [&encoded[..fixed], &long, &encoded[fixed + 1..]].concat();
    let mut message = s.message();
    message.header = raw.into();
    update(m, "scale_count_in_two_bytes", &s, message.encode(), "MalformedHeader");
    let mut wide = s.message().encode();
    wide[32 + 2 * 32 + 23] = 1;
    update(m, "abi_wide_number", &s, wide, "MalformedMessage");
}

pub fn frozen_or_expired(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.client.frozen = true;
    put(m, "frozen", &s, "ClientFrozen");
    let mut s = fresh(rng);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period + rng.next() % 1_000_000;
    put(m, "trust_expired", &s, "TrustedStateExpired");
    let i = some(rng);
    let mut s = accepted(&fresh(rng));
    let nodes = proof(&s, &sent(i));
    s.now = s.time() + s.client.rules.trusting_period;
    membership(m, "asked_when_expired", &s, &[(full(&s, &sent(i)), commitment(i))], nodes.clone(), "ClientExpired");
    s.now = s.time();
    s.client.frozen = true;
    membership(m, "asked_when_frozen", &s, &[(full(&s, &sent(i)), commitment(i))], nodes, "ClientFrozen");
}

pub fn sister(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let other = FixedBytes::from_slice(&seeded(&salt(rng), 0)[..24]);
    assert_ne!(other, genesis());
    s.state.anchor = Some(anchor(s.time(), other));
    put(m, "other_genesis", &s, "WrongChain");
}

pub fn clock(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.set_time(s.now + s.client.rules.max_clock_drift + 1 + rng.next() % 1_000);
    put(m, "from_the_future", &s, "HeaderFromFuture");
    let mut s = fresh(rng);
    s.set_time(s.trusted.timestamp.0 - 1 - rng.next() % 1_000);
    put(m, "before_the_trusted", &s, "TimeWentBack");
    let mut s = fresh(rng);
    s.number = s.trusted_height as u32;
    put(m, "same_height", &s, "HeightNotNewer");
}

/// Votes above the target, and headers that do not lead down to it.
pub fn broken_ancestry(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    for ballot in &mut s.ballots {
        ballot.1 = 2;
    }
    put(m, "two_above", &s, "Update");
    let mut just = s.just();
    just.ancestry.swap_remove(rng.below(2));
    update(m, "a_header_missing", &s, s.message_with(just.encode()).encode(), "InvalidAncestry");
    let mut just = s.just();
    let stray = crate::scenarios::grandpa::child(&s.header(), 900);
    just.ancestry.push(stray.encode());
    update(m, "a_header_unused", &s, s.message_with(just.encode()).encode(), "UnusedAncestry");
    let mut just = s.just();
    just.hash = header_hash(&stray);
    update(m, "target_elsewhere", &s, s.message_with(just.encode()).encode(), "TargetMismatch");
}

pub fn no_fork(rng: &mut Rng, m: &mut Members) {
    let a = fresh(rng);
    let state = a.client.encode();
    let mut evidence = |what: &str, b: &Scenario, expect: &str| {
        let both = Misbehaviour { a: a.message(), b: b.message(), ancestry: Vec::new() }.encode();
        m.misbehaviour(asked(&a, &state), what, both, expect);
    };
    let mut b = a.clone();
    b.parent = seeded("other parent", 0);
    evidence("a_fork", &b, "Misbehaviour");
    evidence("one_block_twice", &a.clone(), "NotMisbehaviour");
    b.ballots.pop();
    evidence("a_fork_of_too_few", &b, "TooLittleWeight");
}
