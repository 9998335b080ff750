//! Makes QBFT and IBFT 2.0 headers, the state behind them, and the updates that carry them. The
//! encoder is its own: nothing here uses the code under test to encode or hash a header.
#![allow(dead_code, missing_docs)]

pub mod reference;

#[path = "../../../ethereum-state/tests/common/mod.rs"]
pub mod state_trie;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use k256::ecdsa::SigningKey;
use lupu_ethereum_state::NodeSet;
use lupu_qbft::{ClientState, ConsensusState, Kind, Rules, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};
use state_trie::Trie;
use std::collections::BTreeMap;

pub const T0: u64 = 1_700_000_000;
pub const TRUSTED_HEIGHT: u64 = 100;

pub fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [b] if *b < 0x80 => vec![*b],
        _ => [head(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    [head(0xc0, body.len()), body].concat()
}

fn head(base: u8, len: usize) -> Vec<u8> {
    if len < 56 {
        return vec![base + len as u8];
    }
    let bytes: Vec<u8> = len.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
    [vec![base + 55 + bytes.len() as u8], bytes].concat()
}

pub fn number(n: u64) -> Vec<u8> {
    string(&n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect::<Vec<u8>>())
}

/// A validator's key.
#[derive(Clone, Debug)]
pub struct Validator {
    pub key: SigningKey,
    pub address: Address,
}

impl Validator {
    pub fn new(seed: &str, index: usize) -> Self {
        Self::from_secret(state_trie::seeded(seed, index))
    }

    pub fn from_secret(secret: B256) -> Self {
        let key = SigningKey::from_slice(secret.as_slice()).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        Self { key, address: Address::from_word(keccak256(&point.as_bytes()[1..])) }
    }

    /// r ‖ s ‖ v with s in the lower half.
    pub fn seal(&self, digest: &B256) -> Vec<u8> {
        let (signature, id) = self.key.sign_prehash_recoverable(digest.as_slice());
        [&signature.to_bytes()[..], &[id.to_byte()]].concat()
    }
}

/// `n` validators, ascending.
pub fn validators(seed: &str, n: usize) -> Vec<Validator> {
    let mut set: Vec<Validator> = (0..n).map(|i| Validator::new(seed, i)).collect();
    set.sort_by_key(|v| v.address);
    set
}

pub fn sorted(mut set: Vec<Validator>) -> Vec<Validator> {
    set.sort_by_key(|v| v.address);
    set
}

pub fn addresses(set: &[Validator]) -> Vec<Address> {
    set.iter().map(|v| v.address).collect()
}

pub fn joined(set: &[Validator]) -> Vec<u8> {
    set.iter().flat_map(|v| v.address.into_array()).collect()
}

/// The other signature of the same signer: s in the upper half.
pub fn high_s(seal: &[u8]) -> Vec<u8> {
    let order = U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16).unwrap();
    let s = order - U256::from_be_slice(&seal[32..64]);
    [&seal[..32], &s.to_be_bytes::<32>(), &[seal[64] ^ 1]].concat()
}

/// A block's header before it is sealed. `vote` is encoded RLP, `trailing` are encoded items.
#[derive(Clone, Debug)]
pub struct Block {
    pub kind: Kind,
    pub parent_hash: B256,
    pub coinbase: Address,
    pub state_root: B256,
    pub number: u64,
    pub gas_limit: u64,
    pub gas_used: u64,
    pub timestamp: u64,
    pub vanity: Vec<u8>,
    pub validators: Vec<Address>,
    pub vote: Vec<u8>,
    pub round: u32,
    pub trailing: Vec<Vec<u8>>,
}

pub fn no_vote(kind: Kind) -> Vec<u8> {
    vec![if kind == Kind::Qbft { 0xc0 } else { 0x80 }]
}

pub fn vote(recipient: Address, ballot: &[u8]) -> Vec<u8> {
    list(&[string(recipient.as_slice()), string(ballot)])
}

impl Block {
    pub fn round_item(&self) -> Vec<u8> {
        match self.kind {
            Kind::Qbft => number(u64::from(self.round)),
            Kind::Ibft2 => string(&self.round.to_be_bytes()),
        }
    }

    pub fn extra_head(&self) -> Vec<Vec<u8>> {
        let list_of = self.validators.iter().map(|a| string(a.as_slice())).collect::<Vec<_>>();
        vec![string(&self.vanity), list(&list_of), self.vote.clone()]
    }

    /// The header's items with this extraData.
    pub fn items(&self, extra: &[u8]) -> Vec<Vec<u8>> {
        let ommers = hex!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
        let empty = hex!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
        let mix = hex!("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365");
        let mut items = vec![
            string(self.parent_hash.as_slice()),
            string(&ommers),
            string(self.coinbase.as_slice()),
            string(self.state_root.as_slice()),
            string(&empty),
            string(&empty),
            string(&[0; 256]),
            number(1),
            number(self.number),
            number(self.gas_limit),
            number(self.gas_used),
            number(self.timestamp),
            string(extra),
            string(&mix),
            string(&[0; 8]),
        ];
        items.extend(self.trailing.clone());
        items
    }

    pub fn with_extra(&self, extra: &[Vec<u8>]) -> Vec<u8> {
        list(&self.items(&list(extra)))
    }

    pub fn digest(&self) -> B256 {
        let mut extra = self.extra_head();
        extra.push(self.round_item());
        if self.kind == Kind::Qbft {
            extra.push(vec![0xc0]);
        }
        keccak256(self.with_extra(&extra))
    }

    pub fn hash(&self) -> B256 {
        let mut extra = self.extra_head();
        if self.kind == Kind::Qbft {
            extra.extend([vec![0x80], vec![0xc0]]);
        }
        keccak256(self.with_extra(&extra))
    }

    pub fn extra(&self, seals: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut extra = self.extra_head();
        extra.push(self.round_item());
        extra.push(list(&seals.iter().map(|s| string(s)).collect::<Vec<_>>()));
        extra
    }

    /// The raw header with these seals.
    pub fn raw(&self, seals: &[Vec<u8>]) -> Vec<u8> {
        self.with_extra(&self.extra(seals))
    }

    pub fn seals(&self, signers: &[Validator]) -> Vec<Vec<u8>> {
        let digest = self.digest();
        signers.iter().map(|v| v.seal(&digest)).collect()
    }

    /// The raw header, sealed by these.
    pub fn sealed(&self, signers: &[Validator]) -> Vec<u8> {
        self.raw(&self.seals(signers))
    }
}

/// A chain's state: the router's storage and account, among others.
#[derive(Clone, Debug)]
pub struct State {
    pub router: Address,
    pub code_hash: B256,
    /// Slot to word.
    pub storage: BTreeMap<B256, B256>,
    /// Addresses without a router: another chain's state.
    pub router_present: bool,
    pub storage_root: Option<B256>,
    pub neighbours: usize,
}

impl State {
    pub fn storage_trie(&self) -> Trie {
        let entry = |(slot, word): (&B256, &B256)| {
            let bytes: Vec<u8> = word.iter().copied().skip_while(|b| *b == 0).collect();
            (keccak256(slot), string(&bytes))
        };
        Trie(self.storage.iter().map(entry).collect())
    }

    pub fn account(&self) -> Vec<u8> {
        let root = self.storage_root.unwrap_or_else(|| self.storage_trie().root());
        let items = [number(1), vec![0x80], string(root.as_slice()), string(self.code_hash.as_slice())];
        list(&items)
    }

    pub fn trie(&self) -> Trie {
        let mut trie = Trie::default();
        for i in 0..self.neighbours {
            let address = Address::from_word(state_trie::seeded("neighbour", i));
            let code = hex!("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
            let empty = hex!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
            let items = [number(i as u64), number(1_000_000), string(&empty), string(&code)];
            trie.0.insert(keccak256(address), list(&items));
        }
        if self.router_present {
            trie.0.insert(keccak256(self.router), self.account());
        }
        trie
    }

    pub fn account_nodes(&self) -> NodeSet {
        self.trie().nodes(&[keccak256(self.router)]).into_iter().collect()
    }

    pub fn account_proof(&self) -> Bytes {
        let trie = self.trie();
        self.account_nodes().pack(&trie.root(), &[keccak256(self.router)]).unwrap().into()
    }

    /// Packed proof of raw paths in the router's storage, in this order.
    pub fn storage_proof(&self, paths: &[Vec<u8>]) -> Vec<u8> {
        let keys: Vec<B256> = paths.iter().map(|p| path_key(p)).collect();
        let trie = self.storage_trie();
        let set: NodeSet = trie.nodes(&keys).into_iter().collect();
        set.pack(&trie.root(), &keys).unwrap()
    }
}

pub fn path_slot(path: &[u8]) -> B256 {
    let base = hex!("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600");
    keccak256([keccak256(path).as_slice(), &base].concat())
}

pub fn path_key(path: &[u8]) -> B256 {
    keccak256(path_slot(path))
}

/// `client ‖ kind ‖ sequence`.
pub fn path(client: &str, kind: u8, sequence: u64) -> Vec<u8> {
    [client.as_bytes(), &[kind], &sequence.to_be_bytes()].concat()
}

pub fn commitment(sequence: u64) -> B256 {
    state_trie::seeded("commitment", sequence as usize)
}

/// An update that is good until a test changes something.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub client: ClientState,
    pub trusted_set: Vec<Validator>,
    pub trusted_height: u64,
    pub trusted: ConsensusState,
    pub now: u64,
    pub header_set: Vec<Validator>,
    pub signers: Vec<Validator>,
    pub block: Block,
    pub state: State,
    pub stored: Vec<(u64, B256)>,
}

pub fn validators_hash(set: &[Validator]) -> B256 {
    keccak256(joined(set))
}

impl Scenario {
    /// `n` validators, all trusted, a quorum of which seal block 120 in round 0.
    pub fn new(kind: Kind, n: usize) -> Self {
        Self::salted(kind, n, "")
    }

    /// The same of another chain: the salt makes other keys, addresses and roots.
    pub fn salted(kind: Kind, n: usize, salt: &str) -> Self {
        let seeded = |what: &str, index| state_trie::seeded(&format!("{salt}{what}"), index);
        let set = validators(&format!("{salt}validator"), n);
        let storage = (1..=20u64).map(|i| (path_slot(&path("bank.qbft-harbour", 1, i)), commitment(i))).collect();
        let state = State {
            router: Address::from_word(seeded("router", 0)),
            code_hash: seeded("router code", 0),
            storage,
            router_present: true,
            storage_root: None,
            neighbours: 60,
        };
        let client = ClientState {
            kind,
            chain_id: 1981,
            router: state.router,
            router_code_hash: state.code_hash,
            rules: Rules::default(),
            latest_height: Height(TRUSTED_HEIGHT),
            latest_timestamp: TimestampSecs(T0),
            frozen: false,
        };
        let trusted = ConsensusState {
            timestamp: TimestampSecs(T0),
            storage_root: seeded("old storage root", 0),
            validators_hash: validators_hash(&set),
        };
        let block = Block {
            kind,
            parent_hash: seeded("parent", 0),
            coinbase: set[0].address,
            state_root: state.trie().root(),
            number: 120,
            gas_limit: 30_000_000,
            gas_used: 21_000,
            timestamp: T0 + 60,
            vanity: vec![0; 32],
            validators: addresses(&set),
            vote: no_vote(kind),
            round: 0,
            trailing: Vec::new(),
        };
        Self {
            client,
            trusted_set: set.clone(),
            trusted_height: TRUSTED_HEIGHT,
            trusted,
            now: T0 + 65,
            signers: set[..(2 * n).div_ceil(3)].to_vec(),
            header_set: set,
            block,
            state,
            stored: vec![(TRUSTED_HEIGHT, trusted.hash())],
        }
    }

    /// The trusted set becomes this, and nothing else changes.
    pub fn trust(&mut self, set: Vec<Validator>) {
        self.trusted.validators_hash = validators_hash(&set);
        self.trusted_set = set;
        self.restore();
    }

    /// What is stored follows what the message says is trusted.
    pub fn restore(&mut self) {
        self.stored = vec![(self.trusted_height, self.trusted.hash())];
    }

    /// The header lists this set, and a quorum of it seals.
    pub fn header_lists(&mut self, set: Vec<Validator>) {
        self.block.validators = addresses(&set);
        self.signers = set[..(2 * set.len()).div_ceil(3)].to_vec();
        self.header_set = set;
    }

    /// The state changes, and the header's root with it.
    pub fn change_state(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        self.block.state_root = self.state.trie().root();
    }

    pub fn raw_header(&self) -> Vec<u8> {
        self.block.sealed(&self.signers)
    }

    pub fn message(&self) -> UpdateMessage {
        self.message_with(self.raw_header())
    }

    pub fn message_with(&self, header: Vec<u8>) -> UpdateMessage {
        let same = keccak256(self.block.validators.iter().flat_map(|a| a.into_array()).collect::<Vec<u8>>())
            == self.trusted.validators_hash;
        UpdateMessage {
            header: header.into(),
            trusted_height: Height(self.trusted_height),
            trusted: self.trusted,
            trusted_validators: if same { Bytes::new() } else { joined(&self.trusted_set).into() },
            account_proof: self.state.account_proof(),
        }
    }

    pub fn lookup(&self) -> impl Fn(Height) -> Option<B256> + '_ {
        |height| self.stored.iter().find(|(h, _)| *h == height.0).map(|(_, hash)| *hash)
    }

    /// What the update, if it is good, makes the client store.
    pub fn consensus(&self) -> ConsensusState {
        ConsensusState {
            timestamp: TimestampSecs(self.block.timestamp),
            storage_root: self.state.storage_root.unwrap_or_else(|| self.state.storage_trie().root()),
            validators_hash: keccak256(self.block.validators.iter().flat_map(|a| a.into_array()).collect::<Vec<u8>>()),
        }
    }
}
