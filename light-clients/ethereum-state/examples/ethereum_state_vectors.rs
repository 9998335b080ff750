//! Writes `standard/vectors/ethereum-state/*.json`. Tries are alloy-trie's; contents come from
//! fixed seeds: running it again gives the same files.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use alloy_primitives::{B256, U256, hex, keccak256};
use common::{Trie, seeded};
use lupu_ethereum_state::{Account, EMPTY_ROOT, NodeSet};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn write(file: &str, about: &str, cases: &[Value]) {
    let names: BTreeSet<&str> = cases.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), cases.len(), "{file}: names must differ");
    let lines: Vec<String> = cases.iter().map(|case| format!("    {case}")).collect();
    let text = format!(
        "{{\n  \"about\": {},\n  \"count\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        json!(about),
        cases.len(),
        lines.join(",\n")
    );
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../../standard/vectors/ethereum-state");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    println!("{file}: {} cases", cases.len());
}

/// A case whose values are those of the trie, in the order of the keys; `0x` for an absent key.
fn good(name: &str, what: &str, trie: &Trie, keys: &[B256], proof: &[u8]) -> Value {
    let value = |key: &B256| hex::encode_prefixed(trie.0.get(key).cloned().unwrap_or_default());
    let values: Vec<String> = keys.iter().map(value).collect();
    json!({
        "name": name, "description": what, "root": trie.root(), "keys": keys,
        "proof": hex::encode_prefixed(proof), "expect": "ok", "reason": "", "values": values,
    })
}

fn bad(name: &str, what: &str, root: B256, keys: &[B256], proof: &[u8], reason: &str) -> Value {
    json!({
        "name": name, "description": what, "root": root, "keys": keys,
        "proof": hex::encode_prefixed(proof), "expect": "InvalidProof", "reason": reason,
        "values": Vec::<String>::new(),
    })
}

fn word_leaf(i: usize) -> Vec<u8> {
    [&[0xa0], seeded("word", i).as_slice()].concat()
}

/// `n` words under keys that share nothing but chance.
fn wide(n: usize) -> Trie {
    Trie((0..n).map(|i| (seeded("slot", i), word_leaf(i))).collect())
}

/// Keys that share 62 nibbles, values of one byte: nodes small enough to be embedded.
fn deep() -> Trie {
    let mut trie = wide(3);
    for last in [0x00u8, 0x01, 0x10, 0x1f, 0xf0] {
        let mut key = B256::repeat_byte(0x77);
        key.0[31] = last;
        trie.0.insert(key, vec![0x05 + last % 3]);
    }
    trie
}

fn pack(trie: &Trie, keys: &[B256]) -> Vec<u8> {
    let set: NodeSet = trie.nodes(keys).into_iter().collect();
    set.pack(&trie.root(), keys).unwrap()
}

fn slots(range: std::ops::Range<usize>) -> Vec<B256> {
    let mut keys: Vec<B256> = range.map(|i| seeded("slot", i)).collect();
    keys.sort();
    keys
}

fn good_cases() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, trie: &Trie, keys: &[B256]| {
        out.push(good(name, what, trie, keys, &pack(trie, keys)));
    };
    let trie = wide(200);
    put("one_of_200", "a key that is there", &trie, &slots(0..1));
    put("none_of_200", "a key that is not there", &trie, &slots(900..901));
    put("ten_of_200", "ascending keys", &trie, &slots(0..10));
    put("ten_absent_of_200", "ascending keys", &trie, &slots(900..910));
    put("twenty_mixed_of_200", "there and not there", &trie, &slots(190..210));
    let unsorted: Vec<B256> = (0..10).map(|i| seeded("slot", i)).collect();
    put("ten_unsorted_of_200", "keys in no order: nodes come again", &trie, &unsorted);
    put("same_key_twice", "the path is kept whole", &trie, &[unsorted[0], unsorted[0]]);
    put("same_key_later", "a key comes back", &trie, &[unsorted[0], unsorted[1], unsorted[0]]);
    put("no_keys", "nothing to prove", &trie, &[]);
    let all = slots(0..20);
    put("all_of_20", "every key", &wide(20), &all);
    put("one_of_one", "the root is a leaf", &wide(1), &slots(0..1));
    put("other_than_one", "the root is another leaf", &wide(1), &slots(1..4));
    put("one_of_two", "the root is a branch", &wide(2), &slots(0..2));

    let trie = deep();
    let mut keys: Vec<B256> = trie.0.keys().copied().collect();
    put("deep_all", "an extension, embedded branches and leaves", &trie, &keys);
    let near = |last: u8, at: usize| {
        let mut key = B256::repeat_byte(0x77);
        key.0[at] = last;
        key
    };
    put("deep_absent_in_branch", "an embedded branch has no such child", &trie, &[near(0x02, 31)]);
    put("deep_absent_in_leaf", "an embedded leaf has another nibble", &trie, &[near(0xf1, 31)]);
    put("deep_absent_in_extension", "leaves the extension half way", &trie, &[near(0x01, 15)]);
    keys.extend([near(0x02, 31), near(0xf1, 31), near(0x01, 15), near(0x70, 30)]);
    keys.sort();
    put("deep_mixed", "all of these", &trie, &keys);

    // A whole trie of fewer than 32 bytes below a hashed root.
    let mut lonely = Trie::default();
    lonely.0.insert(B256::repeat_byte(0x11), vec![0x09]);
    put("leaf_long_path", "a leaf with all 64 nibbles", &lonely, &[B256::repeat_byte(0x11)]);
    for end in [0x00u8, 0x80] {
        let mut key = B256::repeat_byte(0x11);
        key.0[31] = end;
        lonely.0.insert(key, vec![0x01]);
    }
    let keys: Vec<B256> = lonely.0.keys().copied().collect();
    put("extension_root_embedded_branch", "the branch stands in the root", &lonely, &keys);

    let empty = Trie::default();
    let keys = slots(0..2);
    assert_eq!(empty.root(), EMPTY_ROOT);
    out.push(good("empty_trie", "no nodes", &empty, &keys, &[0, 0, 0, 0]));
    out.push(good("empty_trie_shown", "the empty root, once", &empty, &keys, &[0, 1, 0x80, 1, 0]));
    out
}

/// Walks a packed proof: per key the offset of its part, and of each node in it.
fn layout(proof: &[u8], keys: usize) -> Vec<(usize, Vec<usize>)> {
    let mut at = 0;
    let mut out = Vec::new();
    for _ in 0..keys {
        let start = at;
        let count = proof[at + 1];
        at += 2;
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(at);
            let (item, _) = common::reference::item(&proof[at..]).unwrap();
            at += item.1.len();
        }
        out.push((start, nodes));
    }
    assert_eq!(at, proof.len());
    out
}

fn bad_cases() -> Vec<Value> {
    let trie = wide(200);
    let root = trie.root();
    let keys = slots(0..4);
    let proof = pack(&trie, &keys);
    let parts = layout(&proof, keys.len());
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, proof: Vec<u8>, reason: &str| {
        out.push(bad(name, what, root, &keys, &proof, reason));
    };
    let edit = |f: &dyn Fn(&mut Vec<u8>)| {
        let mut proof = proof.clone();
        f(&mut proof);
        proof
    };
    put("nothing", "no bytes", Vec::new(), "Truncated");
    put("one_byte", "a restart and nothing else", vec![0], "Truncated");
    put("truncated", "the last byte is missing", edit(&|p| p.truncate(p.len() - 1)), "MalformedNode");
    put("extended", "one byte too many", edit(&|p| p.push(0)), "Trailing");
    let (second, nodes) = parts[1].clone();
    assert!(nodes.len() > 1);
    let kept = proof[second];
    put("restart_low", "keeps one node too few", edit(&|p| p[second] = kept - 1), "Restart");
    put("restart_high", "keeps one node too many", edit(&|p| p[second] = kept + 1), "Restart");
    put("restart_huge", "keeps 255 nodes", edit(&|p| p[second] = 255), "Restart");
    put("restart_first", "the first key keeps a node", edit(&|p| p[0] = 1), "Restart");
    put("count_low", "the last node is not counted", edit(&|p| p[1] -= 1), "MissingNode");
    let last = parts[3].0;
    put("count_high", "one node more than there is", edit(&|p| p[last + 1] += 1), "UnusedNodes");
    put("count_zero", "no new nodes", edit(&|p| p[1] = 0), "MissingNode");
    let node = |p: &[u8], at: usize| common::reference::item(&p[at..]).unwrap().0.1;
    let first = nodes[0];
    let len = node(&proof, first).len();
    let missing = edit(&|p| {
        p[second + 1] -= 1;
        p.drain(first..first + len);
    });
    put("node_missing", "a key's first new node is gone", missing, "WrongHash");
    let twice = edit(&|p| {
        p[second + 1] += 1;
        p.splice(first..first, proof[first..first + len].to_vec());
    });
    put("node_twice", "a node is listed twice", twice, "WrongHash");
    let end = parts[2].0;
    let extra = edit(&|p| {
        p[second + 1] += 1;
        p.splice(end..end, proof[first..first + len].to_vec());
    });
    put("node_extra", "a node that nobody needs", extra, "UnusedNodes");
    let root_len = node(&proof, 2).len();
    let next = 2 + root_len;
    let next_len = node(&proof, next).len();
    let swapped = edit(&|p| {
        let (a, b) = (proof[2..next].to_vec(), proof[next..next + next_len].to_vec());
        p.splice(2..next + next_len, [b, a].concat());
    });
    put("nodes_swapped", "parent and child", swapped, "WrongHash");
    for at in [2, 3, 40, 300, 540, proof.len() / 2, proof.len() - 1] {
        let flipped = edit(&|p| p[at] ^= 0x10);
        let name = format!("bit_{at}");
        let verdict = common::reference::packed(&root, &keys, &flipped);
        assert!(verdict.is_none());
        let kind = lupu_ethereum_state::packed::verify(&root, &keys, &flipped).unwrap_err().kind;
        put(&name, "one bit is flipped", flipped, kind.name());
    }
    let again: Vec<u8> = keys.iter().flat_map(|k| pack(&trie, &[*k])).collect();
    put("not_shared", "every key starts from the root", again, "Restart");
    let other = wide(201);
    put("other_root", "a proof in another trie", pack(&other, &keys), "WrongHash");
    let reversed: Vec<B256> = keys.iter().rev().copied().collect();
    put("other_order", "packed for another order", pack(&trie, &reversed), "WrongHash");
    let fewer = pack(&trie, &keys[..3]);
    put("fewer_keys", "the last key is not proven", fewer, "Truncated");
    let more = pack(&trie, &slots(0..5));
    let verdict = lupu_ethereum_state::packed::verify(&root, &keys, &more).unwrap_err();
    put("more_keys", "one key more is proven", more, verdict.kind.name());

    let keys = slots(0..2);
    let mut put = |name: &str, what: &str, proof: &[u8], reason: &str| {
        out.push(bad(name, what, EMPTY_ROOT, &keys, proof, reason));
    };
    put("empty_again", "the empty root shown twice", &[0, 1, 0x80, 0, 1, 0x80], "Restart");
    put("empty_late", "the empty root shown to the second", &[0, 0, 0, 1, 0x80], "UnusedNodes");
    put("empty_twice", "two empty roots", &[0, 2, 0x80, 0x80, 1, 0], "UnusedNodes");
    put("empty_forgotten", "the shown root is not kept", &[0, 1, 0x80, 0, 0], "Restart");
    put("empty_other_node", "another node", &[0, 1, 0xc0, 1, 0], "WrongHash");
    let what = "no nodes for a trie that is not empty";
    out.push(bad("not_empty", what, root, &keys, &[0, 0, 0, 0], "MissingNode"));
    out.extend(malformed_nodes());
    out
}

/// Nodes that are no canonical nodes, under roots that are their hashes.
fn malformed_nodes() -> Vec<Value> {
    let key = B256::repeat_byte(0x12);
    let string = |bytes: &[u8]| {
        let mut out = Vec::new();
        alloy_rlp::Encodable::encode(bytes, &mut out);
        out
    };
    let list = |items: &[Vec<u8>]| {
        let payload = items.concat();
        let mut out = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
        [out, payload].concat()
    };
    let whole = |flag: u8| [&[flag], key.as_slice()].concat();
    let hash = string(&[7; 32]);
    let value = string(&[9; 40]);
    let branch = |child: Vec<u8>, value: Vec<u8>| {
        let mut items = vec![vec![0x80]; 16];
        items[3] = child;
        items[4] = hash.clone();
        items.push(value);
        list(&items)
    };
    let padded = |flag: u8| list(&[string(&whole(flag)), value.clone()]);
    let nodes = [
        ("leaf_flag_4", "flag above 3", padded(0x40)),
        ("leaf_flag_f", "flag above 3", padded(0xf0)),
        ("leaf_padding", "padding nibble is not zero", padded(0x21)),
        ("leaf_no_flag", "a path of no bytes", list(&[string(&[]), value.clone()])),
        ("leaf_empty_value", "no value", list(&[string(&whole(0x20)), vec![0x80]])),
        ("leaf_list_value", "a list as value", list(&[string(&whole(0x20)), list(std::slice::from_ref(&value))])),
        ("leaf_list_path", "a list as path", list(&[list(&[string(&[7; 33])]), value.clone()])),
        ("three_items", "neither 2 nor 17", list(&[string(&whole(0x20)), value.clone(), vec![0x80]])),
        ("one_item", "neither 2 nor 17", list(&[string(&whole(0x20))])),
        ("no_items", "neither 2 nor 17", list(&[])),
        ("a_string", "no list", string(&[7; 40])),
        ("extension_empty_path", "consumes nothing", list(&[string(&[0x00]), hash.clone()])),
        ("extension_no_child", "leads nowhere", list(&[string(&[0x11]), vec![0x80]])),
        ("extension_short_child", "31 bytes", list(&[string(&[0x11]), string(&[7; 31])])),
        ("extension_long_child", "33 bytes", list(&[string(&[0x11]), string(&[7; 33])])),
        (
            "extension_large_embedded",
            "an embedded node of 32 bytes",
            list(&[string(&[0x11]), list(&[string(&[0x20]), string(&[7; 29])])]),
        ),
        ("branch_16", "an item is missing", { list(&[vec![vec![0x80]; 15], vec![hash.clone()]].concat()) }),
        ("branch_18", "an item too many", { list(&[vec![vec![0x80]; 17], vec![hash.clone()]].concat()) }),
        ("branch_short_child", "31 bytes, off the path", branch(string(&[7; 31]), vec![0x80])),
        ("branch_byte_child", "one byte, off the path", branch(vec![0x05], vec![0x80])),
        (
            "branch_large_embedded",
            "an embedded node of 32 bytes, off the path",
            branch(list(&[string(&[0x20]), string(&[7; 29])]), vec![0x80]),
        ),
        ("branch_list_value", "a list as value", branch(vec![0x80], vec![0xc0])),
        ("branch_not_minimal", "a child with a needless prefix, off the path", branch(vec![0x81, 0x05], vec![0x80])),
    ];
    let mut out = Vec::new();
    for (name, what, node) in nodes {
        let proof = [vec![0, 1], node.clone()].concat();
        assert!(common::reference::packed(&keccak256(&node), &[key], &proof).is_none(), "{name}");
        let name = format!("node_{name}");
        out.push(bad(&name, what, keccak256(&node), &[key], &proof, "MalformedNode"));
    }
    let large = list(&[string(&whole(0x20)), string(&[9; 1000])]);
    let proof = [vec![0, 1], large.clone()].concat();
    let what = "more than 1,024 bytes";
    out.push(bad("node_too_large", what, keccak256(&large), &[key], &proof, "NodeSize"));
    let child = list(&[string(&[0x32]), vec![0x05]]);
    let mut items = vec![vec![0x80]; 17];
    items[1] = string(keccak256(&child).as_slice());
    let parent = list(&items);
    let proof = [vec![0, 2], parent.clone(), child].concat();
    let what = "a small node listed by its hash";
    out.push(bad("node_not_embedded", what, keccak256(&parent), &[key], &proof, "NodeSize"));
    // Inside an embedded child: checked where the walk goes, and only there.
    let odd = list(&[string(&[0x40]), vec![0x05]]);
    for (index, name) in [(1usize, "on_the_path"), (2, "off_the_path")] {
        let mut items = vec![vec![0x80]; 17];
        items[index] = odd.clone();
        items[9] = hash.clone();
        let node = list(&items);
        let proof = [vec![0, 1], node.clone()].concat();
        let name = format!("node_embedded_malformed_{name}");
        let root = keccak256(&node);
        let what = "an embedded node with flag 4";
        out.push(if index == 1 {
            bad(&name, what, root, &[key], &proof, "MalformedNode")
        } else {
            json!({
                "name": name, "description": what, "root": root, "keys": [key],
                "proof": hex::encode_prefixed(proof), "expect": "ok", "reason": "",
                "values": ["0x"],
            })
        });
    }
    out
}

fn storage_cases() -> Vec<Value> {
    let words = [
        B256::with_last_byte(1),
        B256::with_last_byte(0x7f),
        B256::with_last_byte(0x80),
        B256::with_last_byte(0xff),
        B256::repeat_byte(0xff),
        seeded("word", 0),
        B256::from(U256::from(1u64) << 248),
        B256::from(U256::from(0x0100u64)),
    ];
    let leaf = |word: &B256| lupu_ethereum_state::account::encode_storage_value(word).unwrap();
    let mut trie = Trie::default();
    for (i, word) in words.iter().enumerate() {
        trie.0.insert(seeded("slot", i), leaf(word));
    }
    let keys: Vec<B256> = (0..words.len() + 2).map(|i| seeded("slot", i)).collect();
    let values: Vec<B256> = words.iter().copied().chain([B256::ZERO; 2]).collect();
    let mut out = vec![json!({
        "name": "words", "description": "words of all widths, and two absent ones",
        "root": trie.root(), "keys": keys, "proof": hex::encode_prefixed(pack(&trie, &keys)),
        "expect": "ok", "values": values,
    })];
    for (name, leaf) in [
        ("zero", vec![0x80]),
        ("zero_byte", vec![0x00]),
        ("leading_zero", vec![0x82, 0x00, 0x01]),
        ("not_minimal", vec![0x81, 0x01]),
        ("long_form", vec![0xb8, 0x01, 0xff]),
        ("33_bytes", [vec![0xa1], vec![1; 33]].concat()),
        ("truncated", vec![0x82, 0x01]),
        ("trailing", vec![0x01, 0x02]),
        ("list", vec![0xc1, 0x01]),
    ] {
        let mut trie = trie.clone();
        let key = seeded("slot", 3);
        trie.0.insert(key, leaf);
        out.push(json!({
            "name": format!("leaf_{name}"), "description": "a leaf that no chain stores",
            "root": trie.root(), "keys": [key],
            "proof": hex::encode_prefixed(pack(&trie, &[key])),
            "expect": "InvalidProof", "values": Vec::<B256>::new(),
        }));
    }
    out
}

fn account_cases() -> Vec<Value> {
    let account = Account {
        nonce: 1,
        balance: U256::from(1_000_000u64),
        storage_root: seeded("root", 0),
        code_hash: seeded("code", 0),
    };
    let some = [
        ("contract", account),
        ("zeros", Account { nonce: 0, balance: U256::ZERO, ..account }),
        ("largest", Account { nonce: u64::MAX, balance: U256::MAX, ..account }),
        ("zero_root", Account { storage_root: B256::ZERO, ..account }),
    ];
    let good = some.map(|(name, a)| {
        let string = |bytes: &[u8]| alloy_rlp::encode(bytes);
        let number = |n: U256| alloy_rlp::encode(n.to_be_bytes_trimmed_vec().as_slice());
        let payload = [
            number(U256::from(a.nonce)),
            number(a.balance),
            string(a.storage_root.as_slice()),
            string(a.code_hash.as_slice()),
        ]
        .concat();
        let mut raw = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut raw);
        json!({
            "name": name, "account": hex::encode_prefixed([raw, payload].concat()), "expect": "ok",
            "nonce": a.nonce.to_string(), "balance": a.balance.to_string(),
            "storage_root": a.storage_root, "code_hash": a.code_hash,
        })
    });
    let word = [&[0xa0], [7; 32].as_slice()].concat();
    let long = [&[0xa1], [7; 33].as_slice()].concat();
    let lists = [
        ("three_items", vec![vec![1], vec![0x80], word.clone()]),
        ("five_items", vec![vec![1], vec![0x80], word.clone(), word.clone(), vec![0x80]]),
        ("nonce_zero_byte", vec![vec![0], vec![0x80], word.clone(), word.clone()]),
        ("nonce_leading_zero", vec![vec![0x82, 0, 1], vec![0x80], word.clone(), word.clone()]),
        ("nonce_9_bytes", vec![[vec![0x89], vec![1; 9]].concat(), vec![0x80], word.clone(), word.clone()]),
        ("nonce_not_minimal", vec![vec![0x81, 1], vec![0x80], word.clone(), word.clone()]),
        ("nonce_list", vec![vec![0xc0], vec![0x80], word.clone(), word.clone()]),
        ("balance_zero_byte", vec![vec![1], vec![0], word.clone(), word.clone()]),
        ("balance_33_bytes", vec![vec![1], long.clone(), word.clone(), word.clone()]),
        ("root_33_bytes", vec![vec![1], vec![0x80], long.clone(), word.clone()]),
        ("root_empty", vec![vec![1], vec![0x80], vec![0x80], word.clone()]),
        ("code_33_bytes", vec![vec![1], vec![0x80], word.clone(), long]),
    ];
    let list = |items: Vec<Vec<u8>>| {
        let payload = items.concat();
        let mut raw = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut raw);
        [raw, payload].concat()
    };
    let plain = list(vec![vec![1], vec![0x80], word.clone(), word.clone()]);
    let mut bad: Vec<(&str, Vec<u8>)> = lists.into_iter().map(|(n, l)| (n, list(l))).collect();
    bad.push(("truncated", plain[..plain.len() - 1].to_vec()));
    bad.push(("trailing", [&plain[..], &[0]].concat()));
    bad.push(("string", alloy_rlp::encode(&plain[2..])));
    bad.push(("no_bytes", Vec::new()));
    let bad = bad.into_iter().map(|(name, raw)| {
        json!({
            "name": name, "account": hex::encode_prefixed(raw), "expect": "InvalidProof",
            "nonce": "0", "balance": "0", "storage_root": B256::ZERO, "code_hash": B256::ZERO,
        })
    });
    good.into_iter().chain(bad).collect()
}

fn main() {
    let packed = [good_cases(), bad_cases()].concat();
    write(
        "packed.json",
        "Packed proofs. expect is ok or InvalidProof; reason is the Rust name of what is wrong, \
         no part of the verdict. values are leaf payloads, 0x for an absent key.",
        &packed,
    );
    write(
        "storage.json",
        "Packed proofs of storage words. values are words, zero for an absent key.",
        &storage_cases(),
    );
    write("account.json", "Account leaves. Numbers are decimal strings.", &account_cases());
}
