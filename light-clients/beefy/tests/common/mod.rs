//! Makes a Substrate chain with BEEFY: authorities, headers, state, the Merkle mountain range of
//! its leaves, signed commitments, and the updates that carry them. The encoders are its own, or
//! upstream's: nothing here uses the code under test to encode, hash or prove.
#![allow(dead_code, missing_docs)]

pub mod polkadot;
pub mod reference;

#[path = "../../../substrate-state/tests/common/mod.rs"]
pub mod state_trie;

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use k256::ecdsa::SigningKey;
use lupu_beefy::{AuthoritySet, ClientState, ConsensusState, Rules, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_mmr_primitives::mmr_lib::{self, MMR, Merge, leaf_index_to_pos, util::MemStore};
use state_trie::{Trie, Version, seeded};
use std::collections::BTreeMap;

pub const T0: u64 = 1_700_000_000;
pub const LATEST: u64 = 100;

/// An authority's key.
#[derive(Clone, Debug)]
pub struct Authority {
    pub key: SigningKey,
    pub address: Address,
}

impl Authority {
    pub fn new(seed: &str, index: usize) -> Self {
        Self::from_secret(seeded(seed, index))
    }

    pub fn from_secret(secret: B256) -> Self {
        let key = SigningKey::from_slice(secret.as_slice()).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        Self { address: Address::from_word(keccak256(&point.as_bytes()[1..])), key }
    }

    /// r ‖ s ‖ v with s in the lower half.
    pub fn sign(&self, digest: &B256) -> [u8; 65] {
        let (signature, id) = self.key.sign_prehash_recoverable(digest.as_slice());
        [&signature.to_bytes()[..], &[id.to_byte()]].concat().try_into().unwrap()
    }
}

/// `n` authorities, in no order of their addresses.
pub fn authorities(seed: &str, n: usize) -> Vec<Authority> {
    (0..n).map(|i| Authority::new(seed, i)).collect()
}

pub fn addresses(set: &[Authority]) -> Vec<Address> {
    set.iter().map(|a| a.address).collect()
}

pub fn joined(set: &[Authority]) -> Vec<u8> {
    set.iter().flat_map(|a| a.address.into_array()).collect()
}

/// The root of a set by upstream's tree.
pub fn keyset_root(set: &[Authority]) -> B256 {
    let leaves = set.iter().map(|a| a.address.to_vec());
    B256::new(binary_merkle_tree::merkle_root::<sp_core::KeccakHasher, _>(leaves).0)
}

pub fn set_of(id: u64, set: &[Authority]) -> AuthoritySet {
    AuthoritySet { id, len: set.len() as u32, root: keyset_root(set) }
}

/// How many of `n` must sign, by trying: the fewest that two thirds and a little more are.
pub fn quorum(n: usize) -> usize {
    (1..=n).find(|signed| 3 * signed > 2 * n).unwrap_or(0)
}

/// The other signature of the same signer: s in the upper half.
pub fn high_s(signature: &[u8]) -> Vec<u8> {
    let order = U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16).unwrap();
    let s = order - U256::from_be_slice(&signature[32..64]);
    [&signature[..32], &s.to_be_bytes::<32>(), &[signature[64] ^ 1]].concat()
}

/// SCALE's compact number.
pub fn compact(n: usize) -> Vec<u8> {
    codec::Encode::encode(&codec::Compact(n as u64))
}

/// How `pallet-mmr` joins nodes.
pub struct Keccak;

impl Merge for Keccak {
    type Item = B256;

    fn merge(left: &B256, right: &B256) -> mmr_lib::Result<B256> {
        Ok(keccak256([left.0, right.0].concat()))
    }
}

/// Root and items for one leaf, by upstream's Merkle mountain range.
pub fn mmr(leaves: &[B256], index: u64) -> (B256, Vec<B256>) {
    let store = MemStore::default();
    let mut mmr = MMR::<B256, Keccak, _>::new(0, &store);
    for leaf in leaves {
        mmr.push(*leaf).unwrap();
    }
    let proof = mmr.gen_proof(vec![leaf_index_to_pos(index)]).unwrap();
    (mmr.get_root().unwrap(), proof.proof_items().to_vec())
}

/// A block header, encoded by hand.
#[derive(Clone, Debug)]
pub struct Header {
    pub parent_hash: B256,
    pub number: u32,
    pub state_root: B256,
    pub extrinsics_root: B256,
    /// Encoded digest items.
    pub digest: Vec<Vec<u8>>,
}

impl Header {
    pub fn encode(&self) -> Vec<u8> {
        [
            self.parent_hash.to_vec(),
            compact(self.number as usize),
            self.state_root.to_vec(),
            self.extrinsics_root.to_vec(),
            compact(self.digest.len()),
            self.digest.concat(),
        ]
        .concat()
    }

    pub fn hash(&self) -> B256 {
        B256::new(blake2_256(&self.encode()))
    }
}

pub fn digest_item(tag: u8, id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&[tag], &id[..], &compact(data.len()), data].concat()
}

/// A chain's state.
#[derive(Clone, Debug)]
pub struct State {
    pub prefix: [u8; 16],
    pub entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl State {
    /// An anchor, 20 commitments of a client, and neighbours: short values and long ones.
    pub fn new(prefix: [u8; 16], genesis: &[u8; 24], time: u64) -> Self {
        let mut state = Self { prefix, entries: BTreeMap::new() };
        for i in 0..40usize {
            let map = [twox_128(b"System"), twox_128(b"Account")].concat();
            let account = [map, seeded("account", i).to_vec()].concat();
            state.entries.insert(account, vec![i as u8; 20 + 3 * i]);
        }
        for i in 1..=20 {
            state.entries.insert(state.key(&path("bank.beefy-harbour", 1, i)), commitment(i).to_vec());
        }
        state.set_anchor(time, genesis);
        state
    }

    pub fn anchor_key(&self) -> Vec<u8> {
        [self.prefix, twox_128(b"Anchor")].concat()
    }

    pub fn merkle_prefix(&self) -> Vec<u8> {
        [self.prefix, twox_128(b"Commitments")].concat()
    }

    /// Where a raw path is stored.
    pub fn key(&self, path: &[u8]) -> Vec<u8> {
        [self.merkle_prefix(), keccak256(path).to_vec()].concat()
    }

    pub fn set_anchor(&mut self, time: u64, genesis: &[u8]) {
        self.entries.insert(self.anchor_key(), [&time.to_be_bytes()[..], genesis].concat());
    }

    pub fn trie(&self) -> Trie {
        Trie::new(Version::V1, self.entries.clone())
    }

    pub fn root(&self) -> B256 {
        self.trie().root()
    }

    pub fn anchor_proof(&self) -> Vec<u8> {
        self.trie().pack(&[&self.anchor_key()])
    }

    /// Packed proof of raw paths, in this order.
    pub fn proof(&self, paths: &[Vec<u8>]) -> Vec<u8> {
        let keys: Vec<Vec<u8>> = paths.iter().map(|p| self.key(p)).collect();
        self.trie().pack(&state_trie::slices(&keys))
    }
}

/// `client ‖ kind ‖ sequence`.
pub fn path(client: &str, kind: u8, sequence: u64) -> Vec<u8> {
    [client.as_bytes(), &[kind], &sequence.to_be_bytes()].concat()
}

pub fn commitment(sequence: u64) -> B256 {
    seeded("commitment", sequence as usize)
}

/// An update that is good until a test changes something.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub client: ClientState,
    pub stored: Vec<(u64, B256)>,
    pub now: u64,
    /// The sets that the client knows, and the one that follows them.
    pub current: Vec<Authority>,
    pub next: Vec<Authority>,
    pub heirs: Vec<Authority>,
    pub state: State,
    pub header: Header,
    /// Seed of all other leaves: another one is another history.
    pub history: &'static str,
    pub leaf_version: u8,
    pub leaf_number: u32,
    pub leaf_hash: B256,
    pub leaf_next: AuthoritySet,
    pub leaf_extra: Vec<u8>,
    /// The block that is committed to.
    pub committed: u32,
    pub set_id: u64,
    /// Payloads beside the root.
    pub payloads: Vec<([u8; 2], Vec<u8>)>,
    /// A root that is not the leaves'.
    pub root: Option<B256>,
    pub signing: Vec<Authority>,
    /// Who of them signs.
    pub signers: Vec<usize>,
}

impl Scenario {
    /// `n` authorities, as many as needed of which commit to block 121, which proves block 120.
    pub fn new(n: usize) -> Self {
        Self::salted(n, "")
    }

    /// The same of another chain: the salt makes other keys and roots.
    pub fn salted(n: usize, salt: &str) -> Self {
        let of = |what: &str| format!("{salt}{what}");
        let seeded = |what: &str, index| seeded(&of(what), index);
        let current = authorities(&of("authority"), n);
        let next = authorities(&of("successor"), n);
        let genesis: [u8; 24] = seeded("genesis", 0)[..24].try_into().unwrap();
        let prefix = twox_128(b"Ibc");
        let client = ClientState {
            genesis: FixedBytes(genesis),
            pallet_prefix: FixedBytes(prefix),
            first_mmr_block: 1,
            rules: Rules::default(),
            latest_height: Height(LATEST),
            latest_timestamp: TimestampSecs(T0),
            frozen: false,
            current: set_of(7, &current),
            next: set_of(8, &next),
        };
        let trusted = ConsensusState { timestamp: TimestampSecs(T0), state_root: seeded("old state root", 0) };
        let state = State::new(prefix, &genesis, T0 + 120);
        let header = Header {
            parent_hash: seeded("parent", 0),
            number: 120,
            state_root: state.root(),
            extrinsics_root: seeded("extrinsics", 0),
            digest: vec![digest_item(6, b"aura", &[1; 8]), digest_item(5, b"aura", &[2; 64])],
        };
        Self {
            leaf_hash: header.hash(),
            leaf_next: client.next,
            client,
            stored: vec![(LATEST, trusted.hash())],
            now: T0 + 126,
            heirs: authorities(&of("heir"), n),
            state,
            header,
            history: "leaf",
            leaf_version: 0,
            leaf_number: 120,
            leaf_extra: seeded("extra", 0).to_vec(),
            committed: 121,
            set_id: 7,
            payloads: Vec::new(),
            root: None,
            signers: (0..quorum(n)).collect(),
            signing: current.clone(),
            current,
            next,
        }
    }

    /// The same, signed by the next set, which names its heirs.
    pub fn handover(n: usize) -> Self {
        let mut s = Self::new(n);
        s.signed_by_next();
        s
    }

    pub fn signed_by_next(&mut self) {
        self.set_id = 8;
        self.signing = self.next.clone();
        self.signers = (0..quorum(self.next.len())).collect();
        self.leaf_next = set_of(9, &self.heirs);
    }

    /// The header changes, and the leaf with it.
    pub fn change_header(&mut self, change: impl FnOnce(&mut Header)) {
        change(&mut self.header);
        self.leaf_hash = self.header.hash();
    }

    /// The state changes, and header and leaf with it.
    pub fn change_state(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        let root = self.state.root();
        self.change_header(|header| header.state_root = root);
    }

    /// The block that is proven has this time.
    pub fn set_time(&mut self, time: u64) {
        let genesis = self.client.genesis;
        self.change_state(|state| state.set_anchor(time, genesis.as_slice()));
    }

    pub fn time(&self) -> u64 {
        let anchor = &self.state.entries[&self.state.anchor_key()];
        u64::from_be_bytes(anchor[..8].try_into().unwrap())
    }

    /// The block that is proven has this number, in header and leaf.
    pub fn set_height(&mut self, number: u32) {
        self.leaf_number = number;
        self.change_header(|header| header.number = number);
    }

    pub fn leaf(&self) -> Vec<u8> {
        [
            &[self.leaf_version][..],
            &self.leaf_number.to_le_bytes(),
            self.leaf_hash.as_slice(),
            &self.leaf_next.id.to_le_bytes(),
            &self.leaf_next.len.to_le_bytes(),
            self.leaf_next.root.as_slice(),
            &self.leaf_extra,
        ]
        .concat()
    }

    /// Root and items for the leaf. A leaf where none can be has the items of the last.
    pub fn mmr(&self) -> (B256, Vec<B256>) {
        let first = self.client.first_mmr_block;
        let count = (u64::from(self.committed) + 1).saturating_sub(first).max(1);
        let index = (u64::from(self.leaf_number) + 1).saturating_sub(first).min(count - 1);
        let mut leaves: Vec<B256> =
            (0..count).map(|i| if i == index { B256::ZERO } else { seeded(self.history, i as usize) }).collect();
        leaves[index as usize] = keccak256(self.leaf());
        mmr(&leaves, index)
    }

    pub fn commitment_of(&self, root: B256) -> Vec<u8> {
        let mut payloads = self.payloads.clone();
        payloads.push((*b"mh", root.to_vec()));
        payloads.sort_by_key(|(id, _)| *id);
        codec::Encode::encode(&(payloads, self.committed, self.set_id))
    }

    pub fn commitment(&self) -> Vec<u8> {
        self.commitment_of(self.root.unwrap_or_else(|| self.mmr().0))
    }

    pub fn signatures_of(&self, commitment: &[u8]) -> Vec<Vec<u8>> {
        let digest = keccak256(commitment);
        let sign = |i: &usize| [&[*i as u8][..], &self.signing[*i].sign(&digest)].concat();
        self.signers.iter().map(sign).collect()
    }

    /// The message around this commitment, signed.
    pub fn message_with(&self, commitment: Vec<u8>) -> UpdateMessage {
        self.message_of(commitment, &self.mmr().1)
    }

    pub fn message(&self) -> UpdateMessage {
        let (root, items) = self.mmr();
        self.message_of(self.commitment_of(self.root.unwrap_or(root)), &items)
    }

    fn message_of(&self, commitment: Vec<u8>, items: &[B256]) -> UpdateMessage {
        UpdateMessage {
            signatures: self.signatures_of(&commitment).concat().into(),
            commitment: commitment.into(),
            authorities: joined(&self.signing).into(),
            leaf: self.leaf().into(),
            mmr_items: items.iter().flat_map(|item| item.0).collect::<Vec<u8>>().into(),
            header: self.header.encode().into(),
            anchor_proof: self.anchor_proof(),
        }
    }

    /// The proof where the header's state root is the state's, and nothing where it is not.
    fn anchor_proof(&self) -> Bytes {
        let trie = self.state.trie();
        match trie.root() == self.header.state_root {
            true => trie.pack(&[&self.state.anchor_key()]).into(),
            false => Bytes::from_static(&[0, 0]),
        }
    }

    /// What the update, if it is good, makes the client store.
    pub fn consensus(&self) -> ConsensusState {
        ConsensusState { timestamp: TimestampSecs(self.time()), state_root: self.header.state_root }
    }

    /// The client after a good update: `stored` says whether the height was known.
    pub fn after(&self, result: &str) -> ClientState {
        let mut after = self.client.clone();
        if result == "Misbehaviour" {
            after.frozen = true;
            return after;
        }
        let height = Height(u64::from(self.leaf_number));
        if result == "Update" && height > after.latest_height {
            after.latest_height = height;
            after.latest_timestamp = TimestampSecs(self.time());
        }
        if self.set_id == after.next.id {
            after.current = after.next;
            after.next = self.leaf_next;
        }
        after
    }
}
