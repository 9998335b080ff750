//! The parts by themselves: commitments, keysets, Merkle mountain ranges.

use crate::common::{
    Authority, Scenario, authorities, compact, joined, keyset_root, mmr, polkadot, quorum, reference,
    state_trie::seeded,
};
use alloy_primitives::{B256, b256, hex, keccak256};
use codec::Encode;
use serde_json::{Value, json};
use sp_consensus_beefy::{Commitment, Payload};

type Malformed = (&'static str, &'static str, Vec<u8>);

fn payload(id: &[u8; 2], data: &[u8]) -> Vec<u8> {
    [&id[..], &compact(data.len()), data].concat()
}

/// Commitments that break one rule each, all else as in the scenario's.
pub fn malformed_commitments(s: &Scenario) -> Vec<Malformed> {
    let good = s.commitment();
    assert_eq!((good.len(), good[0]), (48, 4));
    let end = &good[36..];
    let root = &good[4..36];
    let with = |count: &[u8], payloads: &[Vec<u8>]| [count, &payloads.concat(), end].concat();
    let mh = payload(b"mh", root);
    let many = |n: u8| (0..n).map(|i| payload(&[b'n', i], &[i])).collect::<Vec<_>>();
    vec![
        ("empty", "no bytes", Vec::new()),
        ("truncated", "the last byte is missing", good[..47].to_vec()),
        ("trailing", "one byte too many", [&good[..], &[0]].concat()),
        ("no_payload", "no payloads", with(&[0], &[])),
        ("17_payloads", "one more than can be", with(&[17 << 2], &[vec![mh.clone()], many(16)].concat())),
        ("count_not_minimal", "the count in two bytes", with(&[0x05, 0], std::slice::from_ref(&mh))),
        ("count_high", "one payload more than there are", with(&[8], std::slice::from_ref(&mh))),
        ("count_huge", "more payloads than bytes", with(&[0xfe, 0xff, 0xff, 0xff], std::slice::from_ref(&mh))),
        ("unsorted", "ids descend", with(&[8], &[mh.clone(), payload(b"aa", &[1])])),
        ("two_roots", "two roots", with(&[8], &[mh.clone(), mh.clone()])),
        ("id_twice", "an id twice", with(&[12], &[payload(b"aa", &[1]), payload(b"aa", &[2]), mh.clone()])),
        ("no_root", "no root", with(&[4], &[payload(b"mx", root)])),
        ("root_of_31", "a root of 31 bytes", with(&[4], &[payload(b"mh", &root[1..])])),
        ("root_of_33", "a root of 33 bytes", with(&[4], &[payload(b"mh", &[root, &[0]].concat())])),
        ("root_empty", "a root of no bytes", with(&[4], &[payload(b"mh", &[])])),
        ("length_not_minimal", "a length in four bytes", {
            with(&[4], &[[&b"mh"[..], &[0x82, 0, 0, 0], root].concat()])
        }),
        ("length_high", "a payload past the end", with(&[4], &[[&b"mh"[..], &compact(90), root].concat()])),
        ("1025_bytes", "longer than can be", with(&[8], &[mh, payload(b"zz", &[7; 1025 - 48 - 4])])),
    ]
}

pub fn commitments() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: &str, what: &str, raw: Vec<u8>| {
        let read = reference::commitment(&raw);
        let (block, set, root) = read.clone().unwrap_or_default();
        out.push(json!({
            "name": name,
            "description": what,
            "commitment": hex::encode_prefixed(&raw),
            "expect": if read.is_some() { "ok" } else { "MalformedCommitment" },
            "block_number": block,
            "validator_set_id": set,
            "mmr_root": if root.is_empty() { B256::ZERO } else { B256::from_slice(&root) },
            "hash": if read.is_some() { keccak256(&raw) } else { B256::ZERO },
        }));
    };
    // As upstream's own types encode them.
    let root = seeded("root", 0);
    let upstream = |root: Vec<u8>, block: u32, set: u64| Commitment {
        payload: Payload::from_single_entry(*b"mh", root),
        block_number: block,
        validator_set_id: set,
    };
    put("one_root", "a root and nothing else", upstream(root.to_vec(), 5, 3).encode());
    put("root_zero", "a root of zero is well formed", upstream(vec![0; 32], 1, 0).encode());
    put("largest_numbers", "all bits set", upstream(vec![0xff; 32], u32::MAX, u64::MAX).encode());
    let mut more = upstream(root.to_vec(), 5, 3);
    more.payload = more.payload.push_raw(*b"aa", vec![1]).push_raw(*b"zz", vec![]);
    put("three_payloads", "others before and after", more.encode());
    let hello = hex!("046d68343048656c6c6f20576f726c6421 05000000 0000000000000000");
    put("hello_world", "upstream's own test, its block number in four bytes: no root", hello.to_vec());
    put("polkadot", "block 33149232 of the Polkadot relay chain", polkadot::COMMITMENT.to_vec());
    for size in [1024usize, 1025] {
        let mut long = upstream(root.to_vec(), 5, 3);
        long.payload = long.payload.push_raw(*b"zz", vec![7; size - 48 - 4]);
        put(&format!("{size}_long"), "at the limit", long.encode());
    }
    for count in [16u8, 17] {
        let mut many = upstream(root.to_vec(), 5, 3);
        for i in 1..count {
            many.payload = many.payload.push_raw([b'a', i], vec![i]);
        }
        put(&format!("{count}_of_them"), "at the limit", many.encode());
    }
    for (name, what, raw) in malformed_commitments(&Scenario::new(1)) {
        put(name, what, raw);
    }
    out
}

pub fn keysets() -> Vec<Value> {
    let case = |name: &str, joined: Vec<u8>, root: B256| {
        let len = joined.len() / 20;
        json!({
            "name": name,
            "authorities": hex::encode_prefixed(joined),
            "len": len,
            "root": root,
            "threshold": quorum(len),
            "expect": "ok",
        })
    };
    // Literals of upstream's own tests: of its tree, and of the pallet that makes the sets of
    // authorities whose secret keys are a number and 31 zeros.
    let (a, b) = (hex!("e04cc55ebee1cbce552f250e85c57b70b2e2625b"), hex!("25451a4de12dccc2d166922fa938e900fcc4ed24"));
    let mock = |ids: [u8; 2]| joined(&ids.map(|id| Authority::from_secret(B256::right_padding_from(&[id]))));
    let mut out = vec![
        case("published_one", a.to_vec(), b256!("aeb47a269393297f4b0a3c9c9cfd00c7a4195255274cf39d83dabc2fcc9ff3d7")),
        case(
            "published_two",
            [a, b].concat(),
            b256!("697ea2a8fe5b03468548a7a413424a6292ab44a82a6f5cc594c3fa7dda7ce402"),
        ),
        case(
            "published_authorities_1_2",
            mock([1, 2]),
            b256!("8db0d5104b090776e5812e995875ba50ff47886f4ba9b6a221596443f01cb258"),
        ),
        case(
            "published_authorities_3_4",
            mock([3, 4]),
            b256!("d4eb50bacc74545046503f26b678fb8e71031a1b5fb6659576eab17521c64d34"),
        ),
    ];
    for n in (1..=34).chain([63, 64, 65, 100, 127, 128, 129, 254, 255]) {
        let set = authorities("authority", n);
        out.push(case(&format!("of_{n}"), joined(&set), keyset_root(&set)));
    }
    out
}

pub fn mmrs() -> Vec<Value> {
    let mut out = Vec::new();
    let mut put = |name: String, root: B256, leaf: B256, index: u64, count: u64, items: &[u8]| {
        let good = reference::in_mmr(root.as_slice(), leaf, index, count, items);
        out.push(json!({
            "name": name,
            "root": root,
            "leaf": leaf,
            "index": index,
            "count": count,
            "items": hex::encode_prefixed(items),
            "expect": if good { "ok" } else { "InvalidMmrProof" },
        }));
    };
    let leaves: Vec<B256> = (0..300).map(|i| seeded("leaf", i)).collect();
    let join = |items: &[B256]| items.iter().flat_map(|i| i.0).collect::<Vec<u8>>();
    for count in 1..=14usize {
        for index in 0..count {
            let (root, items) = mmr(&leaves[..count], index as u64);
            put(format!("{index}_of_{count}"), root, leaves[index], index as u64, count as u64, &join(&items));
        }
    }
    for (index, count) in
        [(0, 70), (37, 70), (63, 70), (64, 70), (69, 70), (200, 255), (254, 255), (0, 256), (299, 300)]
    {
        let (root, items) = mmr(&leaves[..count], index as u64);
        put(format!("{index}_of_{count}"), root, leaves[index], index as u64, count as u64, &join(&items));
    }
    let (root, leaf) = (B256::from_slice(&polkadot::COMMITMENT[4..36]), keccak256(polkadot::LEAF));
    put("polkadot".into(), root, leaf, polkadot::INDEX, polkadot::COUNT, &join(&polkadot::items()));
    // Index and number of leaves say how many items there are and in which order, no more: where two
    // pairs say the same, one proof is good for both. A client takes both from what is signed.
    // The others have an item too many or too few, and would lead to the root but for that.
    let shapes = [((4, 5), (8, 9)), ((0, 5), (0, 6)), ((1, 7), (1, 5))];
    let lengths = [((4, 6), (4, 5)), ((0, 8), (0, 4)), ((8, 12), (8, 10)), ((0, 4), (0, 5)), ((2, 3), (2, 6))];
    for ((index, count), (i, n)) in shapes.into_iter().chain(lengths) {
        let (root, items) = mmr(&leaves[..count], index as u64);
        put(format!("{index}_of_{count}_as_{i}_of_{n}"), root, leaves[index], i, n, &join(&items));
    }
    for (index, count) in [(2usize, 3usize), (0, 4), (4, 7), (8, 11), (9, 11), (10, 11)] {
        let (root, good) = mmr(&leaves[..count], index as u64);
        let items = join(&good);
        let (leaf, i, n) = (leaves[index], index as u64, count as u64);
        let mut wrong = |what: &str, root: B256, leaf: B256, i: u64, n: u64, items: &[u8]| {
            put(format!("{index}_of_{count}_{what}"), root, leaf, i, n, items);
        };
        wrong("index_before", root, leaf, i.wrapping_sub(1), n, &items);
        wrong("index_after", root, leaf, i + 1, n, &items);
        wrong("count_less", root, leaf, i, n - 1, &items);
        wrong("count_more", root, leaf, i, n + 1, &items);
        wrong("other_leaf", root, leaves[299], i, n, &items);
        wrong("other_root", leaves[299], leaf, i, n, &items);
        wrong("root_zero", B256::ZERO, leaf, i, n, &items);
        wrong("no_items", root, leaf, i, n, &[]);
        wrong("item_missing", root, leaf, i, n, &items[32..]);
        wrong("last_missing", root, leaf, i, n, &items[..items.len() - 32]);
        wrong("item_extra", root, leaf, i, n, &[&items[..], &[0; 32]].concat());
        wrong("half_an_item", root, leaf, i, n, &items[..items.len() - 16]);
        let mut reversed = good.clone();
        reversed.reverse();
        if reversed != good {
            wrong("reversed", root, leaf, i, n, &join(&reversed));
        }
    }
    out
}
