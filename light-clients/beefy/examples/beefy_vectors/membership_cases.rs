//! Verify calls over one or many paths.

use crate::{
    common::{
        Scenario, State, commitment, path,
        state_trie::{Trie, Version},
    },
    stored,
};
use alloy_primitives::{B256, hex};
use lupu_beefy::{ConsensusState, MembershipProof};
use lupu_standard::{Height, TimestampSecs};
use serde_json::{Value, json};

const CLIENT: &str = "bank.beefy-harbour";

/// A client that has accepted the scenario's block.
struct World {
    s: Scenario,
    height: u64,
    consensus: ConsensusState,
}

impl World {
    fn new() -> Self {
        let mut s = Scenario::new(4);
        let (height, consensus) = (u64::from(s.leaf_number), s.consensus());
        s.client.latest_height = Height(height);
        s.client.latest_timestamp = consensus.timestamp;
        s.stored.push((height, consensus.hash()));
        Self { s, height, consensus }
    }

    fn root(mut self, root: B256) -> Self {
        self.consensus.state_root = root;
        self.s.stored[1].1 = self.consensus.hash();
        self
    }

    fn proof(&self, nodes: Vec<u8>) -> Vec<u8> {
        MembershipProof { consensus: self.consensus, nodes: nodes.into() }.encode()
    }

    /// A raw path behind the Merkle prefix.
    fn full(&self, raw: &[u8]) -> Vec<u8> {
        [&self.s.state.merkle_prefix(), raw].concat()
    }
}

/// Raw paths and values.
type Claims = Vec<(Vec<u8>, B256)>;

/// The claims are given with their full paths.
fn raw_case(name: &str, what: &str, w: &World, claims: &Claims, proof: Vec<u8>, expect: &str) -> Value {
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

fn case(name: &str, what: &str, w: &World, claims: &Claims, proof: Vec<u8>, expect: &str) -> Value {
    let full = claims.iter().map(|(raw, value)| (w.full(raw), *value)).collect();
    raw_case(name, what, w, &full, proof, expect)
}

fn sent(i: u64) -> Vec<u8> {
    path(CLIENT, 1, i)
}

fn present(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (sent(i), commitment(i))).collect()
}

fn absent(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (path(CLIENT, 2, i), B256::ZERO)).collect()
}

fn by_key(state: &State, mut claims: Claims) -> Claims {
    claims.sort_by_key(|(p, _)| state.key(p));
    claims
}

fn nodes(state: &State, claims: &Claims) -> Vec<u8> {
    state.proof(&claims.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>())
}

pub fn cases() -> Vec<Value> {
    let mut out = good();
    out.extend(wrong_claims());
    out.extend(paths());
    out.extend(wrong_clients());
    out.extend(wrong_proofs());
    out.extend(other_values());
    out.extend(small_tries());
    out
}

fn good() -> Vec<Value> {
    let w = World::new();
    let state = &w.s.state;
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, claims: Claims| {
        out.push(case(name, what, &w, &claims, w.proof(nodes(state, &claims)), "ok"));
    };
    put("present_one", "a commitment", present(1..=1));
    put("absent_one", "no receipt", absent(1..=1));
    put("present_twenty", "all commitments, by key", by_key(state, present(1..=20)));
    put("present_unsorted", "in the order of their sequences", present(1..=8));
    put("mixed", "present and absent", by_key(state, [present(1..=5), absent(1..=5)].concat()));
    put("same_path_twice", "one path twice in a row", [present(3..=3), present(3..=3)].concat());
    put("same_path_apart", "one path again later", present([3, 4, 3].into_iter()));
    put("shortest_path", "33 bytes with the prefix", vec![(vec![1], B256::ZERO)]);
    put("longest_path", "169 bytes with the prefix", vec![(path(&"c".repeat(128), 2, 1), B256::ZERO)]);
    let claims = present(1..=1);
    let mut w = World::new();
    w.height = 100;
    w.consensus.timestamp = w.s.client.latest_timestamp;
    w.s.stored[0].1 = w.consensus.hash();
    let proof = w.proof(nodes(&w.s.state, &claims));
    out.push(case("older_height", "at a height below the newest", &w, &claims, proof, "ok"));
    let mut w = World::new();
    w.s.now = w.consensus.timestamp.0 + w.s.client.rules.trusting_period - 1;
    let proof = w.proof(nodes(&w.s.state, &claims));
    out.push(case("last_second", "one second before it expires", &w, &claims, proof, "ok"));
    out
}

fn wrong_claims() -> Vec<Value> {
    let w = World::new();
    let state = &w.s.state;
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, truth: Claims, claims: Claims, expect: &str| {
        out.push(case(name, what, &w, &claims, w.proof(nodes(state, &truth)), expect));
    };
    let one = present(1..=1);
    let forged = vec![(path(CLIENT, 2, 1), commitment(1))];
    put("absent_as_present", "nothing is stored", absent(1..=1), forged, "ValueAbsent");
    put("present_as_absent", "something is stored", one.clone(), vec![(sent(1), B256::ZERO)], "ValuePresent");
    put("other_value", "something else is stored", one.clone(), vec![(sent(1), commitment(2))], "ValueMismatch");
    let batch = by_key(state, present(1..=6));
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

fn paths() -> Vec<Value> {
    let w = World::new();
    let mut out = Vec::new();
    let good = present(1..=1);
    let proof = w.proof(nodes(&w.s.state, &good));
    let mut put = |name: &str, what: &str, path: Vec<u8>| {
        let claims = vec![(path, commitment(1))];
        out.push(raw_case(name, what, &w, &claims, proof.clone(), "InvalidPath"));
    };
    let full = w.full(&sent(1));
    put("path_empty", "no bytes", Vec::new());
    put("path_without_prefix", "the raw path alone", sent(1));
    put("path_of_the_prefix", "the prefix alone", full[..32].to_vec());
    put("path_of_170_bytes", "longer than any path", [&full[..32], &[1; 138]].concat());
    let flip = |at: usize| {
        let mut path = full.clone();
        path[at] ^= 1;
        path
    };
    put("path_of_another_pallet", "a bit of the pallet's prefix", flip(15));
    put("path_of_another_map", "a bit of the map's prefix", flip(16));
    put("path_prefix_first_bit", "the first bit", flip(0));
    put("path_prefix_last_bit", "the last bit of the prefix", flip(31));
    let claims = vec![(full.clone(), commitment(1)), (flip(31), commitment(1))];
    out.push(raw_case("path_second_of_two", "one path of a batch", &w, &claims, proof, "InvalidPath"));
    out
}

fn wrong_clients() -> Vec<Value> {
    let mut out = Vec::new();
    let claims = present(1..=1);
    let mut put = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut World)| {
        let mut w = World::new();
        let nodes = nodes(&w.s.state, &claims);
        change(&mut w);
        out.push(case(name, what, &w, &claims, w.proof(nodes), expect));
    };
    put("frozen", "a frozen client", "ClientFrozen", &|w| w.s.client.frozen = true);
    put("expired", "an expired client", "ClientExpired", &|w| {
        w.s.now = w.consensus.timestamp.0 + w.s.client.rules.trusting_period;
    });
    put("unknown_height", "nothing stored at this height", "UnknownHeight", &|w| w.height = 119);
    put("stored_hash_zero", "a stored hash of zero is nothing", "UnknownHeight", &|w| w.s.stored[1].1 = B256::ZERO);
    let mismatch = "ConsensusStateMismatch";
    put("forged_root", "a state root that is not stored", mismatch, &|w| w.consensus.state_root.0[0] ^= 1);
    put("forged_time", "a time that is not stored", mismatch, &|w| {
        w.consensus.timestamp = TimestampSecs(w.consensus.timestamp.0 + 1);
    });
    put("other_heights_state", "the state of another height", mismatch, &|w| w.height = 100);

    let w = World::new();
    let good = MembershipProof { consensus: w.consensus, nodes: nodes(&w.s.state, &claims).into() };
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
    let state = &w.s.state;
    let batch = by_key(state, present(1..=4));
    let good = nodes(state, &batch);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, nodes: Vec<u8>| {
        out.push(case(name, what, &w, &batch, w.proof(nodes), "InvalidProof"));
    };
    put("nodes_none", "no nodes", Vec::new());
    put("nodes_truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("nodes_extended", "one byte too many", [&good[..], &[0]].concat());
    for at in [0, 1, 2, 3, 5, 100, good.len() / 2, good.len() - 1] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        put(&format!("nodes_bit_{at}"), "one bit is flipped", flipped);
    }
    let single: Vec<Vec<u8>> = batch.iter().map(|c| nodes(state, &vec![c.clone()])).collect();
    put("nodes_not_shared", "the root is listed for every key", single.concat());
    let mut other = state.clone();
    other.entries.insert(b"other".to_vec(), vec![7]);
    put("nodes_other_root", "a proof in another state", nodes(&other, &batch));
    out
}

/// Values that the pallet never stores.
fn other_values() -> Vec<Value> {
    let mut out = Vec::new();
    for len in [0usize, 1, 31, 33, 64] {
        let mut w = World::new();
        let key = w.s.state.key(&sent(1));
        w.s.state.entries.insert(key, commitment(1).iter().copied().cycle().take(len).collect());
        let state = w.s.state.clone();
        let w = w.root(state.root());
        for (kind, value, expect) in
            [("present", commitment(1), "ValueMismatch"), ("absent", B256::ZERO, "ValuePresent")]
        {
            let claims = vec![(sent(1), value)];
            let proof = w.proof(nodes(&state, &claims));
            let name = format!("value_of_{len}_bytes_claimed_{kind}");
            out.push(case(&name, "a stored value that is not 32 bytes", &w, &claims, proof, expect));
        }
    }
    out
}

fn small_tries() -> Vec<Value> {
    let mut out = Vec::new();
    let empty = Trie::new(Version::V1, Default::default()).root();
    let w = World::new().root(empty);
    let two = absent(1..=2);
    let mut put = |name: &str, what: &str, nodes: Vec<u8>, expect: &str| {
        out.push(case(name, what, &w, &two, w.proof(nodes), expect));
    };
    put("empty_trie", "no nodes at all", vec![0, 0, 0, 0], "ok");
    put("empty_trie_shown", "the empty root node, once", vec![0, 1, 0, 1, 0, 1, 0], "ok");
    put("empty_trie_again", "shown to both", vec![0, 1, 0, 1, 0, 0, 1, 0, 1, 0], "InvalidProof");
    put("empty_trie_late", "shown to the second", vec![0, 0, 0, 1, 0, 1, 0], "InvalidProof");
    put("empty_trie_short", "the second key is missing", vec![0, 0], "InvalidProof");
    let claims = present(1..=1);
    let proof = w.proof(vec![0, 0]);
    out.push(case("empty_trie_present", "nothing is stored", &w, &claims, proof, "ValueAbsent"));

    let mut w = World::new();
    let key = w.s.state.key(&sent(1));
    w.s.state.entries.retain(|k, _| *k == key);
    let state = w.s.state.clone();
    let w = w.root(state.root());
    let mut put = |name: &str, what: &str, claims: Claims| {
        out.push(case(name, what, &w, &claims, w.proof(nodes(&state, &claims)), "ok"));
    };
    put("one_leaf", "the trie is one leaf", claims.clone());
    put("one_leaf_others_absent", "the leaf proves all others absent", absent(1..=3));
    put("one_leaf_both", "present, then absent", [claims, absent(1..=1)].concat());
    out
}
