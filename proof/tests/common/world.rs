//! Chains of each client type with packets in their state, and bundles of them.

use super::{
    beefy, grandpa, qbft,
    subjects::{Stored, T0, paths_of, refused, stored, subject},
};
use alloy_primitives::Bytes;
use lupu_grandpa::AuthoritySet;
use lupu_proof::{Anchor, AnchorClient, Builder, Bundle, Kind, Statement, Update};
use lupu_qbft::Kind as Consensus;
use lupu_standard::{Acknowledgement, Height, Packet, TimestampSecs};

/// A client type and its consensus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    Qbft,
    Ibft2,
    Beefy,
    Grandpa,
}

impl Chain {
    pub const ALL: [Self; 4] = [Self::Qbft, Self::Ibft2, Self::Beefy, Self::Grandpa];

    pub fn name(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft2 => "ibft2",
            Self::Beefy => "beefy",
            Self::Grandpa => "grandpa",
        }
    }

    fn consensus(self) -> Option<Consensus> {
        Consensus::from_name(self.name())
    }
}

/// How the chain goes on from the anchor at block 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Not at all: what is proven is in the anchor's state.
    AnchorOnly,
    /// To block 120, by the anchor's set.
    One,
    /// To blocks 110 and 120, by the anchor's set.
    Two,
    /// To block 120, by a set that is another one since block 110.
    Change,
}

impl Shape {
    pub const ALL: [Self; 4] = [Self::AnchorOnly, Self::One, Self::Two, Self::Change];

    pub fn name(self) -> &'static str {
        match self {
            Self::AnchorOnly => "anchor-only",
            Self::One => "one",
            Self::Two => "two",
            Self::Change => "change",
        }
    }
}

/// What leads from the anchor to a block, and proves what it holds.
#[derive(Clone)]
pub struct Leg {
    pub height: u64,
    /// The update message.
    pub message: Vec<u8>,
    /// A membership proof of the paths asked for.
    pub proof: Vec<u8>,
}

/// A chain, as far as bundles know it.
#[derive(Clone)]
pub struct World {
    pub chain: Chain,
    pub shape: Shape,
    pub anchor: Anchor,
    /// A membership proof in the anchor's state.
    pub anchor_proof: Vec<u8>,
    pub legs: Vec<Leg>,
}

/// What may differ from a world that is well made.
#[derive(Clone)]
pub struct Plan {
    pub chain: Chain,
    pub shape: Shape,
    pub stored: Stored,
    /// Raw paths that the proofs are of.
    pub paths: Vec<Vec<u8>>,
    pub validators: usize,
    /// Other entries of the state; as many as the light clients' tests have, if nothing is said.
    pub neighbours: Option<usize>,
    pub salt: String,
    /// Time of block 120.
    pub time: u64,
    pub anchor_time: u64,
    /// Changes block 120 before it is sealed, signed or voted for.
    pub qbft: fn(&mut qbft::Scenario),
    pub beefy: fn(&mut beefy::Scenario),
    pub grandpa: fn(&mut grandpa::Scenario),
}

impl Plan {
    pub fn new(chain: Chain, shape: Shape) -> Self {
        let all = Kind::ALL.into_iter().map(subject).chain([refused()]);
        let paths = all.flat_map(|(packet, _)| paths_of(&packet)).collect();
        Self {
            chain,
            shape,
            stored: stored(),
            paths,
            validators: 4,
            neighbours: None,
            salt: String::new(),
            time: T0 + 60,
            anchor_time: T0,
            qbft: |_| (),
            beefy: |_| (),
            grandpa: |_| (),
        }
    }

    pub fn build(&self) -> World {
        match self.chain {
            Chain::Qbft | Chain::Ibft2 => self.qbft(),
            Chain::Beefy => self.beefy(),
            Chain::Grandpa => self.grandpa(),
        }
    }

    fn qbft(&self) -> World {
        use qbft::{Scenario, addresses, sorted, validators};
        let consensus = self.chain.consensus().unwrap();
        let fill = |s: &mut Scenario| {
            for (path, value) in &self.stored {
                s.state.storage.insert(qbft::path_slot(path), *value);
            }
            s.block.state_root = s.state.trie().root();
        };
        let leg = |s: &Scenario| {
            let nodes = s.state.storage_proof(&self.paths).into();
            let proof = lupu_qbft::MembershipProof { consensus: s.consensus(), nodes }.encode();
            Leg { height: s.block.number, message: s.message().encode(), proof }
        };
        let mut first = Scenario::salted(consensus, self.validators, &self.salt);
        first.client.latest_timestamp = TimestampSecs(self.anchor_time);
        if let Some(n) = self.neighbours {
            first.state.neighbours = n;
            first.state.storage.clear();
        }
        fill(&mut first);
        let storage_root = first.state.storage_trie().root();
        let name = format!("bank-{}", self.chain.name());
        let set = first.trusted_set.clone();
        let client = AnchorClient::Qbft { state: first.client.clone(), storage_root, validators: addresses(&set) };
        let anchor = Anchor { name, client };
        let anchor_proof = leg(&first).proof;
        let mut legs = Vec::new();
        if matches!(self.shape, Shape::Two | Shape::Change) {
            let mut s = first.clone();
            (s.block.number, s.block.timestamp) = (110, self.time - 30);
            if self.shape == Shape::Change {
                // The last of the trusted set is another one now: those who stay seal.
                let kept = set[..set.len() - 1].to_vec();
                let more = validators(&format!("{}newcomer", self.salt), 1);
                s.header_lists(sorted([kept.clone(), more].concat()));
                s.signers = kept;
            }
            legs.push(leg(&s));
        }
        if self.shape != Shape::AnchorOnly {
            let mut s = first.clone();
            s.block.timestamp = self.time;
            if self.shape == Shape::Change {
                // One more of the old set has gone: two of its three who stay, and the newcomer, seal.
                let kept = set[..set.len() - 2].to_vec();
                let newcomer = validators(&format!("{}newcomer", self.salt), 1);
                let more = validators(&format!("{}latecomer", self.salt), 1);
                s.header_lists(sorted([kept.clone(), newcomer.clone(), more].concat()));
                s.signers = sorted([kept, newcomer].concat());
            }
            (self.qbft)(&mut s);
            legs.push(leg(&s));
        }
        World { chain: self.chain, shape: self.shape, anchor, anchor_proof, legs }
    }

    fn beefy(&self) -> World {
        use beefy::Scenario;
        let fill = |s: &mut Scenario| {
            s.change_state(|state| {
                for (path, value) in &self.stored {
                    state.entries.insert(state.key(path), value.to_vec());
                }
            });
        };
        let leg = |s: &Scenario| {
            let nodes = s.state.proof(&self.paths).into();
            // A bundle takes the nodes alone: the state may have no time to tell.
            let consensus =
                lupu_beefy::ConsensusState { timestamp: TimestampSecs(self.time), state_root: s.header.state_root };
            let proof = lupu_beefy::MembershipProof { consensus, nodes }.encode();
            Leg { height: s.leaf_number.into(), message: s.message().encode(), proof }
        };
        let mut first = Scenario::salted(self.validators, &self.salt);
        first.client.latest_timestamp = TimestampSecs(self.anchor_time);
        if let Some(n) = self.neighbours {
            let genesis = first.client.genesis;
            let own = first.state.merkle_prefix();
            first.change_state(|state| {
                state.entries.retain(|key, _| !key.starts_with(&own));
                state.entries = state.entries.clone().into_iter().take(n).collect();
                state.set_anchor(T0, genesis.as_slice());
            });
        }
        fill(&mut first);
        let anchor = Anchor {
            name: "customs-beefy".into(),
            client: AnchorClient::Beefy { state: first.client.clone(), state_root: first.state.root() },
        };
        let anchor_proof = leg(&first).proof;
        let mut legs = Vec::new();
        let at = |number: u32, time: u64| {
            let mut s = first.clone();
            s.set_height(number);
            s.committed = number + 1;
            s.set_time(time);
            s
        };
        if matches!(self.shape, Shape::Two | Shape::Change) {
            let mut s = at(110, self.time - 30);
            if self.shape == Shape::Change {
                s.signed_by_next();
            }
            legs.push(leg(&s));
        }
        if self.shape != Shape::AnchorOnly {
            let mut s = at(120, self.time);
            if self.shape == Shape::Change {
                s.signed_by_next();
            }
            (self.beefy)(&mut s);
            legs.push(leg(&s));
        }
        World { chain: self.chain, shape: self.shape, anchor, anchor_proof, legs }
    }

    fn grandpa(&self) -> World {
        use grandpa::{Scenario, change, joined, voters};
        let leg = |s: &Scenario| {
            let keys: Vec<Vec<u8>> = self.paths.iter().map(|path| s.state.path_key(path)).collect();
            let nodes = s.state.proof(&keys).into();
            let proof = lupu_grandpa::MembershipProof { consensus: s.consensus(), nodes }.encode();
            Leg { height: s.number.into(), message: s.message().encode(), proof }
        };
        let mut first = Scenario::salted(self.validators, &self.salt);
        first.client.latest_timestamp = TimestampSecs(self.anchor_time);
        if let Some(n) = self.neighbours {
            first.state.neighbours = n;
            first.state.commitments.clear();
        }
        first.state.commitments.extend(self.stored.iter().map(|(path, value)| (path.clone(), value.to_vec())));
        let client = AnchorClient::Grandpa {
            state: first.client.clone(),
            state_root: first.state.trie().root(),
            header_hash: first.trusted.header_hash,
            set_id: first.trusted.set_id,
            authorities: AuthoritySet::decode(&joined(&first.set)).unwrap(),
        };
        let anchor = Anchor { name: "customs-grandpa".into(), client };
        let anchor_proof = leg(&first).proof;
        let heirs = voters(&format!("{}heir", self.salt), self.validators);
        let mut legs = Vec::new();
        if matches!(self.shape, Shape::Two | Shape::Change) {
            let mut s = first.clone();
            s.number = 110;
            s.set_time(self.time - 30);
            if self.shape == Shape::Change {
                s.digest.push(change(&heirs, 0));
            }
            legs.push(leg(&s));
        }
        if self.shape != Shape::AnchorOnly {
            let mut s = first.clone();
            s.set_time(self.time);
            if self.shape == Shape::Change {
                s.trusted.set_id += 1;
                s.signed_set += 1;
                s.trust(heirs);
            }
            (self.grandpa)(&mut s);
            legs.push(leg(&s));
        }
        World { chain: self.chain, shape: self.shape, anchor, anchor_proof, legs }
    }
}

impl World {
    pub fn new(chain: Chain, shape: Shape) -> Self {
        Plan::new(chain, shape).build()
    }

    pub fn builder(&self) -> Builder {
        let mut builder = Builder::new(self.anchor.clone());
        builder.membership(&self.anchor_proof).unwrap();
        for leg in &self.legs {
            builder.update(&leg.message).unwrap();
            builder.membership(&leg.proof).unwrap();
        }
        builder
    }

    /// The newest height.
    pub fn newest(&self) -> Height {
        Height(self.legs.last().map_or(100, |leg| leg.height))
    }

    pub fn bundle_of(&self, statements: &[(Kind, Height, Packet, Acknowledgement)]) -> Bundle {
        let mut builder = self.builder();
        for (kind, height, packet, acknowledgement) in statements.iter().cloned() {
            builder.statement(kind, height, packet, acknowledgement);
        }
        builder.finish().unwrap()
    }

    /// A bundle of these statements, true or not: all updates, all nodes.
    pub fn bundle_over(&self, statements: &[(Kind, Height, Packet, Acknowledgement)]) -> Bundle {
        let statements = statements
            .iter()
            .cloned()
            .map(|(kind, height, packet, ack)| Statement::new(kind, height, packet, ack))
            .collect();
        let updates = self.legs.iter().map(|leg| self.decode(&leg.message).0).collect();
        let mut nodes: Vec<Bytes> = self.legs.iter().flat_map(|leg| self.decode(&leg.message).1).collect();
        nodes.extend(self.legs.iter().flat_map(|leg| self.membership(&leg.proof)));
        nodes.sort_unstable();
        nodes.dedup();
        Bundle { anchor: self.anchor.clone(), updates, statements, nodes }
    }

    /// The nodes of a bundle that its updates need, and those that nothing but statements needs.
    pub fn split_nodes(&self, bundle: &Bundle) -> (Vec<Bytes>, Vec<Bytes>) {
        let of_updates: Vec<Bytes> = self.legs.iter().flat_map(|leg| self.decode(&leg.message).1).collect();
        bundle.nodes.iter().cloned().partition(|node| of_updates.contains(node))
    }

    /// What a bundle has of an update message, and the nodes in it.
    pub fn decode(&self, message: &[u8]) -> (Update, Vec<Bytes>) {
        match self.chain {
            Chain::Qbft | Chain::Ibft2 => {
                let m = lupu_qbft::UpdateMessage::decode(message).unwrap();
                (Update::Qbft { header: m.header }, self.items(&m.account_proof))
            }
            Chain::Beefy => {
                let m = lupu_beefy::UpdateMessage::decode(message).unwrap();
                let update = Update::Beefy {
                    commitment: m.commitment,
                    authorities: m.authorities,
                    signatures: m.signatures,
                    leaf: m.leaf,
                    mmr_items: m.mmr_items,
                    header: m.header,
                };
                (update, self.items(&m.anchor_proof))
            }
            Chain::Grandpa => {
                let m = lupu_grandpa::UpdateMessage::decode(message).unwrap();
                let update = Update::Grandpa { header: m.header, justification: m.justification };
                (update, self.items(&m.anchor_proof))
            }
        }
    }

    fn membership(&self, proof: &[u8]) -> Vec<Bytes> {
        let nodes = match self.chain {
            Chain::Qbft | Chain::Ibft2 => lupu_qbft::MembershipProof::decode(proof).unwrap().nodes,
            Chain::Beefy => lupu_beefy::MembershipProof::decode(proof).unwrap().nodes,
            Chain::Grandpa => lupu_grandpa::MembershipProof::decode(proof).unwrap().nodes,
        };
        self.items(&nodes)
    }

    fn items(&self, packed: &[u8]) -> Vec<Bytes> {
        let items = match self.chain {
            Chain::Qbft | Chain::Ibft2 => lupu_ethereum_state::packed::items(packed).unwrap(),
            _ => lupu_substrate_state::packed::items(packed).unwrap(),
        };
        items.into_iter().map(Bytes::copy_from_slice).collect()
    }

    /// Statements of these kinds at the newest height.
    pub fn bundle(&self, kinds: &[Kind]) -> Bundle {
        let statements: Vec<_> = kinds
            .iter()
            .map(|kind| {
                let (packet, acknowledgement) = subject(*kind);
                (*kind, self.newest(), packet, acknowledgement)
            })
            .collect();
        self.bundle_of(&statements)
    }
}
