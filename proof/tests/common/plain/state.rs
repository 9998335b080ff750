//! Anchors, updates and values, by the plain checkers of the light clients.

use super::super::{beefy, grandpa, qbft};
use super::{
    fault::{left_out, need},
    tree::Node,
};
use alloy_primitives::{B256, Bytes, keccak256};
use codec::{Decode, Encode};
use lupu_beefy::UpdateMessage as BeefyMessage;
use lupu_grandpa::UpdateMessage as GrandpaMessage;
use lupu_qbft::UpdateMessage as QbftMessage;
use lupu_standard::Height;
use sp_consensus_grandpa::ConsensusLog;
use sp_crypto_hashing::{blake2_256, twox_128};
use std::collections::{BTreeMap, BTreeSet};

const QBFT: [&str; 16] = [
    "format",
    "version",
    "name",
    "client_type",
    "chain",
    "host",
    "consensus",
    "router_code_hash",
    "trusting_period",
    "max_clock_drift",
    "trust_numerator",
    "trust_denominator",
    "height",
    "timestamp",
    "storage_root",
    "validators",
];
const BEEFY: [&str; 16] = [
    "format",
    "version",
    "name",
    "client_type",
    "chain",
    "host",
    "genesis",
    "pallet_prefix",
    "first_mmr_block",
    "trusting_period",
    "max_clock_drift",
    "height",
    "timestamp",
    "state_root",
    "current",
    "next",
];
const GRANDPA: [&str; 16] = [
    "format",
    "version",
    "name",
    "client_type",
    "chain",
    "host",
    "genesis",
    "pallet_prefix",
    "trusting_period",
    "max_clock_drift",
    "height",
    "timestamp",
    "state_root",
    "header_hash",
    "set_id",
    "authorities",
];

/// An anchor with all hex as bytes; `None` for what is none.
pub fn anchor(node: &Node) -> Option<Node> {
    let names = [QBFT, BEEFY, GRANDPA].into_iter().find(|names| {
        let typed = node.object(names).and_then(|fields| fields[3].text());
        let wanted = if *names == QBFT {
            "qbft"
        } else if *names == BEEFY {
            "beefy"
        } else {
            "grandpa"
        };
        typed.as_deref() == Some(wanted)
    })?;
    let fields = node.object(&names)?;
    let number = |i: usize| fields[i].number().map(Node::Number);
    let fixed = |i: usize, len: usize| fields[i].fixed(len).map(Node::Bytes);
    let text = |i: usize| fields[i].text();
    need(text(0)? == "lupu-trust-anchor" && fields[1].number()? == 1, "LUPU-ANC-001").ok()?;
    need(named(&text(2)?), "LUPU-ANC-002").ok()?;
    let (chain, host) = (text(4)?, text(5)?);
    let mut out: Vec<Node> = fields[..6].to_vec();
    if names == QBFT {
        let id: u64 = chain.strip_prefix("eip155:")?.parse().ok()?;
        let (of, router) = host.rsplit_once(':')?;
        Node::Text(router.into()).fixed(20)?;
        need(of == chain && chain == format!("eip155:{id}"), "LUPU-ANC-003").ok()?;
        let known = ["qbft", "ibft2"].contains(&text(6)?.as_str());
        let validators: Option<Vec<Node>> = fields[15].list()?.iter().map(|v| v.fixed(20).map(Node::Bytes)).collect();
        let validators = validators.filter(|v| (1..=255).contains(&v.len()))?;
        let small = fields[10].number()? < 256 && fields[11].number()? < 256;
        if !known || !small {
            return None;
        }
        out.extend([fields[6].clone(), fixed(7, 32)?, number(8)?, number(9)?, number(10)?, number(11)?]);
        out.extend([number(12)?, number(13)?, fixed(14, 32)?, Node::List(validators)]);
        return Some(Node::List(out));
    }
    let (genesis, prefix) = (fields[6].fixed(24)?, fields[7].fixed(16)?);
    let named = format!("polkadot:{}", alloy_primitives::hex::encode(&genesis[..16]));
    let hosted = format!("{named}:{}", alloy_primitives::hex::encode_prefixed(&prefix));
    need(chain == named && host == hosted, "LUPU-ANC-003").ok()?;
    out.extend([Node::Bytes(genesis), Node::Bytes(prefix)]);
    if names == BEEFY {
        out.extend([number(8)?, number(9)?, number(10)?, number(11)?, number(12)?, fixed(13, 32)?]);
        for i in [14, 15] {
            let [id, len, root] = fields[i].object(&["id", "len", "root"])?.try_into().ok()?;
            let (id, len) = (id.number()?, len.number().filter(|n| *n < 1 << 32)?);
            let root = Node::Bytes(root.fixed(32)?);
            out.push(Node::List(vec![Node::Number(id), Node::Number(len), root]));
        }
    } else {
        out.extend([number(8)?, number(9)?, number(10)?, number(11)?, fixed(12, 32)?, fixed(13, 32)?, number(14)?]);
        let authority = |node: &Node| {
            let [key, weight] = node.object(&["key", "weight"])?.try_into().ok()?;
            Some(Node::List(vec![Node::Bytes(key.fixed(32)?), Node::Number(weight.number()?)]))
        };
        let list: Option<Vec<Node>> = fields[15].list()?.iter().map(authority).collect();
        out.push(Node::List(list.filter(|list| (1..=1024).contains(&list.len()))?));
    }
    Some(Node::List(out))
}

/// A name: its words, put together again, and nothing that cannot be seen.
fn named(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let hidden = [
        0x00ad..=0x00ad,
        0x034f..=0x034f,
        0x061c..=0x061c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x202a..=0x202e,
        0x2060..=0x206f,
        0x3164..=0x3164,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfffb,
        0xe0000..=0xe0fff,
        0..=0x1f,
        0x7f..=0x9f,
    ];
    let seen = |c: char| !hidden.iter().any(|range| range.contains(&(c as u32)));
    !words.is_empty() && words.join(" ") == text && text.len() <= 64 && text.chars().all(seen)
}

fn word(n: u64) -> Vec<u8> {
    [vec![0; 24], n.to_be_bytes().to_vec()].concat()
}

fn left(bytes: &[u8]) -> Vec<u8> {
    [bytes, &vec![0; 32 - bytes.len()]].concat()
}

fn right(bytes: &[u8]) -> Vec<u8> {
    [&vec![0; 32 - bytes.len()], bytes].concat()
}

/// What the client is at the moment: the words of its state, what it stores, who signs.
pub struct Replay {
    kind: Kind,
    words: Vec<Vec<u8>>,
    /// Height to `abi.encode(ConsensusState)`.
    stored: BTreeMap<u64, Vec<u8>>,
    /// The set that signs what follows, laid out as the client type does.
    set: Vec<u8>,
    nodes: Vec<Vec<u8>>,
    used: BTreeSet<Vec<u8>>,
    /// Whether there was an update, and whether the last one proved a new height.
    last: Option<Option<u64>>,
    /// BEEFY: the height of the last update of this set that did not hand over.
    in_set: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Qbft,
    Beefy,
    Grandpa,
}

impl Replay {
    pub fn new(anchor: &Node, nodes: Vec<Vec<u8>>) -> Option<Self> {
        let f = anchor.list()?;
        let n = |i: usize| f[i].number().unwrap_or_default();
        let b = |i: usize| f[i].bytes().unwrap_or_default();
        let kind = match f[3].text()?.as_str() {
            "qbft" => Kind::Qbft,
            "beefy" => Kind::Beefy,
            _ => Kind::Grandpa,
        };
        let mut set = Vec::new();
        let (words, height, first) = match kind {
            Kind::Qbft => {
                let host = f[5].text()?;
                let (chain, router) = host.strip_prefix("eip155:")?.split_once(':')?;
                let chain: u64 = chain.parse().ok()?;
                let router = Node::Text(router.into()).fixed(20)?;
                let list: Vec<Vec<u8>> = f[15].list()?.iter().filter_map(Node::bytes).collect();
                let ordered = list.windows(2).all(|pair| pair[0] < pair[1]) && list[0] != [0; 20];
                let (numerator, denominator) = (n(10), n(11));
                let trust = numerator <= denominator && 3 * numerator > denominator;
                let named = chain != 0 && router != [0; 20] && b(7) != [0; 32] && b(14) != [0; 32];
                need(ordered && trust && named, "LUPU-ANC-006").ok()?;
                set = list.concat();
                let words = vec![
                    word(u64::from(f[6].text()? == "ibft2")),
                    word(chain),
                    right(&router),
                    b(7),
                    word(n(8)),
                    word(n(9)),
                    word(numerator),
                    word(denominator),
                    word(n(12)),
                    word(n(13)),
                    word(0),
                ];
                (words, n(12), [word(n(13)), b(14), keccak256(&set).to_vec()].concat())
            }
            Kind::Beefy => {
                let sets: Vec<(u64, u64, Vec<u8>)> = [14, 15]
                    .into_iter()
                    .map(|i| {
                        let s = f[i].list().unwrap_or_default();
                        (s[0].number().unwrap(), s[1].number().unwrap(), s[2].bytes().unwrap())
                    })
                    .collect();
                let usable = sets.iter().all(|s| (1..=255).contains(&s.1) && s.2 != [0; 32]);
                let follows = u128::from(sets[1].0) == u128::from(sets[0].0) + 1;
                let first = n(8) > 0 && u128::from(n(8)) <= u128::from(n(11)) + 1;
                let named = b(6) != [0; 24] && b(7) != [0; 16];
                need(usable && follows && first && named, "LUPU-ANC-006").ok()?;
                let mut words = vec![left(&b(6)), left(&b(7)), word(n(8)), word(n(9)), word(n(10))];
                words.extend([word(n(11)), word(n(12)), word(0)]);
                for (id, len, root) in sets {
                    words.extend([word(id), word(len), root]);
                }
                (words, n(11), [word(n(12)), b(13)].concat())
            }
            Kind::Grandpa => {
                let mut keys = BTreeSet::new();
                let mut total = 0u128;
                for authority in f[15].list()? {
                    let [key, weight] = authority.list()?.try_into().ok()?;
                    let (key, weight) = (key.bytes()?, weight.number()?);
                    total += u128::from(weight);
                    let usable = weight > 0 && keys.insert(key.clone()) && total < 1 << 64;
                    need(usable, "LUPU-ANC-006").ok()?;
                    set.extend([key, weight.to_le_bytes().to_vec()].concat());
                }
                need(b(6) != [0; 24] && b(7) != [0; 16] && b(13) != [0; 32], "LUPU-ANC-006").ok()?;
                let mut words = vec![left(&b(6)), left(&b(7)), word(n(8)), word(n(9))];
                words.extend([word(n(10)), word(n(11)), word(0)]);
                let hash = keccak256(&set).to_vec();
                (words, n(10), [word(n(11)), b(12), b(13), word(n(14)), hash].concat())
            }
        };
        let (period, drift) = match kind {
            Kind::Qbft => (n(8), n(9)),
            Kind::Beefy => (n(9), n(10)),
            Kind::Grandpa => (n(8), n(9)),
        };
        let timestamp = u64::from_be_bytes(first[24..32].try_into().ok()?);
        let root = &first[32..64];
        let rooted = kind == Kind::Qbft || root != [0; 32] && root != blake2_256(&[0]);
        let usable = period > 86_400 && drift < period && height > 0 && timestamp > 0 && rooted;
        need(usable, "LUPU-ANC-006").ok()?;
        Some(Self {
            kind,
            words,
            stored: BTreeMap::from([(height, first)]),
            set,
            nodes,
            used: BTreeSet::new(),
            last: None,
            in_set: None,
        })
    }

    fn hashes(&self) -> Vec<(u64, B256)> {
        self.stored.iter().map(|(height, state)| (*height, keccak256(state))).collect()
    }

    fn number(&self, word: usize) -> u64 {
        u64::from_be_bytes(self.words[word][24..].try_into().unwrap())
    }

    /// Places of height and time in the words of the state.
    fn newest(&self) -> (usize, usize) {
        match self.kind {
            Kind::Qbft => (8, 9),
            Kind::Beefy => (5, 6),
            Kind::Grandpa => (4, 5),
        }
    }

    /// Trusting period and clock drift.
    fn rules(&self) -> (u64, u64) {
        let at = match self.kind {
            Kind::Qbft => 4,
            Kind::Beefy => 3,
            Kind::Grandpa => 2,
        };
        (self.number(at), self.number(at + 1))
    }

    /// The time at which an update is judged that proves this one.
    fn clock(&self, proven: u64) -> u64 {
        if left_out("LUPU-BUN-014") {
            return proven.min(self.number(self.newest().1) + self.rules().0 - 1);
        }
        proven
    }

    pub fn update(&mut self, update: &Node) -> Option<()> {
        match self.kind {
            Kind::Qbft => self.update_qbft(update),
            Kind::Beefy => self.update_beefy(update),
            Kind::Grandpa => self.update_grandpa(update),
        }
    }

    fn store(&mut self, height: u64, state: Vec<u8>) {
        let (h, t) = self.newest();
        if height > self.number(h) {
            self.words[h] = word(height);
            self.words[t] = state[..32].to_vec();
        }
        let new = self.stored.insert(height, state).is_none();
        self.last = Some(new.then_some(height));
    }

    /// Nodes of an Ethereum trie, packed; and counted as used.
    fn pack_ethereum(&mut self, root: B256, key: B256) -> Option<Vec<u8>> {
        let set: lupu_ethereum_state::NodeSet = self.nodes.iter().cloned().collect();
        let packed = set.pack(&root, &[key]).ok()?;
        let items = lupu_ethereum_state::packed::items(&packed).ok()?;
        self.used.extend(items.into_iter().map(<[u8]>::to_vec));
        Some(packed)
    }

    fn pack_substrate(&mut self, root: B256, key: &[u8]) -> Option<Vec<u8>> {
        let set: lupu_substrate_state::NodeSet = self.nodes.iter().cloned().collect();
        let packed = set.pack(&root, &[key]).ok()?;
        let items = lupu_substrate_state::packed::items(&packed).ok()?;
        self.used.extend(items.into_iter().map(<[u8]>::to_vec));
        Some(packed)
    }

    fn update_qbft(&mut self, update: &Node) -> Option<()> {
        let raw = update.object(&["header"])?[0].bytes()?;
        let header = qbft::reference::header(self.number(0), &raw)?;
        let own: Vec<u8> = header.validators.iter().flat_map(|v| v.to_vec()).collect();
        let proof = self.pack_ethereum(header.state_root, keccak256(&self.words[2][12..]))?;
        let trusted_height = self.number(8);
        let message = QbftMessage {
            header: raw.into(),
            trusted_height: Height(trusted_height),
            trusted: lupu_qbft::ConsensusState::decode(&self.stored[&trusted_height]).ok()?,
            trusted_validators: if own == self.set { Bytes::new() } else { self.set.clone().into() },
            account_proof: proof.into(),
        };
        let client = qbft::reference::Client::new(&self.words.concat(), &self.hashes(), self.clock(header.timestamp));
        let outcome = qbft::reference::update_client(&client, &message.encode()).ok()?;
        (outcome.result == "Update").then_some(())?;
        self.set = own;
        self.store(outcome.height, outcome.consensus);
        Some(())
    }

    /// The block's time, as its state has it, and the packed proof of that.
    fn anchored(&mut self, root: B256, prefix: &[u8]) -> Option<(u64, Vec<u8>)> {
        let key = [prefix, &twox_128(b"Anchor")].concat();
        let packed = self.pack_substrate(root, &key)?;
        let values = grandpa::reference::packed(&root, &[key], &packed)?;
        let value = values[0].clone()?;
        Some((u64::from_be_bytes(value.get(..8)?.try_into().ok()?), packed))
    }

    fn update_beefy(&mut self, update: &Node) -> Option<()> {
        let names = ["commitment", "authorities", "signatures", "leaf", "mmr_items", "header"];
        let fields: Option<Vec<Vec<u8>>> = update.object(&names)?.iter().map(Node::bytes).collect();
        let [commitment, authorities, signatures, leaf, mmr_items, header] = fields?.try_into().ok()?;
        let decoded = grandpa::reference::header(&header)?;
        let prefix = self.words[1][..16].to_vec();
        let (time, anchor_proof) = self.anchored(B256::new(decoded.state_root.0), &prefix)?;
        let message = BeefyMessage {
            commitment: commitment.into(),
            authorities: authorities.into(),
            signatures: signatures.into(),
            leaf: leaf.into(),
            mmr_items: mmr_items.into(),
            header: header.into(),
            anchor_proof: anchor_proof.into(),
        };
        let client = beefy::reference::Client::new(&self.words.concat(), &self.hashes(), self.clock(time));
        let outcome = beefy::reference::update_client(&client, &message.encode()).ok()?;
        let handed_over = outcome.after[8 * 32..9 * 32] != self.words[8][..];
        let brings = outcome.result == "Update" || outcome.result == "NoOp" && handed_over;
        let ascends = handed_over || self.in_set.is_none_or(|last| last < outcome.height);
        need(brings && ascends, "LUPU-BUN-016").ok()?;
        self.in_set = if handed_over { None } else { Some(outcome.height) };
        self.store(outcome.height, outcome.consensus);
        self.words = outcome.after.chunks(32).map(<[u8]>::to_vec).collect();
        Some(())
    }

    fn update_grandpa(&mut self, update: &Node) -> Option<()> {
        let fields: Option<Vec<Vec<u8>>> =
            update.object(&["header", "justification"])?.iter().map(Node::bytes).collect();
        let [header, justification] = fields?.try_into().ok()?;
        let decoded = grandpa::reference::header(&header)?;
        let prefix = self.words[1][..16].to_vec();
        let (time, anchor_proof) = self.anchored(B256::new(decoded.state_root.0), &prefix)?;
        let trusted_height = self.number(4);
        let message = GrandpaMessage {
            header: header.into(),
            justification: justification.into(),
            trusted_height: Height(trusted_height),
            trusted: lupu_grandpa::ConsensusState::decode(&self.stored[&trusted_height]).ok()?,
            authorities: self.set.clone().into(),
            anchor_proof: anchor_proof.into(),
        };
        let client = grandpa::reference::Client::new(&self.words.concat(), &self.hashes(), self.clock(time));
        let outcome = grandpa::reference::update_client(&client, &message.encode()).ok()?;
        (outcome.result == "Update").then_some(())?;
        for log in &decoded.digest.logs {
            let sp_runtime::DigestItem::Consensus(engine, data) = log else { continue };
            if engine != b"FRNK" {
                continue;
            }
            if let Ok(ConsensusLog::<u32>::ScheduledChange(change)) = ConsensusLog::decode(&mut &data[..]) {
                self.set = change.next_authorities.iter().flat_map(Encode::encode).collect();
            }
        }
        self.store(outcome.height, outcome.consensus);
        Some(())
    }

    /// Whether the last update, if there is one, is of a new height, and which.
    pub fn last_new(&self) -> Option<Option<u64>> {
        self.last
    }

    /// The time of a height, if its state holds all this, as this rule says.
    pub fn prove(&mut self, height: u64, claims: &[(Vec<u8>, Option<B256>)], rule: &'static str) -> Option<u64> {
        let newest = || self.stored.values().next_back().filter(|_| left_out("LUPU-BUN-018"));
        let state = self.stored.get(&height).or_else(newest)?.clone();
        let root = B256::from_slice(&state[32..64]);
        // As a client that knows this one height and is as old as it.
        let mut words = self.words.clone();
        words[self.newest().1] = state[..32].to_vec();
        let time = u64::from_be_bytes(state[24..32].try_into().ok()?);
        let stored = [(height, keccak256(&state))];
        for (path, value) in claims {
            let claim = |path: Vec<u8>| [(path, value.unwrap_or_default())];
            let proven = match self.kind {
                Kind::Qbft => {
                    let nodes = self.pack_ethereum(root, qbft::path_key(path))?.into();
                    let consensus = lupu_qbft::ConsensusState::decode(&state).ok()?;
                    let proof = lupu_qbft::MembershipProof { consensus, nodes }.encode();
                    let client = qbft::reference::Client::new(&words.concat(), &stored, time);
                    qbft::reference::membership(&client, height, &claim(path.clone()), &proof)
                }
                Kind::Beefy | Kind::Grandpa => {
                    let prefix = [&words[1][..16], &twox_128(b"Commitments")].concat();
                    let key = [&prefix[..], keccak256(path).as_slice()].concat();
                    let nodes: Bytes = self.pack_substrate(root, &key)?.into();
                    let path = [&prefix[..], path].concat();
                    if self.kind == Kind::Beefy {
                        let consensus = lupu_beefy::ConsensusState::decode(&state).ok()?;
                        let proof = lupu_beefy::MembershipProof { consensus, nodes }.encode();
                        let client = beefy::reference::Client::new(&words.concat(), &stored, time);
                        beefy::reference::membership(&client, height, &claim(path), &proof)
                    } else {
                        let consensus = lupu_grandpa::ConsensusState::decode(&state).ok()?;
                        let proof = lupu_grandpa::MembershipProof { consensus, nodes }.encode();
                        let client = grandpa::reference::Client::new(&words.concat(), &stored, time);
                        grandpa::reference::membership(&client, height, &claim(path), &proof)
                    }
                }
            };
            need(proven == Ok(time) || left_out("LUPU-BUN-026"), rule).ok()?;
        }
        Some(time)
    }

    pub fn all_used(&self) -> bool {
        self.nodes.iter().all(|node| self.used.contains(node))
    }

    /// Whether the newest state is neither too old nor ahead of a clock.
    pub fn fresh(&self, now: u64) -> bool {
        let (_, time) = self.newest();
        let (period, drift) = self.rules();
        let (time, now) = (i128::from(self.number(time)), i128::from(now));
        now - time < i128::from(period) && time - now <= i128::from(drift)
    }
}
