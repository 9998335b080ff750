//! The crate and the plain checker give the same verdict on random and on mutated inputs, and
//! what they accept is what the trie holds. `LUPU_MUTANTS` multiplies the number of inputs (1 by
//! default, a few seconds).
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, keccak256};
use codec::{Decode, Encode};
use common::{Entries, Part, Rng, Trie, Version, joined, lookup, parts, reference, slices};
use lupu_light_client::Claim;
use lupu_substrate_state::{
    EMPTY_ROOT, Header, blake2_256, check_membership, commitment_prefix, pallet_prefix, verify,
};
use sp_runtime::{generic, traits::BlakeTwo256};
use std::collections::BTreeMap;

fn mutants(base: usize) -> usize {
    base * std::env::var("LUPU_MUTANTS").map_or(1, |n| n.parse().expect("a number"))
}

type Tally = BTreeMap<&'static str, usize>;

/// Changes a few bytes: flips, insertions, removals, cuts, copies.
fn bytes(rng: &mut Rng, data: &mut Vec<u8>) {
    for _ in 0..=rng.below(3) {
        let at = rng.below(data.len());
        match rng.below(7) {
            0 | 1 if !data.is_empty() => data[at] ^= 1 << rng.below(8),
            2 if !data.is_empty() => data[at] = *rng.pick(&[0, 1, 2, 4, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff]),
            3 => data.insert(at, *rng.pick(&[0, 4, 0x40, 0x80])),
            4 if !data.is_empty() => drop(data.remove(at)),
            5 => data.truncate(data.len() - rng.below(data.len().min(40))),
            _ => {
                let end = (at + rng.below(40)).min(data.len());
                let copy = data[at..end].to_vec();
                let to = rng.below(data.len());
                data.splice(to..to, copy);
            }
        }
    }
}

/// Changes the order and number of items, and what is kept, without touching an item's bytes.
fn structure(rng: &mut Rng, parts: &mut [Part], strangers: &[Vec<u8>]) {
    if parts.is_empty() {
        return;
    }
    let (a, b) = (rng.below(parts.len()), rng.below(parts.len()));
    let (i, j) = (rng.below(parts[a].items.len()), rng.below(parts[b].items.len()));
    let any: Vec<Vec<u8>> = parts.iter().flat_map(|p| p.items.clone()).collect();
    match rng.below(9) {
        0 => parts[a].restart = parts[a].restart.wrapping_add(*rng.pick(&[1, 2, 255, 254])),
        1 => {
            // Keeps less, and lists it again: the same path told longer.
            let Some(end) = a.checked_sub(1).map(|b| parts[b].restart as usize + parts[b].items.len()) else { return };
            let kept = usize::from(parts[a].restart);
            if kept == 0 || kept > end || usize::from(parts[a - 1].restart) > 0 {
                return;
            }
            let again: Vec<Vec<u8>> = parts[a - 1].items.iter().take(kept).cloned().collect();
            let from = rng.below(kept);
            parts[a].items.splice(..0, again[from..].to_vec());
            parts[a].restart = from as u8;
        }
        2 if !parts[a].items.is_empty() => drop(parts[a].items.remove(i)),
        3 if !any.is_empty() => parts[a].items.insert(i, rng.pick(&any).clone()),
        4 if !parts[a].items.is_empty() && !parts[b].items.is_empty() => {
            let item = parts[a].items[i].clone();
            parts[a].items[i] = std::mem::replace(&mut parts[b].items[j], item);
        }
        5 if !parts[a].items.is_empty() => {
            let item = parts[a].items.remove(i);
            let j = j.min(parts[b].items.len());
            parts[b].items.insert(j, item);
        }
        6 if !parts[a].items.is_empty() => parts[a].items[i] = rng.pick(strangers).clone(),
        7 => parts.swap(a, b),
        _ => parts[a].items.push(rng.pick(strangers).clone()),
    }
}

/// Changes the bytes of one item, and every hash that depends on it up to the root: what a broken
/// chain could commit to.
fn broken_chain(rng: &mut Rng, root: &mut B256, parts: &mut [Part]) {
    let places: Vec<(usize, usize)> =
        parts.iter().enumerate().flat_map(|(p, part)| (0..part.items.len()).map(move |i| (p, i))).collect();
    if places.is_empty() {
        return;
    }
    let (p, i) = *rng.pick(&places);
    let old = parts[p].items[i].clone();
    let mut new = old.clone();
    match rng.below(4) {
        0 => bytes(rng, &mut new),
        1 if !new.is_empty() => {
            let at = rng.below(new.len().min(4));
            new[at] = rng.next() as u8;
        }
        2 => new.push(*rng.pick(&[0, 4, 7])),
        _ => {
            for _ in 0..=rng.below(2) {
                let at = rng.below(new.len());
                if let Some(byte) = new.get_mut(at) {
                    *byte ^= 1 << rng.below(8);
                }
            }
        }
    }
    if new == old {
        return;
    }
    let mut changed = vec![(blake2_256(&old), blake2_256(&new))];
    for part in &mut *parts {
        for item in &mut part.items {
            if *item == old {
                item.clone_from(&new);
            }
        }
    }
    while let Some((old, new)) = changed.pop() {
        if *root == old {
            *root = new;
        }
        for item in parts.iter_mut().flat_map(|part| &mut part.items) {
            let before = blake2_256(item);
            let mut touched = false;
            while let Some(at) = item.windows(32).position(|w| w == old.as_slice()) {
                item[at..at + 32].copy_from_slice(new.as_slice());
                touched = true;
            }
            if touched {
                changed.push((before, blake2_256(item)));
            }
        }
    }
}

/// One input to every verifier.
fn same(trie: &Trie, root: &B256, keys: &[&[u8]], proof: &[u8], tally: &mut Tally) {
    let fast = verify(root, keys, proof);
    let fast = fast.map(|values| values.into_iter().map(|v| v.map(<[u8]>::to_vec)).collect::<Vec<_>>());
    let fast = fast.map_err(|e| e.kind.name());
    let slow = reference::packed(root, keys, proof);
    let at = || alloy_primitives::hex::encode(proof);
    assert_eq!(fast, slow, "{root} {keys:02x?} {}", at());
    if let Ok(values) = &fast {
        if *root == trie.root() {
            assert_eq!(*values, trie.values(keys), "{keys:02x?} {}", at());
        }
        let items: Vec<Vec<u8>> =
            parts(proof, keys.len()).expect("whole parts").into_iter().flat_map(|p| p.items).collect();
        for (key, value) in keys.iter().zip(values) {
            assert_eq!(lookup(root, &items, key).as_ref(), Ok(value), "{root} {key:02x?} {}", at());
        }
    }
    *tally.entry(fast.map_or_else(|e| e, |_| "ok")).or_default() += 1;
}

#[test]
fn mutated_proofs() {
    let mut rng = Rng(0x1234_5678_9abc_def1);
    let mut tally = Tally::new();
    let mut past_the_parser = 0;
    let mut cases = 0;
    let tries: Vec<Trie> = [Version::V0, Version::V1]
        .into_iter()
        .flat_map(|version| [0, 1, 2, 4, 20, 200, 1_000].map(|size| (version, size)))
        .map(|(version, size)| rng.trie(version, size))
        .collect();
    let strangers: Vec<Vec<u8>> = (0..20)
        .flat_map(|_| {
            let trie = rng.pick(&tries);
            let keys = rng_keys(trie);
            trie.nodes(&slices(&keys))
        })
        .chain([vec![], vec![0], vec![0x40, 0]])
        .collect();
    while cases < mutants(3_000) {
        let trie = rng.pick(&tries);
        let count = 1 + rng.below(5);
        let asked = rng.targets(trie, count);
        let proof = trie.pack(&slices(&asked));
        let whole = parts(&proof, asked.len()).unwrap();
        same(trie, &trie.root(), &slices(&asked), &proof, &mut tally);
        for _ in 0..100 {
            let mut keys = asked.clone();
            let mut root = trie.root();
            let mut proof = proof.clone();
            match rng.below(20) {
                0..=2 => bytes(&mut rng, &mut proof),
                3..=9 => {
                    let mut parts = whole.clone();
                    for _ in 0..=rng.below(2) {
                        structure(&mut rng, &mut parts, &strangers);
                    }
                    proof = joined(&parts);
                }
                10..=16 => {
                    let mut parts = whole.clone();
                    broken_chain(&mut rng, &mut root, &mut parts);
                    if rng.one_in(8) {
                        structure(&mut rng, &mut parts, &strangers);
                    }
                    proof = joined(&parts);
                }
                17 => {
                    let (a, b) = (rng.below(keys.len()), rng.below(keys.len()));
                    keys.swap(a, b);
                }
                18 => {
                    let at = rng.below(keys.len());
                    keys[at] = rng.targets(trie, 1).remove(0);
                }
                _ => {
                    let other = rng.targets(trie, count);
                    proof = trie.pack(&slices(&other));
                    root = *rng.pick(&[root, root, EMPTY_ROOT, B256::repeat_byte(1)]);
                }
            }
            past_the_parser += usize::from(parts(&proof, keys.len()).is_some());
            cases += 1;
            same(trie, &root, &slices(&keys), &proof, &mut tally);
        }
    }
    println!("{cases} proofs, {past_the_parser} past the parser: {tally:?}");
    assert!(past_the_parser * 2 > cases);
    assert_eq!(tally.len(), 9, "every reason but a key's length, and ok: {tally:?}");
}

fn rng_keys(trie: &Trie) -> Vec<Vec<u8>> {
    trie.entries.keys().take(3).cloned().collect()
}

#[test]
fn mutated_headers() {
    type Reference = generic::Header<u32, BlakeTwo256>;
    let mut rng = Rng(0x0f1e_2d3c_4b5a_6978);
    let mut tally = Tally::new();
    for _ in 0..mutants(5_000) {
        let logs = (0..rng.below(6)).map(|_| {
            let (id, len) = ([rng.next() as u8; 4], rng.below(70));
            let data = rng.bytes(len);
            match rng.below(5) {
                0 => generic::DigestItem::Other(data),
                1 => generic::DigestItem::Consensus(id, data),
                2 => generic::DigestItem::Seal(id, data),
                3 => generic::DigestItem::PreRuntime(id, data),
                _ => generic::DigestItem::RuntimeEnvironmentUpdated,
            }
        });
        let digest = generic::Digest { logs: logs.collect() };
        let number = (rng.next() >> (32 + rng.below(32))) as u32;
        let mut hash = || <[u8; 32]>::try_from(rng.bytes(32)).unwrap().into();
        let header = Reference { parent_hash: hash(), number, state_root: hash(), extrinsics_root: hash(), digest };
        let mut raw = header.encode();
        if !rng.one_in(8) {
            bytes(&mut rng, &mut raw);
        }
        let theirs = Reference::decode(&mut &raw[..]).ok().filter(|h| h.encode() == raw);
        let ours = Header::decode(&raw);
        assert_eq!(ours.is_ok(), theirs.is_some(), "{}", alloy_primitives::hex::encode(&raw));
        if let (Ok(ours), Some(theirs)) = (&ours, theirs) {
            assert_eq!(ours.hash().0, sp_runtime::traits::Header::hash(&theirs).0);
            assert_eq!((ours.number, ours.digest.len()), (theirs.number, theirs.digest.logs.len()));
            assert_eq!((ours.state_root.0, ours.parent_hash.0), (theirs.state_root.0, theirs.parent_hash.0));
            assert_eq!(ours.encode(), raw);
        }
        *tally.entry(ours.map_or("MalformedHeader", |_| "ok")).or_default() += 1;
    }
    println!("{tally:?}");
    assert_eq!(tally.len(), 2);
}

/// The verdict on claims, from what the trie holds.
fn plain(trie: &Trie, prefix: &[u8], claims: &[(Vec<u8>, Claim)], proof: &[u8]) -> &'static str {
    if claims.is_empty() {
        return "InvalidPath";
    }
    let mut keys = Vec::new();
    for (path, _) in claims {
        if path.len() < 33 || path.len() > 169 || path[..32] != *prefix {
            return "InvalidPath";
        }
        keys.push([prefix, keccak256(&path[32..]).as_slice()].concat());
    }
    if claims.iter().any(|(_, claim)| *claim == Claim::Present(B256::ZERO)) {
        return "InvalidValue";
    }
    let keys = slices(&keys);
    if reference::packed(&trie.root(), &keys, proof).is_err() {
        return "InvalidProof";
    }
    for (key, (_, claim)) in keys.iter().zip(claims) {
        match (trie.entries.get(*key), claim) {
            (None, Claim::Present(_)) => return "ValueAbsent",
            (Some(_), Claim::Absent) => return "ValuePresent",
            (Some(stored), Claim::Present(value)) if *stored != value.0 => return "ValueMismatch",
            _ => {}
        }
    }
    "ok"
}

#[test]
fn mutated_claims() {
    let mut rng = Rng(0x0bad_cafe_0bad_cafe);
    let mut tally = Tally::new();
    let pallet = pallet_prefix("Ibc");
    let prefix = commitment_prefix(&pallet);
    let path = |i: usize| [&prefix[..], format!("client-{i}").as_bytes()].concat();
    let key = |path: &[u8]| [&prefix[..], keccak256(&path[32..]).as_slice()].concat();
    let mut entries: Entries = (0..200).map(|i| (key(&path(i)), common::seeded("word", i).to_vec())).collect();
    entries.extend((200..230).map(|i| (key(&path(i)), vec![i as u8; i - 190])));
    entries.extend((0..50).map(|_| (rng.key(), rng.value())));
    let trie = Trie::new(Version::V1, entries);
    for _ in 0..mutants(1_000) {
        let count = 1 + rng.below(5);
        let mut claims: Vec<(Vec<u8>, Claim)> = (0..count)
            .map(|_| {
                let path = path(if rng.one_in(4) { 180 + rng.below(100) } else { rng.below(200) });
                let claim = match trie.entries.get(&key(&path)) {
                    Some(stored) if stored.len() == 32 => Claim::Present(B256::from_slice(stored)),
                    Some(_) => Claim::Present(common::seeded("word", 0)),
                    None => Claim::Absent,
                };
                (path, claim)
            })
            .collect();
        let keys: Vec<Vec<u8>> = claims.iter().map(|(path, _)| key(path)).collect();
        let mut proof = trie.pack(&slices(&keys));
        let at = rng.below(count);
        match rng.below(12) {
            0 => claims[at].1 = Claim::Absent,
            1 => claims[at].1 = Claim::Present(common::seeded("word", rng.below(200))),
            2 => claims[at].1 = Claim::Present(B256::ZERO),
            3 => drop(claims.remove(at)),
            4 => bytes(&mut rng, &mut claims[at].0),
            5 => claims[at].0.extend([b'x'; 140]),
            6 => claims.swap(0, at),
            7 => bytes(&mut rng, &mut proof),
            8 => claims[at].0 = prefix.to_vec(),
            _ => {}
        }
        let fast = check_membership(&trie.root(), &pallet, &claims, &proof);
        let fast = fast.map_or_else(|e| e.name(), |()| "ok");
        assert_eq!(fast, plain(&trie, &prefix, &claims, &proof), "{claims:?}");
        *tally.entry(fast).or_default() += 1;
    }
    println!("{tally:?}");
    assert_eq!(tally.len(), 7, "{tally:?}");
}
