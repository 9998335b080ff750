//! Makes chains of Substrate headers, the state behind them, the votes that finalize them, and the
//! updates that carry all this. Headers are those of sp-runtime, tries those of sp-trie, keys and
//! signatures those of sp-core: nothing here uses the code under test to encode, hash or sign.
#![allow(dead_code, missing_docs)]

pub mod cached;
pub mod native;
pub mod odd_signatures;
pub mod reference;
pub mod rng;
pub mod state_trie;

use alloy_primitives::{B256, FixedBytes, keccak256};
use codec::{Compact, Decode, Encode};
use lupu_grandpa::{ClientState, ConsensusState, Rules, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};
use lupu_substrate_state::NodeSet;
use sp_consensus_grandpa::{ConsensusLog, GRANDPA_ENGINE_ID, GrandpaJustification, ScheduledChange};
use sp_core::{Pair as _, ed25519};
use sp_crypto_hashing::twox_128;
use sp_runtime::{Digest, DigestItem, traits::BlakeTwo256};
use state_trie::{Trie, seeded};
use std::collections::BTreeMap;

pub type SpHeader = sp_runtime::generic::Header<u32, BlakeTwo256>;

pub const T0: u64 = 1_700_000_000;
pub const TRUSTED_HEIGHT: u64 = 100;
pub const SET_ID: u64 = 7;

/// Somebody with a key and a weight.
#[derive(Clone)]
pub struct Voter {
    pub pair: ed25519::Pair,
    pub key: B256,
    pub weight: u64,
}

impl Voter {
    pub fn new(seed: &str, index: usize) -> Self {
        let pair = ed25519::Pair::from_seed(&seeded(seed, index).0);
        let key = B256::new(pair.public().0);
        Self { pair, key, weight: 1 }
    }

    pub fn sign(&self, target: &B256, number: u32, round: u64, set_id: u64) -> Ballot {
        let message = (1u8, target.0, number, round, set_id).encode();
        Ballot { hash: *target, number, signature: cached::sign(&self.pair, &message), key: self.key }
    }
}

/// `n` voters of weight 1.
pub fn voters(seed: &str, n: usize) -> Vec<Voter> {
    (0..n).map(|i| Voter::new(seed, i)).collect()
}

/// The same voters with these weights.
pub fn weigh(set: &[Voter], weights: &[u64]) -> Vec<Voter> {
    set.iter().zip(weights).map(|(v, w)| Voter { weight: *w, ..v.clone() }).collect()
}

/// Keys and weights, joined.
pub fn joined(set: &[Voter]) -> Vec<u8> {
    set.iter().flat_map(|v| (v.key.0, v.weight).encode()).collect()
}

/// The first voters of a set, as many as have more than two thirds of its weight.
pub fn quorum(set: &[Voter]) -> Vec<Voter> {
    let total: u128 = set.iter().map(|v| u128::from(v.weight)).sum();
    let mut weight = 0;
    let short = |v: &&Voter| {
        let more = weight * 3 <= total * 2;
        weight += u128::from(v.weight);
        more
    };
    set.iter().take_while(short).cloned().collect()
}

/// A signed precommit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub hash: B256,
    pub number: u32,
    pub signature: [u8; 64],
    pub key: B256,
}

/// A justification in parts, whatever they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Just {
    pub round: u64,
    pub hash: B256,
    pub number: u32,
    pub ballots: Vec<Ballot>,
    pub ancestry: Vec<Vec<u8>>,
}

impl Just {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = (self.round, self.hash.0, self.number, Compact(self.ballots.len() as u32)).encode();
        for b in &self.ballots {
            out.extend((b.hash.0, b.number, b.signature, b.key.0).encode());
        }
        out.extend(Compact(self.ancestry.len() as u32).encode());
        out.extend(self.ancestry.concat());
        out
    }

    /// As the chain's own software reads it.
    pub fn native(&self) -> GrandpaJustification<SpHeader> {
        GrandpaJustification::decode(&mut &self.encode()[..]).unwrap()
    }
}

/// A chain's state: the anchor, what was committed to, and other things.
#[derive(Clone, Debug)]
pub struct State {
    pub pallet: FixedBytes<16>,
    /// The stored bytes.
    pub anchor: Option<Vec<u8>>,
    /// Raw path to value.
    pub commitments: BTreeMap<Vec<u8>, Vec<u8>>,
    pub neighbours: usize,
}

impl State {
    pub fn anchor_key(&self) -> Vec<u8> {
        [self.pallet.as_slice(), &twox_128(b"Anchor")].concat()
    }

    pub fn prefix(&self) -> Vec<u8> {
        [self.pallet.as_slice(), &twox_128(b"Commitments")].concat()
    }

    /// Where a raw path is stored.
    pub fn path_key(&self, path: &[u8]) -> Vec<u8> {
        [&self.prefix()[..], keccak256(path).as_slice()].concat()
    }

    pub fn trie(&self) -> Trie {
        let mut trie = Trie::default();
        for i in 0..self.neighbours {
            let key = [&twox_128(b"System")[..], seeded("neighbour", i).as_slice()].concat();
            trie.0.insert(key, vec![i as u8; 1 + i % 50]);
        }
        if let Some(anchor) = &self.anchor {
            trie.0.insert(self.anchor_key(), anchor.clone());
        }
        for (path, value) in &self.commitments {
            trie.0.insert(self.path_key(path), value.clone());
        }
        trie
    }

    /// Packed proof of storage keys, in this order.
    pub fn proof(&self, keys: &[Vec<u8>]) -> Vec<u8> {
        let trie = self.trie();
        let mut set = NodeSet::new();
        for node in trie.nodes(keys) {
            set.insert(node);
        }
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        set.pack(&trie.root(), &keys).unwrap()
    }

    pub fn anchor_proof(&self) -> Vec<u8> {
        self.proof(&[self.anchor_key()])
    }
}

/// `client ‖ kind ‖ sequence`.
pub fn path(client: &str, kind: u8, sequence: u64) -> Vec<u8> {
    [client.as_bytes(), &[kind], &sequence.to_be_bytes()].concat()
}

pub fn commitment(sequence: u64) -> B256 {
    seeded("commitment", sequence as usize)
}

pub fn genesis() -> FixedBytes<24> {
    FixedBytes::from_slice(&seeded("genesis", 0)[..24])
}

pub fn anchor(time: u64, genesis: FixedBytes<24>) -> Vec<u8> {
    [&time.to_be_bytes()[..], genesis.as_slice()].concat()
}

pub fn header_hash(header: &SpHeader) -> B256 {
    B256::new(sp_runtime::traits::Header::hash(header).0)
}

/// The digest item that schedules this set.
pub fn change(set: &[Voter], delay: u32) -> DigestItem {
    let next_authorities = set.iter().map(|v| (v.pair.public().into(), v.weight)).collect();
    log(ConsensusLog::ScheduledChange(ScheduledChange { next_authorities, delay }).encode())
}

pub fn log(data: Vec<u8>) -> DigestItem {
    DigestItem::Consensus(GRANDPA_ENGINE_ID, data)
}

/// An update that is good until a test changes something.
#[derive(Clone)]
pub struct Scenario {
    pub client: ClientState,
    pub trusted_height: u64,
    pub trusted: ConsensusState,
    /// The trusted set.
    pub set: Vec<Voter>,
    pub now: u64,
    pub number: u32,
    pub parent: B256,
    pub digest: Vec<DigestItem>,
    /// In place of the state's own root.
    pub state_root: Option<B256>,
    pub state: State,
    pub round: u64,
    /// The set id that votes are signed for.
    pub signed_set: u64,
    /// Who votes, and for the block how many above the target.
    pub ballots: Vec<(Voter, u32)>,
    pub stored: Vec<(u64, B256)>,
}

impl Scenario {
    /// `n` authorities of weight 1, a quorum of which vote for block 120.
    pub fn new(n: usize) -> Self {
        Self::salted(n, "")
    }

    /// The same with other keys and roots; the chain's genesis stays.
    pub fn salted(n: usize, salt: &str) -> Self {
        let seeded = |what: &str, index| seeded(&format!("{salt}{what}"), index);
        let set = voters(&format!("{salt}authority"), n);
        let pallet = FixedBytes::new(twox_128(b"Ibc"));
        let commitments = (1..=20u64).map(|i| (path("harbour.grandpa-customs", 1, i), commitment(i).to_vec()));
        let state = State {
            pallet,
            anchor: Some(anchor(T0 + 60, genesis())),
            commitments: commitments.collect(),
            neighbours: 40,
        };
        let client = ClientState {
            genesis: genesis(),
            pallet_prefix: pallet,
            rules: Rules::default(),
            latest_height: Height(TRUSTED_HEIGHT),
            latest_timestamp: TimestampSecs(T0),
            frozen: false,
        };
        let trusted = ConsensusState {
            timestamp: TimestampSecs(T0),
            state_root: seeded("old state root", 0),
            header_hash: seeded("old header", 0),
            set_id: SET_ID,
            authorities_hash: keccak256(joined(&set)),
        };
        let mut s = Self {
            client,
            trusted_height: TRUSTED_HEIGHT,
            trusted,
            set: Vec::new(),
            now: T0 + 65,
            number: 120,
            parent: seeded("parent", 0),
            digest: vec![
                DigestItem::PreRuntime(*b"aura", 8u64.encode()),
                DigestItem::Seal(*b"aura", seeded("seal", 0).to_vec()),
            ],
            state_root: None,
            state,
            round: 3,
            signed_set: SET_ID,
            ballots: Vec::new(),
            stored: Vec::new(),
        };
        s.trust(set);
        s
    }

    /// The trusted set becomes this, a quorum of it votes, and nothing else changes.
    pub fn trust(&mut self, set: Vec<Voter>) {
        self.trusted.authorities_hash = keccak256(joined(&set));
        self.ballots = quorum(&set).into_iter().map(|v| (v, 0)).collect();
        self.set = set;
        self.restore();
    }

    /// These vote for the target.
    pub fn vote(&mut self, voters: Vec<Voter>) {
        self.ballots = voters.into_iter().map(|v| (v, 0)).collect();
    }

    /// What is stored follows what the message says is trusted.
    pub fn restore(&mut self) {
        self.stored = vec![(self.trusted_height, self.trusted.hash())];
    }

    /// The block's time becomes this.
    pub fn set_time(&mut self, time: u64) {
        self.state.anchor = Some(anchor(time, genesis()));
    }

    pub fn time(&self) -> u64 {
        let bytes = self.state.anchor.as_ref().and_then(|a| a.first_chunk::<8>().copied());
        u64::from_be_bytes(bytes.unwrap_or_default())
    }

    pub fn header(&self) -> SpHeader {
        SpHeader {
            parent_hash: self.parent.0.into(),
            number: self.number,
            state_root: self.state_root.unwrap_or_else(|| self.state.trie().root()).0.into(),
            extrinsics_root: seeded("extrinsics", 0).0.into(),
            digest: Digest { logs: self.digest.clone() },
        }
    }

    pub fn hash(&self) -> B256 {
        header_hash(&self.header())
    }

    /// The header and `above` blocks that follow it.
    pub fn chain(&self, above: u32) -> Vec<SpHeader> {
        let mut chain = vec![self.header()];
        for i in 1..=above {
            chain.push(child(&chain[chain.len() - 1], i as usize));
        }
        chain
    }

    /// What a vote for the target signs.
    pub fn vote_bytes(&self) -> Vec<u8> {
        (1u8, self.hash().0, self.number, self.round, self.signed_set).encode()
    }

    pub fn just(&self) -> Just {
        let above = self.ballots.iter().map(|(_, above)| *above).max().unwrap_or(0);
        let chain = self.chain(above);
        let vote = |(voter, above): &(Voter, u32)| {
            let target = &chain[*above as usize];
            voter.sign(&header_hash(target), target.number, self.round, self.signed_set)
        };
        Just {
            round: self.round,
            hash: header_hash(&chain[0]),
            number: chain[0].number,
            ballots: self.ballots.iter().map(vote).collect(),
            ancestry: chain[1..].iter().map(Encode::encode).collect(),
        }
    }

    pub fn message(&self) -> UpdateMessage {
        self.message_with(self.just().encode())
    }

    pub fn message_with(&self, justification: Vec<u8>) -> UpdateMessage {
        UpdateMessage {
            header: self.header().encode().into(),
            justification: justification.into(),
            trusted_height: Height(self.trusted_height),
            trusted: self.trusted,
            authorities: joined(&self.set).into(),
            anchor_proof: self.state.anchor_proof().into(),
        }
    }

    pub fn lookup(&self) -> impl Fn(Height) -> Option<B256> + '_ {
        |height| self.stored.iter().find(|(h, _)| *h == height.0).map(|(_, hash)| *hash)
    }

    /// What the update, if it is good, makes the client store; `next` is the set it schedules.
    pub fn consensus_with(&self, next: Option<&[Voter]>) -> ConsensusState {
        let header = self.header();
        ConsensusState {
            timestamp: TimestampSecs(self.time()),
            state_root: B256::new(header.state_root.0),
            header_hash: header_hash(&header),
            set_id: self.trusted.set_id + u64::from(next.is_some()),
            authorities_hash: keccak256(joined(next.unwrap_or(&self.set))),
        }
    }

    pub fn consensus(&self) -> ConsensusState {
        self.consensus_with(None)
    }
}

/// A block upon another.
pub fn child(parent: &SpHeader, salt: usize) -> SpHeader {
    SpHeader {
        parent_hash: header_hash(parent).0.into(),
        number: parent.number.wrapping_add(1),
        state_root: seeded("state", salt).0.into(),
        extrinsics_root: seeded("extrinsics", salt).0.into(),
        digest: Digest { logs: vec![DigestItem::PreRuntime(*b"aura", (salt as u64).encode())] },
    }
}
