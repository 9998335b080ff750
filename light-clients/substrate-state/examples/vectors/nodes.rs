//! Nodes that are no canonical nodes, under roots that are their hashes.

use crate::{
    common::{Part, joined, reference},
    packed::{bad, good},
};
use alloy_primitives::B256;
use codec::{Compact, Encode};
use serde_json::Value;
use sp_crypto_hashing::blake2_256;

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [Compact(bytes.len() as u32).encode(), bytes.to_vec()].concat()
}

/// A node put together from its parts.
fn node(header: &[u8], partial: &[u8], rest: &[&[u8]]) -> Vec<u8> {
    [header, partial, &rest.concat()].concat()
}

fn hash(node: &[u8]) -> B256 {
    B256::new(blake2_256(node))
}

fn proof(items: &[&[u8]]) -> Vec<u8> {
    joined(&[Part { restart: 0, items: items.iter().map(|i| i.to_vec()).collect() }])
}

/// Name, what is wrong, the node. All are roots, for the key `12 34`.
fn malformed() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let key = [0x12, 0x34];
    let value = prefixed(&[9; 40]);
    let hashed = prefixed(&[7; 32]);
    let leaf = |header: u8| node(&[header], &key, &[&value]);
    let branch = |header: u8, bitmap: u16, rest: &[&[u8]]| node(&[header], &bitmap.to_le_bytes(), rest);
    let small = prefixed(&[0x42, 0x34, 0x04, 9]);
    let mut out = vec![
        ("no_bytes", "an item of no bytes", vec![]),
        ("empty_with_more", "the empty node with a byte behind it", vec![0x00, 0x00]),
        ("compact_escape", "the header of compact proofs", leaf(0x01)),
        ("header_0f", "a header that starts nothing", leaf(0x0f)),
        ("leaf_padding", "padding nibble is not zero", node(&[0x43], &[0x11, 0x23], &[&value])),
        ("leaf_trailing", "a byte behind the value", [leaf(0x44), vec![0]].concat()),
        ("leaf_no_value", "ends before the value", node(&[0x44], &key, &[])),
        ("leaf_short_value", "ends in the value", node(&[0x44], &key, &[&value[..30]])),
        ("leaf_length_not_minimal", "a length of three in two bytes", node(&[0x44], &key, &[&[0x0d, 0, 1, 2, 3]])),
        (
            "leaf_length_four_bytes",
            "a length of three in four bytes",
            node(&[0x44], &key, &[&[0x0e, 0, 0, 0, 1, 2, 3]]),
        ),
        ("leaf_length_big", "a length of three in five bytes", node(&[0x44], &key, &[&[0x03, 3, 0, 0, 0, 1, 2, 3]])),
        ("leaf_length_33_bits", "a length of 2³²", node(&[0x44], &key, &[&[0x07, 0, 0, 0, 0, 1]])),
        ("leaf_count_huge", "a nibble count without an end", vec![0x7f; 1].into_iter().chain([255; 60]).collect()),
        ("leaf_count_missing", "a full count and nothing behind it", vec![0x7f]),
        ("leaf_partial_short", "ends in the partial key", vec![0x44, 0x12]),
        ("hashed_leaf_short", "31 bytes of hash", node(&[0x24], &key, &[&[7; 31]])),
        ("hashed_leaf_long", "33 bytes of hash", node(&[0x24], &key, &[&[7; 33]])),
        ("hashed_leaf_prefixed", "a hash behind its length", node(&[0x24], &key, &[&hashed])),
        ("branch_zero_bitmap", "a branch without children", branch(0x80, 0, &[])),
        ("branch_value_zero_bitmap", "a value and no children: a leaf", branch(0xc0, 0, &[&value])),
        ("branch_hashed_zero_bitmap", "a hashed value and no children", branch(0x10, 0, &[&[7; 32]])),
        ("branch_one_child", "a branch that goes one way", branch(0x80, 1 << 5, &[&hashed])),
        ("branch_one_child_on_the_path", "a branch that goes one way", branch(0x80, 1 << 1, &[&hashed])),
        ("branch_one_inline_child", "a branch that goes one way, inline", branch(0x80, 1 << 1, &[&small])),
        (
            "branch_padding",
            "padding nibble is not zero",
            node(&[0x81], &[0x51], &[&3u16.to_le_bytes(), &hashed, &hashed]),
        ),
        (
            "branch_long_child",
            "a child of 33 bytes, off the path",
            branch(0x80, 0b101000, &[&prefixed(&[7; 33]), &hashed]),
        ),
        (
            "branch_huge_child",
            "a child of 64 bytes, off the path",
            branch(0x80, 0b101000, &[&prefixed(&[7; 64]), &hashed]),
        ),
        (
            "branch_child_not_minimal",
            "a length in two bytes, off the path",
            branch(0x80, 0b101000, &[&[0x0d, 0, 1, 2, 3], &hashed]),
        ),
        ("branch_child_missing", "two children announced, one there", branch(0x80, 0b101000, &[&hashed])),
        (
            "branch_child_extra",
            "two children announced, three there",
            branch(0x80, 0b101000, &[&hashed, &hashed, &hashed]),
        ),
        ("branch_value_missing", "a value announced, none there", branch(0xc0, 0b101000, &[&hashed, &hashed])),
        ("branch_bitmap_short", "ends in the bitmap", vec![0x80, 0x01]),
        ("branch_trailing", "a byte behind the last child", branch(0x80, 0b101000, &[&hashed, &hashed, &[0]])),
        ("inline_no_bytes", "an inline child of no bytes, on the path", branch(0x80, 0b10010, &[&[0], &hashed])),
        ("inline_empty_node", "the empty node inline, on the path", branch(0x80, 0b10010, &[&[4, 0], &hashed])),
        (
            "inline_malformed",
            "an inline node with a bad header, on the path",
            branch(0x80, 0b10010, &[&[8, 1, 0], &hashed]),
        ),
        (
            "inline_padding",
            "an inline leaf with padding, on the path",
            branch(0x80, 0b10010, &[&prefixed(&[0x43, 0x12, 0x34, 0]), &hashed]),
        ),
        (
            "inline_trailing",
            "an inline leaf with a byte too many, on the path",
            branch(0x80, 0b10010, &[&prefixed(&[0x43, 0x02, 0x34, 0, 0]), &hashed]),
        ),
        (
            "inline_one_child",
            "an inline branch that goes one way, on the path",
            branch(0x80, 0b10010, &[&prefixed(&[0x80, 2, 0, 4, 0x40]), &hashed]),
        ),
    ];
    let nested = prefixed(&[0x80, 0b110, 0, 4, 0x40, 4, 0x00]);
    out.push(("inline_nested_empty", "the empty node two levels inline", branch(0x80, 0b10010, &[&nested, &hashed])));
    out
}

pub fn cases() -> Vec<Value> {
    let key: &[u8] = &[0x12, 0x34];
    let mut out = Vec::new();
    for (name, what, raw) in malformed() {
        let key = if name == "inline_nested_empty" { &[0x12, 0x00][..] } else { key };
        let proof = proof(&[&raw]);
        let reason = "MalformedNode";
        assert_eq!(reference::packed(&hash(&raw), &[key], &proof), Err(reason), "{name}");
        out.push(bad(&format!("node_{name}"), what, hash(&raw), &[key], &proof, reason));
    }
    // Off the path the inside of an inline child is not looked at.
    let strange = [&[0x80, 0b101000, 0][..], &[0], &prefixed(&[1; 31])].concat();
    out.push(good(
        "inline_strange_off_the_path",
        "inline children that are no nodes, off the path",
        hash(&strange),
        &[key],
        &proof(&[&strange]),
        &[None],
    ));

    let leaf = [&[0x44][..], key, &prefixed(&[9; 4093])].concat();
    assert_eq!(leaf.len(), 4098);
    out.push(bad("node_too_large", "more than 4,096 bytes", hash(&leaf), &[key], &proof(&[&leaf]), "NodeSize"));
    let leaf = [&[0x44][..], key, &prefixed(&[9; 4092])].concat();
    assert_eq!(leaf.len(), 4097);
    out.push(bad("node_4097", "one byte more than 4,096", hash(&leaf), &[key], &proof(&[&leaf]), "NodeSize"));

    // Children that a branch names by hash.
    let parent = |child: &[u8]| {
        let name = prefixed(&blake2_256(child));
        [&[0x80, 0b10010, 0][..], &name, &prefixed(&[7; 32])].concat()
    };
    let mut put = |name: &str, what: &str, key: &[u8], child: &[u8], reason: &str| {
        let root = parent(child);
        let proof = proof(&[&root, child]);
        assert_eq!(reference::packed(&hash(&root), &[key], &proof), Err(reason), "{name}");
        out.push(bad(name, what, hash(&root), &[key], &proof, reason));
    };
    put("node_not_inline", "a leaf of five bytes named by its hash", key, &[0x43, 0x02, 0x34, 4, 9], "NodeSize");
    put(
        "node_31_bytes",
        "a leaf of 31 bytes named by its hash",
        key,
        &[&[0x43, 0x02, 0x34][..], &prefixed(&[9; 27])].concat(),
        "NodeSize",
    );
    put("node_empty_below_root", "the empty node named by its hash", key, &[0x00], "NodeSize");
    put(
        "child_trailing",
        "a child with a byte too many",
        key,
        &[&[0x43, 0x02, 0x34][..], &prefixed(&[9; 40]), &[0]].concat(),
        "MalformedNode",
    );
    let child = [&[0x43, 0x02, 0x34][..], &prefixed(&[9; 28])].concat();
    assert_eq!(child.len(), 32);
    let root = parent(&child);
    out.push(good(
        "node_32_bytes",
        "a leaf of 32 bytes named by its hash",
        hash(&root),
        &[key],
        &proof(&[&root, &child]),
        &[Some(vec![9; 28])],
    ));
    let dangling = proof(&[&root, &child, &[0x43, 0x02, 0x35, 4, 9]]);
    out.push(bad("node_dangling", "a node that hangs nowhere", hash(&root), &[key], &dangling, "UnusedNodes"));

    // A hash that stands for a value is no child, and the other way round.
    let leaf = [&[0x24][..], key, &blake2_256(&child)].concat();
    let what = "what hashes right is a value, whatever it looks like";
    out.push(good("value_like_a_node", what, hash(&leaf), &[key], &proof(&[&leaf, &child]), &[Some(child.clone())]));
    let short = [&[0x24][..], key, &blake2_256(b"tiny")].concat();
    let what = "a value stored by its hash may be of any length";
    out.push(good(
        "value_short_hashed",
        what,
        hash(&short),
        &[key],
        &proof(&[&short, b"tiny"]),
        &[Some(b"tiny".to_vec())],
    ));
    let odd = [&[0x43, 0x01, 0x23][..], &prefixed(&[9; 40])].concat();
    out.push(good(
        "odd_partial",
        "a leaf at the root of three nibbles ends no key",
        hash(&odd),
        &[&[0x12, 0x30]],
        &proof(&[&odd]),
        &[None],
    ));
    out
}
