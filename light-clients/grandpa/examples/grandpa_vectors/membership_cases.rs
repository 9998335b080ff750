//! Verify calls over one or many paths.

use crate::{
    common::{Scenario, commitment, path, state_trie::seeded},
    stored,
};
use alloy_primitives::{B256, hex};
use lupu_grandpa::{ConsensusState, MembershipProof};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::EMPTY_ROOT;
use serde_json::{Value, json};

/// A client that has accepted the scenario's block.
struct World {
    s: Scenario,
    height: u64,
    consensus: ConsensusState,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut s = Scenario::new(4);
        change(&mut s);
        let (height, consensus) = (u64::from(s.number), s.consensus());
        s.client.latest_height = Height(height);
        s.client.latest_timestamp = consensus.timestamp;
        s.stored.push((height, consensus.hash()));
        Self { s, height, consensus }
    }

    fn proof(&self, nodes: Vec<u8>) -> Vec<u8> {
        MembershipProof { consensus: self.consensus, nodes: nodes.into() }.encode()
    }

    /// The paths as the router asks for them: with the Merkle prefix.
    fn asked(&self, claims: &Claims) -> Claims {
        claims.iter().map(|(path, value)| ([&self.s.state.prefix()[..], path].concat(), *value)).collect()
    }

    fn nodes(&self, claims: &Claims) -> Vec<u8> {
        self.s.state.proof(&claims.iter().map(|(path, _)| self.s.state.path_key(path)).collect::<Vec<_>>())
    }

    fn by_key(&self, mut claims: Claims) -> Claims {
        claims.sort_by_key(|(path, _)| self.s.state.path_key(path));
        claims
    }
}

/// Raw path and value; zero for nothing.
type Claims = Vec<(Vec<u8>, B256)>;

/// `claims` with prefixes, as they are asked.
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

const CLIENT: &str = "harbour.grandpa-customs";

fn present(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (path(CLIENT, 1, i), commitment(i))).collect()
}

fn absent(range: impl Iterator<Item = u64>) -> Claims {
    range.map(|i| (path(CLIENT, 2, i), B256::ZERO)).collect()
}

pub fn cases() -> Vec<Value> {
    let mut out = good();
    out.extend(wrong_claims());
    out.extend(wrong_paths());
    out.extend(wrong_clients());
    out.extend(wrong_proofs());
    out.extend(stored_values());
    out.extend(small_tries());
    out
}

fn good() -> Vec<Value> {
    let w = World::new();
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, claims: Claims| {
        let proof = w.proof(w.nodes(&claims));
        out.push(case(name, what, &w, &w.asked(&claims), proof, "ok"));
    };
    put("present_one", "a commitment", present(1..=1));
    put("absent_one", "no receipt", absent(1..=1));
    put("present_twenty", "all commitments, by key", w.by_key(present(1..=20)));
    put("present_unsorted", "in the order of their sequences", present(1..=8));
    put("mixed", "present and absent", w.by_key([present(1..=5), absent(1..=5)].concat()));
    put("same_path_twice", "one path twice in a row", [present(3..=3), present(3..=3)].concat());
    put("same_path_apart", "one path again later", present([3, 4, 3].into_iter()));
    put("path_of_one_byte", "the shortest path", vec![(vec![7], B256::ZERO)]);
    put("path_of_137_bytes", "the longest path", vec![(vec![7; 137], B256::ZERO)]);
    let mut w = World::new();
    w.height = 100;
    w.consensus = ConsensusState { state_root: w.consensus.state_root, ..w.s.trusted };
    w.s.stored[0].1 = w.consensus.hash();
    let claims = present(1..=1);
    let proof = w.proof(w.nodes(&claims));
    out.push(case("older_height", "at a height below the newest", &w, &w.asked(&claims), proof, "ok"));
    let mut w = World::new();
    w.s.now = w.consensus.timestamp.0 + w.s.client.rules.trusting_period - 1;
    let proof = w.proof(w.nodes(&claims));
    out.push(case("last_second", "one second before it expires", &w, &w.asked(&claims), proof, "ok"));
    out
}

fn wrong_claims() -> Vec<Value> {
    let w = World::new();
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, truth: Claims, claims: Claims, expect: &str| {
        let proof = w.proof(w.nodes(&truth));
        out.push(case(name, what, &w, &w.asked(&claims), proof, expect));
    };
    let one = present(1..=1);
    let claimed = vec![(path(CLIENT, 2, 1), commitment(1))];
    put("absent_as_present", "nothing is stored", absent(1..=1), claimed, "ValueAbsent");
    let claimed = vec![(path(CLIENT, 1, 1), B256::ZERO)];
    put("present_as_absent", "something is stored", one.clone(), claimed, "ValuePresent");
    let claimed = vec![(path(CLIENT, 1, 1), commitment(2))];
    put("other_value", "something else is stored", one.clone(), claimed, "ValueMismatch");
    let batch = w.by_key(present(1..=6));
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

fn wrong_paths() -> Vec<Value> {
    let w = World::new();
    let claims = present(1..=1);
    let proof = w.proof(w.nodes(&claims));
    let prefix = w.s.state.prefix();
    let raw = path(CLIENT, 1, 1);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, path: Vec<u8>| {
        let claims = vec![(path, commitment(1))];
        out.push(case(&format!("path_{name}"), what, &w, &claims, proof.clone(), "InvalidPath"));
    };
    put("empty", "no bytes", Vec::new());
    put("without_prefix", "the raw path alone", raw.clone());
    put("prefix_alone", "nothing after the prefix", prefix.clone());
    put("prefix_cut", "one byte of the prefix is missing", [&prefix[..31], &raw].concat());
    put("too_long", "138 bytes after the prefix", [&prefix[..], &[7; 138]].concat());
    put("prefix_late", "the prefix stands elsewhere", [&[0][..], &prefix, &raw].concat());
    for at in [0, 15, 16, 31] {
        let mut other = [&prefix[..], &raw].concat();
        other[at] ^= 1;
        put(&format!("prefix_bit_at_{at}"), "another pallet or another map", other);
    }
    let two = vec![(w.asked(&claims)[0].0.clone(), commitment(1)), (raw, commitment(1))];
    let what = "one good path, one without a prefix";
    out.push(case("path_second_wrong", what, &w, &two, proof, "InvalidPath"));
    out
}

fn wrong_clients() -> Vec<Value> {
    let claims = present(1..=1);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut World)| {
        let mut w = World::new();
        let proof = w.proof(w.nodes(&claims));
        let asked = w.asked(&claims);
        change(&mut w);
        out.push(case(name, what, &w, &asked, proof, expect));
    };
    put("frozen", "a frozen client proves nothing", "ClientFrozen", &|w| w.s.client.frozen = true);
    put("expired", "in the second it expires", "ClientExpired", &|w| {
        w.s.now = w.s.client.latest_timestamp.0 + w.s.client.rules.trusting_period;
    });
    put("frozen_and_expired", "frozen is the first thing said", "ClientFrozen", &|w| {
        w.s.client.frozen = true;
        w.s.now = u64::MAX;
    });
    put("unknown_height", "nothing stored there", "UnknownHeight", &|w| w.height = 119);
    put("height_above", "above the newest height", "UnknownHeight", &|w| w.height = 121);
    let mismatch = "ConsensusStateMismatch";
    put("state_of_other_height", "the state of another height", mismatch, &|w| w.height = 100);
    put("stored_hash_zero", "a stored hash of zero is nothing", "UnknownHeight", &|w| {
        w.s.stored[1].1 = B256::ZERO;
    });

    let w = World::new();
    let good = MembershipProof { consensus: w.consensus, nodes: w.nodes(&claims).into() };
    let mut forged = good.clone();
    forged.consensus.timestamp = TimestampSecs(forged.consensus.timestamp.0 + 1);
    let asked = w.asked(&claims);
    let what = "a later time would let a packet time out";
    out.push(case("forged_time", what, &w, &asked, forged.encode(), mismatch));
    let raw = good.encode();
    let mut put = |name: &str, what: &str, proof: Vec<u8>| {
        out.push(case(name, what, &w, &asked, proof, "MalformedMessage"));
    };
    put("proof_empty", "no bytes", Vec::new());
    put("proof_truncated", "the last word is missing", raw[..raw.len() - 32].to_vec());
    put("proof_extended", "one word too many", [&raw[..], &[0; 32]].concat());
    put("proof_byte_extended", "one byte too many", [&raw[..], &[0]].concat());
    let mut dirty = raw.clone();
    *dirty.last_mut().unwrap() = 1;
    assert_ne!(good.nodes.len() % 32, 0);
    put("proof_dirty_padding", "padding is not zero", dirty);
    for (name, word) in [("timestamp", 1), ("set_id", 4)] {
        let mut wide = raw.clone();
        wide[word * 32 + 23] = 1;
        put(&format!("proof_wide_{name}"), "above 2^64", wide);
    }
    out
}

fn wrong_proofs() -> Vec<Value> {
    let w = World::new();
    let batch = w.by_key(present(1..=4));
    let asked = w.asked(&batch);
    let good = w.nodes(&batch);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, nodes: Vec<u8>| {
        out.push(case(name, what, &w, &asked, w.proof(nodes), "InvalidProof"));
    };
    put("nodes_none", "no nodes", Vec::new());
    put("nodes_truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("nodes_extended", "one byte too many", [&good[..], &[0]].concat());
    for at in [0, 1, 2, 5, 100, good.len() / 2, good.len() - 1] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        put(&format!("nodes_bit_{at}"), "one bit is flipped", flipped);
    }
    let single: Vec<Vec<u8>> = batch.iter().map(|c| w.nodes(&vec![c.clone()])).collect();
    put("nodes_not_shared", "the root is listed for every key", single.concat());
    let mut other = w.s.state.clone();
    other.commitments.insert(b"other".to_vec(), vec![7; 32]);
    let keys: Vec<Vec<u8>> = batch.iter().map(|(p, _)| w.s.state.path_key(p)).collect();
    put("nodes_other_root", "a proof in another state", other.proof(&keys));
    out
}

/// What the state holds under a path is not 32 bytes, as a pallet would never store it.
fn stored_values() -> Vec<Value> {
    let mut out = Vec::new();
    for (name, value) in [
        ("empty", Vec::new()),
        ("short", vec![7; 31]),
        ("long", vec![7; 33]),
        ("very_long", vec![7; 400]),
        ("padded", [&[0][..], commitment(1).as_slice()].concat()),
    ] {
        let w = World::with(|s| drop(s.state.commitments.insert(path(CLIENT, 1, 1), value.clone())));
        for (kind, claimed, expect) in
            [("present", commitment(1), "ValueMismatch"), ("absent", B256::ZERO, "ValuePresent")]
        {
            let claims = vec![(path(CLIENT, 1, 1), claimed)];
            let proof = w.proof(w.nodes(&claims));
            let name = format!("stored_{name}_claimed_{kind}");
            out.push(case(&name, "stored is something else than 32 bytes", &w, &w.asked(&claims), proof, expect));
        }
    }
    let w = World::with(|s| drop(s.state.commitments.insert(path(CLIENT, 1, 1), vec![0; 32])));
    let claims = vec![(path(CLIENT, 1, 1), B256::ZERO)];
    let proof = w.proof(w.nodes(&claims));
    let what = "32 zero bytes are stored, which is not nothing";
    out.push(case("stored_zero_claimed_absent", what, &w, &w.asked(&claims), proof, "ValuePresent"));
    out
}

fn small_tries() -> Vec<Value> {
    let mut out = Vec::new();
    let rooted = |root: B256| {
        let mut w = World::new();
        w.consensus.state_root = root;
        w.s.stored[1].1 = w.consensus.hash();
        w
    };
    let w = rooted(EMPTY_ROOT);
    let two = absent(1..=2);
    let mut put = |name: &str, what: &str, nodes: Vec<u8>, expect: &str| {
        out.push(case(name, what, &w, &w.asked(&two), w.proof(nodes), expect));
    };
    put("empty_trie", "no nodes at all", vec![0, 0, 0, 0], "ok");
    put("empty_trie_shown", "the empty root node, once", vec![0, 1, 0, 1, 0, 1, 0], "ok");
    put("empty_trie_again", "shown to both", vec![0, 1, 0, 1, 0, 0, 1, 0, 1, 0], "InvalidProof");
    put("empty_trie_late", "shown to the second", vec![0, 0, 0, 1, 0, 1, 0], "InvalidProof");
    put("empty_trie_short", "the second key is missing", vec![0, 0], "InvalidProof");
    let claims = present(1..=1);
    let what = "nothing is stored";
    out.push(case("empty_trie_present", what, &w, &w.asked(&claims), w.proof(vec![0, 0]), "ValueAbsent"));

    let mut lonely = World::new().s.state;
    lonely.neighbours = 0;
    lonely.anchor = None;
    lonely.commitments = [(path(CLIENT, 1, 1), commitment(1).to_vec())].into();
    let mut w = rooted(lonely.trie().root());
    w.s.state = lonely;
    let mut put = |name: &str, what: &str, claims: Claims| {
        let proof = w.proof(w.nodes(&claims));
        out.push(case(name, what, &w, &w.asked(&claims), proof, "ok"));
    };
    put("one_leaf", "the trie is one leaf", claims.clone());
    put("one_leaf_others_absent", "the leaf proves all others absent", absent(1..=3));
    put("one_leaf_both", "present, then absent", [claims, absent(1..=1)].concat());
    let w = rooted(seeded("unknown root", 0));
    out.push(case("unknown_root", "not the empty root", &w, &w.asked(&two), w.proof(vec![0; 4]), "InvalidProof"));
    out
}
