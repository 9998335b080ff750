//! Malformed headers and justifications, flipped bits.

use crate::{
    Cases,
    common::{Just, Scenario, SpHeader, log},
};
use alloy_primitives::hex;
use codec::{Compact, Encode};
use serde_json::Value;
use sp_runtime::DigestItem;

pub fn cases() -> Vec<Value> {
    let mut c = Cases::default();
    headers(&mut c);
    justifications(&mut c);
    flips(&mut c);
    c.0
}

/// A header in parts, finalized whatever it looks like: the error is the header's.
fn headers(c: &mut Cases) {
    let s = Scenario::new(4);
    let mut put = |name: &str, what: &str, header: Vec<u8>| {
        let mut j = s.just();
        j.hash = sp_crypto_hashing::blake2_256(&header).into();
        j.ballots = s.set[..3].iter().map(|v| v.sign(&j.hash, j.number, s.round, s.signed_set)).collect();
        let mut m = s.message_with(j.encode());
        m.header = header.into();
        c.message(&format!("header_{name}"), what, &s, &m, "MalformedHeader");
    };
    let good = s.header().encode();
    let SpHeader { parent_hash, state_root, extrinsics_root, digest, .. } = s.header();
    let with_number =
        |number: &[u8]| [&parent_hash.0[..], number, &state_root.0, &extrinsics_root.0, &digest.encode()].concat();
    let with_digest = |digest: &[u8]| {
        [&parent_hash.0[..], &Compact(120u32).encode(), &state_root.0, &extrinsics_root.0, digest].concat()
    };
    put("empty", "no bytes", Vec::new());
    put("truncated", "the last byte is missing", good[..good.len() - 1].to_vec());
    put("extended", "one byte too many", [&good[..], &[0]].concat());
    for len in [31, 32, 33, 65, 97, 98] {
        put(&format!("cut_at_{len}"), "ends early", good[..len].to_vec());
    }
    put("number_long", "the number in a longer form than necessary", with_number(&[0xe2, 1, 0, 0]));
    put("number_longest", "the number in five bytes", with_number(&[3, 120, 0, 0, 0]));
    put("number_wide", "a number of 2^32", with_number(&[7, 0, 0, 0, 0, 1]));
    put("number_wider", "a number of 67 bytes", with_number(&[0xff; 68]));
    put("number_fixed", "the number in four fixed bytes", with_number(&120u32.to_le_bytes()));
    put("digest_missing", "no digest", with_digest(&[]));
    put("digest_count_high", "one item more is claimed", with_digest(&[&[12][..], &digest.encode()[1..]].concat()));
    put("digest_count_low", "one item less is claimed", with_digest(&[&[4][..], &digest.encode()[1..]].concat()));
    put("digest_count_huge", "2^30 items are claimed", with_digest(&Compact(1u32 << 30).encode()));
    put("digest_count_long", "the count in a longer form", with_digest(&[1, 0]));
    for tag in [1, 2, 3, 7, 9, 255] {
        put(&format!("digest_tag_{tag}"), "a kind of digest item there is not", with_digest(&[4, tag, 0, 0, 0, 0, 0]));
    }
    put("digest_engine_cut", "an engine id of three bytes", with_digest(&[4, 4, 1, 2, 3]));
    put("digest_length_high", "an item longer than the rest", with_digest(&[4, 0, 8, 1]));
    put("digest_length_huge", "an item of 2^30 bytes", with_digest(&[4, 0, 3, 0, 0, 0, 0x40]));
    put("digest_length_long", "a length in a longer form", with_digest(&[4, 0, 5, 0, 1]));
    let mut long = s.header();
    long.digest.logs = vec![DigestItem::Other(vec![0; 65_536])];
    put("too_long", "more than 65,535 bytes", long.encode());
    let room = |s: &Scenario| {
        let mut header = s.header();
        header.digest.logs = vec![DigestItem::Other(vec![0; 60_000])];
        60_000 + 65_535 - header.encode().len()
    };
    let mut s = Scenario::new(4);
    s.digest = vec![DigestItem::Other(vec![0; room(&s)])];
    assert_eq!(s.header().encode().len(), 65_535);
    c.put("header_longest", "65,535 bytes", &s, "Update");
    let mut s = Scenario::new(4);
    s.digest.clear();
    c.put("header_without_digest", "no digest items", &s, "Update");
    let mut s = Scenario::new(4);
    s.digest = vec![DigestItem::RuntimeEnvironmentUpdated; 300];
    c.put("header_many_items", "three hundred digest items", &s, "Update");
}

fn justifications(c: &mut Cases) {
    let malformed = "MalformedJustification";
    let s = Scenario::new(4);
    let good = s.just();
    let raw = good.encode();
    let mut put = |name: &str, what: &str, raw: Vec<u8>, expect: &str| {
        c.message(&format!("justification_{name}"), what, &s, &s.message_with(raw), expect);
    };
    put("empty", "no bytes", Vec::new(), malformed);
    put("truncated", "the last byte is missing", raw[..raw.len() - 1].to_vec(), malformed);
    put("extended", "one byte too many", [&raw[..], &[0]].concat(), malformed);
    for len in [7, 8, 39, 40, 43, 44, 45, 76, 80, 144, 176] {
        put(&format!("cut_at_{len}"), "ends early", raw[..len].to_vec(), malformed);
    }
    let head = 44;
    let splice = |at: usize, len: usize, bytes: &[u8]| {
        let mut raw = raw.clone();
        raw.splice(at..at + len, bytes.iter().copied());
        raw
    };
    put("votes_more", "one vote more is claimed", splice(head, 1, &[16]), malformed);
    put("votes_less", "one vote less is claimed", splice(head, 1, &[8]), malformed);
    put("votes_long", "their number in a longer form", splice(head, 1, &[0x0d, 0]), malformed);
    put("votes_huge", "2^30 votes are claimed", splice(head, 1, &[3, 0, 0, 0, 0x40]), malformed);
    put("votes_wide", "2^32 votes are claimed", splice(head, 1, &[7, 0, 0, 0, 0, 1]), malformed);
    let end = raw.len() - 1;
    put("headers_more", "a header is claimed", splice(end, 1, &[4]), malformed);
    put("headers_huge", "2^30 headers are claimed", splice(end, 1, &[3, 0, 0, 0, 0x40]), malformed);
    put("headers_long", "their number in a longer form", splice(end, 1, &[1, 0]), malformed);
    put("headers_missing", "no number of headers", raw[..end].to_vec(), malformed);
    let with = |change: &dyn Fn(&mut Just)| {
        let mut j = good.clone();
        change(&mut j);
        j.encode()
    };
    let repeat = |n: usize| with(&|j| j.ballots = vec![j.ballots[0].clone(); n]);
    put("votes_1025", "more votes than may be", repeat(1025), malformed);
    put("votes_1024", "as many votes as may be, of one voter", repeat(1024), "DuplicateVoter");
    let child = s.chain(1)[1].clone();
    let children = |n: usize| with(&|j| j.ancestry = vec![child.encode(); n]);
    put("headers_1025", "more headers than may be", children(1025), malformed);
    put("headers_1024", "as many headers as may be, unused", children(1024), "UnusedAncestry");
    let mut bad = child.encode();
    bad.pop();
    put("header_truncated", "a header's last byte is missing", with(&|j| j.ancestry = vec![bad.clone()]), malformed);
    let number = [&child.parent_hash.0[..], &[0xe6, 1, 0, 0], &child.encode()[34..]].concat();
    put(
        "header_long_number",
        "a header's number in a longer form",
        with(&|j| j.ancestry = vec![number.clone()]),
        malformed,
    );
    let mut tag = child.encode();
    tag[99] = 7;
    put("header_unknown_tag", "a digest item of no kind", with(&|j| j.ancestry = vec![tag.clone()]), malformed);
    let mut wide = child;
    wide.digest.logs = vec![log(vec![0; 65_535])];
    put(
        "header_too_long",
        "a header of more than 65,535 bytes",
        with(&|j| j.ancestry = vec![wide.encode()]),
        malformed,
    );
}

fn flips(c: &mut Cases) {
    let s = Scenario::new(4);
    let good = s.message();
    // A header is bound to the justification by its hash: any change is another block, or none.
    for at in [0, 31, 35, 60, 66, 97] {
        let mut m = good.clone();
        let mut header = m.header.to_vec();
        header[at] ^= 1;
        m.header = header.into();
        c.message(&format!("header_bit_at_{at}"), "one bit of the header is flipped", &s, &m, "TargetMismatch");
    }
    let bytes = s.just().encode();
    for (at, expect) in [
        (0, "InvalidSignature"),
        (8, "TargetMismatch"),
        (40, "TargetMismatch"),
        (45, "InvalidSignature"),
        (77, "InvalidSignature"),
        (81, "InvalidSignature"),
        (145, "ForeignVoter"),
    ] {
        let mut raw = bytes.clone();
        raw[at] ^= 1;
        let name = format!("justification_bit_at_{at}");
        c.message(&name, "one bit of the justification is flipped", &s, &s.message_with(raw), expect);
    }
    assert_eq!(hex::encode(&bytes[40..44]), "78000000");
}
