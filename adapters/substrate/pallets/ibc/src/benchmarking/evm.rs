//! An EVM chain for the benchmarks: a state trie, a router's storage, a sealed header.

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use lupu_ethereum_state::{NodeSet, account_key};
use lupu_qbft::{ClientState, ConsensusState, Header, Kind, Rules, UpdateMessage, header};
use lupu_standard::{Height, TimestampSecs};
use sp_core::{crypto::KeyTypeId, ecdsa};

/// The height that clients start from, and its time.
pub const HEIGHT: u64 = 100;
const KEYS: KeyTypeId = KeyTypeId(*b"lupu");
const ROUTER: Address = Address::repeat_byte(0x11);

fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [one] if *one < 0x80 => vec![*one],
        _ => [head(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    [head(0xc0, body.len()), body].concat()
}

fn head(base: u8, len: usize) -> Vec<u8> {
    if len < 56 {
        return vec![base.saturating_add(len as u8)];
    }
    let length = number_bytes(len as u64);
    let first = base.saturating_add(55).saturating_add(length.len() as u8);
    [vec![first], length].concat()
}

fn number_bytes(n: u64) -> Vec<u8> {
    n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect()
}

/// The nibbles of a key from `depth` on with the hex prefix of a leaf (`2`) or an extension (`0`).
fn compact(nibbles: &[u8], flag: u8) -> Vec<u8> {
    let odd = nibbles.len() % 2 == 1;
    let mut all = vec![flag | u8::from(odd)];
    if !odd {
        all.push(0);
    }
    all.extend_from_slice(nibbles);
    all.chunks(2).map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)).collect()
}

fn nibbles(key: &B256) -> Vec<u8> {
    key.iter().flat_map(|b| [b >> 4, b & 15]).collect()
}

/// A trie over entries in ascending order whose nodes all have 32 bytes or more.
fn trie(entries: &[(Vec<u8>, Vec<u8>)], depth: usize, nodes: &mut NodeSet) -> B256 {
    let rest = |key: &[u8]| key.get(depth..).unwrap_or_default().to_vec();
    let (Some((first, value)), Some((last, _))) = (entries.first(), entries.last()) else {
        return B256::ZERO;
    };
    if entries.len() == 1 {
        return nodes.insert(list(&[string(&compact(&rest(first), 2)), string(value)]));
    }
    let shared = rest(first).iter().zip(rest(last).iter()).take_while(|(a, b)| a == b).count();
    if shared > 0 {
        let child = trie(entries, depth.saturating_add(shared), nodes);
        let way = rest(first).into_iter().take(shared).collect::<Vec<_>>();
        return nodes.insert(list(&[string(&compact(&way, 0)), string(child.as_slice())]));
    }
    let mut items = Vec::with_capacity(17);
    for nibble in 0..16u8 {
        let below: Vec<_> = entries.iter().filter(|(k, _)| k.get(depth) == Some(&nibble)).cloned().collect();
        items.push(match below.is_empty() {
            true => string(&[]),
            false => string(trie(&below, depth.saturating_add(1), nodes).as_slice()),
        });
    }
    items.push(string(&[]));
    nodes.insert(list(&items))
}

/// A router's storage with these slots and a hundred more, so that proofs are as deep as usual.
pub fn storage(slots: &[(B256, B256)]) -> (B256, NodeSet) {
    let more = (0u8..100).map(|i| (keccak256([i]), B256::repeat_byte(i | 0x80)));
    let mut entries: Vec<_> =
        slots.iter().copied().chain(more).map(|(k, v)| (nibbles(&k), string(v.as_slice()))).collect();
    entries.sort();
    let mut nodes = NodeSet::new();
    let root = trie(&entries, 0, &mut nodes);
    (root, nodes)
}

/// A client's first states, of time `timestamp`.
pub fn client(storage_root: B256, timestamp: u64, validators: &[u8]) -> (ClientState, ConsensusState) {
    let state = ClientState {
        kind: Kind::Qbft,
        chain_id: 1981,
        router: ROUTER,
        router_code_hash: B256::repeat_byte(0x22),
        rules: Rules::default(),
        latest_height: Height(HEIGHT),
        latest_timestamp: TimestampSecs(timestamp),
        frozen: false,
    };
    let validators_hash = keccak256(validators);
    (state, ConsensusState { timestamp: TimestampSecs(timestamp), storage_root, validators_hash })
}

/// `n` validators in the node's keystore, by address.
pub fn validators(n: u32) -> Vec<(Address, ecdsa::Public)> {
    let one = |i| {
        // The secret itself, in hex: a phrase would cost 2,048 rounds.
        let seed = alloc::format!("0x{:064x}", u64::from(i).saturating_add(1)).into_bytes();
        let key = sp_io::crypto::ecdsa_generate(KEYS, Some(seed));
        let full = k256_point(&key);
        (Address::from_word(keccak256(full)), key)
    };
    let mut all: Vec<_> = (0..n).map(one).collect();
    all.sort();
    all
}

/// The 64 bytes of a compressed key's point: recovered from a signature of its own.
fn k256_point(key: &ecdsa::Public) -> [u8; 64] {
    let digest = [1; 32];
    let seal = sp_io::crypto::ecdsa_sign_prehashed(KEYS, key, &digest).map_or([0; 65], |s| s.0);
    sp_io::crypto::secp256k1_ecdsa_recover(&seal, &digest).unwrap_or([0; 64])
}

/// An update to height `HEIGHT + 1`, sealed by all of these validators, over `storage_root`. With
/// another `salt` it is another block.
pub fn update(
    set: &[(Address, ecdsa::Public)],
    trusted: ConsensusState,
    storage_root: B256,
    salt: u8,
) -> UpdateMessage {
    let account = list(&[
        string(&[salt | 1]),
        string(&[]),
        string(storage_root.as_slice()),
        string(B256::repeat_byte(0x22).as_slice()),
    ]);
    let mut nodes = NodeSet::new();
    let key = account_key(&ROUTER);
    let state_root = trie(&[(nibbles(&key), account)], 0, &mut nodes);
    let addresses: Vec<Vec<u8>> = set.iter().map(|(a, _)| string(a.as_slice())).collect();
    let extra = list(&[string(&[0; 32]), list(&addresses), list(&[]), string(&[]), list(&[])]);
    let zero = string(&[0; 32]);
    let raw = list(&[
        zero.clone(),
        string(header::EMPTY_OMMERS.as_slice()),
        string(&[0; 20]),
        string(state_root.as_slice()),
        zero.clone(),
        zero,
        string(&[0; 256]),
        string(&[1]),
        string(&number_bytes(HEIGHT.saturating_add(1))),
        string(&[]),
        string(&[]),
        string(&number_bytes(trusted.timestamp.0)),
        string(&extra),
        string(header::ISTANBUL_MIX_HASH.as_slice()),
        string(&[0; 8]),
    ]);
    let sealed = Header::decode(Kind::Qbft, &raw).map(|block| {
        let digest = block.commit_digest();
        let seal = |key: &ecdsa::Public| sp_io::crypto::ecdsa_sign_prehashed(KEYS, key, &digest.0);
        let seals = set.iter().filter_map(|(_, key)| seal(key)).map(|s| Bytes::copy_from_slice(&s.0));
        block.with_seals(seals.collect()).encode()
    });
    UpdateMessage {
        header: sealed.map(Bytes::from).unwrap_or_default(),
        trusted_height: Height(HEIGHT),
        trusted,
        trusted_validators: Bytes::new(),
        account_proof: nodes.pack(&state_root, &[key]).unwrap_or_default().into(),
    }
}
