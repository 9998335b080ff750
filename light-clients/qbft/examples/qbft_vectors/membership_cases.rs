//! Verify calls over one or many paths.

use crate::{
    common::{Scenario, commitment, path, path_key, path_slot, state_trie::Trie},
    stored,
};
use alloy_primitives::{B256, hex, keccak256};
use lupu_ethereum_state::{EMPTY_ROOT, NodeSet};
use lupu_qbft::{ConsensusState, Kind::Qbft, MembershipProof};
use lupu_standard::TimestampSecs;
use serde_json::{Value, json};

/// A client that has accepted the scenario's block.
struct World {
    s: Scenario,
    height: u64,
    consensus: ConsensusState,
}

impl World {
    fn new() -> Self {
        let mut s = Scenario::new(Qbft, 4);
        let (height, consensus) = (s.block.number, s.consensus());
        s.client.latest_height = lupu_standard::Height(height);
        s.client.latest_timestamp = consensus.timestamp;
        s.stored.push((height, consensus.hash()));
        Self { s, height, consensus }
    }

    fn root(mut self, root: B256) -> Self {
        self.consensus.storage_root = root;
        self.s.stored[1].1 = self.consensus.hash();
        self
    }

    fn proof(&self, nodes: Vec<u8>) -> Vec<u8> {
        MembershipProof { consensus: self.consensus, nodes: nodes.into() }.encode()
    }
}

type Claims = Vec<(Vec<u8>, B256)>;

fn case(name: &str, what: &str, w: &World, claims: &Claims, proof: Vec<u8>, expect: &str) -> Value {
    let (paths, values): (Vec<String>, Vec<B256>) =
        claims.iter().map(|(path, value)| (hex::encode_prefixed(path), *value)).unzip();
    json!({
        "name": name,
        "description": what,
        "client_state": hex::encode_prefixed(w.s.client.encode()),
        "stored": stored(&w.s),
        "now": w.s.now,
        "height": w.height,
        "paths": paths,
        "values": values,
        "proof": hex::encode_prefixed(proof),
        "expect": expect,
        "timestamp": if expect == "ok" { w.consensus.timestamp.0 } else { 0 },
    })
}

fn sent(i: u64) -> Vec<u8> {
    path("bank.qbft-harbour", 1, i)
}

fn present(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (sent(i), commitment(i))).collect()
}

fn absent(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (path("bank.qbft-harbour", 2, i), B256::ZERO)).collect()
}

fn by_key(mut claims: Claims) -> Claims {
    claims.sort_by_key(|(p, _)| path_key(p));
    claims
}

fn nodes(w: &World, claims: &Claims) -> Vec<u8> {
    w.s.state.storage_proof(&claims.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>())
}

pub fn cases() -> Vec<Value> {
    let mut out = good();
    out.extend(wrong_claims());
    out.extend(wrong_clients());
    out.extend(wrong_proofs());
    out.extend(small_tries());
    out
}

fn good() -> Vec<Value> {
    let w = World::new();
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, claims: Claims| {
        let proof = w.proof(nodes(&w, &claims));
        out.push(case(name, what, &w, &claims, proof, "ok"));
    };
    put("present_one", "a commitment", present(1..=1));
    put("absent_one", "no receipt", absent(1..=1));
    put("present_twenty", "all commitments, by key", by_key(present(1..=20)));
    put("present_unsorted", "in the order of their sequences", present(1..=8));
    put("mixed", "present and absent", by_key([present(1..=5), absent(1..=5)].concat()));
    put("same_path_twice", "one path twice in a row", [present(3..=3), present(3..=3)].concat());
    put("same_path_apart", "one path again later", present([3, 4, 3].into_iter()));
    let empty = vec![(Vec::new(), B256::ZERO)];
    put("path_of_no_bytes", "an empty path is a path", empty);
    let mut w = World::new();
    w.height = 100;
    w.consensus = w.s.trusted;
    w.consensus.storage_root = w.s.state.storage_trie().root();
    w.s.stored[0].1 = w.consensus.hash();
    let claims = present(1..=1);
    let proof = w.proof(nodes(&w, &claims));
    out.push(case("older_height", "at a height below the newest", &w, &claims, proof, "ok"));
    let mut w = World::new();
    w.s.now = w.consensus.timestamp.0 + w.s.client.rules.trusting_period - 1;
    let proof = w.proof(nodes(&w, &claims));
    out.push(case("last_second", "one second before it expires", &w, &claims, proof, "ok"));
    out
}

fn wrong_claims() -> Vec<Value> {
    let w = World::new();
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, truth: Claims, claims: Claims, expect: &str| {
        let proof = w.proof(nodes(&w, &truth));
        out.push(case(name, what, &w, &claims, proof, expect));
    };
    let one = present(1..=1);
    put(
        "absent_as_present",
        "nothing is stored",
        absent(1..=1),
        vec![(path("bank.qbft-harbour", 2, 1), commitment(1))],
        "ValueAbsent",
    );
    put("present_as_absent", "something is stored", one.clone(), vec![(sent(1), B256::ZERO)], "ValuePresent");
    put("other_value", "something else is stored", one.clone(), vec![(sent(1), commitment(2))], "ValueMismatch");
    let batch = by_key(present(1..=6));
    for (name, index, value, expect) in [
        ("batch_first_wrong", 0, commitment(99), "ValueMismatch"),
        ("batch_last_wrong", 5, commitment(99), "ValueMismatch"),
        ("batch_one_absent", 3, B256::ZERO, "ValuePresent"),
    ] {
        let mut claims = batch.clone();
        claims[index].1 = value;
        put(name, "one claim of a batch is wrong", batch.clone(), claims, expect);
    }
    let invalid = "InvalidProof";
    put("other_path", "a proof of another path", one.clone(), present(2..=2), invalid);
    put("more_paths", "fewer paths are proven", one.clone(), present(1..=2), invalid);
    put("fewer_paths", "more paths are proven", present(1..=2), one.clone(), invalid);
    let swapped = vec![batch[1].clone(), batch[0].clone()];
    put("other_order", "proven in another order", batch[..2].to_vec(), swapped, invalid);
    out.push(case("no_paths", "nothing is asked", &w, &vec![], w.proof(vec![]), "InvalidPath"));
    out
}

fn wrong_clients() -> Vec<Value> {
    let claims = present(1..=1);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut World)| {
        let mut w = World::new();
        let proof = w.proof(nodes(&w, &claims));
        change(&mut w);
        out.push(case(name, what, &w, &claims, proof, expect));
    };
    put("frozen", "a frozen client proves nothing", "ClientFrozen", &|w| w.s.client.frozen = true);
    put("expired", "in the second it expires", "ClientExpired", &|w| {
        w.s.now = w.s.client.latest_timestamp.0 + w.s.client.rules.trusting_period;
    });
    put("unknown_height", "nothing stored there", "UnknownHeight", &|w| w.height = 119);
    put("height_above", "above the newest height", "UnknownHeight", &|w| w.height = 121);
    let mismatch = "ConsensusStateMismatch";
    put("state_of_other_height", "the state of another height", mismatch, &|w| w.height = 100);
    put("stored_hash_zero", "a stored hash of zero is nothing", "UnknownHeight", &|w| {
        w.s.stored[1].1 = B256::ZERO;
    });

    let w = World::new();
    let good = MembershipProof { consensus: w.consensus, nodes: nodes(&w, &claims).into() };
    let mut forged = good.clone();
    forged.consensus.timestamp = TimestampSecs(forged.consensus.timestamp.0 + 1);
    let what = "a later time would let a packet time out";
    out.push(case("forged_time", what, &w, &claims, forged.encode(), mismatch));
    let raw = good.encode();
    let mut put = |name: &str, what: &str, proof: Vec<u8>| {
        out.push(case(name, what, &w, &claims, proof, "MalformedMessage"));
    };
    put("proof_empty", "no bytes", Vec::new());
    put("proof_truncated", "the last word is missing", raw[..raw.len() - 32].to_vec());
    put("proof_extended", "one word too many", [&raw[..], &[0; 32]].concat());
    put("proof_byte_extended", "one byte too many", [&raw[..], &[0]].concat());
    let mut dirty = raw.clone();
    *dirty.last_mut().unwrap() = 1;
    assert_ne!(good.nodes.len() % 32, 0);
    put("proof_dirty_padding", "padding is not zero", dirty);
    let mut wide = raw;
    wide[32 + 23] = 1;
    put("proof_wide_timestamp", "timestamp above 2^64", wide);
    out
}

fn wrong_proofs() -> Vec<Value> {
    let w = World::new();
    let batch = by_key(present(1..=4));
    let good = nodes(&w, &batch);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, nodes: Vec<u8>| {
        out.push(case(name, what, &w, &batch, w.proof(nodes), "InvalidProof"));
    };
    put("nodes_none", "no nodes", Vec::new());
    put("nodes_truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("nodes_extended", "one byte too many", [&good[..], &[0]].concat());
    for at in [0, 1, 2, 5, 100, good.len() / 2, good.len() - 1] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        put(&format!("nodes_bit_{at}"), "one bit is flipped", flipped);
    }
    let single: Vec<Vec<u8>> = batch.iter().map(|c| nodes_of(&w, c)).collect();
    put("nodes_not_shared", "the root is listed for every key", single.concat());
    let mut other = w.s.state.clone();
    other.storage.insert(path_slot(b"other"), commitment(7));
    let paths: Vec<Vec<u8>> = batch.iter().map(|(p, _)| p.clone()).collect();
    put("nodes_other_root", "a proof in another state", other.storage_proof(&paths));

    // Leaves that no chain stores, in a trie whose root is the trusted one.
    for (name, leaf) in [
        ("zero_leaf", vec![0x80]),
        ("zero_byte_leaf", vec![0x00]),
        ("leading_zero_leaf", vec![0x82, 0x00, 0x05]),
        ("not_minimal_leaf", vec![0x81, 0x05]),
        ("list_leaf", vec![0xc1, 0x05]),
        ("long_leaf", [vec![0xa1], vec![1; 33]].concat()),
        ("trailing_leaf", vec![0x05, 0x06]),
    ] {
        let mut trie = w.s.state.storage_trie();
        let key = path_key(&sent(1));
        trie.0.insert(key, leaf);
        let root = trie.root();
        let set: NodeSet = trie.nodes(&[key]).into_iter().collect();
        let nodes = set.pack(&root, &[key]).unwrap();
        let w = World::new().root(root);
        for (kind, value) in [("present", B256::with_last_byte(5)), ("absent", B256::ZERO)] {
            let claims = vec![(sent(1), value)];
            let proof = w.proof(nodes.clone());
            let name = format!("{name}_claimed_{kind}");
            out.push(case(&name, "a malformed leaf", &w, &claims, proof, "InvalidProof"));
        }
    }
    out
}

fn nodes_of(w: &World, claim: &(Vec<u8>, B256)) -> Vec<u8> {
    w.s.state.storage_proof(std::slice::from_ref(&claim.0))
}

fn small_tries() -> Vec<Value> {
    let mut out = Vec::new();
    let w = World::new().root(EMPTY_ROOT);
    let two = absent(1..=2);
    let mut put = |name: &str, what: &str, nodes: Vec<u8>, expect: &str| {
        out.push(case(name, what, &w, &two, w.proof(nodes), expect));
    };
    put("empty_trie", "no nodes at all", vec![0, 0, 0, 0], "ok");
    put("empty_trie_shown", "the empty root node, once", vec![0, 1, 0x80, 1, 0], "ok");
    put("empty_trie_again", "shown to both", vec![0, 1, 0x80, 0, 1, 0x80], "InvalidProof");
    put("empty_trie_late", "shown to the second", vec![0, 0, 0, 1, 0x80], "InvalidProof");
    put("empty_trie_twice", "listed twice", vec![0, 2, 0x80, 0x80, 1, 0], "InvalidProof");
    put("empty_trie_short", "the second key is missing", vec![0, 0], "InvalidProof");
    let claims = present(1..=1);
    let proof = w.proof(vec![0, 0]);
    out.push(case("empty_trie_present", "nothing is stored", &w, &claims, proof, "ValueAbsent"));

    let lonely = path_key(&sent(1));
    let leaf = [&[0xa0], commitment(1).as_slice()].concat();
    let trie = Trie([(lonely, leaf)].into());
    let w = World::new().root(trie.root());
    let set: NodeSet = trie.nodes(&[lonely]).into_iter().collect();
    let mut put = |name: &str, what: &str, claims: Claims| {
        let keys: Vec<B256> = claims.iter().map(|(p, _)| path_key(p)).collect();
        let proof = w.proof(set.pack(&w.consensus.storage_root, &keys).unwrap());
        out.push(case(name, what, &w, &claims, proof, "ok"));
    };
    put("one_leaf", "the trie is one leaf", claims.clone());
    put("one_leaf_others_absent", "the leaf proves all others absent", absent(1..=3));
    put("one_leaf_both", "present, then absent", [claims, absent(1..=1)].concat());
    let w = World::new().root(keccak256([0x80, 0x80]));
    let proof = w.proof(vec![0, 0, 0, 0]);
    out.push(case("unknown_root", "not the empty root", &w, &two, proof, "InvalidProof"));
    out
}
