//! A slow, plain checker of updates, evidence and membership that shares no code with the crate:
//! ABI by words, SCALE by the codec and the chain's own types, signatures by the equation of
//! ZIP 215, proofs by the plain checker of Substrate state.

#[path = "../../../substrate-state/tests/common/reference.rs"]
pub mod state;

pub use self::state::fault;

use self::fault::{left_out, need};
use super::{SpHeader, cached};
use alloy_primitives::{B256, keccak256};
use codec::{Decode, Encode};
use curve25519_dalek::{EdwardsPoint, Scalar, edwards::CompressedEdwardsY, traits::IsIdentity};
use sha2::{Digest as _, Sha512};
use sp_consensus_grandpa::GrandpaJustification;
use sp_core::H256;
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_runtime::DigestItem;

type Check<T> = Result<T, &'static str>;

/// What an update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub result: &'static str,
    pub height: u64,
    /// `abi.encode(ConsensusState)`.
    pub consensus: Vec<u8>,
    pub hash: B256,
    header: SpHeader,
}

/// The client as its encoded state says, and the hashes it stores.
pub struct Client {
    genesis: Vec<u8>,
    pallet: Vec<u8>,
    period: u64,
    drift: u64,
    latest_timestamp: u64,
    frozen: bool,
    stored: Vec<(u64, B256)>,
    now: u64,
}

fn small(word: &[u8]) -> Option<u64> {
    (word.len() == 32 && word[..24].iter().all(|b| *b == 0)).then(|| u64::from_be_bytes(word[24..].try_into().unwrap()))
}

impl Client {
    pub fn new(state: &[u8], stored: &[(u64, B256)], now: u64) -> Self {
        assert_eq!(state.len(), 7 * 32);
        let n = |i: usize| small(&state[i * 32..i * 32 + 32]).unwrap();
        Self {
            genesis: state[..24].to_vec(),
            pallet: state[32..48].to_vec(),
            period: n(2),
            drift: n(3),
            latest_timestamp: n(5),
            frozen: n(6) == 1,
            stored: stored.to_vec(),
            now,
        }
    }

    fn stored(&self, height: u64) -> Option<B256> {
        self.stored.iter().find(|(h, hash)| *h == height && !hash.is_zero()).map(|(_, hash)| *hash)
    }

    /// What is stored where an update begins, or nothing; with that check left out, whatever is given.
    fn known(&self, height: u64, given: &[u8]) -> Option<B256> {
        self.stored(height).or_else(|| left_out("UnknownTrustedHeight").then(|| keccak256(given)))
    }

    /// What is stored where a verify call asks, or nothing; with that check left out, whatever is given.
    fn asked(&self, height: u64, given: &[u8]) -> Option<B256> {
        self.stored(height).or_else(|| left_out("UnknownHeight").then(|| keccak256(given)))
    }
}

struct Message {
    header: Vec<u8>,
    justification: Vec<u8>,
    trusted_height: u64,
    trusted: Vec<u8>,
    trusted_timestamp: u64,
    trusted_set: u64,
    authorities: Vec<u8>,
    proof: Vec<u8>,
}

/// Dynamic bytes at `at`, which must be where the offset in the head points; moves `at` behind.
fn tail(data: &[u8], offset_word: usize, at: &mut usize) -> Option<Vec<u8>> {
    let offset = usize::try_from(small(data.get(offset_word * 32..offset_word * 32 + 32)?)?).ok()?;
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
    let head = data.get(..10 * 32)?;
    let word = |i: usize| &head[i * 32..i * 32 + 32];
    let mut at = 10 * 32;
    let header = tail(data, 0, &mut at)?;
    let justification = tail(data, 1, &mut at)?;
    let authorities = tail(data, 8, &mut at)?;
    let proof = tail(data, 9, &mut at)?;
    let message = Message {
        header,
        justification,
        trusted_height: small(word(2))?,
        trusted: head[3 * 32..8 * 32].to_vec(),
        trusted_timestamp: small(word(3))?,
        trusted_set: small(word(6))?,
        authorities,
        proof,
    };
    Some((message, at))
}

fn body(data: &[u8]) -> Option<&[u8]> {
    (small(data.get(..32)?)? == 32).then(|| &data[32..])
}

fn decode_message(data: &[u8]) -> Option<Message> {
    let body = body(data)?;
    let (message, used) = fields(body)?;
    (used == body.len() || left_out("MalformedMessage")).then_some(message)
}

type Evidence = (Message, Message, Vec<Vec<u8>>);

fn decode_misbehaviour(data: &[u8]) -> Option<Evidence> {
    let body = body(data)?;
    let offset = |word: usize| small(body.get(word * 32..word * 32 + 32)?);
    if offset(0)? != 96 {
        return None;
    }
    let (a, used) = fields(body.get(96..)?)?;
    let second = 96 + used;
    if offset(1)? != second as u64 {
        return None;
    }
    let (b, used) = fields(body.get(second..)?)?;
    let third = second + used;
    if offset(2)? != third as u64 {
        return None;
    }
    let count = usize::try_from(small(body.get(third..third + 32)?)?).ok()?;
    let array = body.get(third + 32..)?;
    let mut at = count.checked_mul(32).filter(|head| *head <= array.len())?;
    let headers: Option<Vec<_>> = (0..count).map(|i| tail(array, i, &mut at)).collect();
    (at == array.len()).then_some((a, b, headers?))
}

/// A header, if `raw` is exactly one and not too long.
pub fn header(raw: &[u8]) -> Option<SpHeader> {
    let header = SpHeader::decode(&mut &raw[..]).ok()?;
    (raw.len() <= 65_535 && (header.encode() == raw || left_out("MalformedHeader"))).then_some(header)
}

fn justification(raw: &[u8]) -> Option<GrandpaJustification<SpHeader>> {
    let j = GrandpaJustification::<SpHeader>::decode(&mut &raw[..]).ok()?;
    let good = raw.len() <= 1 << 20
        && (j.encode() == raw || left_out("MalformedJustification"))
        && j.commit.precommits.len() <= 1024
        && j.votes_ancestries.len() <= 1024
        && j.votes_ancestries.iter().all(|h| h.encode().len() <= 65_535);
    good.then_some(j)
}

/// ZIP 215: `[8][s]B = [8]R + [8][k]A`, with s below the order, key and R any encodings of points.
pub fn signed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r, s) = (&signature[..32], &signature[32..]);
    let point = |bytes: &[u8]| CompressedEdwardsY::from_slice(bytes).ok()?.decompress();
    let (Some(a), Some(big_r)) = (point(key), point(r)) else { return false };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s.try_into().unwrap())) else { return false };
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.as_slice().try_into().unwrap());
    (EdwardsPoint::mul_base(&s) - big_r - k * a).mul_by_cofactor().is_identity()
}

type Authorities = Vec<([u8; 32], u64)>;

fn fit(list: &Authorities) -> bool {
    let total: u128 = list.iter().map(|a| u128::from(a.1)).sum();
    let distinct = list.iter().enumerate().all(|(i, a)| list[..i].iter().all(|b| a.0 != b.0));
    (1..=1024).contains(&list.len()) && distinct && list.iter().all(|a| a.1 > 0) && total < 1 << 64
}

/// Checks 11 to 13 of a justification whose target is known to be right.
pub fn votes(j: &GrandpaJustification<SpHeader>, set: &Authorities, set_id: u64) -> Check<()> {
    let mut weight = 0u128;
    for (i, vote) in j.commit.precommits.iter().enumerate() {
        let key: [u8; 32] = vote.id.encode().try_into().unwrap();
        let signature: [u8; 64] = vote.signature.encode().try_into().unwrap();
        let known = set.iter().find(|a| a.0 == key);
        need(known.is_some(), "ForeignVoter")?;
        let its = known.map_or(1, |a| a.1);
        need(j.commit.precommits[..i].iter().all(|v| v.id != vote.id), "DuplicateVoter")?;
        let message = (1u8, vote.precommit.target_hash, vote.precommit.target_number, j.round, set_id).encode();
        need(cached::signed(&key, &message, &signature), "InvalidSignature")?;
        weight += u128::from(its);
    }
    let hashes: Vec<H256> = j.votes_ancestries.iter().map(|h| H256(blake2_256(&h.encode()))).collect();
    let mut used = vec![false; hashes.len()];
    for vote in &j.commit.precommits {
        let (mut hash, mut number) = (vote.precommit.target_hash, i64::from(vote.precommit.target_number));
        while hash != j.commit.target_hash {
            let Some(at) = hashes.iter().position(|h| *h == hash) else {
                need(false, "InvalidAncestry")?;
                break;
            };
            need(i64::from(j.votes_ancestries[at].number) == number, "InvalidAncestry")?;
            used[at] = true;
            (hash, number) = (j.votes_ancestries[at].parent_hash, number - 1);
        }
        need(number == i64::from(j.commit.target_number), "InvalidAncestry")?;
    }
    need(used.into_iter().all(|u| u), "UnusedAncestry")?;
    let total: u128 = set.iter().map(|a| u128::from(a.1)).sum();
    need(3 * weight > 2 * total, "TooLittleWeight")
}

/// The set that a header schedules.
fn scheduled(header: &SpHeader) -> Check<Option<Authorities>> {
    let mut next = None;
    for item in &header.digest.logs {
        let DigestItem::Consensus(engine, data) = item else { continue };
        if engine != b"FRNK" {
            continue;
        }
        match data.first() {
            Some(2) => need(false, "ForcedChange")?,
            Some(1) => {
                let (list, delay) =
                    <(Authorities, u32)>::decode(&mut &data[1..]).map_err(|_| "InvalidScheduledChange")?;
                let whole = (1u8, &list, delay).encode() == *data;
                let late = delay != 0 && !left_out("InvalidScheduledChange");
                if !whole || late || !fit(&list) || next.is_some() {
                    return Err("InvalidScheduledChange");
                }
                next = Some(list);
            }
            Some(_) => {}
            None => return Err("InvalidScheduledChange"),
        }
    }
    Ok(next)
}

fn keys_and_weights(list: &Authorities) -> Vec<u8> {
    list.iter().flat_map(|(key, weight)| [&key[..], &weight.to_le_bytes()].concat()).collect()
}

/// The values of `keys`, if the packed proof is good.
pub fn packed(root: &B256, keys: &[Vec<u8>], proof: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    state::packed(root, &keys, proof).ok()
}

fn check(client: &Client, m: &Message) -> Check<Outcome> {
    need(!client.frozen, "ClientFrozen")?;
    let stored = client.known(m.trusted_height, &m.trusted).ok_or("UnknownTrustedHeight")?;
    need(keccak256(&m.trusted) == stored, "TrustedStateMismatch")?;
    let (now, then) = (i128::from(client.now), i128::from(m.trusted_timestamp));
    need(now - then < i128::from(client.period), "TrustedStateExpired")?;
    let h = header(&m.header).ok_or("MalformedHeader")?;
    let hash = H256(blake2_256(&m.header));
    need(u64::from(h.number) > m.trusted_height, "HeightNotNewer")?;
    need(!h.state_root.is_zero() && h.state_root.0 != blake2_256(&[0]), "ZeroStateRoot")?;
    need(m.authorities.len().is_multiple_of(40), "InvalidAuthoritySet")?;
    let entry = |e: &[u8]| (e[..32].try_into().unwrap(), u64::from_le_bytes(e[32..].try_into().unwrap()));
    let set: Authorities = m.authorities.chunks_exact(40).map(entry).collect();
    need(fit(&set), "InvalidAuthoritySet")?;
    need(keccak256(&m.authorities).as_slice() == &m.trusted[4 * 32..], "AuthoritySetMismatch")?;
    let j = justification(&m.justification).ok_or("MalformedJustification")?;
    need(j.commit.target_hash == hash && j.commit.target_number == h.number, "TargetMismatch")?;
    votes(&j, &set, m.trusted_set)?;
    let next = scheduled(&h)?;
    let key = [&client.pallet[..], &twox_128(b"Anchor")].concat();
    let values = packed(&B256::new(h.state_root.0), &[key], &m.proof).ok_or("InvalidProof")?;
    need(values[0].is_some(), "AnchorAbsent")?;
    let assumed = || [&m.trusted_timestamp.to_be_bytes()[..], &client.genesis].concat();
    let anchor = values[0].clone().unwrap_or_else(assumed);
    need(anchor.len() == 32, "MalformedAnchor")?;
    need(anchor.get(8..32) == Some(&client.genesis[..]), "WrongChain")?;
    let time = u64::from_be_bytes(anchor[..8].try_into().unwrap());
    need(i128::from(time) - now <= i128::from(client.drift), "HeaderFromFuture")?;
    need(time >= m.trusted_timestamp, "TimeWentBack")?;
    let word = |n: u64| B256::left_padding_from(&n.to_be_bytes()).to_vec();
    let set_id = m.trusted_set.wrapping_add(u64::from(next.is_some()));
    let list = next.map_or(m.authorities.clone(), |next| keys_and_weights(&next));
    let root = h.state_root.as_bytes().to_vec();
    let parts = [word(time), root, hash.0.to_vec(), word(set_id), keccak256(list).to_vec()];
    let consensus = parts.concat();
    let result = match client.stored(u64::from(h.number)) {
        None => "Update",
        Some(stored) if stored == keccak256(&consensus) => "NoOp",
        Some(_) => "Misbehaviour",
    };
    Ok(Outcome { result, height: u64::from(h.number), consensus, hash: B256::new(hash.0), header: h })
}

/// `update_client`.
pub fn update_client(client: &Client, message: &[u8]) -> Check<Outcome> {
    check(client, &decode_message(message).ok_or("MalformedMessage")?)
}

/// `submit_misbehaviour`.
pub fn misbehaviour(client: &Client, evidence: &[u8]) -> Check<()> {
    let (a, b, ancestry) = decode_misbehaviour(evidence).ok_or("MalformedMessage")?;
    let (a, b) = (check(client, &a)?, check(client, &b)?);
    if a.height > b.height {
        return need(false, "NotMisbehaviour");
    }
    need(ancestry.len() <= 1024 && ancestry.len() as u64 == b.height - a.height, "InvalidAncestry")?;
    let (mut last, mut child) = (b.hash, b.header);
    for raw in &ancestry {
        let parent = header(raw).ok_or("InvalidAncestry")?;
        last = B256::new(blake2_256(raw));
        let follows = last.0 == child.parent_hash.0 && i64::from(parent.number) + 1 == i64::from(child.number);
        need(follows, "InvalidAncestry")?;
        child = parent;
    }
    need(last != a.hash, "NotMisbehaviour")
}

/// The verify calls: the timestamp, or the check that fails. Paths are with the Merkle prefix.
pub fn membership(client: &Client, height: u64, claims: &[(Vec<u8>, B256)], proof: &[u8]) -> Check<u64> {
    need(!client.frozen, "ClientFrozen")?;
    let age = i128::from(client.now) - i128::from(client.latest_timestamp);
    need(age < i128::from(client.period), "ClientExpired")?;
    let decode = || {
        let body = body(proof)?;
        let mut at = 6 * 32;
        let nodes = tail(body, 5, &mut at)?;
        let timestamp = small(body.get(..32)?)?;
        small(body.get(96..128)?)?;
        (at == body.len() || left_out("MalformedMessage")).then(|| (body[..160].to_vec(), timestamp, nodes))
    };
    let decoded = decode();
    let preimage = decoded.as_ref().map_or(&[][..], |(consensus, ..)| consensus);
    let stored = client.asked(height, preimage).ok_or("UnknownHeight")?;
    let (consensus, timestamp, nodes) = decoded.ok_or("MalformedMessage")?;
    need(keccak256(&consensus) == stored, "ConsensusStateMismatch")?;
    need(!claims.is_empty(), "InvalidPath")?;
    let prefix = [&client.pallet[..], &twox_128(b"Commitments")].concat();
    let mut keys = Vec::new();
    for (path, _) in claims {
        need(path.starts_with(&prefix) && (33..=169).contains(&path.len()), "InvalidPath")?;
        // With that check left out, the key is under whatever prefix is given.
        let (given, rest) = path.split_at_checked(32).ok_or("InvalidPath")?;
        keys.push([given, keccak256(rest).as_slice()].concat());
    }
    let root = B256::from_slice(&consensus[32..64]);
    let values = packed(&root, &keys, &nodes).ok_or("InvalidProof")?;
    for (found, (_, claimed)) in values.iter().zip(claims) {
        match found {
            None => need(claimed.is_zero(), "ValueAbsent")?,
            Some(_) if claimed.is_zero() => need(false, "ValuePresent")?,
            Some(found) => need(found == claimed.as_slice(), "ValueMismatch")?,
        }
    }
    Ok(timestamp)
}
