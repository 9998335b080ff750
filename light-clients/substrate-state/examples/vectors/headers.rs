//! Headers, encoded by sp-runtime.

use crate::{common::seeded, hex};
use alloy_primitives::B256;
use codec::Encode;
use serde_json::{Value, json};
use sp_runtime::{
    generic::{self, DigestItem},
    traits::{BlakeTwo256, Header as _},
};

type Header = generic::Header<u32, BlakeTwo256>;

fn header(number: u32, logs: Vec<DigestItem>) -> Header {
    let hash = |name| seeded(name, number as usize).0.into();
    Header::new(number, hash("extrinsics"), hash("state"), hash("parent"), generic::Digest { logs })
}

fn item(item: &DigestItem) -> Value {
    let (tag, engine, data): (u8, &[u8], &[u8]) = match item {
        DigestItem::Other(data) => (0, &[], data),
        DigestItem::Consensus(id, data) => (4, id, data),
        DigestItem::Seal(id, data) => (5, id, data),
        DigestItem::PreRuntime(id, data) => (6, id, data),
        DigestItem::RuntimeEnvironmentUpdated => (8, &[], &[]),
    };
    json!({ "tag": tag, "engine": hex(engine), "data": hex(data) })
}

fn good(name: &str, what: &str, header: &Header) -> Value {
    let logs: Vec<Value> = header.digest.logs.iter().map(item).collect();
    json!({
        "name": name, "description": what, "header": hex(header.encode()), "expect": "ok",
        "hash": hex(header.hash()), "number": header.number, "parent_hash": hex(header.parent_hash),
        "state_root": hex(header.state_root), "extrinsics_root": hex(header.extrinsics_root), "digest": logs,
    })
}

fn bad(name: &str, what: &str, bytes: &[u8]) -> Value {
    json!({
        "name": name, "description": what, "header": hex(bytes), "expect": "MalformedHeader",
        "hash": B256::ZERO, "number": 0, "parent_hash": B256::ZERO, "state_root": B256::ZERO,
        "extrinsics_root": B256::ZERO, "digest": [],
    })
}

/// The first header of a public chain, known by its hash.
fn genesis(state_root: &str) -> Header {
    let root: [u8; 32] = alloy_primitives::hex::decode(state_root).unwrap().try_into().unwrap();
    let empty = lupu_substrate_state::EMPTY_ROOT.0;
    Header::new(0, empty.into(), root.into(), [0; 32].into(), generic::Digest::default())
}

pub fn cases() -> Vec<Value> {
    let mut out = Vec::new();
    let polkadot = genesis("29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17");
    let kusama = genesis("b0006203c3a6e6bd2c6a17b1d4ae8ca49a31da0f4579da950b127774b44aef6b");
    assert_eq!(hex(polkadot.hash()), "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3");
    assert_eq!(hex(kusama.hash()), "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe");
    out.push(good("polkadot_genesis", "a public chain's first header", &polkadot));
    out.push(good("kusama_genesis", "a public chain's first header", &kusama));

    let typical = vec![
        DigestItem::PreRuntime(*b"aura", seeded("slot", 1)[..8].to_vec()),
        DigestItem::Consensus(*b"BEEF", [&[3][..], seeded("mmr", 1).as_slice()].concat()),
        DigestItem::Seal(*b"aura", vec![7; 64]),
    ];
    let full = header(1_234_567, typical.clone());
    out.push(good("typical", "slot, MMR root, seal", &full));
    let every = vec![
        DigestItem::Other(Vec::new()),
        DigestItem::Consensus(*b"FRNK", vec![1; 63]),
        DigestItem::Seal([0; 4], Vec::new()),
        DigestItem::PreRuntime([0xff; 4], vec![2; 64]),
        DigestItem::RuntimeEnvironmentUpdated,
        DigestItem::Other(vec![3; 300]),
    ];
    out.push(good("every_item", "each kind of digest item", &header(9, every)));
    out.push(good(
        "hundred_items",
        "a count of two bytes",
        &header(10, vec![DigestItem::RuntimeEnvironmentUpdated; 100]),
    ));
    for number in [0, 63, 64, 16_383, 16_384, (1 << 30) - 1, 1 << 30, u32::MAX] {
        out.push(good(&format!("number_{number}"), "a block number at an edge", &header(number, Vec::new())));
    }

    let bytes = full.encode();
    let plain = header(5, Vec::new()).encode();
    let mut put = |name: &str, what: &str, bytes: &[u8]| out.push(bad(name, what, bytes));
    put("nothing", "no bytes", &[]);
    put("truncated", "the last byte is missing", &bytes[..bytes.len() - 1]);
    put("truncated_root", "ends in the state root", &bytes[..60]);
    put("no_digest", "ends before the digest", &plain[..plain.len() - 1]);
    put("trailing", "one byte too many", &[&bytes[..], &[0]].concat());
    let number = |compact: &[u8]| [&plain[..32], compact, &plain[33..]].concat();
    assert_eq!(number(&[5 << 2]), plain);
    put("number_two_bytes", "5 in two bytes", &number(&[0x15, 0x00]));
    put("number_four_bytes", "5 in four bytes", &number(&[0x16, 0, 0, 0]));
    put("number_five_bytes", "5 in five bytes", &number(&[0x03, 5, 0, 0, 0]));
    put("number_33_bits", "a block number of 2³²", &number(&[0x07, 0, 0, 0, 0, 1]));
    put("number_six_bytes", "5 in six bytes", &number(&[0x07, 5, 0, 0, 0, 0]));
    put("number_huge", "a block number of 67 bytes", &number(&[0xff; 68]));
    let digest = |items: &[u8]| [&plain[..plain.len() - 1], items].concat();
    assert_eq!(digest(&[0]), plain);
    for tag in [1u8, 2, 3, 7, 9, 255] {
        let what = "an unknown kind of digest item";
        put(&format!("tag_{tag}"), what, &digest(&[4, tag, 0, 0, 0, 0, 0]));
    }
    put("fewer_items", "two items announced, one there", &digest(&[8, 8]));
    put("more_items", "one item announced, two there", &digest(&[4, 8, 8]));
    put("count_not_minimal", "one item, counted in two bytes", &digest(&[5, 0, 8]));
    put("count_huge", "2³⁰−1 items announced", &digest(&[0xfe, 0xff, 0xff, 0xff]));
    put("item_length_not_minimal", "a length of one in two bytes", &digest(&[4, 0, 5, 0, 9]));
    put("item_length_huge", "a length of 2³⁰−1", &digest(&[4, 0, 0xfe, 0xff, 0xff, 0xff, 9]));
    put("engine_short", "ends in the engine's name", &digest(&[4, 6, b'a', b'u']));
    out
}
