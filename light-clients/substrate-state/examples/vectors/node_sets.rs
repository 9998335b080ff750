//! Node sets, as nodes answer `state_getReadProof`.

use crate::{
    common::{Trie, Version, slices},
    hex, hexes,
    packed::{frame, map_key, mixed},
};
use alloy_primitives::B256;
use lupu_substrate_state::EMPTY_ROOT;
use serde_json::{Value, json};
use sp_crypto_hashing::{blake2_256, twox_128};

struct Case<'a> {
    name: &'a str,
    what: &'a str,
    root: B256,
    nodes: &'a [Vec<u8>],
    keys: &'a [&'a [u8]],
}

impl Case<'_> {
    fn good(&self, unused: usize, truth: &[Option<Vec<u8>>]) -> Value {
        let values: Vec<String> = truth.iter().map(|v| hex(v.clone().unwrap_or_default())).collect();
        let present: Vec<bool> = truth.iter().map(Option::is_some).collect();
        json!({
            "name": self.name, "description": self.what, "root": self.root, "nodes": hexes(self.nodes),
            "keys": hexes(self.keys), "expect": "ok", "reason": "", "unused_nodes": unused,
            "present": present, "values": values,
        })
    }

    fn bad(&self, reason: &str) -> Value {
        json!({
            "name": self.name, "description": self.what, "root": self.root, "nodes": hexes(self.nodes),
            "keys": hexes(self.keys), "expect": "InvalidProof", "reason": reason, "unused_nodes": 0,
            "present": [], "values": [],
        })
    }
}

/// What a node of a public chain answered for one account at block 0x13fa9048…8421: the nodes, the
/// state root, the account's key and value.
pub fn polkadot() -> (Vec<Vec<u8>>, B256, Vec<u8>, Vec<u8>) {
    let bytes = |digits: &str| alloy_primitives::hex::decode(digits).unwrap();
    let nodes = include_str!("polkadot.txt").lines().map(bytes).collect();
    let root = bytes("8070d10c336bd311ecea1393070595afe32ae4b931958ec47e44dce48cf281ba");
    let account = "d8425c41fd2745691cf138e0b26aec874adf51a47b72795366d52285e329229c836ea7bbfe139dbe8fa0700c4f86fc56";
    let key = [&twox_128(b"System")[..], &twox_128(b"Account"), &bytes(account)].concat();
    let nonce_and_counts = "62030000010000000100000000000000";
    let balances = "fb2f65285e71000000000000000000000157bb6b876800000000000000000000a243556c7f3e00000000000000000000";
    let flags = "00000000000000000000000000000080";
    (nodes, B256::from_slice(&root), key, bytes(&[nonce_and_counts, balances, flags].concat()))
}

pub fn cases() -> Vec<Value> {
    let mut out = Vec::new();
    let (nodes, root, key, value) = polkadot();
    let mut other = key.clone();
    other[79] ^= 1;
    let keys = [&key[..], &other];
    let case = |name, what, keys| Case { name, what, root, nodes: &nodes, keys };
    let what = "an account of a public chain, its value by hash";
    out.push(case("polkadot_account", what, &keys[..1]).good(0, &[Some(value.clone())]));
    let what = "that account, and one that would be next to it";
    out.push(case("polkadot_account_and_none", what, &keys).good(0, &[Some(value), None]));
    let what = "the value is not needed for the account that is not there";
    out.push(case("polkadot_none", what, &keys[1..]).good(1, &[None]));
    let of = |trie: &Trie, name: &str, what: &str, keys: &[&[u8]], f: &dyn Fn(&mut Vec<Vec<u8>>), unused: usize| {
        let mut nodes = trie.nodes(keys);
        f(&mut nodes);
        Case { name, what, root: trie.root(), nodes: &nodes, keys }.good(unused, &trie.values(keys))
    };
    let trie = frame(200);
    let keys: Vec<Vec<u8>> = (195..205).map(map_key).collect();
    let keys = slices(&keys);
    out.push(of(&trie, "ten_mixed", "there and not there", &keys, &|_| {}, 0));
    out.push(of(&trie, "reversed", "another order of nodes", &keys, &|n| n.reverse(), 0));
    let again = |n: &mut Vec<Vec<u8>>| n.push(n[0].clone());
    out.push(of(&trie, "node_twice", "a node given twice is one node", &keys, &again, 0));
    let strangers = |n: &mut Vec<Vec<u8>>| n.extend([vec![], vec![0x40, 4, 9], vec![1; 70]]);
    out.push(of(&trie, "strangers", "nodes that nobody needs", &keys, &strangers, 3));
    let other = |n: &mut Vec<Vec<u8>>| n.extend(frame(30).nodes(&keys[..1]));
    let added = frame(30).nodes(&keys[..1]).len();
    out.push(of(&trie, "two_tries", "the nodes of another trie too", &keys, &other, added));
    let one = keys[..1].to_vec();
    let all = trie.nodes(&keys);
    let unused = all.len() - trie.nodes(&one).len();
    let case = Case {
        name: "one_of_ten",
        what: "nodes for ten keys, one asked for",
        root: trie.root(),
        nodes: &all,
        keys: &one,
    };
    out.push(case.good(unused, &trie.values(&one)));
    for (version, name) in [(Version::V0, "mixed_v0"), (Version::V1, "mixed_v1")] {
        let trie = mixed(version);
        let keys: Vec<Vec<u8>> = trie.entries.keys().cloned().collect();
        out.push(of(&trie, name, "every kind of node", &slices(&keys), &|_| {}, 0));
    }
    let key: &[u8] = &[1; 64];
    let shown = [vec![0]];
    out.push(
        Case { name: "empty_trie", what: "no nodes", root: EMPTY_ROOT, nodes: &[], keys: &[key] }.good(0, &[None]),
    );
    let case = Case { name: "empty_trie_shown", what: "the empty node", root: EMPTY_ROOT, nodes: &shown, keys: &[key] };
    out.push(case.good(0, &[None]));
    let large = Trie::new(Version::V1, [(key.to_vec(), vec![3; 70_000])].into());
    let nodes = large.nodes(&[key]);
    let what = "a value larger than a packed proof takes";
    let case = Case { name: "large_value", what, root: large.root(), nodes: &nodes, keys: &[key] };
    out.push(case.good(0, &large.values(&[key])));

    let mut bad = |name: &str, what: &str, root: B256, nodes: &[Vec<u8>], keys: &[&[u8]], reason: &str| {
        out.push(Case { name, what, root, nodes, keys }.bad(reason));
    };
    let root = trie.root();
    let one: &[&[u8]] = &keys[..1];
    let nodes = trie.nodes(one);
    let path = trie.path(keys[0]);
    bad("no_nodes", "nothing for a trie that is not empty", root, &[], one, "MissingNode");
    bad("unknown_root", "the nodes of another root", B256::repeat_byte(7), &nodes, one, "MissingNode");
    let without = |gone: &Vec<u8>| nodes.iter().filter(|n| *n != gone).cloned().collect::<Vec<_>>();
    bad("root_missing", "without the root", root, &without(&path[0]), one, "MissingNode");
    bad("middle_missing", "without a branch", root, &without(&path[1]), one, "MissingNode");
    bad("leaf_missing", "without the leaf", root, &without(path.last().unwrap()), one, "MissingNode");
    let mut flipped = nodes.clone();
    flipped[0][10] ^= 1;
    bad("node_changed", "a bit of a node is flipped: another node", root, &flipped, one, "MissingNode");
    bad("other_key", "the nodes of another key", root, &nodes, &[keys[3]], "MissingNode");
    let hashed = mixed(Version::V1);
    let key: &[u8] = &[0x17];
    let value = vec![6; 200];
    let nodes: Vec<Vec<u8>> = hashed.nodes(&[key]).into_iter().filter(|n| *n != value).collect();
    bad("value_missing", "without the value", hashed.root(), &nodes, &[key], "MissingNode");
    let mut other = nodes.clone();
    other.push(vec![7; 200]);
    bad("value_other", "another value", hashed.root(), &other, &[key], "MissingNode");
    let strange = vec![0x42u8, 0x17, 0x05, 0x00, 9];
    let name = "node_not_canonical";
    bad(
        name,
        "a root with a length in two bytes",
        B256::new(blake2_256(&strange)),
        &[strange],
        &[key],
        "MalformedNode",
    );
    let long = vec![0xab; 513];
    bad("key_too_long", "a key of 513 bytes", root, &trie.nodes(one), &[&long], "KeySize");
    out
}
