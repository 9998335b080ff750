//! The crate and the plain checker give the same verdict on random and on mutated inputs.
//! `LUPU_MUTANTS` multiplies the number of inputs (1 by default, a few seconds).
#![allow(missing_docs)]

mod common;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use common::{Scenario, Validator, high_s, number, reference, sorted, string, validators, vote};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_qbft::{Header, K256, Kind, MembershipProof, Misbehaviour, QbftClient, check_update};
use lupu_standard::{Height, TimestampSecs};
use std::collections::BTreeMap;

fn mutants(base: usize) -> usize {
    base * std::env::var("LUPU_MUTANTS").map_or(1, |n| n.parse().expect("a number"))
}

/// xorshift64*: the same sequence in every run.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
    /// Changes a few bytes: flips, insertions, removals, cuts, copies.
    fn mutate(&mut self, data: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(data.len());
            match self.below(8) {
                0 | 1 if !data.is_empty() => data[at] ^= 1 << self.below(8),
                2 if !data.is_empty() => data[at] = *self.pick(&[0, 1, 0x7f, 0x80, 0x81, 0xb8, 0xc0, 0xf8, 0xff]),
                3 => data.insert(at, *self.pick(&[0, 0x80, 0xc0, 7])),
                4 if !data.is_empty() => drop(data.remove(at)),
                5 => data.truncate(data.len() - self.below(data.len().min(40))),
                6 => {
                    let end = (at + self.below(40)).min(data.len());
                    let copy = data[at..end].to_vec();
                    let to = self.below(data.len());
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
}

fn same(s: &Scenario, message: &[u8], tally: &mut BTreeMap<&'static str, usize>) {
    let client = QbftClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, hash)| (Height(*h), *hash)));
    let fast = client.check(message, TimestampSecs(s.now));
    let slow = reference::update(s, message);
    let verdict = match (&fast, &slow) {
        (Ok((v, result)), Ok(o)) => {
            let result = match result {
                UpdateResult::Update => "Update",
                UpdateResult::NoOp => "NoOp",
                UpdateResult::Misbehaviour => "Misbehaviour",
            };
            assert_eq!((result, v.height.0, v.block_hash), (o.result, o.height, o.block_hash));
            assert_eq!(v.consensus.encode(), o.consensus);
            result
        }
        (Err(e), Err(name)) => {
            assert_eq!(e.check, *name, "{} {}", e.detail, alloy_primitives::hex::encode(message));
            name
        }
        _ => panic!("{fast:?} {slow:?} {}", alloy_primitives::hex::encode(message)),
    };
    *tally.entry(verdict).or_default() += 1;
}

fn kind(rng: &mut Rng) -> Kind {
    *rng.pick(&[Kind::Qbft, Kind::Ibft2])
}

/// Scenarios with none to three things changed, sealed after the change.
#[test]
fn random_updates() {
    let mut rng = Rng(0x1234_5678_9abc_def1);
    let mut tally = BTreeMap::new();
    let all = validators("validator", 12);
    let bases: Vec<Scenario> =
        [Kind::Qbft, Kind::Ibft2].into_iter().flat_map(|k| [1, 2, 3, 4, 5, 7].map(|n| Scenario::new(k, n))).collect();
    for _ in 0..mutants(1_500) {
        let mut s = rng.pick(&bases).clone();
        let mut seals = None;
        for _ in 0..rng.below(4) {
            change(&mut s, &mut rng, &all, &mut seals);
        }
        let seals = seals.unwrap_or_else(|| s.block.seals(&s.signers));
        let message = s.message_with(s.block.raw(&seals));
        same(&s, &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 12, "{tally:?}");
}

fn change(s: &mut Scenario, rng: &mut Rng, all: &[Validator], seals: &mut Option<Vec<Vec<u8>>>) {
    match rng.below(24) {
        0 => s.block.round = rng.next() as u32 >> rng.below(32),
        1 => {
            let who = Address::from_slice(&rng.bytes(20));
            s.block.vote = vote(who, rng.pick::<&[u8]>(&[&[0xff], &[0], &[], &[1], &[0xff, 0]]));
        }
        2 => s.block.trailing = (0..rng.below(7)).map(|i| number(1 << (i * 9))).collect(),
        3 => s.block.number = *rng.pick(&[0, 99, 100, 101, 121, u64::MAX]),
        4 => {
            s.block.timestamp = *rng.pick(&[
                0,
                common::T0 - 1,
                common::T0,
                s.now.saturating_add(30),
                s.now.saturating_add(31),
                u64::MAX,
            ])
        }
        5 => s.now = *rng.pick(&[0, common::T0, common::T0 + 604_799, common::T0 + 604_800, u64::MAX]),
        6 => s.client.frozen = rng.one_in(2),
        7 => s.stored = vec![(s.trusted_height, B256::from_slice(&rng.bytes(32)))],
        8 => {
            let hash = *rng.pick(&[s.consensus().hash(), B256::repeat_byte(3)]);
            s.stored.retain(|(height, _)| *height != s.block.number);
            s.stored.push((s.block.number, hash));
        }
        9 => {
            s.client.rules.trust_numerator = rng.below(6) as u8;
            s.client.rules.trust_denominator = 1 + rng.below(6) as u8;
        }
        10 | 11 => {
            let count = 1 + rng.below(8);
            let set = sorted((0..count).map(|_| rng.pick(all).clone()).collect());
            s.header_lists(dedup(set));
        }
        12 | 13 => {
            let count = 1 + rng.below(8);
            s.trust(dedup(sorted((0..count).map(|_| rng.pick(all).clone()).collect())));
        }
        14 | 15 => {
            let count = rng.below(s.header_set.len() + 2);
            let from = if rng.one_in(6) { all } else { &s.header_set };
            let signers: Vec<Validator> = (0..count).map(|_| rng.pick(from).clone()).collect();
            s.signers = if rng.one_in(4) { signers } else { dedup(sorted(signers)) };
        }
        16 => s.signers = s.header_set.clone(),
        17 => s.change_state(|state| state.router_present = false),
        18 => s.change_state(|state| state.code_hash = B256::repeat_byte(5)),
        19 => s.change_state(|state| state.storage_root = Some(B256::ZERO)),
        20 => s.block.state_root = *rng.pick(&[B256::ZERO, keccak256([0x80]), B256::repeat_byte(1)]),
        21 => {
            let list = &mut s.block.validators;
            match rng.below(4) {
                0 => list.clear(),
                1 => list.insert(0, Address::ZERO),
                2 => list.reverse(),
                _ => list.push(*list.last().unwrap_or(&Address::ZERO)),
            }
        }
        22 => {
            let width = *rng.pick(&[31, 32, 32, 33]);
            s.block.vanity = rng.bytes(width);
        }
        _ => {
            let mut list = s.block.seals(&s.signers);
            if let Some(index) = list.len().checked_sub(1).map(|n| rng.below(n + 1)) {
                match rng.below(5) {
                    0 => list[index] = high_s(&list[index]),
                    1 => list[index][64] ^= 1,
                    2 => list[index] = rng.bytes(65),
                    3 => list[index].truncate(64),
                    _ => list.swap(0, index),
                }
            }
            *seals = Some(list);
        }
    }
}

fn dedup(mut set: Vec<Validator>) -> Vec<Validator> {
    set.dedup_by_key(|v| v.address);
    set
}

/// Bytes of a message changed anywhere.
#[test]
fn mutated_messages() {
    let mut rng = Rng(7);
    let mut tally = BTreeMap::new();
    let mut changed = Scenario::new(Kind::Qbft, 2);
    changed.trust(validators("validator", 3));
    let mut bases = vec![changed];
    bases.extend([Kind::Qbft, Kind::Ibft2].map(|k| Scenario::new(k, 1)));
    let good: Vec<Vec<u8>> = bases.iter().map(|s| s.message().encode()).collect();
    for _ in 0..mutants(20_000) {
        let which = rng.below(bases.len());
        let mut message = good[which].clone();
        rng.mutate(&mut message);
        same(&bases[which], &message, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 3, "{tally:?}");
}

/// Parts of a message changed and put into a good encoding.
#[test]
fn mutated_parts() {
    let mut rng = Rng(11);
    let mut tally = BTreeMap::new();
    let mut changed = Scenario::new(Kind::Qbft, 2);
    changed.trust(validators("validator", 3));
    let mut bases = vec![changed];
    bases.extend([Kind::Qbft, Kind::Ibft2].map(|k| Scenario::new(k, 1)));
    for _ in 0..mutants(4_000) {
        let s = rng.pick(&bases);
        let mut message = s.message();
        let part = match rng.below(4) {
            0 | 1 => &mut message.header,
            2 => &mut message.trusted_validators,
            _ => &mut message.account_proof,
        };
        let mut bytes = part.to_vec();
        rng.mutate(&mut bytes);
        *part = bytes.into();
        same(s, &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 4, "{tally:?}");
}

/// Headers changed anywhere: what is a header, and which; then sealed again, to reach the checks
/// behind the seals.
#[test]
fn mutated_headers() {
    let mut rng = Rng(3);
    let mut tally = BTreeMap::new();
    let mut bases = Vec::new();
    for kind in [Kind::Qbft, Kind::Ibft2] {
        let mut s = Scenario::new(kind, 1);
        bases.push(s.clone());
        s.block.round = 0xfedcba;
        s.block.vote = vote(Address::repeat_byte(4), &[0xff]);
        s.block.trailing = vec![number(5), string(&[7; 32]), number(0)];
        bases.push(s);
    }
    let raws: Vec<Vec<u8>> = bases.iter().map(Scenario::raw_header).collect();
    let mut good = 0;
    for _ in 0..mutants(60_000) {
        let which = rng.below(bases.len());
        let s = &bases[which];
        let mut raw = raws[which].clone();
        rng.mutate(&mut raw);
        if rng.one_in(2) {
            repair_lengths(&mut raw, raws[which].len());
        }
        let fast = Header::decode(s.client.kind, &raw);
        let slow = reference::header(s.client.kind as u64, &raw);
        assert_eq!(fast.is_ok(), slow.is_some(), "{fast:?} {}", alloy_primitives::hex::encode(&raw));
        let (Ok(fast), Some(slow)) = (fast, slow) else { continue };
        assert_eq!(fast.encode(), raw);
        assert_eq!((fast.block_hash(), fast.commit_digest()), (slow.hash, slow.digest));
        assert_eq!((fast.number().0, fast.timestamp().0), (slow.number, slow.timestamp));
        assert_eq!((fast.state_root(), u64::from(fast.round())), (slow.state_root, slow.round));
        assert_eq!((fast.parent_hash(), fast.coinbase()), (slow.parent_hash, slow.coinbase));
        assert_eq!(fast.validators(), slow.validators);
        assert!(fast.seals().iter().map(|b| b.as_ref()).eq(slow.seals.iter().map(Vec::as_slice)));
        good += 1;
        let seal = Bytes::from(s.signers[0].seal(&fast.commit_digest()));
        let sealed = fast.with_seals(vec![seal]);
        if good % 8 == 0 {
            same(s, &s.message_with(sealed.encode()).encode(), &mut tally);
        }
    }
    println!("{good} headers, {tally:?}");
    assert!(good > 1_000 && tally.len() > 3, "{good} {tally:?}");
}

/// The outer length follows what was inserted or removed.
fn repair_lengths(raw: &mut [u8], before: usize) {
    let (now, before) = (raw.len(), before);
    if let [0xf9, high, low, ..] = raw {
        let len = usize::from(*high) << 8 | usize::from(*low);
        if let Some(len) = (len + now).checked_sub(before) {
            (*high, *low) = ((len >> 8) as u8, len as u8);
        }
    }
}

#[test]
fn mutated_evidence() {
    let mut rng = Rng(5);
    let a = Scenario::new(Kind::Qbft, 1);
    let mut b = a.clone();
    b.block.parent_hash = B256::repeat_byte(2);
    let good = Misbehaviour { a: a.message(), b: b.message() };
    let raw = good.encode();
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..mutants(6_000) {
        let mut evidence = raw.clone();
        if round > 0 && rng.one_in(2) {
            rng.mutate(&mut evidence);
        } else if round > 0 {
            let mut parts = good.clone();
            let side = if rng.one_in(2) { &mut parts.a } else { &mut parts.b };
            let mut block = a.block.clone();
            block.round = rng.below(3) as u32;
            block.number += rng.below(2) as u64;
            block.timestamp += rng.below(2) as u64;
            side.header = block.sealed(&a.signers).into();
            evidence = parts.encode();
        }
        let mut client = QbftClient::from_snapshot(a.client.clone(), [(Height(100), a.trusted.hash())]);
        let fast = client.misbehaviour(&evidence, TimestampSecs(a.now));
        let plain = reference::Client::new(&a.client.encode(), &a.stored, a.now);
        let slow = reference::misbehaviour(&plain, &evidence);
        assert_eq!(fast.as_ref().map_err(|e| e.check), slow.as_ref().map_err(|e| *e));
        assert_eq!(client.state().frozen, slow.is_ok());
        *tally.entry(slow.err().unwrap_or("Misbehaviour")).or_default() += 1;
    }
    println!("{tally:?}");
    assert!(tally.len() > 2, "{tally:?}");
}

#[test]
fn mutated_membership() {
    let mut rng = Rng(9);
    let mut s = Scenario::new(Kind::Qbft, 1);
    let (height, consensus) = (s.block.number, s.consensus());
    s.client.latest_height = Height(height);
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((height, consensus.hash()));
    let paths: Vec<Vec<u8>> = (1..=30u64).map(|i| common::path("bank.qbft-harbour", 1, i)).collect();
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..mutants(20_000) {
        let asked: Vec<Vec<u8>> = (0..rng.below(6)).map(|_| rng.pick(&paths).clone()).collect();
        let mut nodes = s.state.storage_proof(&asked);
        if rng.one_in(2) {
            rng.mutate(&mut nodes);
        }
        let mut proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
        if rng.one_in(6) {
            rng.mutate(&mut proof);
        }
        let value = |path: &Vec<u8>, rng: &mut Rng| match rng.below(12) {
            0 => B256::repeat_byte(7),
            1 => B256::ZERO,
            _ => s.state.storage.get(&common::path_slot(path)).copied().unwrap_or_default(),
        };
        let claims: Vec<(Vec<u8>, B256)> = asked.iter().map(|p| (p.clone(), value(p, &mut rng))).collect();
        let typed: Vec<(Vec<u8>, Claim)> = claims
            .iter()
            .map(|(p, v)| (p.clone(), if v.is_zero() { Claim::Absent } else { Claim::Present(*v) }))
            .collect();
        let at = if rng.one_in(20) { 119 } else { height };
        let now = if rng.one_in(20) { common::T0 + 700_000 } else { s.now };
        let client = QbftClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, x)| (Height(*h), *x)));
        let fast = client.verify(Height(at), &typed, &proof, TimestampSecs(now)).map(|t| t.0).map_err(|e| e.check);
        let plain = reference::Client::new(&s.client.encode(), &s.stored, now);
        let slow = reference::membership(&plain, at, &claims, &proof);
        assert_eq!(fast, slow, "{}", alloy_primitives::hex::encode(&proof));
        *tally.entry(slow.err().unwrap_or("ok")).or_default() += 1;
    }
    println!("{tally:?}");
    assert!(tally.len() > 8, "{tally:?}");
}

/// Any bytes at all: an answer, not a panic.
#[test]
fn any_bytes() {
    let mut rng = Rng(13);
    let s = Scenario::new(Kind::Qbft, 1);
    for _ in 0..mutants(20_000) {
        let len = rng.below(400);
        let mut data = rng.bytes(len);
        if rng.one_in(2) {
            data.iter_mut().for_each(|b| *b &= 0x0f);
        }
        let kind = kind(&mut rng);
        let header = Header::decode(kind, &data);
        assert_eq!(header.is_ok(), reference::header(kind as u64, &data).is_some());
        let update = check_update(&s.client, s.lookup(), &data, TimestampSecs(s.now), &K256);
        assert_eq!(update.unwrap_err().name(), reference::update(&s, &data).unwrap_err());
    }
}
