//! What stands where in the state, and how it is written down.

use super::{CLIENT, accepted, fresh, membership, put, sent, some, update};
use crate::{
    attacks::members::{Members, salt},
    scenarios::{
        grandpa::rng::Rng,
        qbft::{
            Scenario, commitment, list, number, path, path_key, path_slot,
            state_trie::{reference, seeded},
            string,
        },
    },
};
use alloy_primitives::{Address, B256};
use lupu_ethereum_state::EMPTY_ROOT;

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
    reference::packed(&root, &[path_key(asked)], nodes).is_none()
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
    extra.extend([s.block.round_item(), list(&[])]);
    let encoded = list(&extra);
    let mut items = s.block.items(&encoded);
    items[8] = string(&[&[0][..], &s.block.number.to_be_bytes()[4..]].concat());
    update(m, "rlp_zero_before_a_number", &s, s.message_with(list(&items)).encode(), "MalformedHeader");
    let mut items = s.block.items(&encoded);
    items[9] = [vec![0xb8, 1], number(5)].concat();
    update(m, "rlp_long_form", &s, s.message_with(list(&items)).encode(), "MalformedHeader");
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
    while let Some((item, left)) = reference::item(&rest) {
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
