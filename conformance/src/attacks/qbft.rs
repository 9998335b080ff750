//! QBFT and IBFT 2.0: seals, sets, accounts.

use super::members::{Members, between, claims, hexed, leads_on, salt, stored};
use crate::scenarios::{
    grandpa::rng::Rng,
    qbft::{
        Scenario, commitment, high_s, number, path, path_key, path_slot, reference, sorted, state_trie::seeded, string,
        validators,
    },
};
use alloy_primitives::{Address, B256};
use lupu_ethereum_state::EMPTY_ROOT;
use lupu_qbft::{Kind, MembershipProof, Misbehaviour};
use lupu_standard::{Height, TimestampSecs};
use serde_json::json;

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

pub fn update(m: &mut Members, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
    let good = leads_on(expect);
    m.put(
        "qbft/update",
        what,
        expect,
        json!({
            "client_state": hexed(s.client.encode()),
            "stored": stored(&s.stored),
            "now": s.now,
            "message": hexed(message),
            "height": if good { s.block.number } else { 0 },
            "consensus_state": hexed(if good { s.consensus().encode() } else { Vec::new() }),
        }),
    );
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
    let (paths, values) = claims(list);
    let consensus = s.consensus();
    m.put(
        "qbft/membership",
        what,
        expect,
        json!({
            "client_state": hexed(s.client.encode()),
            "stored": stored(&s.stored),
            "now": s.now,
            "height": s.block.number,
            "paths": paths,
            "values": values,
            "proof": hexed(MembershipProof { consensus, nodes: nodes.into() }.encode()),
            "timestamp": if expect == "ok" { consensus.timestamp.0 } else { 0 },
        }),
    );
}

fn sent(i: u64) -> Vec<u8> {
    path(CLIENT, 1, i)
}

fn some(rng: &mut Rng) -> u64 {
    1 + rng.next() % 20
}

pub fn unbound_header(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    put(m, "bound", &s, "Update");
    let mut forged = s.block.clone();
    forged.state_root = seeded(&salt(rng), 0);
    unpredicted(m, "other_state_root", &s, forged.raw(&s.block.seals(&s.signers)));
    let mut forged = s.block.clone();
    forged.number += 1;
    unpredicted(m, "other_number", &s, forged.raw(&s.block.seals(&s.signers)));
}

pub fn signer_twice(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut seals = s.block.seals(&s.signers);
    let at = rng.below(seals.len() - 1);
    seals[at + 1] = seals[at].clone();
    update(m, "seal_twice", &s, s.message_with(s.block.raw(&seals)).encode(), "SealsNotSorted");
    put(m, "seal_once", &s, "Update");
}

pub fn stranger(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "members_only", &s, "Update");
    let mut set = s.signers.clone();
    set.pop();
    set.extend(validators(&salt(rng), 1));
    s.signers = sorted(set);
    put(m, "stranger_in_the_quorum", &s, "ForeignSeal");
}

/// 1 to 10 validators of both kinds: exactly a quorum, and one seal less.
pub fn quorum(rng: &mut Rng, m: &mut Members) {
    for kind in [Kind::Qbft, Kind::Ibft2] {
        for n in 1..=10 {
            let mut s = of_kind(rng, kind, n);
            put(m, &format!("{}_{}_of_{n}", kind.name(), s.signers.len()), &s, "Update");
            s.signers.remove(rng.below(s.signers.len()));
            put(m, &format!("{}_{}_of_{n}", kind.name(), s.signers.len()), &s, "TooFewSeals");
        }
    }
}

/// All of four trusted validators seal, but the header lists ten.
pub fn grown_quorum(rng: &mut Rng, m: &mut Members) {
    let mut s = sized(rng, 4);
    let old = s.header_set.clone();
    let set = sorted([old.clone(), validators(&salt(rng), 6)].concat());
    s.header_lists(set);
    s.signers = old;
    put(m, "four_trusted_of_ten", &s, "TooFewSeals");
}

pub fn other_digest(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut other = s.block.clone();
    other.round = s.block.round + 1;
    unpredicted(m, "of_another_round", &s, s.block.raw(&other.seals(&s.signers)));
    let over_hash: Vec<_> = s.signers.iter().map(|v| v.seal(&s.block.hash())).collect();
    if s.block.round > 0 || s.block.digest() != s.block.hash() {
        unpredicted(m, "over_the_block_hash", &s, s.block.raw(&over_hash));
    }
}

pub fn malleated(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut seals = s.block.seals(&s.signers);
    let at = rng.below(seals.len());
    seals[at] = high_s(&seals[at]);
    update(m, "upper_s", &s, s.message_with(s.block.raw(&seals)).encode(), "InvalidSeal");
    let mut seals = s.block.seals(&s.signers);
    seals[at][64] += 27;
    update(m, "v_of_27", &s, s.message_with(s.block.raw(&seals)).encode(), "InvalidSeal");
}

/// A header that names its own signers, a quorum of whom seal it.
pub fn list_swapped(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let n = s.header_set.len();
    s.header_lists(sorted(validators(&salt(rng), n)));
    put(m, "all_new", &s, "TooLittleOverlap");
    // Just one third of the trusted set stays.
    let mut s = sized(rng, 6);
    let mut set: Vec<_> = s.header_set[..2].to_vec();
    set.extend(validators(&salt(rng), 1));
    s.header_lists(sorted(set));
    s.signers = s.header_set.clone();
    put(m, "a_third_stays", &s, "TooLittleOverlap");
}

pub fn set_skipped(rng: &mut Rng, m: &mut Members) {
    // Two honest changes, of which the client has seen neither.
    let mut s = sized(rng, 7);
    let mut set = s.header_set[..3].to_vec();
    set.extend(validators(&salt(rng), 4));
    s.header_lists(sorted(set));
    put(m, "four_of_seven_left", &s, "TooLittleOverlap");
    let mut s = sized(rng, 7);
    let mut set = s.header_set[..6].to_vec();
    set.extend(validators(&salt(rng), 1));
    s.header_lists(sorted(set.clone()));
    s.signers = sorted(set[..5].to_vec());
    put(m, "one_of_seven_left", &s, "Update");
    let mut message = s.message();
    message.trusted_validators = crate::scenarios::qbft::joined(&s.header_set).into();
    update(m, "trusted_list_of_the_header", &s, message.encode(), "TrustedValidatorsMismatch");
}

pub fn zero_roots(rng: &mut Rng, m: &mut Members) {
    for (what, root) in [("state_root_zero", B256::ZERO), ("state_root_empty", EMPTY_ROOT)] {
        let mut s = fresh(rng);
        s.block.state_root = root;
        let mut message = s.message();
        message.account_proof = vec![0, 0].into();
        update(m, what, &s, message.encode(), "ZeroStateRoot");
    }
    let mut s = fresh(rng);
    s.change_state(|state| state.storage_root = Some(B256::ZERO));
    put(m, "storage_root_zero", &s, "ZeroStorageRoot");
    let mut s = fresh(rng);
    s.stored[0].1 = B256::ZERO;
    put(m, "stored_hash_zero", &s, "UnknownTrustedHeight");
    let mut s = accepted(&fresh(rng));
    let i = some(rng);
    let nodes = s.state.storage_proof(&[sent(i)]);
    s.stored[1].1 = B256::ZERO;
    membership(m, "asked_hash_zero", &s, &[(sent(i), commitment(i))], nodes, "UnknownHeight");
}

/// Storage or account of another contract.
pub fn other_contract(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let imposter = Address::from_word(seeded(&salt(rng), 0));
    let pinned = s.state.router;
    s.change_state(|state| state.router = imposter);
    // The state proves the imposter's account, with the same storage and code; the client asks for its own.
    s.client.router = pinned;
    let mut message = s.message();
    let trie = s.state.trie();
    let key = alloy_primitives::keccak256(pinned);
    let set: lupu_ethereum_state::NodeSet = trie.nodes(&[key]).into_iter().collect();
    message.account_proof = set.pack(&trie.root(), &[key]).expect("the walk to the pinned key").into();
    update(m, "account_of_another", &s, message.encode(), "RouterAbsent");
    let mut s = fresh(rng);
    let code = seeded(&salt(rng), 1);
    s.change_state(|state| state.code_hash = code);
    put(m, "other_code", &s, "RouterCodeMismatch");

    // The same path is in another contract's storage.
    let s = accepted(&fresh(rng));
    let mut imposter = s.clone();
    imposter.state.storage.insert(path_slot(&sent(77)), commitment(77));
    let nodes = imposter.state.storage_proof(&[sent(77)]);
    membership(m, "storage_of_another", &s, &[(sent(77), commitment(77))], nodes.clone(), "InvalidProof");
    // And with its consensus state, which the client has not.
    let mut forged = s.clone();
    forged.state = imposter.state;
    let stored = s.stored.clone();
    forged.stored = stored;
    membership(m, "state_of_another", &forged, &[(sent(77), commitment(77))], nodes, "ConsensusStateMismatch");
}

/// Whether these nodes show nothing of a path. Those of one path may well show another's absence.
fn off_the_way(s: &Scenario, asked: &[u8], nodes: &[u8]) -> bool {
    let root = s.state.storage_trie().root();
    crate::scenarios::qbft::state_trie::reference::packed(&root, &[path_key(asked)], nodes).is_none()
}

/// What is under one path, claimed of another.
pub fn other_path(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let nodes = s.state.storage_proof(&[sent(i)]);
    membership(m, "its_own", &s, &[(sent(i), commitment(i))], nodes.clone(), "ok");
    let other = path("bank.qbft-customs", 1, i);
    let shown = s.state.storage_proof(std::slice::from_ref(&other));
    membership(m, "other_client", &s, &[(other, commitment(i))], shown, "ValueAbsent");
    let j = i % 20 + 1;
    let shown = s.state.storage_proof(&[sent(j)]);
    membership(m, "other_sequence", &s, &[(sent(j), commitment(i))], shown, "ValueMismatch");
    let receipt = path(CLIENT, 2, i);
    let shown = s.state.storage_proof(std::slice::from_ref(&receipt));
    membership(m, "other_kind", &s, &[(receipt, commitment(i))], shown, "ValueAbsent");
    let other = (1_000..).map(|j| path(CLIENT, 1, j)).find(|other| off_the_way(&s, other, &nodes));
    let other = other.expect("a path that leads elsewhere");
    membership(m, "proof_of_another", &s, &[(other, commitment(i))], nodes, "InvalidProof");
}

/// Identifiers that begin or go on like another.
pub fn prefix_tricks(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let mut shown = |what: &str, asked: Vec<u8>| {
        let nodes = s.state.storage_proof(std::slice::from_ref(&asked));
        membership(m, what, &s, &[(asked, commitment(i))], nodes, "ValueAbsent");
    };
    shown("shorter_client", path(&CLIENT[..CLIENT.len() - 1], 1, i));
    shown("longer_client", path(&format!("{CLIENT}2"), 1, i));
    // The kind's byte and the sequence moved into the identifier.
    shown("bytes_behind", [sent(i), vec![1], i.to_be_bytes().to_vec()].concat());
    shown("bytes_before", [CLIENT.as_bytes(), &sent(i)].concat());
    shown("sequence_of_seven_bytes", sent(i)[..CLIENT.len() + 8].to_vec());
}

pub fn presence(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let absent = path(CLIENT, 3, i);
    let nodes = s.state.storage_proof(std::slice::from_ref(&absent));
    membership(m, "absent", &s, &[(absent.clone(), B256::ZERO)], nodes.clone(), "ok");
    membership(m, "absent_as_present", &s, &[(absent, commitment(i))], nodes, "ValueAbsent");
    let nodes = s.state.storage_proof(&[sent(i)]);
    membership(m, "present_as_absent", &s, &[(sent(i), B256::ZERO)], nodes.clone(), "ValuePresent");
    membership(m, "other_value", &s, &[(sent(i), commitment(i + 1))], nodes, "ValueMismatch");
}

/// A packet that was received: its receipt is there, and its absence is claimed for a refund.
pub fn received(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let i = some(rng);
    let receipt = path(CLIENT, 2, i);
    s.change_state(|state| {
        state.storage.insert(path_slot(&receipt), commitment(i));
    });
    let s = accepted(&s);
    let nodes = s.state.storage_proof(std::slice::from_ref(&receipt));
    membership(m, "receipt_hidden", &s, &[(receipt, B256::ZERO)], nodes, "ValuePresent");
    // The walk to another key, which is absent.
    let hidden = path(CLIENT, 2, i);
    let walk = |never: &Vec<u8>| s.state.storage_proof(std::slice::from_ref(never));
    let never = (500..).map(|j| path(CLIENT, 2, j)).find(|never| off_the_way(&s, &hidden, &walk(never)));
    let never = never.expect("a path that leads elsewhere");
    let nodes = walk(&never);
    membership(m, "never_received", &s, &[(never, B256::ZERO)], nodes.clone(), "ok");
    membership(m, "other_walk", &s, &[(hidden, B256::ZERO)], nodes, "InvalidProof");
}

pub fn trailing(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let message = s.message().encode();
    update(m, "message_byte", &s, [&message[..], &[0]].concat(), "MalformedMessage");
    update(m, "message_word", &s, [&message[..], &[0; 32]].concat(), "MalformedMessage");
    let header = [s.raw_header(), vec![0]].concat();
    update(m, "header_byte", &s, s.message_with(header).encode(), "MalformedHeader");
    let mut longer = s.message();
    longer.account_proof = [&longer.account_proof[..], &[0]].concat().into();
    update(m, "proof_byte", &s, longer.encode(), "InvalidProof");
    let s = accepted(&s);
    let i = some(rng);
    let nodes = [s.state.storage_proof(&[sent(i)]), vec![0x80]].concat();
    membership(m, "nodes_byte", &s, &[(sent(i), commitment(i))], nodes, "InvalidProof");
}

pub fn not_canonical(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut extra = s.block.extra_head();
    extra.extend([s.block.round_item(), crate::scenarios::qbft::list(&[])]);
    let encoded = crate::scenarios::qbft::list(&extra);
    let mut items = s.block.items(&encoded);
    items[8] = string(&[&[0][..], &s.block.number.to_be_bytes()[4..]].concat());
    update(
        m,
        "rlp_zero_before_a_number",
        &s,
        s.message_with(crate::scenarios::qbft::list(&items)).encode(),
        "MalformedHeader",
    );
    let mut items = s.block.items(&encoded);
    items[9] = [vec![0xb8, 1], number(5)].concat();
    update(m, "rlp_long_form", &s, s.message_with(crate::scenarios::qbft::list(&items)).encode(), "MalformedHeader");
    let good = s.message().encode();
    let mut dirty = good.clone();
    // The first bytes field is the header; what pads it is not zero.
    let header = s.raw_header().len();
    if !header.is_multiple_of(32) {
        dirty[32 + 7 * 32 + 32 + header] = 1;
        update(m, "abi_dirty_padding", &s, dirty, "MalformedMessage");
    }
    let mut wide = good;
    wide[64 + 23] = 1;
    update(m, "abi_wide_number", &s, wide, "MalformedMessage");
}

pub fn unused_nodes(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let (i, j) = (1 + rng.next() % 10, 11 + rng.next() % 10);
    let mut nodes = s.state.storage_proof(&[sent(i)]);
    let other = s.state.storage_proof(&[sent(j)]);
    // One node more than the walk needs, and it is counted.
    nodes[1] += 1;
    let last = last_item(&other);
    nodes.extend(last);
    membership(m, "one_more", &s, &[(sent(i), commitment(i))], nodes, "InvalidProof");
}

/// The last node listed for one key.
fn last_item(packed: &[u8]) -> Vec<u8> {
    let mut rest = packed[2..].to_vec();
    let mut last = Vec::new();
    while let Some((item, left)) = crate::scenarios::qbft::state_trie::reference::item(&rest) {
        (last, rest) = (item.1, left);
    }
    last
}

pub fn frozen_or_expired(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.client.frozen = true;
    put(m, "frozen", &s, "ClientFrozen");
    let mut s = fresh(rng);
    s.now = s.trusted.timestamp.0 + s.client.rules.trusting_period - 1;
    put(m, "last_second", &s, "Update");
    s.now += 1 + rng.next() % 1_000_000;
    put(m, "trust_expired", &s, "TrustedStateExpired");
    let i = some(rng);
    let mut s = accepted(&fresh(rng));
    let nodes = s.state.storage_proof(&[sent(i)]);
    s.now = s.block.timestamp + s.client.rules.trusting_period;
    membership(m, "asked_when_expired", &s, &[(sent(i), commitment(i))], nodes.clone(), "ClientExpired");
    s.now = s.block.timestamp;
    s.client.frozen = true;
    membership(m, "asked_when_frozen", &s, &[(sent(i), commitment(i))], nodes, "ClientFrozen");
}

/// Another chain of the same keys: its blocks are sealed well, but the router is not there.
pub fn sister(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.change_state(|state| state.router_present = false);
    put(m, "no_router", &s, "RouterAbsent");
    let mut a = fresh(rng);
    let mut b = a.clone();
    b.change_state(|state| state.router_present = false);
    a.block.parent_hash = seeded(&salt(rng), 3);
    evidence(m, "fork_with_a_sister", &a, &b, "RouterAbsent");
}

pub fn clock(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.block.timestamp = s.now + s.client.rules.max_clock_drift + 1 + rng.next() % 1_000;
    put(m, "from_the_future", &s, "HeaderFromFuture");
    let mut s = fresh(rng);
    s.block.timestamp = s.trusted.timestamp.0 - 1 - rng.next() % 1_000;
    put(m, "before_the_trusted", &s, "TimeWentBack");
    let mut s = fresh(rng);
    s.block.number = s.trusted_height;
    put(m, "same_height", &s, "HeightNotNewer");
    let mut s = fresh(rng);
    s.trusted.timestamp = TimestampSecs(s.trusted.timestamp.0 + 1);
    put(m, "trusted_time_moved", &s, "TrustedStateMismatch");
}

pub fn evidence(m: &mut Members, what: &str, a: &Scenario, b: &Scenario, expect: &str) {
    let evidence = Misbehaviour { a: a.message(), b: b.message() }.encode();
    m.put(
        "qbft/misbehaviour",
        what,
        expect,
        json!({
            "client_state": hexed(a.client.encode()),
            "stored": stored(&a.stored),
            "now": a.now,
            "evidence": hexed(evidence),
        }),
    );
}

/// To freeze a client without a fork.
pub fn no_fork(rng: &mut Rng, m: &mut Members) {
    let a = fresh(rng);
    let mut b = a.clone();
    b.block.parent_hash = seeded(&salt(rng), 3);
    evidence(m, "a_fork", &a, &b, "Misbehaviour");
    let mut b = a.clone();
    b.block.round += 1;
    evidence(m, "one_block_in_two_rounds", &a, &b, "NotMisbehaviour");
    let mut b = a.clone();
    b.block.number += 1;
    evidence(m, "two_heights", &a, &b, "NotMisbehaviour");
    let mut b = a.clone();
    b.block.parent_hash = seeded(&salt(rng), 3);
    b.signers.pop();
    evidence(m, "a_fork_of_too_few", &a, &b, "TooFewSeals");
}
