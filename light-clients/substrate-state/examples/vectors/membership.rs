//! Claims about paths, and the anchor, in states that a pallet could have written.

use crate::{
    common::{Entries, Trie, Version, joined, parts, seeded, slices},
    hex, hexes,
};
use alloy_primitives::{B256, keccak256};
use lupu_substrate_state::EMPTY_ROOT;
use serde_json::{Value, json};
use sp_crypto_hashing::twox_128;

const TIME: u64 = 1_700_000_060;

fn pallet() -> [u8; 16] {
    twox_128(b"Ibc")
}

fn genesis() -> Vec<u8> {
    seeded("genesis", 0)[..24].to_vec()
}

/// The raw path of a commitment, receipt or acknowledgement.
fn raw(client: &str, kind: u8, sequence: u64) -> Vec<u8> {
    [client.as_bytes(), &[kind], &sequence.to_be_bytes()].concat()
}

fn prefix() -> Vec<u8> {
    [pallet(), twox_128(b"Commitments")].concat()
}

fn path(client: &str, kind: u8, sequence: u64) -> Vec<u8> {
    [prefix(), raw(client, kind, sequence)].concat()
}

/// Where the pallet stores what belongs to a path with its prefix.
fn key(path: &[u8]) -> Vec<u8> {
    let (prefix, raw) = path.split_at(path.len().min(32));
    [prefix, keccak256(raw).as_slice()].concat()
}

fn packet(i: usize) -> Vec<u8> {
    path("customs.grandpa-harbour", 1, i as u64)
}

fn word(i: usize) -> B256 {
    seeded("commitment", i)
}

/// A state with thirty packets (1 to 30), an anchor, and other pallets' values.
fn state() -> Entries {
    let mut entries: Entries = (1..=30).map(|i| (key(&packet(i)), word(i).to_vec())).collect();
    let longest = "a".repeat(128);
    entries.insert(key(&path(&longest, 1, 1)), word(1).to_vec());
    entries.insert([pallet(), twox_128(b"Anchor")].concat(), [&TIME.to_be_bytes()[..], &genesis()].concat());
    for i in 0..20 {
        entries.insert([twox_128(b"System"), *b"an account's map"].concat(), vec![1; 80]);
        entries.insert(seeded("elsewhere", i).to_vec(), seeded("value", i)[..i].to_vec());
    }
    entries
}

fn case(name: &str, what: &str, root: B256, claims: &[(Vec<u8>, B256)], proof: &[u8], expect: &str) -> Value {
    let (paths, values): (Vec<_>, Vec<_>) = claims.iter().cloned().unzip();
    json!({
        "name": name, "description": what, "state_root": root, "pallet_prefix": hex(pallet()),
        "paths": hexes(&paths), "values": values, "proof": hex(proof), "expect": expect,
    })
}

fn proof_of(trie: &Trie, claims: &[(Vec<u8>, B256)]) -> Vec<u8> {
    let keys: Vec<Vec<u8>> = claims.iter().map(|(path, _)| key(path)).collect();
    trie.pack(&slices(&keys))
}

pub fn cases() -> Vec<Value> {
    let trie = Trie::new(Version::V1, state());
    let root = trie.root();
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, claims: &[(Vec<u8>, B256)], expect: &str| {
        out.push(case(name, what, root, claims, &proof_of(&trie, claims), expect));
    };
    let there = |i: usize| (packet(i), word(i));
    let gone = |i: usize| (packet(i), B256::ZERO);
    let receipt = path("customs.grandpa-harbour", 2, 1);
    let longest = path(&"a".repeat(128), 1, 1);
    assert_eq!(longest.len(), 169);
    put("present_one", "a commitment", &[there(1)], "ok");
    put("absent_one", "no receipt", &[(receipt.clone(), B256::ZERO)], "ok");
    let mut twenty: Vec<_> = (1..=20).map(there).collect();
    put("present_unsorted", "twenty commitments in the order of their sequences", &twenty, "ok");
    twenty.sort_by_key(|(path, _)| key(path));
    put("present_twenty", "twenty commitments in the order of their keys", &twenty, "ok");
    put("mixed", "there and not there", &[there(1), gone(31), there(2), gone(32)], "ok");
    put("same_path_twice", "one claim made twice", &[there(3), there(3)], "ok");
    put("longest_path", "a client of 128 bytes: 169 bytes", &[(longest.clone(), word(1))], "ok");
    let shortest = [prefix(), vec![1]].concat();
    put("shortest_path", "33 bytes", &[(shortest, B256::ZERO)], "ok");

    put("absent_as_present", "nothing is stored", &[(packet(31), word(1))], "ValueAbsent");
    put("present_as_absent", "something is stored", &[gone(1)], "ValuePresent");
    put("other_value", "another packet's commitment", &[(packet(1), word(2))], "ValueMismatch");
    put("values_swapped", "two packets' commitments", &[(packet(1), word(2)), (packet(2), word(1))], "ValueMismatch");
    put("batch_first_wrong", "one bad claim, first", &[gone(1), there(2), there(3)], "ValuePresent");
    put("batch_last_wrong", "one bad claim, last", &[there(1), there(2), gone(3)], "ValuePresent");
    put("batch_one_absent", "one claim of a packet never sent", &[there(1), (packet(31), word(31))], "ValueAbsent");

    let proof = proof_of(&trie, &[there(1), there(2)]);
    let mut put = |name: &str, what: &str, claims: &[(Vec<u8>, B256)], proof: &[u8], expect: &str| {
        out.push(case(name, what, root, claims, proof, expect));
    };
    let two = [there(1), there(2)];
    put("no_paths", "nothing claimed", &[], &[], "InvalidPath");
    let with = |path: Vec<u8>| [(path, word(1))];
    put("path_of_prefix_only", "32 bytes", &with(prefix()), &proof, "InvalidPath");
    put("path_too_long", "170 bytes", &with([longest, vec![0]].concat()), &proof, "InvalidPath");
    put("path_without_prefix", "the raw path", &with(raw("customs.grandpa-harbour", 1, 1)), &proof, "InvalidPath");
    put("path_of_no_bytes", "no bytes", &with(vec![]), &proof, "InvalidPath");
    let other_pallet = [&twox_128(b"Ibd")[..], &packet(1)[16..]].concat();
    put("path_of_other_pallet", "another pallet's prefix", &with(other_pallet), &proof, "InvalidPath");
    let other_item = [&pallet()[..], &twox_128(b"Sequences"), &packet(1)[32..]].concat();
    put("path_of_other_item", "another map of the pallet", &with(other_item), &proof, "InvalidPath");
    let second = [there(1), (receipt[1..].to_vec(), B256::ZERO)];
    put("path_second", "the second path is another pallet's", &second, &proof, "InvalidPath");
    put("proof_empty", "no bytes", &two, &[], "InvalidProof");
    put("proof_truncated", "the last byte is missing", &two, &proof[..proof.len() - 1], "InvalidProof");
    put("proof_extended", "one byte too many", &two, &[&proof[..], &[0]].concat(), "InvalidProof");
    put("more_paths", "a path that is not proven", &[there(1), there(2), there(3)], &proof, "InvalidProof");
    put("fewer_paths", "a proof of one path more", &[there(1)], &proof, "InvalidProof");
    put("other_order", "the proof's order is another", &[there(2), there(1)], &proof, "InvalidProof");
    put("other_path", "the proof of another path", &[there(3), there(2)], &proof, "InvalidProof");
    let absent = proof_of(&trie, &[gone(31)]);
    put("present_by_absent_proof", "the proof of an absent path", &[there(1)], &absent, "InvalidProof");
    let kept = {
        let mut parts = parts(&proof, 2).unwrap();
        parts[1].restart -= 1;
        joined(&parts)
    };
    put("proof_restart", "keeps one node too few", &two, &kept, "InvalidProof");
    let alone = [proof_of(&trie, &[there(1)]), proof_of(&trie, &[there(2)])].concat();
    put("proof_not_shared", "every path starts from the root", &two, &alone, "InvalidProof");
    for at in [0usize, 1, 2, 5, 100, 300] {
        let mut flipped = proof.clone();
        flipped[at] ^= 1;
        put(&format!("proof_bit_{at}"), "one bit is flipped", &two, &flipped, "InvalidProof");
    }

    let one = [there(1)];
    let proof_one = proof_of(&trie, &one);
    let mut put = |name: &str, what: &str, root: B256, claims: &[(Vec<u8>, B256)], proof: &[u8], expect: &str| {
        out.push(case(name, what, root, claims, proof, expect));
    };
    put("other_root", "another state root", B256::repeat_byte(7), &one, &proof_one, "InvalidProof");
    for (name, what, stored) in [
        ("stored_31", "31 bytes are stored", word(1)[..31].to_vec()),
        ("stored_33", "33 bytes are stored, by their hash", [word(1).as_slice(), &[0]].concat()),
        ("stored_nothing", "no bytes are stored", vec![]),
        ("stored_zero", "zero is stored", vec![0; 32]),
    ] {
        let mut entries = state();
        entries.insert(key(&packet(1)), stored);
        let trie = Trie::new(Version::V1, entries);
        let proof = proof_of(&trie, &one);
        put(&format!("{name}_claimed_present"), what, trie.root(), &one, &proof, "ValueMismatch");
        put(&format!("{name}_claimed_absent"), what, trie.root(), &[gone(1)], &proof, "ValuePresent");
    }
    let none = [gone(1), gone(2)];
    put("empty_trie", "a state of nothing", EMPTY_ROOT, &none, &[0, 0, 0, 0], "ok");
    put("empty_trie_present", "a claim about a state of nothing", EMPTY_ROOT, &two, &[0, 0, 0, 0], "ValueAbsent");
    out
}

pub fn anchors() -> Vec<Value> {
    let key = [pallet(), twox_128(b"Anchor")].concat();
    let stored = |value: Option<Vec<u8>>| {
        let mut entries = state();
        entries.remove(&key);
        entries.extend(value.map(|v| (key.clone(), v)));
        Trie::new(Version::V1, entries)
    };
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, root: B256, proof: &[u8], expect: &str, time: u64| {
        out.push(json!({
            "name": name, "description": what, "state_root": root, "pallet_prefix": hex(pallet()),
            "genesis": hex(genesis()), "proof": hex(proof), "expect": expect, "timestamp": time,
        }));
    };
    let anchor = |time: u64, genesis: &[u8]| Some([&time.to_be_bytes()[..], genesis].concat());
    let good = stored(anchor(TIME, &genesis()));
    let proof = good.pack(&[&key]);
    put("anchor", "time and genesis", good.root(), &proof, "ok", TIME);
    let late = stored(anchor(u64::MAX, &genesis()));
    put("latest_time", "2⁶⁴−1 seconds", late.root(), &late.pack(&[&key]), "ok", u64::MAX);
    let none = stored(None);
    put("absent", "no anchor", none.root(), &none.pack(&[&key]), "AnchorAbsent", 0);
    put("empty_state", "no state", EMPTY_ROOT, &[0, 0], "AnchorAbsent", 0);
    let long = [anchor(TIME, &genesis()).unwrap(), vec![0]].concat();
    for (name, what, value) in [
        ("short", "31 bytes", long[..31].to_vec()),
        ("long", "33 bytes, by their hash", long.clone()),
        ("no_bytes", "no bytes", vec![]),
        ("time_only", "8 bytes", long[..8].to_vec()),
    ] {
        let trie = stored(Some(value));
        put(name, what, trie.root(), &trie.pack(&[&key]), "MalformedAnchor", 0);
    }
    let mut other = genesis();
    other[23] ^= 1;
    let sister = stored(anchor(TIME, &other));
    put(
        "other_genesis",
        "another chain's genesis, in the last byte",
        sister.root(),
        &sister.pack(&[&key]),
        "WrongChain",
        0,
    );
    let zero = stored(anchor(TIME, &[0; 24]));
    put("zero_genesis", "a genesis of zeros", zero.root(), &zero.pack(&[&key]), "WrongChain", 0);
    put("truncated", "the last byte is missing", good.root(), &proof[..proof.len() - 1], "InvalidProof", 0);
    put("extended", "one byte too many", good.root(), &[&proof[..], &[0]].concat(), "InvalidProof", 0);
    put("other_root", "another state root", B256::repeat_byte(7), &proof, "InvalidProof", 0);
    let elsewhere = good.pack(&[&self::key(&packet(1))]);
    put("other_key", "the proof of another key", good.root(), &elsewhere, "InvalidProof", 0);
    out
}
