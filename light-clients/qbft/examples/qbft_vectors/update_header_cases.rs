//! Malformed headers in otherwise good updates.

use crate::{
    common::{Block, Scenario, list, no_vote, number, reference, string, vote},
    update,
};
use alloy_primitives::{Address, hex};
use lupu_qbft::Kind::{self, Ibft2, Qbft};
use serde_json::Value;

/// Malformed headers with a name, the kind of the client and the raw bytes.
pub fn malformed() -> Vec<(String, &'static str, Kind, Vec<u8>)> {
    let mut out = Vec::new();
    for kind in [Qbft, Ibft2] {
        let s = Scenario::new(kind, 4);
        let seals = s.block.seals(&s.signers);
        items(&s.block, &seals, &mut out);
        extras(&s.block, &seals, &mut out);
        bytes(&s.raw_header(), kind, &mut out);
    }
    let (q, i) = (Scenario::new(Qbft, 4), Scenario::new(Ibft2, 4));
    let what = "extraData of the other kind";
    out.push(("header_ibft2_for_qbft".into(), what, Qbft, i.raw_header()));
    out.push(("header_qbft_for_ibft2".into(), what, Ibft2, q.raw_header()));
    let legacy = hex!(
        "0000000000000000000000000000000000000000000000000000000000000000f89af8549444add0ec310f11"
        "5a0e603b2d7db9f067778eaf8a94294fc7e8f22b3bcdcf955dd7ff3ba2ed833f8212946beaaed781d2d2ab63"
        "50f5c4566a2c6eaac407a6948be76812f765c24641ec63dc2852b378aba2b440b84100000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000c0"
    );
    let raw = list(&q.block.items(&legacy));
    out.push(("header_legacy_istanbul".into(), "vanity ahead of the list", Qbft, raw));
    out
}

type Out = Vec<(String, &'static str, Kind, Vec<u8>)>;

fn items(block: &Block, seals: &[Vec<u8>], out: &mut Out) {
    let kind = block.kind;
    let good = block.items(&list(&block.extra(seals)));
    let mut put = |name: &str, what: &'static str, items: &[Vec<u8>]| {
        out.push((format!("header_{name}_{}", kind.name()), what, kind, list(items)));
    };
    put("14_fields", "the nonce is missing", &good[..14]);
    put("no_fields", "an empty list", &[]);
    let mut replace = |name: &str, what: &'static str, index: usize, item: Vec<u8>| {
        let mut items = good.clone();
        items[index] = item;
        put(name, what, &items);
    };
    let names = [
        (0, "parent_hash", 32),
        (2, "coinbase", 20),
        (3, "state_root", 32),
        (4, "transactions_root", 32),
        (5, "receipts_root", 32),
        (6, "logs_bloom", 256),
    ];
    for (index, name, width) in names {
        replace(&format!("{name}_short"), "too short", index, string(&vec![7; width - 1]));
        replace(&format!("{name}_long"), "too long", index, string(&vec![7; width + 1]));
    }
    replace("parent_hash_list", "a list instead of a string", 0, list(&[string(&[7; 31])]));
    replace("ommers", "not the hash of no ommers", 1, string(&[7; 32]));
    replace("difficulty_2", "not 1", 7, number(2));
    replace("difficulty_0", "not 1", 7, number(0));
    for (index, name) in [(8, "number"), (9, "gas_limit"), (10, "gas_used"), (11, "timestamp")] {
        replace(&format!("{name}_9_bytes"), "above 2^64", index, string(&[1; 9]));
        replace(&format!("{name}_zero_byte"), "zero as a byte", index, vec![0]);
        replace(&format!("{name}_leading_zero"), "a leading zero", index, string(&[0, 1]));
        replace(&format!("{name}_list"), "a list", index, vec![0xc0]);
    }
    replace("extra_list", "a list instead of a string", 12, list(&block.extra(seals)));
    replace("extra_empty", "no extraData", 12, vec![0x80]);
    replace("mix_hash", "not the Istanbul constant", 13, string(&[0; 32]));
    replace("nonce_7_bytes", "too short", 14, string(&[0; 7]));
    replace("nonce_9_bytes", "too long", 14, string(&[0; 9]));
    replace("nonce_vote", "a vote of the older protocol", 14, string(&[0xff; 8]));
    let mut more = good.clone();
    more.push(vec![0x81, 0x05]);
    put("trailing_not_minimal", "a sixteenth field with a needless prefix", &more);
    more[15] = vec![0xb8, 0x05, 1, 2, 3, 4, 5];
    put("trailing_long_form", "a sixteenth field in needless long form", &more);
    more[15] = vec![0x82, 0x05];
    put("trailing_cut", "a sixteenth field that ends early", &more);
}

fn extras(block: &Block, seals: &[Vec<u8>], out: &mut Out) {
    let kind = block.kind;
    let good = block.extra(seals);
    let raw = |extra: &[u8]| list(&block.items(extra));
    let mut put = |name: &str, what: &'static str, extra: Vec<u8>| {
        out.push((format!("extra_{name}_{}", kind.name()), what, kind, raw(&extra)));
    };
    put("trailing_byte", "a byte behind the list", [list(&good), vec![0]].concat());
    put("string", "a string, not a list", string(&good.concat()));
    put("4_items", "the seals are missing", list(&good[..4]));
    put("6_items", "one item too many", list(&[&good[..], &[vec![0x80]]].concat()));
    let mut replace = |name: &str, what: &'static str, index: usize, item: Vec<u8>| {
        let mut items = good.clone();
        items[index] = item;
        put(name, what, list(&items));
    };
    replace("vanity_31", "31 bytes", 0, string(&[0; 31]));
    replace("vanity_33", "33 bytes", 0, string(&[0; 33]));
    replace("vanity_empty", "no bytes, as in some of GoQuorum's tests", 0, vec![0x80]);
    replace("validators_string", "a string, not a list", 1, vec![0x80]);
    let short = list(&[string(&[7; 19]), string(&[8; 20])]);
    replace("validator_19", "an address of 19 bytes", 1, short);
    replace("validator_21", "an address of 21 bytes", 1, list(&[string(&[7; 21])]));
    let listed = list(&[list(&[string(&[7; 19])])]);
    replace("validator_list", "an address that is a list", 1, listed);

    let who = Address::repeat_byte(0x33);
    let other = if kind == Qbft { Ibft2 } else { Qbft };
    replace("vote_none_of_other_kind", "no vote, as the other kind says it", 2, no_vote(other));
    replace("vote_one_item", "an address alone", 2, list(&[string(who.as_slice())]));
    let three = list(&[string(who.as_slice()), string(&[0xff]), vec![0x80]]);
    replace("vote_three_items", "one item too many", 2, three);
    replace("vote_short_address", "19 bytes", 2, list(&[string(&[7; 19]), string(&[0xff])]));
    replace("vote_one", "neither add nor drop", 2, vote(who, &[1]));
    replace("vote_fe", "neither add nor drop", 2, vote(who, &[0xfe]));
    replace("vote_two_bytes", "neither add nor drop", 2, vote(who, &[0xff, 0xff]));
    replace("vote_list", "a list as ballot", 2, list(&[string(who.as_slice()), vec![0xc0]]));
    replace("vote_bytes", "an address that is no list", 2, string(who.as_slice()));
    match kind {
        Qbft => {
            replace("round_zero_byte", "zero as a byte", 3, vec![0x00]);
            replace("round_leading_zero", "a leading zero", 3, string(&[0, 3]));
            replace("round_5_bytes", "2^32", 3, string(&[1, 0, 0, 0, 0]));
            replace("round_fixed", "four bytes, as in IBFT 2.0", 3, string(&[0; 4]));
        }
        Ibft2 => {
            replace("vote_drop_empty", "drop, as in QBFT", 2, vote(who, &[]));
            replace("round_scalar", "a scalar, as in QBFT", 3, vec![0x80]);
            replace("round_3_bytes", "three bytes", 3, string(&[1; 3]));
            replace("round_5_bytes", "five bytes", 3, string(&[0; 5]));
        }
    }
    replace("round_list", "a list", 3, vec![0xc0]);
    replace("seals_string", "a string, not a list", 4, vec![0x80]);
    let inner = list(&[list(&[string(&seals[0])])]);
    replace("seal_list", "a seal that is a list", 4, inner);
    replace("vanity_long_form", "long form with a leading zero", 0, [vec![0xb9, 0x00, 0x20], vec![0; 32]].concat());
}

fn bytes(raw: &[u8], kind: Kind, out: &mut Out) {
    let k = kind.name();
    let mut put = |name: &str, what: &'static str, raw: Vec<u8>| {
        out.push((format!("header_{name}_{k}"), what, kind, raw));
    };
    put("empty", "no bytes", Vec::new());
    put("string", "a string, not a list", string(raw));
    put("truncated", "the last byte is missing", raw[..raw.len() - 1].to_vec());
    put("half", "half of it", raw[..raw.len() / 2].to_vec());
    put("extended", "one byte too many", [raw, &[0]].concat());
    put("twice", "two headers", [raw, raw].concat());
    let mut long = raw.to_vec();
    long[0] = 0xfa;
    long.insert(1, 0);
    put("length_leading_zero", "length with a leading zero", long);
    let mut huge = raw.to_vec();
    huge.splice(..3, [0xff; 9]);
    put("length_huge", "length of 2^64 - 1", huge);
}

pub fn cases() -> Vec<Value> {
    let mut out = Vec::new();
    for (name, what, kind, raw) in malformed() {
        let s = Scenario::new(kind, 4);
        let message = s.message_with(raw).encode();
        out.push(update(&name, what, &s, message, "MalformedHeader"));
    }
    // Flipped bits: which check they fail is what the plain checker says.
    let s = Scenario::new(Qbft, 4);
    let raw = s.raw_header();
    let step = raw.len() / 40;
    for at in (3..raw.len()).step_by(step) {
        let mut flipped = raw.clone();
        flipped[at] ^= 1 << (at % 8);
        let message = s.message_with(flipped).encode();
        let verdict = reference::update(&s, &message).expect_err("a flipped bit");
        let what = "one bit of the header is flipped";
        out.push(update(&format!("header_bit_{at}"), what, &s, message, verdict));
    }
    out
}
