//! A slow, plain checker of updates, evidence and membership that shares no code with the crate:
//! ABI by words, RLP by alloy-rlp, signatures by k256 alone.

use super::state_trie::reference::{
    Item,
    fault::{left_out, need},
    items, only, packed, word,
};
use super::{Scenario, path_key};
use alloy_primitives::{Address, B256, U256, keccak256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

type Check<T> = Result<T, &'static str>;

/// What an update proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub result: &'static str,
    pub height: u64,
    pub block_hash: B256,
    /// `abi.encode(ConsensusState)`.
    pub consensus: Vec<u8>,
}

/// The client as its encoded state says, and the hashes it stores.
pub struct Client {
    kind: u64,
    router: Vec<u8>,
    code_hash: Vec<u8>,
    period: u64,
    drift: u64,
    numerator: u64,
    denominator: u64,
    latest_timestamp: u64,
    frozen: bool,
    stored: Vec<(u64, B256)>,
    now: u64,
}

fn words(data: &[u8]) -> Vec<Vec<u8>> {
    data.chunks(32).map(<[u8]>::to_vec).collect()
}

fn small(word: &[u8]) -> Option<u64> {
    (word.len() == 32 && word[..24].iter().all(|b| *b == 0)).then(|| u64::from_be_bytes(word[24..].try_into().unwrap()))
}

impl Client {
    pub fn new(state: &[u8], stored: &[(u64, B256)], now: u64) -> Self {
        assert_eq!(state.len(), 11 * 32);
        let w = words(state);
        let n = |i: usize| small(&w[i]).unwrap();
        Self {
            kind: n(0),
            router: w[2][12..].to_vec(),
            code_hash: w[3].clone(),
            period: n(4),
            drift: n(5),
            numerator: n(6),
            denominator: n(7),
            latest_timestamp: n(9),
            frozen: n(10) == 1,
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
    trusted_height: u64,
    trusted: Vec<u8>,
    trusted_timestamp: u64,
    trusted_hash: Vec<u8>,
    trusted_validators: Vec<u8>,
    proof: Vec<u8>,
}

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
    let w = words(data.get(..7 * 32)?);
    let mut at = 7 * 32;
    let header = tail(data, 0, &mut at)?;
    let trusted_validators = tail(data, 5, &mut at)?;
    let proof = tail(data, 6, &mut at)?;
    let message = Message {
        header,
        trusted_height: small(&w[1])?,
        trusted: w[2..5].concat(),
        trusted_timestamp: small(&w[2])?,
        trusted_hash: w[4].clone(),
        trusted_validators,
        proof,
    };
    Some((message, at))
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

pub struct Header {
    pub parent_hash: B256,
    pub coinbase: Address,
    pub state_root: B256,
    pub number: u64,
    pub timestamp: u64,
    pub validators: Vec<Address>,
    pub round: u64,
    pub seals: Vec<Vec<u8>>,
    pub hash: B256,
    pub digest: B256,
}

fn text(item: &Item, len: usize) -> Option<Vec<u8>> {
    (!item.0 && item.2.len() == len).then(|| item.2.clone())
}

fn scalar(item: &Item, max: usize) -> Option<u64> {
    let bytes = &item.2;
    if item.0 || bytes.len() > max || bytes.first() == Some(&0) {
        return None;
    }
    Some(bytes.iter().fold(0, |n, b| n * 256 + u64::from(*b)))
}

fn is(item: &Item, bytes: &[u8]) -> Option<()> {
    (!item.0 && item.2 == bytes).then_some(())
}

fn encode_list(raw: &[Vec<u8>]) -> Vec<u8> {
    let payload = raw.concat();
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

/// A raw header, or `None` if it is malformed.
pub fn header(kind: u64, raw: &[u8]) -> Option<Header> {
    let (true, _, payload) = only(raw)? else { return None };
    let f = items(&payload)?;
    if f.len() < 15 {
        return None;
    }
    is(&f[1], &keccak256([0xc0])[..])?;
    text(&f[4], 32)?;
    text(&f[5], 32)?;
    text(&f[6], 256)?;
    is(&f[7], &[1])?;
    scalar(&f[9], 8)?;
    scalar(&f[10], 8)?;
    is(&f[13], b"ctical byzantine fault tolerance")?;
    if !left_out("MalformedHeader") {
        is(&f[14], &[0; 8])?;
    }
    let (false, _, extra) = &f[12] else { return None };
    let (true, _, extra) = only(extra)? else { return None };
    let e = items(&extra)?;
    if e.len() != 5 || !e[1].0 || !e[4].0 {
        return None;
    }
    text(&e[0], 32)?;
    let addresses = items(&e[1].2)?;
    let addresses: Option<Vec<_>> = addresses.iter().map(|a| text(a, 20)).collect();
    vote(kind, &e[2])?;
    let round =
        if kind == 0 { scalar(&e[3], 4)? } else { text(&e[3], 4)?.iter().fold(0, |n, b| n * 256 + u64::from(*b)) };
    let seals: Option<Vec<Vec<u8>>> = items(&e[4].2)?.into_iter().map(|s| (!s.0).then_some(s.2)).collect();
    let with = |extra: Vec<Vec<u8>>| {
        let mut string = Vec::new();
        alloy_rlp::Encodable::encode(&encode_list(&extra)[..], &mut string);
        let mut raw: Vec<Vec<u8>> = f.iter().map(|i| i.1.clone()).collect();
        raw[12] = string;
        keccak256(encode_list(&raw))
    };
    let head = vec![e[0].1.clone(), e[1].1.clone(), e[2].1.clone()];
    let (hash, digest) = if kind == 0 {
        let end = |round: &[u8]| [head.clone(), vec![round.to_vec(), vec![0xc0]]].concat();
        (with(end(&[0x80])), with(end(&e[3].1)))
    } else {
        (with(head.clone()), with([head, vec![e[3].1.clone()]].concat()))
    };
    Some(Header {
        parent_hash: B256::from_slice(&text(&f[0], 32)?),
        coinbase: Address::from_slice(&text(&f[2], 20)?),
        state_root: B256::from_slice(&text(&f[3], 32)?),
        number: scalar(&f[8], 8)?,
        timestamp: scalar(&f[11], 8)?,
        validators: addresses?.iter().map(|a| Address::from_slice(a)).collect(),
        round,
        seals: seals?,
        hash,
        digest,
    })
}

fn vote(kind: u64, item: &Item) -> Option<()> {
    let none: &[u8] = if kind == 0 { &[0xc0] } else { &[0x80] };
    if item.1 == none {
        return Some(());
    }
    let true = item.0 else { return None };
    let parts = items(&item.2)?;
    let [who, ballot] = &parts[..] else { return None };
    text(who, 20)?;
    let good = match ballot.1.as_slice() {
        [0x81, 0xff] | [0x00] => true,
        [0x80] => kind == 0,
        _ => false,
    };
    good.then_some(())
}

/// The signer of a seal over `digest`.
pub fn signer(digest: &B256, seal: &[u8]) -> Option<Address> {
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    if seal.len() != 65 {
        return None;
    }
    let parity = if left_out("InvalidSeal") { seal[64] % 27 } else { seal[64] };
    if parity > 1 {
        return None;
    }
    let (r, s) = (U256::from_be_slice(&seal[..32]), U256::from_be_slice(&seal[32..64]));
    if r.is_zero() || s.is_zero() || r >= order || s > order / U256::from(2) {
        return None;
    }
    let signature = Signature::from_slice(&seal[..64]).ok()?;
    let id = RecoveryId::new(parity == 1, false);
    let key = VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, id).ok()?;
    let point = key.to_sec1_point(false);
    Some(Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..]))
}

fn ascending(list: &[Address]) -> bool {
    list.windows(2).all(|w| w[0] < w[1])
}

fn check(client: &Client, m: &Message) -> Check<Outcome> {
    need(!client.frozen, "ClientFrozen")?;
    let stored = client.known(m.trusted_height, &m.trusted).ok_or("UnknownTrustedHeight")?;
    need(keccak256(&m.trusted) == stored, "TrustedStateMismatch")?;
    let h = header(client.kind, &m.header).ok_or("MalformedHeader")?;
    need(h.number > m.trusted_height, "HeightNotNewer")?;
    need(!h.state_root.is_zero() && h.state_root != keccak256([0x80]), "ZeroStateRoot")?;
    let (now, then) = (i128::from(client.now), i128::from(m.trusted_timestamp));
    need(now - then < i128::from(client.period), "TrustedStateExpired")?;
    need(i128::from(h.timestamp) - now <= i128::from(client.drift), "HeaderFromFuture")?;
    need(h.timestamp >= m.trusted_timestamp, "TimeWentBack")?;
    let n = h.validators.len();
    let listed = ascending(&h.validators) && !h.validators.contains(&Address::ZERO);
    need(listed && (1..256).contains(&n), "InvalidValidatorSet")?;
    let own: Vec<u8> = h.validators.iter().flat_map(|a| a.to_vec()).collect();
    let own_hash = keccak256(&own);
    let trusted = if own_hash.as_slice() == m.trusted_hash {
        need(m.trusted_validators.is_empty(), "TrustedValidatorsMismatch")?;
        h.validators.clone()
    } else {
        let list = &m.trusted_validators;
        need(list.len().is_multiple_of(20), "TrustedValidatorsMismatch")?;
        let split: Vec<Address> = list.chunks_exact(20).map(Address::from_slice).collect();
        let good = !split.is_empty() && ascending(&split) && !split.contains(&Address::ZERO);
        need(good && keccak256(list).as_slice() == m.trusted_hash, "TrustedValidatorsMismatch")?;
        split
    };
    need(h.seals.len() <= n, "InvalidSeal")?;
    let signers: Option<Vec<Address>> = h.seals.iter().map(|s| signer(&h.digest, s)).collect();
    let signers = signers.ok_or("InvalidSeal")?;
    need(ascending(&signers), "SealsNotSorted")?;
    need(signers.iter().all(|s| h.validators.contains(s)), "ForeignSeal")?;
    need(signers.len() * 3 >= 2 * n, "TooFewSeals")?;
    let overlap = signers.iter().filter(|s| trusted.contains(s)).count();
    let (o, m_) = (overlap as u64, trusted.len() as u64);
    let enough = o * client.denominator >= m_ * client.numerator && o * 3 > m_;
    need(enough, "TooLittleOverlap")?;
    let key = keccak256(&client.router);
    let values = packed(&h.state_root, &[key], &m.proof).ok_or("InvalidProof")?;
    need(values[0].is_some(), "RouterAbsent")?;
    let (root, code) = match &values[0] {
        Some(account) => account_fields(account).ok_or("InvalidProof")?,
        None => (keccak256([0x80]).to_vec(), client.code_hash.clone()),
    };
    need(code == client.code_hash, "RouterCodeMismatch")?;
    need(root != [0; 32], "ZeroStorageRoot")?;
    let timestamp = B256::left_padding_from(&h.timestamp.to_be_bytes());
    let consensus = [timestamp.as_slice(), &root, own_hash.as_slice()].concat();
    let result = match client.stored(h.number) {
        None => "Update",
        Some(hash) if hash == keccak256(&consensus) => "NoOp",
        Some(_) => "Misbehaviour",
    };
    Ok(Outcome { result, height: h.number, block_hash: h.hash, consensus })
}

/// Storage root and code hash of an account leaf.
pub fn account_fields(raw: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (true, _, payload) = only(raw)? else { return None };
    let parts = items(&payload)?;
    let [nonce, balance, root, code] = &parts[..] else { return None };
    scalar(nonce, 8)?;
    if balance.0 || balance.2.len() > 32 || balance.2.first() == Some(&0) {
        return None;
    }
    Some((text(root, 32)?, text(code, 32)?))
}

/// `updateClient`.
pub fn update_client(client: &Client, message: &[u8]) -> Check<Outcome> {
    check(client, &decode_message(message).ok_or("MalformedMessage")?)
}

/// `misbehaviour`.
pub fn misbehaviour(client: &Client, evidence: &[u8]) -> Check<()> {
    let (a, b) = decode_misbehaviour(evidence).ok_or("MalformedMessage")?;
    let (a, b) = (check(client, &a)?, check(client, &b)?);
    need(a.height == b.height && a.block_hash != b.block_hash, "NotMisbehaviour")
}

/// `verifyBatch`: the timestamp, or the check that fails.
pub fn membership(client: &Client, height: u64, claims: &[(Vec<u8>, B256)], proof: &[u8]) -> Check<u64> {
    need(!client.frozen, "ClientFrozen")?;
    let age = i128::from(client.now) - i128::from(client.latest_timestamp);
    need(age < i128::from(client.period), "ClientExpired")?;
    let decode = || {
        let body = (small(proof.get(..32)?)? == 32).then(|| &proof[32..])?;
        let mut at = 4 * 32;
        let nodes = tail(body, 3, &mut at)?;
        let timestamp = small(body.get(..32)?)?;
        (at == body.len() || left_out("MalformedMessage")).then(|| (body[..96].to_vec(), timestamp, nodes))
    };
    let decoded = decode();
    let preimage = decoded.as_ref().map_or(&[][..], |(consensus, ..)| consensus);
    let stored = client.asked(height, preimage).ok_or("UnknownHeight")?;
    let (consensus, timestamp, nodes) = decoded.ok_or("MalformedMessage")?;
    need(keccak256(&consensus) == stored, "ConsensusStateMismatch")?;
    need(!claims.is_empty(), "InvalidPath")?;
    let keys: Vec<B256> = claims.iter().map(|(path, _)| path_key(path)).collect();
    let root = B256::from_slice(&consensus[32..64]);
    let values = packed(&root, &keys, &nodes).ok_or("InvalidProof")?;
    let found: Option<Vec<B256>> =
        values.iter().map(|v| v.as_ref().map_or(Some(B256::ZERO), |leaf| word(leaf))).collect();
    for (found, (_, claimed)) in found.ok_or("InvalidProof")?.iter().zip(claims) {
        need(!found.is_zero() || claimed.is_zero(), "ValueAbsent")?;
        need(found.is_zero() || !claimed.is_zero(), "ValuePresent")?;
        // Without one of these two, what is claimed there is taken as it is.
        need(found == claimed || found.is_zero() || claimed.is_zero(), "ValueMismatch")?;
    }
    Ok(timestamp)
}

/// [`update_client`] for a scenario; the name of the check that fails, or of the result.
pub fn update(s: &Scenario, message: &[u8]) -> Check<Outcome> {
    update_client(&Client::new(&s.client.encode(), &s.stored, s.now), message)
}
