//! A slow, plain checker of updates, evidence and membership that shares no code with the crate:
//! ABI by words, SCALE and headers by upstream's codecs, signatures by libsecp256k1, Merkle trees
//! and mountain ranges by upstream's crates.

use super::{
    Keccak, Scenario,
    state_trie::reference::{
        fault::{left_out, need},
        packed,
    },
};
use alloy_primitives::{Address, B256, U256, keccak256};
use codec::{Decode, DecodeAll};
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_mmr_primitives::mmr_lib::{
    MerkleProof,
    helper::{get_peaks, pos_height_in_tree},
    leaf_index_to_mmr_size, leaf_index_to_pos,
};
use sp_runtime::{generic, traits::BlakeTwo256};

type Check<T> = Result<T, &'static str>;

/// What an update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub result: &'static str,
    pub height: u64,
    pub block_hash: B256,
    /// `abi.encode(ConsensusState)`.
    pub consensus: Vec<u8>,
    /// `abi.encode(ClientState)` after it.
    pub after: Vec<u8>,
    committed: u32,
    root: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Set {
    id: u64,
    len: u64,
    root: Vec<u8>,
}

/// The client as its encoded state says, and the hashes it stores.
pub struct Client {
    state: Vec<u8>,
    genesis: Vec<u8>,
    prefix: Vec<u8>,
    first: u64,
    period: u64,
    drift: u64,
    latest: u64,
    latest_timestamp: u64,
    frozen: bool,
    current: Set,
    next: Set,
    stored: Vec<(u64, B256)>,
    now: u64,
}

fn small(word: &[u8]) -> Option<u64> {
    (word.len() == 32 && word[..24].iter().all(|b| *b == 0)).then(|| u64::from_be_bytes(word[24..].try_into().unwrap()))
}

fn word(n: u64) -> Vec<u8> {
    [vec![0; 24], n.to_be_bytes().to_vec()].concat()
}

impl Client {
    pub fn new(state: &[u8], stored: &[(u64, B256)], now: u64) -> Self {
        assert_eq!(state.len(), 14 * 32);
        let w: Vec<&[u8]> = state.chunks(32).collect();
        let n = |i: usize| small(w[i]).unwrap();
        let set = |i: usize| Set { id: n(i), len: n(i + 1), root: w[i + 2].to_vec() };
        Self {
            state: state.to_vec(),
            genesis: w[0][..24].to_vec(),
            prefix: w[1][..16].to_vec(),
            first: n(2),
            period: n(3),
            drift: n(4),
            latest: n(5),
            latest_timestamp: n(6),
            frozen: n(7) == 1,
            current: set(8),
            next: set(11),
            stored: stored.to_vec(),
            now,
        }
    }

    fn stored(&self, height: u64) -> Option<B256> {
        self.stored.iter().find(|(h, hash)| *h == height && !hash.is_zero()).map(|(_, hash)| *hash)
    }

    /// What is stored where a verify call asks, or nothing; with that check left out, whatever is given.
    fn asked(&self, height: u64, given: &[u8]) -> Option<B256> {
        self.stored(height).or_else(|| left_out("UnknownHeight").then(|| keccak256(given)))
    }
}

/// The seven fields of a message.
type Message = [Vec<u8>; 7];

/// Dynamic bytes at `at`, which must be the next free place; moves `at` behind them.
fn tail(data: &[u8], offset_word: usize, at: &mut usize) -> Option<Vec<u8>> {
    let offset = small(data.get(offset_word * 32..offset_word * 32 + 32)?)? as usize;
    if offset != *at {
        return None;
    }
    let len = usize::try_from(small(data.get(offset..offset + 32)?)?).ok()?;
    let end = (offset + 32).checked_add(len)?;
    let bytes = data.get(offset + 32..end)?.to_vec();
    let padded = end.div_ceil(32) * 32;
    if data.get(end..padded)?.iter().any(|b| *b != 0) {
        return None;
    }
    *at = padded;
    Some(bytes)
}

/// A message's fields without the outer offset, and how many bytes they took.
fn fields(data: &[u8]) -> Option<(Message, usize)> {
    let mut at = 7 * 32;
    let fields: Option<Vec<Vec<u8>>> = (0..7).map(|i| tail(data, i, &mut at)).collect();
    Some((fields?.try_into().ok()?, at))
}

fn decode_message(data: &[u8]) -> Option<Message> {
    if small(data.get(..32)?)? != 32 {
        return None;
    }
    let (message, used) = fields(&data[32..])?;
    (used == data.len() - 32 || left_out("MalformedMessage")).then_some(message)
}

fn decode_misbehaviour(data: &[u8]) -> Option<(Message, Message)> {
    if small(data.get(..32)?)? != 32 {
        return None;
    }
    let body = &data[32..];
    if small(body.get(..32)?)? != 64 {
        return None;
    }
    let (a, used) = fields(body.get(64..)?)?;
    let second = 64 + used;
    if small(body.get(32..64)?)? != second as u64 {
        return None;
    }
    let (b, more) = fields(body.get(second..)?)?;
    (second + more == body.len()).then_some((a, b))
}

/// Block number, set id and root of a commitment that keeps the rules.
pub fn commitment(raw: &[u8]) -> Option<(u32, u64, Vec<u8>)> {
    type Commitment = (Vec<([u8; 2], Vec<u8>)>, u32, u64);
    let mut rest = raw;
    let (payloads, block, set) = Commitment::decode(&mut rest).ok()?;
    if !rest.is_empty() && !left_out("MalformedCommitment") {
        return None;
    }
    let good = raw.len() <= 1024
        && (1..=16).contains(&payloads.len())
        && payloads.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let roots: Vec<_> = payloads.into_iter().filter(|(id, _)| id == b"mh").map(|(_, data)| data).collect();
    let [root] = &roots[..] else { return None };
    (good && root.len() == 32).then(|| (block, set, root.clone()))
}

/// The signer of a signature over `digest`.
pub fn signer(digest: &B256, signature: &[u8]) -> Option<Address> {
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    let (r, s) = (U256::from_be_slice(&signature[..32]), U256::from_be_slice(&signature[32..64]));
    let parity = if left_out("InvalidSignature") { signature[64] % 27 } else { signature[64] };
    if parity > 1 || r.is_zero() || s.is_zero() || r >= order || s > order / U256::from(2) {
        return None;
    }
    let mut raw: [u8; 65] = signature.try_into().ok()?;
    raw[64] = parity;
    let public = sp_core::ecdsa::Signature::from_raw(raw).recover_prehashed(&digest.0)?;
    let point = k256::PublicKey::from_sec1_bytes(&public.0).ok()?;
    let point = k256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&point, false);
    Some(Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..]))
}

/// The root of addresses, by upstream's tree.
pub fn keyset_root(addresses: &[&[u8]]) -> Vec<u8> {
    binary_merkle_tree::merkle_root::<sp_core::KeccakHasher, _>(addresses).0.to_vec()
}

fn signatures(set: &Set, authorities: &[u8], raw: &[u8], commitment: &[u8]) -> Check<()> {
    let list: Vec<&[u8]> = authorities.chunks(20).collect();
    need(authorities.len() as u64 == 20 * set.len, "AuthoritySetMismatch")?;
    need(keyset_root(&list) == set.root, "AuthoritySetMismatch")?;
    let entries: Vec<&[u8]> = raw.chunks(66).collect();
    if !raw.len().is_multiple_of(66) {
        return Err("InvalidSignature");
    }
    need(entries.len() <= list.len(), "InvalidSignature")?;
    need(3 * entries.len() > 2 * list.len(), "TooFewSignatures")?;
    let mut last: Option<u8> = None;
    for entry in entries {
        let index = entry[0];
        need(usize::from(index) < list.len(), "InvalidSignature")?;
        let signer = signer(&keccak256(commitment), &entry[1..]).ok_or("InvalidSignature")?;
        need(last.is_none_or(|l| l < index), "SignaturesNotSorted")?;
        need(list.get(usize::from(index)) == Some(&signer.as_slice()), "WrongSigner")?;
        last = Some(index);
    }
    Ok(())
}

/// How many items prove leaf `index` of `count`, by upstream's positions. Upstream itself lets the
/// hash of the peaks to the right be left out, and then takes the number of leaves for a smaller one.
fn items_needed(index: u64, count: u64) -> usize {
    let peaks = get_peaks(leaf_index_to_mmr_size(count - 1));
    let own = peaks.iter().position(|peak| leaf_index_to_pos(index) <= *peak).unwrap();
    own + pos_height_in_tree(peaks[own]) as usize + usize::from(own + 1 < peaks.len())
}

/// Whether `leaf` is at `index` of `count` under `root`, by upstream.
pub fn in_mmr(root: &[u8], leaf: B256, index: u64, count: u64, items: &[u8]) -> bool {
    if index >= count || !items.len().is_multiple_of(32) || root == [0; 32] {
        return false;
    }
    let items: Vec<B256> = items.chunks(32).map(B256::from_slice).collect();
    if items.len() != items_needed(index, count) && !left_out("InvalidMmrProof") {
        return false;
    }
    let proof = MerkleProof::<B256, Keccak>::new(leaf_index_to_mmr_size(count - 1), items);
    proof.calculate_root(vec![(leaf_index_to_pos(index), leaf)]).is_ok_and(|found| found.as_slice() == root)
}

type Header = generic::Header<u32, BlakeTwo256>;

fn check(client: &Client, m: &Message) -> Check<Outcome> {
    let [raw_commitment, authorities, raw_signatures, leaf, items, header, proof] = m;
    need(!client.frozen, "ClientFrozen")?;
    let age = i128::from(client.now) - i128::from(client.latest_timestamp);
    need(age < i128::from(client.period), "ClientExpired")?;
    let (block, set_id, root) = commitment(raw_commitment).ok_or("MalformedCommitment")?;
    let by_next = set_id != client.current.id;
    need(!by_next || set_id == client.next.id, "UnknownAuthoritySet")?;
    let set = if by_next { &client.next } else { &client.current };
    signatures(set, authorities, raw_signatures, raw_commitment)?;

    if !(81..=1024).contains(&leaf.len()) {
        return Err("MalformedLeaf");
    }
    need(leaf[0] < 32, "MalformedLeaf")?;
    let n = |at: usize, len: usize| leaf[at..at + len].iter().rev().fold(0u64, |n, b| n * 256 + u64::from(*b));
    let (parent, parent_hash) = (n(1, 4), &leaf[5..37]);
    let named = Set { id: n(37, 8), len: n(45, 4), root: leaf[49..81].to_vec() };
    let of = parent + 1;
    need(client.first <= of && of <= u64::from(block), "LeafOutOfRange")?;
    let bound = of == u64::from(block);
    if by_next {
        need(bound, "HandoverLeafNotBound")?;
        let follows = u128::from(named.id) == u128::from(client.next.id) + 1;
        let good = follows && (1..=255).contains(&named.len) && named.root != [0; 32];
        need(good, "NextSetMismatch")?;
    } else if bound {
        need(named == client.next, "NextSetMismatch")?;
    }
    let (index, count) = (of.wrapping_sub(client.first), (u64::from(block) + 1).wrapping_sub(client.first));
    need(in_mmr(&root, keccak256(leaf), index, count, items), "InvalidMmrProof")?;

    need(header.len() <= 4096, "MalformedHeader")?;
    let decoded = Header::decode_all(&mut &header[..]).map_err(|_| "MalformedHeader")?;
    need(blake2_256(header) == parent_hash, "HeaderMismatch")?;
    need(u64::from(decoded.number) == parent, "HeaderMismatch")?;
    let state_root = B256::new(decoded.state_root.0);
    need(!state_root.is_zero() && state_root.0 != blake2_256(&[0]), "ZeroStateRoot")?;

    let key = [&client.prefix[..], &twox_128(b"Anchor")].concat();
    let values = packed(&state_root, &[&key], proof).map_err(|_| "InvalidProof")?;
    need(values[0].is_some(), "AnchorAbsent")?;
    let assumed = || [&client.latest_timestamp.to_be_bytes()[..], &client.genesis].concat();
    let anchor = values[0].clone().unwrap_or_else(assumed);
    need(anchor.len() == 32, "MalformedAnchor")?;
    need(anchor.get(8..32) == Some(&client.genesis[..]), "WrongChain")?;
    let time = u64::from_be_bytes(anchor[..8].try_into().unwrap());
    need(i128::from(time) - i128::from(client.now) <= i128::from(client.drift), "HeaderFromFuture")?;
    need(parent <= client.latest || time >= client.latest_timestamp, "TimeWentBack")?;
    need(parent >= client.latest || time <= client.latest_timestamp, "TimeWentBack")?;

    let consensus = [word(time), state_root.to_vec()].concat();
    let result = match client.stored(parent) {
        None => "Update",
        Some(hash) if hash == keccak256(&consensus) => "NoOp",
        Some(_) => "Misbehaviour",
    };
    let mut after: Vec<Vec<u8>> = client.state.chunks(32).map(<[u8]>::to_vec).collect();
    if result == "Misbehaviour" {
        after[7] = word(1);
    } else {
        if result == "Update" && parent > client.latest {
            (after[5], after[6]) = (word(parent), word(time));
        }
        if by_next {
            for i in 8..11 {
                after[i] = after[i + 3].clone();
            }
            (after[11], after[12], after[13]) = (word(named.id), word(named.len), named.root);
        }
    }
    Ok(Outcome {
        result,
        height: parent,
        block_hash: B256::from_slice(parent_hash),
        consensus,
        after: after.concat(),
        committed: block,
        root,
    })
}

/// `updateClient`.
pub fn update_client(client: &Client, message: &[u8]) -> Check<Outcome> {
    check(client, &decode_message(message).ok_or("MalformedMessage")?)
}

/// `misbehaviour`.
pub fn misbehaviour(client: &Client, evidence: &[u8]) -> Check<()> {
    let (a, b) = decode_misbehaviour(evidence).ok_or("MalformedMessage")?;
    let (a, b) = (check(client, &a)?, check(client, &b)?);
    need(a.committed == b.committed && a.root != b.root, "NotMisbehaviour")
}

/// `verifyBatch`: the timestamp, or the check that fails. Paths stand with their Merkle prefix.
pub fn membership(client: &Client, height: u64, claims: &[(Vec<u8>, B256)], proof: &[u8]) -> Check<u64> {
    need(!client.frozen, "ClientFrozen")?;
    let age = i128::from(client.now) - i128::from(client.latest_timestamp);
    need(age < i128::from(client.period), "ClientExpired")?;
    let decode = || {
        let body = (small(proof.get(..32)?)? == 32).then(|| &proof[32..])?;
        let mut at = 3 * 32;
        let nodes = tail(body, 2, &mut at)?;
        let timestamp = small(body.get(..32)?)?;
        (at == body.len() || left_out("MalformedMessage")).then(|| (body[..64].to_vec(), timestamp, nodes))
    };
    let decoded = decode();
    let preimage = decoded.as_ref().map_or(&[][..], |(consensus, ..)| consensus);
    let stored = client.asked(height, preimage).ok_or("UnknownHeight")?;
    let (consensus, timestamp, nodes) = decoded.ok_or("MalformedMessage")?;
    need(keccak256(&consensus) == stored, "ConsensusStateMismatch")?;
    need(!claims.is_empty(), "InvalidPath")?;
    let prefix = [&client.prefix[..], &twox_128(b"Commitments")].concat();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for (path, _) in claims {
        need((33..=169).contains(&path.len()) && path[..32] == prefix, "InvalidPath")?;
        // With that check left out, the key is under whatever prefix is given.
        let (given, raw) = path.split_at_checked(32).ok_or("InvalidPath")?;
        keys.push([given, keccak256(raw).as_slice()].concat());
    }
    let root = B256::from_slice(&consensus[32..]);
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let values = packed(&root, &keys, &nodes).map_err(|_| "InvalidProof")?;
    for (found, (_, claimed)) in values.iter().zip(claims) {
        match found {
            None => need(claimed.is_zero(), "ValueAbsent")?,
            Some(_) if claimed.is_zero() => need(false, "ValuePresent")?,
            Some(found) => need(found == claimed.as_slice(), "ValueMismatch")?,
        }
    }
    Ok(timestamp)
}

/// [`update_client`] for a scenario.
pub fn update(s: &Scenario, message: &[u8]) -> Check<Outcome> {
    update_client(&Client::new(&s.client.encode(), &s.stored, s.now), message)
}
