//! The crate and the plain checker give the same verdict on random and on mutated inputs.
//! `LUPU_MUTANTS` multiplies the number of inputs (1 by default, some seconds).
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes, hex};
use codec::Encode;
use common::{
    Scenario, SpHeader, Voter,
    cached::Cached,
    change, child, commitment, header_hash, log, path, quorum, reference,
    rng::{Rng, mutants},
    voters, weigh,
};
use lupu_grandpa::{GrandpaClient, Justification, MembershipProof, Misbehaviour, check_update};
use lupu_light_client::{Claim, LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::Header;
use sp_runtime::DigestItem;
use std::collections::BTreeMap;

type Tally = BTreeMap<&'static str, usize>;

fn client(s: &Scenario) -> GrandpaClient<Cached> {
    let stored = s.stored.iter().map(|(h, hash)| (Height(*h), *hash));
    GrandpaClient::from_snapshot(s.client.clone(), stored).with_verifier(Cached)
}

fn plain(s: &Scenario) -> reference::Client {
    reference::Client::new(&s.client.encode(), &s.stored, s.now)
}

fn same(s: &Scenario, message: &[u8], tally: &mut Tally) {
    let fast = client(s).check(message, TimestampSecs(s.now));
    let slow = reference::update_client(&plain(s), message);
    let verdict = match (&fast, &slow) {
        (Ok((v, result)), Ok(o)) => {
            let result = match result {
                UpdateResult::Update => "Update",
                UpdateResult::NoOp => "NoOp",
                UpdateResult::Misbehaviour => "Misbehaviour",
            };
            assert_eq!((result, v.height.0, v.consensus.header_hash), (o.result, o.height, o.hash));
            assert_eq!(v.consensus.encode(), o.consensus);
            result
        }
        (Err(e), Err(name)) => {
            assert_eq!(e.check, *name, "{} {}", e.detail, hex::encode(message));
            name
        }
        _ => panic!("{fast:?} {slow:?} {}", hex::encode(message)),
    };
    *tally.entry(verdict).or_default() += 1;
}

/// Scenarios to start from: sets of several sizes, votes above the target, a change of the set.
fn bases() -> Vec<Scenario> {
    let mut out: Vec<Scenario> = [1, 2, 3, 4, 7].map(Scenario::new).into();
    let mut above = Scenario::new(4);
    above.ballots = above.set.iter().cloned().zip([0, 1, 3]).collect();
    out.push(above);
    let mut changes = Scenario::new(3);
    changes.digest.push(change(&voters("newcomer", 2), 0));
    changes.trust(weigh(&changes.set.clone(), &[5, 2, 3]));
    out.push(changes);
    for s in &mut out {
        s.state.neighbours = 6;
        s.state.commitments.clear();
    }
    out
}

/// Scenarios with none to three things changed, voted for after the change.
#[test]
fn random_updates() {
    let mut rng = Rng(0x1234_5678_9abc_def1);
    let mut tally = Tally::new();
    let bases = bases();
    for _ in 0..mutants(400) {
        let mut s = rng.pick(&bases).clone();
        for _ in 0..rng.below(4) {
            alter(&mut s, &mut rng);
        }
        let mut j = s.just();
        for _ in 0..[0, 0, 1, 2][rng.below(4)] {
            alter_votes(&s, &mut j, &mut rng);
        }
        same(&s, &s.message_with(j.encode()).encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 18, "{tally:?}");
}

fn alter(s: &mut Scenario, rng: &mut Rng) {
    let t0 = common::T0;
    match rng.below(20) {
        0 => s.number = *rng.pick(&[0, 99, 100, 101, 121, u32::MAX]),
        1 => {
            let time = *rng.pick(&[0, t0 - 1, t0, s.now.saturating_add(30), s.now.saturating_add(31), u64::MAX]);
            s.set_time(time);
        }
        2 => s.now = *rng.pick(&[0, t0, t0 + 604_799, t0 + 604_800, u64::MAX]),
        3 => s.client.frozen = rng.one_in(2),
        4 => s.stored = vec![(s.trusted_height, B256::from_slice(&rng.bytes(32)))],
        5 => {
            let hash = *rng.pick(&[s.consensus().hash(), B256::repeat_byte(3)]);
            s.stored.retain(|(height, _)| *height != u64::from(s.number));
            s.stored.push((u64::from(s.number), hash));
        }
        6 | 7 => {
            let weights: Vec<u64> = s.set.iter().map(|_| *rng.pick(&[1, 1, 2, 5, 100, u64::MAX / 3])).collect();
            s.trust(weigh(&s.set.clone(), &weights));
        }
        8 => s.trust(voters("authority", rng.below(9))),
        9 => {
            let who: Vec<Voter> = s.set.iter().filter(|_| !rng.one_in(4)).cloned().collect();
            s.vote(who);
        }
        10 => s.ballots.iter_mut().for_each(|(_, above)| *above = rng.below(3) as u32),
        11 => s.signed_set = s.trusted.set_id.wrapping_add(rng.below(3) as u64).wrapping_sub(1),
        12 => s.round = rng.next() >> rng.below(64),
        13 => {
            let size = rng.below(4);
            let delay = [0, 0, 0, 1][rng.below(4)];
            s.digest.insert(rng.below(s.digest.len() + 1), change(&voters("newcomer", size), delay));
        }
        14 => {
            let data = match rng.below(5) {
                0 => vec![2],
                1 => Vec::new(),
                2 => vec![3 + rng.below(4) as u8, 1],
                _ => {
                    let DigestItem::Consensus(_, mut data) = change(&voters("newcomer", 2), 0) else { return };
                    rng.mutate(&mut data);
                    data
                }
            };
            s.digest.push(log(data));
        }
        15 => s.state.anchor = None,
        16 => {
            let len = *rng.pick(&[0, 8, 31, 32, 33, 40]);
            s.state.anchor = Some(rng.bytes(len));
        }
        17 => s.client.genesis.0[rng.below(24)] ^= 1,
        18 => s.state_root = Some(*rng.pick(&[B256::ZERO, lupu_substrate_state::EMPTY_ROOT, B256::repeat_byte(1)])),
        _ => s.parent = B256::from_slice(&rng.bytes(32)),
    }
}

/// Changes a justification after it was signed.
fn alter_votes(s: &Scenario, j: &mut common::Just, rng: &mut Rng) {
    let some = |rng: &mut Rng, n: usize| (n > 0).then(|| rng.below(n));
    match rng.below(12) {
        0 => {
            if let Some(i) = some(rng, j.ballots.len()) {
                j.ballots.push(j.ballots[i].clone());
            }
        }
        1 => {
            if let Some(i) = some(rng, j.ballots.len()) {
                j.ballots[i].signature[rng.below(64)] ^= 1;
            }
        }
        2 => {
            if let Some(i) = some(rng, j.ballots.len()) {
                j.ballots[i].number = j.ballots[i].number.wrapping_add(rng.below(3) as u32).wrapping_sub(1);
            }
        }
        3 => drop(some(rng, j.ancestry.len()).map(|i| j.ancestry.remove(i))),
        4 => {
            if let Some(i) = some(rng, j.ancestry.len()) {
                j.ancestry.push(j.ancestry[i].clone());
            }
        }
        5 => j.ancestry.push(child(&s.header(), 40 + rng.below(3)).encode()),
        6 => j.ancestry.push(s.header().encode()),
        7 | 8 => {
            // One more authority votes for a child, or for a child's child, with true numbers or not.
            let Some(i) = some(rng, s.set.len()) else { return };
            let first = child(&s.header(), 50);
            let mut second = child(&first, 51);
            if rng.one_in(3) {
                second.number = second.number.wrapping_add(rng.below(3) as u32).wrapping_sub(1);
            }
            let target: &SpHeader = if rng.one_in(2) { &first } else { &second };
            j.ballots.push(s.set[i].sign(&header_hash(target), target.number, s.round, s.signed_set));
            j.ancestry.extend([first.encode(), second.encode()]);
        }
        9 => j.hash = B256::from_slice(&rng.bytes(32)),
        10 => {
            let stranger = Voter::new("stranger", rng.below(2));
            j.ballots.push(stranger.sign(&j.hash, j.number, s.round, s.signed_set));
        }
        _ => {
            j.ballots = quorum(&s.set).iter().map(|v| v.sign(&j.hash, j.number, s.round, s.signed_set)).collect();
            j.ancestry.clear();
        }
    }
}

/// Bytes of a message changed anywhere.
#[test]
fn mutated_messages() {
    let mut rng = Rng(7);
    let mut tally = Tally::new();
    let bases = bases();
    let good: Vec<Vec<u8>> = bases.iter().map(|s| s.message().encode()).collect();
    for _ in 0..mutants(4_000) {
        let which = rng.below(bases.len());
        let mut message = good[which].clone();
        rng.mutate(&mut message);
        same(&bases[which], &message, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 4, "{tally:?}");
}

/// Parts of a message changed and put into a good encoding.
#[test]
fn mutated_parts() {
    let mut rng = Rng(11);
    let mut tally = Tally::new();
    let bases = bases();
    let good: Vec<_> = bases.iter().map(Scenario::message).collect();
    for _ in 0..mutants(1_500) {
        let which = rng.below(bases.len());
        let mut message = good[which].clone();
        let part = match rng.below(6) {
            0 => &mut message.header,
            1..=3 => &mut message.justification,
            4 => &mut message.authorities,
            _ => &mut message.anchor_proof,
        };
        let mut bytes = part.to_vec();
        rng.mutate(&mut bytes);
        *part = bytes.into();
        same(&bases[which], &message.encode(), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.len() > 8, "{tally:?}");
}

/// Headers changed anywhere: what is a header, and which; then voted for, to reach the checks
/// behind the votes.
#[test]
fn mutated_headers() {
    let mut rng = Rng(3);
    let mut tally = Tally::new();
    let mut base = Scenario::new(1);
    base.digest.push(change(&voters("newcomer", 1), 0));
    base.digest.push(DigestItem::Other(vec![1, 2, 3]));
    let (template, raw) = (base.message(), base.header().encode());
    let mut good = 0;
    for _ in 0..mutants(20_000) {
        let mut bytes = raw.clone();
        rng.mutate(&mut bytes);
        let fast = Header::decode(&bytes);
        let slow = reference::header(&bytes);
        assert_eq!(fast.is_ok(), slow.is_some(), "{fast:?} {}", hex::encode(&bytes));
        let Ok(header) = fast else { continue };
        assert_eq!((header.encode(), header.hash()), (bytes.clone(), header_hash(&slow.unwrap())));
        good += 1;
        if good % 16 == 0 {
            let mut j = base.just();
            (j.hash, j.number) = (header.hash(), header.number);
            j.ballots = vec![base.set[0].sign(&j.hash, j.number, j.round, base.signed_set)];
            let mut message = template.clone();
            (message.header, message.justification) = (bytes.into(), j.encode().into());
            same(&base, &message.encode(), &mut tally);
        }
    }
    println!("{good} headers, {tally:?}");
    assert!(good > 1_000 && tally.len() > 2, "{good} {tally:?}");
}

#[test]
fn mutated_evidence() {
    let mut rng = Rng(5);
    let mut a = Scenario::new(1);
    a.state.neighbours = 3;
    a.state.commitments.clear();
    let mut fork = a.clone();
    fork.parent = B256::repeat_byte(2);
    let below = [fork.header(), child(&fork.header(), 1), child(&child(&fork.header(), 1), 2)];
    let mut b = a.clone();
    (b.parent, b.number) = (header_hash(&below[2]), below[2].number + 1);
    let ancestry: Vec<Bytes> = below.iter().rev().map(|h| h.encode().into()).collect();
    let good = Misbehaviour { a: a.message(), b: b.message(), ancestry };
    let raw = good.encode();
    let mut tally = Tally::new();
    for round in 0..mutants(2_500) {
        let mut evidence = raw.clone();
        if round > 0 && rng.one_in(3) {
            rng.mutate(&mut evidence);
        } else if round > 0 {
            let mut parts = good.clone();
            match rng.below(6) {
                0 => std::mem::swap(&mut parts.a, &mut parts.b),
                1 => parts.b = fork.message(),
                2 => drop(parts.ancestry.pop()),
                3 => parts.ancestry.clear(),
                4 => {
                    let mut other = fork.clone();
                    other.number += rng.below(2) as u32;
                    other.set_time(other.time() + rng.below(2) as u64);
                    if rng.one_in(2) {
                        parts.a = other.message();
                    }
                }
                _ => {}
            }
            if let Some(i) = parts.ancestry.len().checked_sub(1).map(|n| rng.below(n + 1))
                && rng.one_in(2)
            {
                let mut header = parts.ancestry[i].to_vec();
                rng.mutate(&mut header);
                parts.ancestry[i] = header.into();
            }
            evidence = parts.encode();
        }
        let mut client = client(&a);
        let fast = client.misbehaviour(&evidence, TimestampSecs(a.now));
        let slow = reference::misbehaviour(&plain(&a), &evidence);
        assert_eq!(fast.as_ref().map_err(|e| e.check), slow.as_ref().map_err(|e| *e), "{}", hex::encode(&evidence));
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
    s.state.commitments.insert(path("x", 1, 21), vec![1; 31]);
    s.state.commitments.insert(path("x", 1, 22), vec![1; 70]);
    let (height, consensus) = (u64::from(s.number), s.consensus());
    s.client.latest_height = Height(height);
    s.client.latest_timestamp = consensus.timestamp;
    s.stored.push((height, consensus.hash()));
    let mut paths: Vec<Vec<u8>> = (1..=30u64).map(|i| path("harbour.grandpa-customs", 1, i)).collect();
    paths.extend([path("x", 1, 21), path("x", 1, 22)]);
    let proofs = s.state.trie();
    let mut tally = Tally::new();
    for _ in 0..mutants(2_500) {
        let asked: Vec<Vec<u8>> = (0..rng.below(6)).map(|_| rng.pick(&paths).clone()).collect();
        let keys: Vec<Vec<u8>> = asked.iter().map(|p| s.state.path_key(p)).collect();
        let mut set = lupu_substrate_state::NodeSet::new();
        for node in proofs.nodes(&keys) {
            set.insert(node);
        }
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let mut nodes = set.pack(&consensus.state_root, &keys).unwrap();
        if rng.one_in(2) {
            rng.mutate(&mut nodes);
        }
        let mut proof = MembershipProof { consensus, nodes: nodes.into() }.encode();
        if rng.one_in(6) {
            rng.mutate(&mut proof);
        }
        let mut claims = Vec::new();
        for path in &asked {
            let stored = s.state.commitments.get(path).filter(|v| v.len() == 32);
            let value = match rng.below(12) {
                0 => commitment(77),
                1 => B256::ZERO,
                _ => stored.map_or(B256::ZERO, |v| B256::from_slice(v)),
            };
            let mut path = [&s.state.prefix()[..], path].concat();
            if rng.one_in(30) {
                rng.mutate(&mut path);
            }
            claims.push((path, value));
        }
        let typed: Vec<(Vec<u8>, Claim)> = claims
            .iter()
            .map(|(p, v)| (p.clone(), if v.is_zero() { Claim::Absent } else { Claim::Present(*v) }))
            .collect();
        let at = if rng.one_in(20) { 119 } else { height };
        s.now = common::T0 + if rng.one_in(20) { 700_000 } else { 65 };
        let fast = client(&s).verify(Height(at), &typed, &proof, TimestampSecs(s.now));
        let slow = reference::membership(&plain(&s), at, &claims, &proof);
        assert_eq!(fast.map(|t| t.0).map_err(|e| e.check), slow, "{}", hex::encode(&proof));
        *tally.entry(slow.err().unwrap_or("ok")).or_default() += 1;
    }
    println!("{tally:?}");
    assert!(tally.len() > 8, "{tally:?}");
}

/// Any bytes at all: an answer, not a panic.
#[test]
fn any_bytes() {
    let mut rng = Rng(13);
    let s = Scenario::new(1);
    for _ in 0..mutants(10_000) {
        let len = rng.below(400);
        let mut data = rng.bytes(len);
        if rng.one_in(2) {
            data.iter_mut().for_each(|b| *b &= 0x0f);
        }
        assert_eq!(Header::decode(&data).is_ok(), reference::header(&data).is_some());
        if let Ok(j) = Justification::decode(&data) {
            assert_eq!(j.encode(), data);
        }
        let update = check_update(&s.client, s.lookup(), &data, TimestampSecs(s.now), &Cached);
        assert_eq!(update.unwrap_err().name(), reference::update_client(&plain(&s), &data).unwrap_err());
    }
}
