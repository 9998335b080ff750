//! The crate and the plain checker give the same verdict on random and on mutated inputs.
//! `LUPU_MUTANTS` multiplies the number of inputs (1 by default, a minute or so).
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, FixedBytes, hex, keccak256};
use common::{
    Authority, Scenario, T0, authorities, commitment, high_s, path, quorum, reference, set_of,
    state_trie::{Rng, seeded},
};
use lupu_beefy::{
    BeefyClient, Commitment, K256, MembershipProof, Misbehaviour, MmrLeaf, SignedCommitment, UpdateMessage,
    check_misbehaviour, check_update, inspect,
};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use std::collections::BTreeMap;

fn mutants(base: usize) -> usize {
    base * std::env::var("LUPU_MUTANTS").map_or(1, |n| n.parse().expect("a number"))
}

/// Changes a few bytes: flips, insertions, removals, cuts, copies.
fn mutate(rng: &mut Rng, data: &mut Vec<u8>) {
    for _ in 0..=rng.below(3) {
        let at = rng.below(data.len());
        match rng.below(8) {
            0 | 1 if !data.is_empty() => data[at] ^= 1 << rng.below(8),
            2 if !data.is_empty() => data[at] = *rng.pick(&[0, 1, 4, 5, 0x20, 0x7f, 0x80, 0x81, 0xfc, 0xff]),
            3 => data.insert(at, *rng.pick(&[0, 1, 4, 7, 0x80])),
            4 if !data.is_empty() => drop(data.splice(at..=at, [])),
            5 => data.truncate(data.len() - rng.below(data.len().min(40))),
            6 => {
                let end = (at + rng.below(40)).min(data.len());
                let copy = data[at..end].to_vec();
                let to = rng.below(data.len());
                data.splice(to..to, copy);
            }
            _ => {
                let at = at / 32 * 32;
                let end = (at + 32).min(data.len());
                data.drain(at..end);
            }
        }
    }
}

fn name(result: UpdateResult) -> &'static str {
    match result {
        UpdateResult::Update => "Update",
        UpdateResult::NoOp => "NoOp",
        UpdateResult::Misbehaviour => "Misbehaviour",
    }
}

type Tally = BTreeMap<&'static str, usize>;

fn client(s: &Scenario) -> BeefyClient {
    BeefyClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, hash)| (Height(*h), *hash)))
}

fn same(s: &Scenario, message: &[u8], tally: &mut Tally) {
    let mut client = client(s);
    let fast = client.update(message, TimestampSecs(s.now));
    let slow = reference::update(s, message);
    let verdict = match (&fast, &slow) {
        (Ok(result), Ok(o)) => {
            assert_eq!(name(*result), o.result);
            assert_eq!(client.state_bytes(), o.after, "{}", hex::encode(message));
            if *result == UpdateResult::Update {
                assert_eq!(client.consensus_hash(Height(o.height)), Some(keccak256(&o.consensus)));
            }
            o.result
        }
        (Err(e), Err(check)) => {
            assert_eq!(e.check, *check, "{} {}", e.detail, hex::encode(message));
            assert_eq!(*client.state(), s.client);
            check
        }
        _ => panic!("{fast:?} {slow:?} {}", hex::encode(message)),
    };
    *tally.entry(verdict).or_default() += 1;
}

/// Scenarios with none to three things changed, signed after the change.
#[test]
fn random_updates() {
    let mut rng = Rng(0x1234_5678_9abc_def1);
    let mut tally = Tally::new();
    let mut bases = Vec::new();
    for n in [1, 2, 3, 4, 7] {
        bases.extend([Scenario::new(n), Scenario::handover(n)]);
        let mut older = Scenario::new(n);
        older.committed = 135;
        bases.push(older);
    }
    let all = authorities("anybody", 9);
    for _ in 0..mutants(400) {
        let mut s = rng.pick(&bases).clone();
        let mut message_change = None;
        for _ in 0..rng.below(4) {
            change(&mut s, &mut rng, &all, &mut message_change);
        }
        let mut message = s.message();
        if let Some(change) = message_change {
            change_message(&s, &mut message, change, &mut rng);
        }
        same(&s, &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 20, "{tally:?}");
}

fn change(s: &mut Scenario, rng: &mut Rng, all: &[Authority], message: &mut Option<usize>) {
    let some = |rng: &mut Rng| -> Vec<Authority> { (0..1 + rng.below(6)).map(|_| rng.pick(all).clone()).collect() };
    match rng.below(26) {
        0 => s.now = *rng.pick(&[0, T0, T0 + 119, T0 + 604_799, T0 + 604_800, u64::MAX]),
        1 => s.client.frozen = rng.one_in(2),
        2 => s.client.latest_height = Height(*rng.pick(&[0, 119, 120, 121, 500, u64::MAX])),
        3 => s.client.latest_timestamp.0 = *rng.pick(&[0, T0, T0 + 119, T0 + 120, T0 + 121]),
        4 => s.client.first_mmr_block = *rng.pick(&[1, 1, 2, 60, 120, 121, 122, u64::MAX]),
        5 => s.committed = *rng.pick(&[0, 1, 119, 120, 121, 122, 128, 150, 200]),
        6 => s.set_height(*rng.pick(&[0, 1, 99, 100, 119, 121, 127])),
        7 => s.leaf_number = *rng.pick(&[0, 119, 121, 122, u32::MAX]),
        8 => {
            let time =
                *rng.pick(&[0, T0 - 1, T0, T0 + 119, s.now.saturating_add(30), s.now.saturating_add(31), u64::MAX]);
            s.set_time(time);
        }
        9 => s.set_id = *rng.pick(&[0, 6, 7, 8, 9, u64::MAX]),
        10 => s.signed_by_next(),
        11 => {
            s.current = some(rng);
            s.client.current = set_of(7, &s.current);
            s.signing = s.current.clone();
            s.signers = (0..quorum(s.signing.len())).collect();
        }
        12 => s.client.current.len = *rng.pick(&[0, 1, 2, 3, 4, 5, 256]),
        13 => {
            let next = *rng.pick(&[7, 8, 9, 10, 0, u64::MAX]);
            s.leaf_next.id = next;
        }
        14 => s.leaf_next.len = *rng.pick(&[0, 1, 4, 255, 256, u32::MAX]),
        15 => s.leaf_next.root = *rng.pick(&[B256::ZERO, B256::repeat_byte(1), s.client.current.root]),
        16 | 17 => {
            let count = rng.below(s.signing.len() + 2);
            s.signers = (0..count).map(|_| rng.below(s.signing.len())).collect();
            if rng.one_in(2) {
                s.signers.sort();
                s.signers.dedup();
            }
        }
        18 => s.leaf_version = *rng.pick(&[0, 1, 0x1f, 0x20, 0xe0, 0xff]),
        19 => {
            let len = *rng.pick(&[0, 1, 31, 943, 944]);
            s.leaf_extra = rng.bytes(len);
        }
        20 => {
            let ids = [*b"aa", *b"mh", *b"mg", *b"zz"];
            s.payloads = (0..rng.below(4)).map(|_| (*rng.pick(&ids), vec![1; rng.below(40)])).collect();
        }
        21 => s.root = Some(*rng.pick(&[B256::ZERO, B256::repeat_byte(3)])),
        22 => {
            let hash = *rng.pick(&[s.consensus().hash(), B256::repeat_byte(3), B256::ZERO]);
            let height = u64::from(s.leaf_number);
            s.stored.retain(|(stored, _)| *stored != height);
            s.stored.push((height, hash));
        }
        23 => match rng.below(4) {
            0 => s.client.genesis = FixedBytes([7; 24]),
            1 => {
                let root =
                    *rng.pick(&[B256::ZERO, B256::new(sp_crypto_hashing::blake2_256(&[0])), B256::repeat_byte(9)]);
                s.change_header(|h| h.state_root = root);
            }
            2 => s.header.extrinsics_root = B256::ZERO,
            _ => s.change_header(|h| h.digest = vec![vec![rng.next() as u8 & 15, 4, 4, 4, 4, 0]]),
        },
        _ => *message = Some(rng.below(8)),
    }
}

/// Signatures and parts changed after the signing.
fn change_message(s: &Scenario, message: &mut UpdateMessage, change: usize, rng: &mut Rng) {
    let mut entries: Vec<Vec<u8>> = message.signatures.chunks(66).map(<[u8]>::to_vec).collect();
    if let (0..5, Some(last)) = (change, entries.len().checked_sub(1)) {
        let at = rng.below(last + 1);
        match change {
            0 => {
                let high = high_s(&entries[at][1..]);
                entries[at].splice(1.., high);
            }
            1 => entries[at][65] ^= *rng.pick(&[1, 2, 27]),
            2 => entries[at] = rng.bytes(66),
            3 => entries[at][0] = rng.below(s.signing.len() + 1) as u8,
            _ => entries.swap(0, at),
        }
        message.signatures = entries.concat().into();
        return;
    }
    let part = match change {
        5 => &mut message.mmr_items,
        6 => &mut message.anchor_proof,
        _ => &mut message.authorities,
    };
    let mut bytes = part.to_vec();
    mutate(rng, &mut bytes);
    *part = bytes.into();
}

fn small() -> Vec<Scenario> {
    let mut older = Scenario::new(1);
    older.committed = 135;
    vec![Scenario::new(1), Scenario::handover(2), older]
}

/// Bytes of a message changed anywhere.
#[test]
fn mutated_messages() {
    let mut rng = Rng(7);
    let mut tally = Tally::new();
    let bases = small();
    let good: Vec<Vec<u8>> = bases.iter().map(|s| s.message().encode()).collect();
    for _ in 0..mutants(12_000) {
        let which = rng.below(bases.len());
        let mut message = good[which].clone();
        mutate(&mut rng, &mut message);
        same(&bases[which], &message, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 5, "{tally:?}");
}

/// Parts of a message changed and put into a good encoding.
#[test]
fn mutated_parts() {
    let mut rng = Rng(11);
    let mut tally = Tally::new();
    let bases = small();
    let good: Vec<UpdateMessage> = bases.iter().map(Scenario::message).collect();
    for _ in 0..mutants(2_000) {
        let which = rng.below(bases.len());
        let mut message = good[which].clone();
        let part = match rng.below(7) {
            0 => &mut message.commitment,
            1 => &mut message.authorities,
            2 => &mut message.signatures,
            3 => &mut message.leaf,
            4 => &mut message.mmr_items,
            5 => &mut message.header,
            _ => &mut message.anchor_proof,
        };
        let mut bytes = part.to_vec();
        mutate(&mut rng, &mut bytes);
        *part = bytes.into();
        same(&bases[which], &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 10, "{tally:?}");
}

/// Commitments, leaves and headers changed first, then hashed, proven and signed: what gets past
/// the checks in front.
#[test]
fn mutated_and_signed() {
    let mut rng = Rng(3);
    let mut tally = Tally::new();
    let bases = small();
    let good: Vec<UpdateMessage> = bases.iter().map(Scenario::message).collect();
    for _ in 0..mutants(600) {
        let which = rng.below(bases.len());
        let mut s = bases[which].clone();
        let mut message = good[which].clone();
        if rng.one_in(2) {
            let mut raw = s.commitment();
            mutate(&mut rng, &mut raw);
            message.signatures = s.signatures_of(&raw).concat().into();
            message.commitment = raw.into();
        } else {
            let mut raw = s.header.encode();
            mutate(&mut rng, &mut raw);
            s.leaf_hash = B256::new(sp_crypto_hashing::blake2_256(&raw));
            message = UpdateMessage { header: raw.into(), ..s.message() };
        }
        same(&s, &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 7, "{tally:?}");
}

#[test]
fn mutated_evidence() {
    let mut rng = Rng(5);
    let a = Scenario::new(1);
    let mut b = a.clone();
    b.history = "fork";
    let good = Misbehaviour { a: a.message(), b: b.message() };
    let raw = good.encode();
    let plain = reference::Client::new(&a.client.encode(), &a.stored, a.now);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..mutants(500) {
        let mut evidence = raw.clone();
        if round > 0 && rng.one_in(2) {
            mutate(&mut rng, &mut evidence);
        } else if round > 0 {
            let mut parts = good.clone();
            let mut other = if rng.one_in(2) { a.clone() } else { b.clone() };
            other.committed += rng.below(2) as u32;
            if rng.one_in(3) {
                other.payloads = vec![(*b"zz", rng.bytes(2))];
            }
            if rng.one_in(4) {
                other.signed_by_next();
            }
            if rng.one_in(4) {
                other.set_time(T0 + 110 + rng.below(60) as u64);
            }
            let side = if rng.one_in(2) { &mut parts.a } else { &mut parts.b };
            *side = other.message();
            evidence = parts.encode();
        }
        let mut client = client(&a);
        let fast = client.misbehaviour(&evidence, TimestampSecs(a.now));
        let slow = reference::misbehaviour(&plain, &evidence);
        assert_eq!(fast.as_ref().map_err(|e| e.check), slow.as_ref().map_err(|e| *e));
        assert_eq!(client.state().frozen, slow.is_ok());
        *tally.entry(slow.err().unwrap_or("Misbehaviour")).or_default() += 1;
    }
    println!("{tally:?}");
    assert!(tally.len() > 5, "{tally:?}");
}

#[test]
fn mutated_membership() {
    let mut rng = Rng(9);
    let mut s = Scenario::new(1);
    let (height, consensus) = (u64::from(s.leaf_number), s.consensus());
    s.client.latest_height = Height(height);
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((height, consensus.hash()));
    let raws: Vec<Vec<u8>> = (1..=30u64).map(|i| path("bank.beefy-harbour", 1, i)).collect();
    let client = client(&s);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..mutants(500) {
        let asked: Vec<Vec<u8>> = (0..rng.below(6)).map(|_| rng.pick(&raws).clone()).collect();
        let mut nodes = s.state.proof(&asked);
        if rng.one_in(2) {
            mutate(&mut rng, &mut nodes);
        }
        let mut proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
        if rng.one_in(6) {
            mutate(&mut rng, &mut proof);
        }
        let value = |raw: &Vec<u8>, rng: &mut Rng| match rng.below(12) {
            0 => B256::repeat_byte(7),
            1 => B256::ZERO,
            2 => commitment(1),
            _ => s.state.entries.get(&s.state.key(raw)).map_or(B256::ZERO, |v| B256::from_slice(v)),
        };
        let mut claims: Vec<(Vec<u8>, B256)> =
            asked.iter().map(|raw| ([s.state.merkle_prefix(), raw.clone()].concat(), value(raw, &mut rng))).collect();
        if let (true, Some(claim)) = (rng.one_in(12), claims.last_mut()) {
            mutate(&mut rng, &mut claim.0);
        }
        let typed: Vec<(Vec<u8>, Claim)> = claims
            .iter()
            .map(|(p, v)| (p.clone(), if v.is_zero() { Claim::Absent } else { Claim::Present(*v) }))
            .collect();
        let at = if rng.one_in(20) { 119 } else { height };
        let now = if rng.one_in(20) { T0 + 700_000 } else { s.now };
        let fast = client.verify(Height(at), &typed, &proof, TimestampSecs(now)).map(|t| t.0).map_err(|e| e.check);
        let plain = reference::Client::new(&s.client.encode(), &s.stored, now);
        let slow = reference::membership(&plain, at, &claims, &proof);
        assert_eq!(fast, slow, "{}", hex::encode(&proof));
        *tally.entry(slow.err().unwrap_or("ok")).or_default() += 1;
    }
    println!("{tally:?}");
    assert!(tally.len() > 9, "{tally:?}");
}

/// Commitments changed anywhere: what is one, and which.
#[test]
fn mutated_commitments() {
    let mut rng = Rng(17);
    let mut s = Scenario::new(1);
    let plain = s.commitment();
    s.payloads = vec![(*b"aa", vec![1, 2]), (*b"zz", vec![3; 70])];
    let bases = [plain, s.commitment()];
    let mut good = 0;
    for _ in 0..mutants(30_000) {
        let mut raw = rng.pick(&bases).clone();
        mutate(&mut rng, &mut raw);
        let fast = Commitment::decode(&raw).and_then(|c| Ok((c.mmr_root()?, c)));
        let slow = reference::commitment(&raw);
        let Some((block, set, root)) = slow else {
            assert!(fast.is_err(), "{}", hex::encode(&raw));
            continue;
        };
        let (fast_root, c) = fast.unwrap();
        assert_eq!((c.block_number, c.validator_set_id, fast_root.to_vec()), (block, set, root));
        assert_eq!(c.encode(), raw);
        good += 1;
    }
    println!("{good} commitments");
    assert!(good > 1_000, "{good}");
}

/// Any bytes at all: an answer, not a panic.
#[test]
fn any_bytes() {
    let mut rng = Rng(13);
    let s = Scenario::new(1);
    let signed = SignedCommitment { commitment: Commitment::new(B256::ZERO, 1, 1), signatures: vec![Some([9; 65]); 9] };
    let raw = signed.encode();
    for _ in 0..mutants(20_000) {
        let len = rng.below(400);
        let mut data = rng.bytes(len);
        if rng.one_in(2) {
            data.iter_mut().for_each(|b| *b &= 0x0f);
        }
        assert_eq!(MmrLeaf::decode(&data).is_ok(), (81..=1024).contains(&data.len()) && data[0] < 32);
        let now = TimestampSecs(s.now);
        let update = check_update(&s.client, &data, now, &K256).unwrap_err();
        assert_eq!(update.name(), reference::update(&s, &data).unwrap_err());
        assert_eq!(check_misbehaviour(&s.client, &data, now, &K256).unwrap_err().name(), "MalformedMessage");
        let mut proof = raw.clone();
        mutate(&mut rng, &mut proof);
        if let Ok(signed) = SignedCommitment::decode(&proof) {
            let seen = inspect(&signed, Some(&[seeded("x", 0); 3].map(alloy_primitives::Address::from_word)), &K256);
            assert!(seen.present <= seen.of && seen.good() == Some(0));
        }
    }
}
