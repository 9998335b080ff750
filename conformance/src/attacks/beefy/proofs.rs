//! What stands where in range and state, and how it is written down.

use super::{CLIENT, accepted, fresh, full, membership, put, sent, some, update};
use crate::{
    attacks::members::{Members, salt},
    scenarios::{
        beefy::{
            Scenario, State, commitment, path,
            state_trie::{self, Trie, seeded},
        },
        grandpa::rng::Rng,
    },
};
use alloy_primitives::B256;

pub fn zero_roots(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.root = Some(B256::ZERO);
    put(m, "mmr_root_zero", &s, "InvalidMmrProof");
    let empty = B256::new(sp_crypto_hashing::blake2_256(&[0]));
    for (what, root) in [("state_root_zero", B256::ZERO), ("state_root_empty", empty)] {
        let mut s = fresh(rng);
        s.change_header(|header| header.state_root = root);
        put(m, what, &s, "ZeroStateRoot");
    }
    let mut s = fresh(rng);
    s.signed_by_next();
    s.leaf_next.root = B256::ZERO;
    put(m, "next_set_root_zero", &s, "NextSetMismatch");
    let mut s = accepted(&fresh(rng));
    let i = some(rng);
    let nodes = s.state.proof(&[sent(i)]);
    s.stored[1].1 = B256::ZERO;
    membership(m, "asked_hash_zero", &s, &[(full(&s, &sent(i)), commitment(i))], nodes, "UnknownHeight");
}

pub fn other_contract(rng: &mut Rng, m: &mut Members) {
    // Another pallet of the same chain wrote the anchor.
    let mut s = fresh(rng);
    let other = State { prefix: seeded(&salt(rng), 0)[..16].try_into().expect("16 bytes"), ..s.state.clone() };
    s.change_state(|state| {
        let anchor = state.entries.remove(&state.anchor_key()).expect("an anchor");
        state.entries.insert(other.anchor_key(), anchor);
    });
    let key = s.state.anchor_key();
    let trie = s.state.trie();
    let mut message = s.message();
    message.anchor_proof = trie.pack(&[&key]).into();
    update(m, "anchor_of_another_pallet", &s, message.encode(), "AnchorAbsent");
    // The same path is under another pallet's prefix.
    let mut s = fresh(rng);
    let i = some(rng);
    let prefix: [u8; 16] = seeded(&salt(rng), 0)[..16].try_into().expect("16 bytes");
    let imposter = State { prefix, ..s.state.clone() };
    s.change_state(|state| drop(state.entries.insert(imposter.key(&sent(i)), commitment(i).to_vec())));
    let s = accepted(&s);
    let nodes = s.state.trie().pack(&[&imposter.key(&sent(i))]);
    let asked = [&imposter.merkle_prefix(), &sent(i)[..]].concat();
    membership(m, "path_of_another_pallet", &s, &[(asked, commitment(i))], nodes, "InvalidPath");
}

fn off_the_way(s: &Scenario, asked: &[u8], nodes: &[u8]) -> bool {
    state_trie::reference::packed(&s.state.root(), &[&s.state.key(asked)], nodes).is_err()
}

pub fn other_path(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let nodes = s.state.proof(&[sent(i)]);
    membership(m, "its_own", &s, &[(full(&s, &sent(i)), commitment(i))], nodes.clone(), "ok");
    let other = path("bank.beefy-customs", 1, i);
    let shown = s.state.proof(std::slice::from_ref(&other));
    membership(m, "other_client", &s, &[(full(&s, &other), commitment(i))], shown, "ValueAbsent");
    let j = i % 20 + 1;
    let shown = s.state.proof(&[sent(j)]);
    membership(m, "other_sequence", &s, &[(full(&s, &sent(j)), commitment(i))], shown, "ValueMismatch");
    let other = (1_000..).map(|j| path(CLIENT, 1, j)).find(|other| off_the_way(&s, other, &nodes));
    let other = other.expect("a path that leads elsewhere");
    membership(m, "proof_of_another", &s, &[(full(&s, &other), commitment(i))], nodes, "InvalidProof");
}

pub fn prefix_tricks(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let mut shown = |what: &str, asked: Vec<u8>| {
        let nodes = s.state.proof(std::slice::from_ref(&asked));
        membership(m, what, &s, &[(full(&s, &asked), commitment(i))], nodes, "ValueAbsent");
    };
    shown("shorter_client", path(&CLIENT[..CLIENT.len() - 1], 1, i));
    shown("longer_client", path(&format!("{CLIENT}2"), 1, i));
    shown("bytes_behind", [sent(i), vec![1], i.to_be_bytes().to_vec()].concat());
    // The Merkle prefix begins one byte late, or is not there.
    let nodes = s.state.proof(&[sent(i)]);
    let late = full(&s, &sent(i))[1..].to_vec();
    membership(m, "prefix_cut", &s, &[(late, commitment(i))], nodes.clone(), "InvalidPath");
    membership(m, "prefix_missing", &s, &[(sent(i), commitment(i))], nodes, "InvalidPath");
}

pub fn presence(rng: &mut Rng, m: &mut Members) {
    let s = accepted(&fresh(rng));
    let i = some(rng);
    let absent = path(CLIENT, 3, i);
    let asked = full(&s, &absent);
    let nodes = s.state.proof(std::slice::from_ref(&absent));
    membership(m, "absent", &s, &[(asked.clone(), B256::ZERO)], nodes.clone(), "ok");
    membership(m, "absent_as_present", &s, &[(asked, commitment(i))], nodes, "ValueAbsent");
    let asked = full(&s, &sent(i));
    let nodes = s.state.proof(&[sent(i)]);
    membership(m, "present_as_absent", &s, &[(asked.clone(), B256::ZERO)], nodes.clone(), "ValuePresent");
    membership(m, "other_value", &s, &[(asked, commitment(i + 1))], nodes, "ValueMismatch");
}

pub fn received(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let i = some(rng);
    let receipt = path(CLIENT, 2, i);
    s.change_state(|state| drop(state.entries.insert(state.key(&receipt), commitment(i).to_vec())));
    let s = accepted(&s);
    let nodes = s.state.proof(std::slice::from_ref(&receipt));
    membership(m, "receipt_hidden", &s, &[(full(&s, &receipt), B256::ZERO)], nodes, "ValuePresent");
    let never = path(CLIENT, 2, 500 + i);
    let nodes = s.state.proof(std::slice::from_ref(&never));
    membership(m, "never_received", &s, &[(full(&s, &never), B256::ZERO)], nodes, "ok");
}

pub fn leaf_index(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    put(m, "leaf_of_the_commitment", &s, "Update");
    // A leaf that says a block later than what is committed to.
    s.committed = s.leaf_number;
    put(m, "leaf_past_the_commitment", &s, "LeafOutOfRange");
    let s = fresh(rng);
    let mut message = s.message();
    message.mmr_items = message.mmr_items[..message.mmr_items.len() - 32].to_vec().into();
    update(m, "last_item_left_out", &s, message.encode(), "InvalidMmrProof");
    // The items of a range of another width.
    let mut wider = s.clone();
    wider.committed += 1 + rng.below(6) as u32;
    let mut message = s.message();
    message.mmr_items = wider.message().mmr_items;
    if message.mmr_items != s.message().mmr_items {
        update(m, "items_of_another_width", &s, message.encode(), "InvalidMmrProof");
    }
}

/// 64 bytes of two children, taken for a leaf.
pub fn node_as_leaf(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let mut message = s.message();
    let items = message.mmr_items.clone();
    let (sibling, rest) = items.split_at(32);
    message.leaf = [sibling, alloy_primitives::keccak256(s.leaf()).as_slice()].concat().into();
    message.mmr_items = rest.to_vec().into();
    update(m, "inner_node_of_the_range", &s, message.encode(), "MalformedLeaf");
}

pub fn trailing(rng: &mut Rng, m: &mut Members) {
    let s = fresh(rng);
    let message = s.message().encode();
    update(m, "message_byte", &s, [&message[..], &[0]].concat(), "MalformedMessage");
    let commitment = [s.commitment(), vec![0]].concat();
    update(m, "commitment_byte", &s, s.message_with(commitment).encode(), "MalformedCommitment");
    let mut longer = s.message();
    longer.anchor_proof = [&longer.anchor_proof[..], &[0]].concat().into();
    update(m, "proof_byte", &s, longer.encode(), "InvalidProof");
    let mut s = fresh(rng);
    let raw = [s.header.encode(), vec![0]].concat();
    s.leaf_hash = B256::new(sp_crypto_hashing::blake2_256(&raw));
    let mut longer = s.message();
    longer.header = raw.into();
    update(m, "header_byte", &s, longer.encode(), "MalformedHeader");
    // Time and genesis are good, and a byte stands behind them.
    let mut s = fresh(rng);
    s.change_state(|state| {
        let key = state.anchor_key();
        state.entries.entry(key).and_modify(|anchor| anchor.push(0));
    });
    put(m, "anchor_byte", &s, "MalformedAnchor");
}

pub fn not_canonical(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    // The block number, one byte too long.
    let number = s.header.number;
    let long = ((number << 2) | 2).to_le_bytes();
    let raw = [&s.header.parent_hash[..], &long, &s.header.encode()[32 + compact_len(number)..]].concat();
    s.leaf_hash = B256::new(sp_crypto_hashing::blake2_256(&raw));
    let mut message = s.message();
    message.header = raw.into();
    update(m, "scale_number_in_four_bytes", &s, message.encode(), "MalformedHeader");
    let s = fresh(rng);
    let good = s.commitment();
    let commitment = [&[5, 0][..], &good[1..]].concat();
    update(m, "scale_count_in_two_bytes", &s, s.message_with(commitment).encode(), "MalformedCommitment");
}

/// Bytes of SCALE's compact number.
fn compact_len(number: u32) -> usize {
    codec::Encode::encode(&codec::Compact(number)).len()
}

pub fn frozen_or_expired(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    s.client.frozen = true;
    put(m, "frozen", &s, "ClientFrozen");
    let mut s = fresh(rng);
    s.now = s.client.latest_timestamp.0 + s.client.rules.trusting_period + rng.next() % 1_000_000;
    put(m, "expired", &s, "ClientExpired");
    let i = some(rng);
    let mut s = accepted(&fresh(rng));
    let nodes = s.state.proof(&[sent(i)]);
    s.now = s.time() + s.client.rules.trusting_period;
    membership(m, "asked_when_expired", &s, &[(full(&s, &sent(i)), commitment(i))], nodes.clone(), "ClientExpired");
    s.now = s.time();
    s.client.frozen = true;
    membership(m, "asked_when_frozen", &s, &[(full(&s, &sent(i)), commitment(i))], nodes, "ClientFrozen");
}

/// A value that is itself a node, listed where the walk ends before it.
pub fn node_as_value(rng: &mut Rng, m: &mut Members) {
    let mut s = fresh(rng);
    let i = some(rng);
    // Under a key that ours goes on from stands a long value: the encoding of a leaf for the rest.
    let asked = s.state.key(&path(CLIENT, 1, 700 + i));
    let short = asked[..48].to_vec();
    let forged: std::collections::BTreeMap<Vec<u8>, Vec<u8>> =
        [(asked[48..].to_vec(), commitment(i).to_vec())].into_iter().collect();
    let forged = Trie::new(state_trie::Version::V1, forged);
    let node = forged.nodes(&[&asked[48..]]).swap_remove(0);
    s.change_state(|state| drop(state.entries.insert(short, node.clone())));
    let s = accepted(&s);
    let mut nodes = s.state.trie().pack(&[&asked]);
    let claim = [(full(&s, &path(CLIENT, 1, 700 + i)), commitment(i))];
    membership(m, "shown_absent", &s, &claim, nodes.clone(), "ValueAbsent");
    nodes[1] += 1;
    nodes.extend((node.len() as u16).to_be_bytes());
    nodes.extend(node);
    membership(m, "value_walked_into", &s, &claim, nodes, "InvalidProof");
}
