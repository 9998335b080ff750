//! Packed proofs of sp-trie's tries, and what is wrong with changed ones.

use crate::{
    common::{Entries, Part, Trie, Version, joined, parts, reference, seeded, slices},
    hex, hexes, node_sets, nodes,
};
use alloy_primitives::B256;
use lupu_substrate_state::{COMMITMENTS, EMPTY_ROOT};
use serde_json::{Value, json};

/// A case whose values are those of the trie, in the order of the keys.
pub fn good(name: &str, what: &str, root: B256, keys: &[&[u8]], proof: &[u8], truth: &[Option<Vec<u8>>]) -> Value {
    let values: Vec<String> = truth.iter().map(|v| hex(v.clone().unwrap_or_default())).collect();
    let present: Vec<bool> = truth.iter().map(Option::is_some).collect();
    json!({
        "name": name, "description": what, "root": root, "keys": hexes(keys), "proof": hex(proof),
        "expect": "ok", "reason": "", "present": present, "values": values,
    })
}

pub fn bad(name: &str, what: &str, root: B256, keys: &[&[u8]], proof: &[u8], reason: &str) -> Value {
    json!({
        "name": name, "description": what, "root": root, "keys": hexes(keys), "proof": hex(proof),
        "expect": "InvalidProof", "reason": reason, "present": [], "values": [],
    })
}

pub fn map_key(i: usize) -> Vec<u8> {
    let stem = [&seeded("pallet", 0)[..16], &COMMITMENTS].concat();
    [&stem[..], seeded("key", i).as_slice()].concat()
}

/// A pallet's map of `n` words, and a few values of other pallets.
pub fn frame(n: usize) -> Trie {
    let mut entries: Entries = (0..n).map(|i| (map_key(i), seeded("word", i).to_vec())).collect();
    for i in 0..5 {
        entries.insert(seeded("single", i).to_vec(), seeded("other", i)[..i * 8].to_vec());
    }
    Trie::new(Version::V1, entries)
}

/// Entries with short keys, written as hex digits: key, value.
fn small(version: Version, entries: &[(&str, &[u8])]) -> Trie {
    let key = |digits: &str| alloy_primitives::hex::decode(digits).unwrap();
    Trie::new(version, entries.iter().map(|(k, v)| (key(k), v.to_vec())).collect())
}

/// Keys in every relation: prefixes of each other, inline and hashed nodes, values of all lengths.
pub fn mixed(version: Version) -> Trie {
    small(
        version,
        &[
            ("", b"root value"),
            ("10", &[]),
            ("1000", &[1; 32]),
            ("100000", &[2; 33]),
            ("10000000", &[3]),
            ("10000001", &[4]),
            ("1000000f", &[5]),
            ("17", &[6; 200]),
            ("170000", &[7; 200]),
            ("7777777777777777777777777777777777777777777777777777777777777777", &[8; 64]),
            ("f0", &[9; 31]),
            ("f1", &[9; 31]),
        ],
    )
}

fn map_keys(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = range.map(map_key).collect();
    keys.sort();
    keys
}

fn good_cases() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, trie: &Trie, keys: &[&[u8]]| {
        out.push(good(name, what, trie.root(), keys, &trie.pack(keys), &trie.values(keys)));
    };
    let trie = frame(200);
    let ten = map_keys(0..10);
    put("one_of_200", "a key that is there", &trie, &slices(&ten)[..1]);
    put("none_of_200", "a key that is not there", &trie, &slices(&map_keys(900..901)));
    put("ten_of_200", "ascending keys", &trie, &slices(&ten));
    put("ten_absent_of_200", "ascending keys", &trie, &slices(&map_keys(900..910)));
    put("twenty_mixed_of_200", "there and not there", &trie, &slices(&map_keys(190..210)));
    let unsorted: Vec<Vec<u8>> = (0..10).map(map_key).collect();
    let unsorted = slices(&unsorted);
    put("ten_unsorted_of_200", "keys in no order: nodes come again", &trie, &unsorted);
    put("same_key_twice", "the path is kept whole", &trie, &[unsorted[0], unsorted[0]]);
    put("same_key_later", "a key comes back", &trie, &[unsorted[0], unsorted[1], unsorted[0]]);
    put("no_keys", "nothing to prove", &trie, &[]);
    let anchors: Vec<B256> = (0..5).map(|i| seeded("single", i)).collect();
    let anchors: Vec<&[u8]> = anchors.iter().map(|k| k.as_slice()).collect();
    put("keys_of_32_bytes", "single values, one of no bytes", &trie, &anchors);
    put("both_lengths", "32 and 64 bytes", &trie, &[anchors[0], unsorted[3], anchors[1]]);
    let stem = &unsorted[0][..32];
    put("the_prefix_itself", "a key that others start with, and nothing under it", &trie, &[stem]);
    put("a_key_and_more", "a key with a byte behind it", &trie, &[&[unsorted[0], &[0]].concat()]);
    put("no_bytes", "the empty key, absent", &trie, &[&[]]);

    for (version, suffix) in [(Version::V0, "v0"), (Version::V1, "v1")] {
        let trie = mixed(version);
        let keys: Vec<Vec<u8>> = trie.entries.keys().cloned().collect();
        put(&format!("mixed_all_{suffix}"), "every kind of node, ascending", &trie, &slices(&keys));
        let back: Vec<&[u8]> = slices(&keys).into_iter().rev().collect();
        put(&format!("mixed_all_descending_{suffix}"), "every kind of node, descending", &trie, &back);
        let near: &[&[u8]] = &[
            &[0x10, 0x00, 0x00, 0x02],
            &[0x10, 0x01],
            &[0x11],
            &[0x17, 0x00],
            &[0x17, 0x01],
            &[0x77],
            &[0x77; 31],
            &[0x77; 33],
            &[0xf0, 0x00],
            &[0xf2],
        ];
        put(&format!("mixed_absent_{suffix}"), "ends in every kind of node", &trie, near);
        let long: &[u8] = &[0x17];
        put(&format!("long_value_{suffix}"), "200 bytes in a branch", &trie, &[long]);
        let twice = format!("long_value_twice_{suffix}");
        put(&twice, "200 bytes, asked for twice", &trie, &[long, long, &[0x17, 0, 0]]);
    }
    put("one_leaf", "the root is a leaf", &small(Version::V1, &[("1234", b"x")]), &[&[0x12, 0x34]]);
    let leaf = small(Version::V1, &[("1234", b"x")]);
    put("other_than_one_leaf", "the root is another leaf", &leaf, &[&[0x12], &[0x12, 0x35], &[0x12, 0x34, 0]]);
    put("one_hashed_leaf", "root and value", &small(Version::V1, &[("1234", &[1; 33])]), &[&[0x12, 0x34]]);
    put("leaf_of_no_nibbles", "the empty key alone", &small(Version::V1, &[("", b"x")]), &[&[], &[0]]);
    let inline = small(Version::V1, &[("10", b"a"), ("11", b"b"), ("1111", b"c")]);
    let keys: &[&[u8]] = &[&[0x10], &[0x11], &[0x11, 0x11], &[0x12]];
    put("root_of_inline_nodes", "all nodes stand in the root", &inline, keys);
    let tiny = small(Version::V1, &[("00", b""), ("01", b"")]);
    assert!(tiny.nodes(&[&[0]])[0].len() < 32);
    put("root_below_32_bytes", "a root is hashed whatever its length", &tiny, &[&[0], &[1], &[2]]);
    for nibbles in [62usize, 63, 64, 316, 317, 318, 572, 573] {
        // Two keys part at the first or second nibble; so many are left to their leaves.
        let (len, part) = if nibbles % 2 == 1 { (nibbles.div_ceil(2), 0x10) } else { (nibbles / 2 + 1, 0x01) };
        let key = vec![0x55u8; len];
        let mut other = key.clone();
        other[0] ^= part;
        let trie = Trie::new(Version::V1, [(key.clone(), vec![1]), (other.clone(), vec![2])].into());
        put(&format!("partial_of_{nibbles}_nibbles"), "a nibble count at an edge", &trie, &[&key, &other]);
    }
    let long = vec![0xabu8; 512];
    let trie = Trie::new(Version::V1, [(long.clone(), vec![1; 65_535])].into());
    put("longest_key_and_value", "512 and 65,535 bytes", &trie, &[&long]);
    let trie = Trie::new(Version::V0, [(vec![7], vec![1; 4_092])].into());
    put("largest_node", "4,096 bytes", &trie, &[&[7]]);

    let (nodes, root, key, value) = node_sets::polkadot();
    let mut other = key.clone();
    other[79] ^= 1;
    let keys: &[&[u8]] = &[&key, &other];
    let what = "an account of a public chain, and one that is not there";
    out.push(good("polkadot_account", what, root, keys, &reference::pack(&root, &nodes, keys), &[Some(value), None]));

    let empty = Trie::new(Version::V1, Entries::new());
    let keys: &[&[u8]] = &[&[1; 64], &[2; 64]];
    assert_eq!(empty.root(), EMPTY_ROOT);
    let absent = [None, None];
    out.push(good("empty_trie", "no nodes", EMPTY_ROOT, keys, &[0, 0, 0, 0], &absent));
    out.push(good("empty_trie_shown", "the empty root, once", EMPTY_ROOT, keys, &[0, 1, 0, 1, 0, 1, 0], &absent));
    out
}

/// What is wrong with changed proofs of four keys out of 200.
fn changed_cases() -> Vec<Value> {
    let trie = frame(200);
    let root = trie.root();
    let keys = map_keys(0..4);
    let keys = slices(&keys);
    let proof = trie.pack(&keys);
    let good = parts(&proof, keys.len()).unwrap();
    assert!(good[1].items.len() > 1 && good[1].restart > 1);
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, proof: &[u8], reason: &str| {
        out.push(bad(name, what, root, &keys, proof, reason));
    };
    let edit = |f: &dyn Fn(&mut Vec<Part>)| {
        let mut parts = good.clone();
        f(&mut parts);
        joined(&parts)
    };
    let raw = |f: &dyn Fn(&mut Vec<u8>)| {
        let mut proof = proof.clone();
        f(&mut proof);
        proof
    };
    put("nothing", "no bytes", &[], "Truncated");
    put("one_byte", "a restart and nothing else", &[0], "Truncated");
    put("no_length", "a count and half a length", &[0, 1, 0], "Truncated");
    put("truncated", "the last byte is missing", &raw(&|p| p.truncate(p.len() - 1)), "Truncated");
    put("extended", "one byte too many", &raw(&|p| p.push(0)), "Trailing");
    put("restart_low", "keeps one node too few", &edit(&|p| p[1].restart -= 1), "Restart");
    put("restart_high", "keeps one node too many", &edit(&|p| p[1].restart += 1), "Restart");
    put("restart_huge", "keeps 255 nodes", &edit(&|p| p[1].restart = 255), "Restart");
    put("restart_first", "the first key keeps a node", &edit(&|p| p[0].restart = 1), "Restart");
    let from_root = edit(&|p| {
        p[1].restart = 0;
        let kept = p[0].items[..usize::from(good[1].restart)].to_vec();
        p[1].items.splice(..0, kept);
    });
    put("restart_from_root", "lists again what could be kept", &from_root, "Restart");
    let keeps_less = edit(&|p| {
        p[1].restart -= 1;
        let again = p[0].items[usize::from(p[1].restart)].clone();
        p[1].items.insert(0, again);
    });
    put("restart_one_node_again", "lists one node again", &keeps_less, "Restart");
    put("count_low", "the last node is not counted", &raw(&|p| p[1] -= 1), "MissingNode");
    put("count_zero", "no new nodes", &raw(&|p| p[1] = 0), "MissingNode");
    put("count_huge", "255 nodes counted", &raw(&|p| p[1] = 255), "UnusedNodes");
    let last = edit(&|p| p[3].items.push(vec![]));
    put("count_high", "an item of no bytes behind the last", &last, "UnusedNodes");
    let missing = edit(&|p| drop(p[1].items.remove(0)));
    put("node_missing", "a key's first new node is gone", &missing, "WrongHash");
    put("last_node_missing", "a key's last node is gone", &edit(&|p| drop(p[1].items.pop())), "MissingNode");
    let twice = edit(&|p| {
        let node = p[1].items[0].clone();
        p[1].items.insert(0, node);
    });
    put("node_twice", "a node is listed twice", &twice, "WrongHash");
    let extra = edit(&|p| {
        let node = p[0].items[0].clone();
        p[1].items.push(node);
    });
    put("node_extra", "a node that nobody needs", &extra, "UnusedNodes");
    put("nodes_swapped", "parent and child", &edit(&|p| p[0].items.swap(0, 1)), "WrongHash");
    put(
        "root_as_child",
        "the root again in its child's place: a loop",
        &edit(&|p| p[0].items[1] = p[0].items[0].clone()),
        "WrongHash",
    );
    let leaves = |p: &[Part]| (p[0].items.len() - 1, p[1].items.len() - 1);
    let swapped = edit(&|p| {
        let (a, b) = leaves(p);
        let leaf = p[0].items[a].clone();
        p[0].items[a] = p[1].items[b].clone();
        p[1].items[b] = leaf;
    });
    put("leaves_swapped", "two keys' leaves", &swapped, "WrongHash");
    let forged = edit(&|p| {
        let (a, _) = leaves(p);
        let leaf = p[0].items[a].clone();
        let end = leaf.len() - 32;
        p[0].items[a] = [&leaf[..end], &[0xee; 32]].concat();
    });
    put("value_forged", "a leaf with another value", &forged, "WrongHash");
    let short = edit(&|p| {
        let (a, _) = leaves(p);
        p[0].items[a].pop();
    });
    put("node_short", "a leaf without its last byte", &short, "WrongHash");
    for at in [4, 5, 40, 300, proof.len() - 1] {
        let what = "one bit is flipped";
        put(&format!("bit_{at}"), what, &raw(&|p| p[at] ^= 0x10), "WrongHash");
    }
    put("length_bit", "a length of 4,096 more", &raw(&|p| p[2] ^= 0x10), "Truncated");
    let again: Vec<u8> = keys.iter().flat_map(|k| trie.pack(&[k])).collect();
    put("not_shared", "every key starts from the root", &again, "Restart");
    put("other_root", "a proof in another trie", &frame(201).pack(&keys), "WrongHash");
    put("fewer_keys", "the last key is not proven", &trie.pack(&keys[..3]), "Truncated");
    let more = [keys.clone(), vec![keys[3]]].concat();
    put("more_keys", "one key more is proven", &trie.pack(&more), "Trailing");
    let reversed: Vec<&[u8]> = keys.iter().rev().copied().collect();
    put("other_order", "packed for another order", &trie.pack(&reversed), "WrongHash");
    let absent = map_keys(900..904);
    put("absent_keys", "a proof of other keys that are absent", &trie.pack(&slices(&absent)), "WrongHash");
    put("restarts_only", "as for an empty trie", &[0, 0, 0, 0, 0, 0, 0, 0], "MissingNode");

    let there = keys[0];
    let gone = &absent[0][..];
    let mut put = |name: &str, what: &str, key: &[u8], proof: &[u8], reason: &str| {
        out.push(bad(name, what, root, &[key], proof, reason));
    };
    let cut = |key: &[u8]| {
        let mut parts = parts(&trie.pack(&[key]), 1).unwrap();
        parts[0].items.pop();
        joined(&parts)
    };
    put("present_cut_short", "a present key's path without its leaf", there, &cut(there), "MissingNode");
    put("absent_with_leaf", "an absent key with another key's leaf", gone, &trie.pack(&[there]), "WrongHash");
    put("present_with_other_path", "a present key with another key's path", there, &trie.pack(&[gone]), "WrongHash");
    let long_key = vec![0xab; 513];
    put("key_too_long", "a key of 513 bytes", &long_key, &trie.pack(&[there]), "KeySize");
    out
}

/// Values stored by their hash.
fn value_cases() -> Vec<Value> {
    let trie = mixed(Version::V1);
    let root = trie.root();
    let (branch, leaf): (&[u8], &[u8]) = (&[0x17], &[0x17, 0, 0]);
    let keys = [branch, leaf];
    let good = parts(&trie.pack(&keys), 2).unwrap();
    assert_eq!((good[0].items.last(), good[1].items.last()), (Some(&vec![6; 200]), Some(&vec![7; 200])));
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, f: &dyn Fn(&mut Vec<Part>), reason: &str| {
        let mut parts = good.clone();
        f(&mut parts);
        out.push(bad(name, what, root, &keys, &joined(&parts), reason));
    };
    put("value_missing", "a hashed value is not listed", &|p| drop(p[0].items.pop()), "MissingNode");
    put("value_missing_last", "the last value is not listed", &|p| drop(p[1].items.pop()), "MissingNode");
    put(
        "value_other",
        "another value of the same length",
        &|p| *p[0].items.last_mut().unwrap() = vec![9; 200],
        "WrongHash",
    );
    let swap = |p: &mut Vec<Part>| {
        let value = p[0].items.pop().unwrap();
        let other = p[1].items.pop().unwrap();
        p[0].items.push(other);
        p[1].items.push(value);
    };
    put("values_swapped", "two keys' values", &swap, "WrongHash");
    put("value_twice", "a value is listed twice", &|p| p[0].items.push(vec![6; 200]), "UnusedNodes");
    put("value_first", "the value before its node", &|p| p[0].items.rotate_right(1), "WrongHash");
    put("value_empty", "no bytes for a value", &|p| *p[0].items.last_mut().unwrap() = vec![], "WrongHash");
    put("value_kept", "the value counted among the nodes kept", &|p| p[1].restart += 1, "Restart");
    let hash_itself = |p: &mut Vec<Part>| {
        let value = p[0].items.last_mut().unwrap();
        *value = sp_crypto_hashing::blake2_256(&[6; 200]).to_vec();
    };
    put("value_its_hash", "the hash in place of the value", &hash_itself, "WrongHash");
    let not_kept = parts(&trie.pack(&[branch, branch]), 2).unwrap();
    assert_eq!(not_kept[1].items, [vec![6; 200]]);
    let mut forgotten = not_kept;
    forgotten[1].items.clear();
    let what = "asked for twice, the value listed once";
    out.push(bad("value_not_again", what, root, &[branch, branch], &joined(&forgotten), "MissingNode"));
    let off: &[u8] = &[0x17, 0x00];
    let mut parts = parts(&trie.pack(&[off]), 1).unwrap();
    parts[0].items.push(vec![6; 200]);
    let what = "a value on the way, for a key that goes on";
    out.push(bad("value_off_the_key", what, root, &[off], &joined(&parts), "UnusedNodes"));
    out
}

fn empty_cases() -> Vec<Value> {
    let keys: &[&[u8]] = &[&[1; 64], &[2; 64]];
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, proof: &[u8], reason: &str| {
        out.push(bad(name, what, EMPTY_ROOT, keys, proof, reason));
    };
    put("empty_again", "the empty root shown twice", &[0, 1, 0, 1, 0, 0, 1, 0, 1, 0], "Restart");
    put("empty_late", "the empty root shown to the second", &[0, 0, 0, 1, 0, 1, 0], "UnusedNodes");
    put("empty_twice", "two empty roots", &[0, 2, 0, 1, 0, 0, 1, 0, 1, 0], "UnusedNodes");
    put("empty_forgotten", "the shown root is not kept", &[0, 1, 0, 1, 0, 0, 0], "Restart");
    put("empty_not_shown", "a root kept that was not shown", &[0, 0, 1, 0], "Restart");
    put("empty_other_node", "another node", &[0, 1, 0, 1, 0x40, 1, 0], "WrongHash");
    put("empty_no_bytes", "no bytes as the root", &[0, 1, 0, 0, 1, 0], "WrongHash");
    out
}

pub fn cases() -> Vec<Value> {
    [good_cases(), changed_cases(), value_cases(), empty_cases(), nodes::cases()].concat()
}
