//! Headers and anchors.

use crate::{
    Cases,
    common::{Scenario, State, digest_item, state_trie::seeded},
};
use alloy_primitives::{B256, Bytes, FixedBytes, b256};
use lupu_beefy::UpdateMessage;
use serde_json::Value;
use sp_crypto_hashing::{blake2_256, twox_128};

/// Root of an empty trie: BLAKE2b-256 of one zero byte.
const EMPTY: B256 = b256!("03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314");

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    malformed(&mut c);
    mismatched(&mut c);
    anchors(&mut c);
    proofs(&mut c);
    c.0
}

/// A message whose leaf names the hash of these header bytes, whatever they are.
fn with_raw_header(raw: Vec<u8>) -> (Scenario, Vec<u8>) {
    let mut s = Scenario::new(1);
    s.leaf_hash = B256::new(blake2_256(&raw));
    let message = UpdateMessage { header: raw.into(), ..s.message() };
    (s, message.encode())
}

fn malformed(c: &mut Cases) {
    let good = Scenario::new(1).header.encode();
    let mut put = |name: &str, what: &str, raw: Vec<u8>| {
        let (s, message) = with_raw_header(raw);
        c.raw(&format!("header_{name}"), what, &s, message, "MalformedHeader");
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("cut_in_the_root", "ends in the state root", good[..50].to_vec());
    put("trailing", "one byte too many", [&good[..], &[0]].concat());
    let mut long = Scenario::new(1).header;
    long.digest = vec![digest_item(4, b"FRNK", &[1; 4096 - 98 - 7])];
    let long = long.encode();
    assert_eq!(long.len(), 4097);
    put("4097_bytes", "one byte more than a header may have", long);

    // Block 120 is e101: parent hash 32, number 2, roots 64, digest.
    assert_eq!(good[32..34], [0xe1, 0x01]);
    let number = |compact: &[u8]| [&good[..32], compact, &good[34..]].concat();
    put("number_four_bytes", "120 in four bytes", number(&[0xe2, 0x01, 0, 0]));
    put("number_five_bytes", "120 in five bytes", number(&[0x03, 120, 0, 0, 0]));
    put("number_33_bits", "2^32", number(&[0x07, 0, 0, 0, 0, 1]));
    put("number_67_bytes", "a number of 67 bytes", number(&[&[0xff][..], &[1; 67]].concat()));
    let digest = |compact: &[u8], items: &[u8]| [&good[..98], compact, items].concat();
    put("digest_count_high", "one item more than there are", digest(&[3 << 2], &good[99..]));
    put("digest_count_low", "one item fewer than there are", digest(&[1 << 2], &good[99..]));
    put("digest_count_not_minimal", "the count in two bytes", digest(&[0x09, 0], &good[99..]));
    put("digest_count_huge", "more items than bytes", digest(&[0xfe, 0xff, 0xff, 0xff], &good[99..]));
    for tag in [1u8, 2, 3, 7, 9, 255] {
        let item = digest_item(tag, b"aura", &[]);
        put(&format!("digest_tag_{tag}"), "an unknown digest item", digest(&[4], &item));
    }
    put("digest_length_not_minimal", "a length in two bytes", digest(&[4], &[0, 0x05, 0, 9]));
    put("digest_length_high", "data past the end", digest(&[4], &[0, 40, 1, 2]));
    put("digest_id_cut", "ends in an item's id", digest(&[4], &[6, b'a', b'u']));
}

fn mismatched(c: &mut Cases) {
    let check = "HeaderMismatch";
    let s = Scenario::new(4);
    let mut other = s.header.clone();
    other.extrinsics_root = seeded("other extrinsics", 0);
    let message = UpdateMessage { header: other.encode().into(), ..s.message() };
    c.raw("header_of_another_fork", "another block of this number", &s, message.encode(), check);
    other = s.header.clone();
    other.number = 119;
    let message = UpdateMessage { header: other.encode().into(), ..s.message() };
    c.raw("header_of_another_block", "the block before", &s, message.encode(), check);
    let mut s = Scenario::new(4);
    s.change_header(|h| h.number = 119);
    c.put("header_number", "the leaf's hash, another number", &s, check);
    let mut s = Scenario::new(4);
    s.leaf_number = 119;
    s.committed = 120;
    c.put("leaf_number", "the leaf says another number", &s, check);

    for (name, root) in [("zero", B256::ZERO), ("empty", EMPTY)] {
        let mut s = Scenario::new(4);
        s.change_header(|h| h.state_root = root);
        c.put(&format!("state_root_{name}"), "the root of no state", &s, "ZeroStateRoot");
    }
}

fn anchors(c: &mut Cases) {
    let mut put = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut State)| {
        let mut s = Scenario::new(4);
        s.change_state(change);
        c.put(&format!("anchor_{name}"), what, &s, expect);
    };
    let value = |state: &mut State, value: Vec<u8>| drop(state.entries.insert(state.anchor_key(), value));
    put("absent", "a chain without the pallet", "AnchorAbsent", &|s| drop(s.entries.remove(&s.anchor_key())));
    put("absent_next_to_others", "values next to it", "AnchorAbsent", &|s| {
        let key = s.anchor_key();
        s.entries.remove(&key);
        s.entries.insert([&key[..], &[0]].concat(), vec![1; 32]);
        s.entries.insert(key[..31].to_vec(), vec![1; 32]);
    });
    for len in [0usize, 8, 31, 33, 64, 300] {
        let malformed = "MalformedAnchor";
        put(&format!("of_{len}_bytes"), "not 32 bytes", malformed, &|s| value(s, vec![1; len]));
    }
    let genesis = |s: &State| s.entries[&s.anchor_key()].clone();
    put("of_a_sister", "another chain of the same authorities", "WrongChain", &|s| {
        let time = genesis(s)[..8].to_vec();
        value(s, [time, seeded("sister", 0)[..24].to_vec()].concat());
    });
    for (name, at) in [("first", 8), ("last", 31)] {
        put(&format!("genesis_{name}_byte"), "one bit of the genesis hash", "WrongChain", &|s| {
            let mut anchor = genesis(s);
            anchor[at] ^= 1;
            value(s, anchor);
        });
    }
    put("reversed", "genesis first, time last", "WrongChain", &|s| {
        let anchor = genesis(s);
        value(s, [&anchor[8..], &anchor[..8]].concat());
    });
    put("time_little_endian", "seconds in SCALE's order", "HeaderFromFuture", &|s| {
        let mut anchor = genesis(s);
        anchor[..8].reverse();
        value(s, anchor);
    });
    put("time_in_milliseconds", "milliseconds for seconds", "HeaderFromFuture", &|s| {
        let mut anchor = genesis(s);
        let time = u64::from_be_bytes(anchor[..8].try_into().unwrap()) * 1000;
        anchor[..8].copy_from_slice(&time.to_be_bytes());
        value(s, anchor);
    });
    let mut s = Scenario::new(4);
    s.client.pallet_prefix = FixedBytes(twox_128(b"Other"));
    let key = [twox_128(b"Other"), twox_128(b"Anchor")].concat();
    let mut m = s.message();
    m.anchor_proof = s.state.trie().pack(&[&key]).into();
    c.raw("anchor_of_another_pallet", "the client's pallet has another name", &s, m.encode(), "AnchorAbsent");
    let mut s = Scenario::new(4);
    s.client.genesis = FixedBytes([9; 24]);
    c.put("client_of_another_chain", "the client is of another chain", &s, "WrongChain");
}

fn proofs(c: &mut Cases) {
    let s = Scenario::new(4);
    let good = s.message();
    let proof = good.anchor_proof.to_vec();
    let mut put = |name: String, what: &str, proof: Vec<u8>| {
        let message = UpdateMessage { anchor_proof: proof.into(), ..good.clone() };
        c.raw(&format!("proof_{name}"), what, &s, message.encode(), "InvalidProof");
    };
    put("empty".into(), "no bytes", Vec::new());
    put("no_nodes".into(), "no nodes", vec![0, 0]);
    put("truncated".into(), "the last byte is missing", proof[..proof.len() - 1].to_vec());
    put("extended".into(), "one byte too many", [&proof[..], &[0]].concat());
    put("twice".into(), "a second key", [&proof[..], &proof[..]].concat());
    put("restart".into(), "keeps a node of no key before", [&[1], &proof[1..]].concat());
    put("count_low".into(), "one node fewer", [&[0, proof[1] - 1], &proof[2..]].concat());
    put("count_high".into(), "one node more", [&[0, proof[1] + 1], &proof[2..]].concat());
    for at in (2..proof.len()).step_by(proof.len() / 12) {
        let mut flipped = proof.clone();
        flipped[at] ^= 0x10;
        put(format!("bit_{at}"), "a flipped bit", flipped);
    }
    let mut other = s.state.clone();
    other.entries.insert(b"other".to_vec(), vec![1]);
    put("of_another_state".into(), "nodes of another root", other.anchor_proof());
    let commitment = s.state.key(&crate::common::path("bank.beefy-harbour", 1, 1));
    put("of_another_key".into(), "nodes of another key", s.state.trie().pack(&[&commitment]));
    let mut message = good.clone();
    message.anchor_proof = Bytes::from(vec![0u8; 40]);
    c.raw("proof_zeros", "zeros", &s, message.encode(), "InvalidProof");
}
