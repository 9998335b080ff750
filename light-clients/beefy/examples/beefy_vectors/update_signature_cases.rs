//! Authorities, signatures and thresholds.

use crate::{
    Cases,
    common::{Authority, Scenario, high_s, joined, quorum, set_of, state_trie::seeded},
    update_cases::SIZES,
};
use alloy_primitives::{B256, Bytes, b256, keccak256};
use lupu_beefy::UpdateMessage;
use serde_json::Value;

const ORDER: B256 = b256!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
const HALF: B256 = b256!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

pub fn cases() -> Vec<Value> {
    let mut c = Cases(Vec::new());
    lists(&mut c);
    thresholds(&mut c);
    forms(&mut c);
    signers(&mut c);
    c.0
}

fn lists(c: &mut Cases) {
    let s = Scenario::new(4);
    let good = s.message();
    let mut put = |name: &str, what: &str, list: Vec<u8>| {
        let message = UpdateMessage { authorities: list.into(), ..good.clone() };
        c.raw(&format!("authorities_{name}"), what, &s, message.encode(), "AuthoritySetMismatch");
    };
    let list = joined(&s.current);
    put("none", "no addresses", Vec::new());
    put("one_missing", "the last one is missing", list[..60].to_vec());
    put("one_extra", "one more", [&list[..], &[7; 20]].concat());
    put("cut", "the last one is not whole", list[..79].to_vec());
    put("swapped", "two have changed places", [&list[20..40], &list[..20], &list[40..]].concat());
    put("one_other", "one is somebody else", [&list[..60], &[7; 20]].concat());
    put("one_twice", "the last one is the first again", [&list[..60], &list[..20]].concat());
    put("of_the_next", "those of the next set", joined(&s.next));

    // A Merkle tree that does not tell leaves from nodes: the list cannot use it, it is hashed whole.
    let mut s = Scenario::new(3);
    s.client.current = set_of(7, &Scenario::new(4).current);
    s.client.current.len = 3;
    let what = "three addresses under a root of four";
    c.put("authorities_of_a_longer_set", what, &s, "AuthoritySetMismatch");
    let mut s = Scenario::new(4);
    s.client.current.len = 5;
    c.put("authorities_fewer_than_the_set", "the set has five, root of four", &s, "AuthoritySetMismatch");
}

fn thresholds(c: &mut Cases) {
    for n in SIZES {
        let mut s = Scenario::new(n);
        s.signers.pop();
        c.put(&format!("one_short_{n}"), "one signature short", &s, "TooFewSignatures");
        let mut s = Scenario::new(n);
        s.signers = (n - quorum(n)..n).collect();
        c.put(&format!("just_enough_{n}"), "the last ones signed", &s, "Update");
        let mut s = Scenario::handover(n);
        s.signers.pop();
        c.put(&format!("one_short_next_{n}"), "one signature of the next set short", &s, "TooFewSignatures");
    }
    let mut s = Scenario::new(4);
    s.signers.clear();
    c.put("unsigned", "no signatures", &s, "TooFewSignatures");
}

/// The message with its signatures changed.
fn with(s: &Scenario, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut message = s.message();
    let mut entries: Vec<Vec<u8>> = message.signatures.chunks(66).map(<[u8]>::to_vec).collect();
    change(&mut entries);
    message.signatures = entries.concat().into();
    message.encode()
}

fn forms(c: &mut Cases) {
    let s = Scenario::new(4);
    type Change = fn(&mut Vec<Vec<u8>>);
    let cases: [(&str, &str, Change); 18] = [
        ("width_65", "an entry of 65 bytes", |e| e[2].truncate(65)),
        ("width_67", "an entry of 67 bytes", |e| e[2].push(0)),
        ("width_1", "one byte too many", |e| e.push(vec![3])),
        ("too_many", "five signatures of four authorities", |e| e.extend([e[0].clone(), e[1].clone()])),
        ("index_past_the_end", "an index of no authority", |e| e[2][0] = 4),
        ("index_255", "the last index there is", |e| e[2][0] = 255),
        ("v_2", "v is 2", |e| e[1][65] = 2),
        ("v_27", "v in Ethereum's old form", |e| e[1][65] += 27),
        ("r_zero", "r is 0", |e| e[1][1..33].fill(0)),
        ("r_order", "r is the order of the curve", |e| e[1][1..33].copy_from_slice(ORDER.as_slice())),
        ("r_large", "r is above the order", |e| e[1][1..33].fill(0xff)),
        ("r_no_point", "no point of the curve has this r", |e| {
            e[1][1..33].fill(0);
            e[1][32] = 5;
        }),
        ("s_zero", "s is 0", |e| e[1][33..65].fill(0)),
        ("s_order", "s is the order of the curve", |e| e[1][33..65].copy_from_slice(ORDER.as_slice())),
        ("s_upper_half", "the other s of the same signature", |e| {
            let high = high_s(&e[1][1..]);
            e[1][1..].copy_from_slice(&high);
        }),
        ("s_above_half", "s is half the order and one", |e| {
            e[1][33..65].copy_from_slice(HALF.as_slice());
            e[1][64] += 1;
        }),
        ("last_one", "only the last one is invalid", |e| e[2][65] = 9),
        ("before_the_order", "invalid and not in order", |e| {
            e.swap(0, 1);
            e[1][65] = 9;
        }),
    ];
    for (name, what, change) in cases {
        c.raw(&format!("signature_{name}"), what, &s, with(&s, change), "InvalidSignature");
    }
    let mut s = Scenario::new(4);
    s.signers = vec![0, 1];
    let few = with(&s, |e| e.push(vec![2]));
    c.raw("width_before_number", "too few, and one not whole", &s, few, "InvalidSignature");
    // A limit case that is in range, and so recovers somebody.
    let s = Scenario::new(4);
    let half = with(&s, |e| e[1][33..65].copy_from_slice(HALF.as_slice()));
    c.raw("signature_s_half", "s is half the order: in range, of somebody else", &s, half, "WrongSigner");
}

fn signers(c: &mut Cases) {
    let s = Scenario::new(4);
    let unsorted = "SignaturesNotSorted";
    c.raw("swapped", "two have changed places", &s, with(&s, |e| e.swap(0, 1)), unsorted);
    c.raw("reversed", "descending", &s, with(&s, |e| e.reverse()), unsorted);
    c.raw("one_twice", "one signature twice", &s, with(&s, |e| e[1] = e[0].clone()), unsorted);
    let twice = with(&s, |e| e[2][0] = 1);
    c.raw("one_index_twice", "two signatures of one index", &s, twice, unsorted);
    let mut all = Scenario::new(4);
    all.signers = vec![0, 1, 2, 3];
    let m = with(&all, |e| e.swap(2, 3));
    c.raw("swapped_past_the_threshold", "enough are in order, the rest is not", &all, m, unsorted);

    let wrong = "WrongSigner";
    let stranger = Authority::new("stranger", 0);
    let digest = keccak256(s.commitment());
    let by_stranger = with(&s, |e| e[1][1..].copy_from_slice(&stranger.sign(&digest)));
    c.raw("by_a_stranger", "somebody else signed", &s, by_stranger, wrong);
    let by_next = with(&s, |e| e[1][1..].copy_from_slice(&s.next[1].sign(&digest)));
    c.raw("by_the_next_set", "an authority of the next set signed", &s, by_next, wrong);
    let moved = with(&s, |e| e[2][0] = 3);
    c.raw("of_another_index", "the signature of 2 as that of 3", &s, moved, wrong);
    let exchanged = with(&s, |e| {
        let first = e[0][1..].to_vec();
        let second = e[1][1..].to_vec();
        e[0][1..].copy_from_slice(&second);
        e[1][1..].copy_from_slice(&first);
    });
    c.raw("exchanged", "two signed for each other", &s, exchanged, wrong);
    let flipped_v = with(&s, |e| e[0][65] ^= 1);
    c.raw("other_v", "v of the other point", &s, flipped_v, wrong);

    let mut m = s.message();
    m.signatures = s.signatures_of(&s.commitment_of(seeded("another root", 0))).concat().into();
    c.raw("of_another_commitment", "signatures of another root", &s, m.encode(), wrong);
    let mut m = s.message();
    let mut commitment = m.commitment.to_vec();
    commitment[5] ^= 1;
    m.commitment = commitment.into();
    c.raw("root_changed", "the root changed after the signing", &s, m.encode(), wrong);
    let mut m = s.message();
    let mut commitment = m.commitment.to_vec();
    let at = commitment.len() - 12;
    commitment[at] += 1;
    m.commitment = commitment.into();
    c.raw("block_changed", "the block number changed after the signing", &s, m.encode(), wrong);
    let mut m = s.message();
    let prefixed = [&b"\x19Ethereum Signed Message:\n32"[..], digest.as_slice()].concat();
    let digest = keccak256(prefixed);
    let entries = s.signers.iter().map(|i| [&[*i as u8][..], &s.current[*i].sign(&digest)].concat());
    m.signatures = Bytes::from(entries.collect::<Vec<_>>().concat());
    c.raw("of_a_prefixed_hash", "signed as an Ethereum message", &s, m.encode(), wrong);
    let m = with(&all, |e| e[3][1..].copy_from_slice(&stranger.sign(&keccak256(all.commitment()))));
    c.raw("stranger_past_the_threshold", "enough are good, one more is not", &all, m, wrong);
}
