//! Making bundles out of what a relayer has proven: update messages and membership proofs in the
//! encodings that go to chains.

use crate::{
    anchor::{Anchor, AnchorClient},
    bundle::{Bundle, Update},
    failure::Failure,
    statement::{Kind, Statement},
    verify::{Trace, run, run_to_nodes},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, Bytes};
use lupu_beefy as beefy;
use lupu_grandpa as grandpa;
use lupu_qbft as qbft;
use lupu_standard::{Acknowledgement, Height, Packet, TimestampSecs};
use lupu_substrate_state as substrate;

/// Why a bundle cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A message or a proof that is not in the client type's encoding.
    #[error("not a {client_type} {what}: {reason}")]
    Malformed {
        /// The client type.
        client_type: &'static str,
        /// `update message` or `membership proof`.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// No known update leads to a height.
    #[error("no update to height {0} is known")]
    NoUpdate(Height),
    /// The known updates do not connect the anchor with a height.
    #[error("no way from height {from} to height {to} is known: {reason}")]
    NoWay {
        /// The last height that is reached.
        from: Height,
        /// The height wanted.
        to: Height,
        /// What is missing.
        reason: String,
    },
    /// There is nothing to prove.
    #[error("no statements")]
    NoStatements,
    /// The bundle made of the parts would not be accepted.
    #[error("the parts do not make a proof: {0}")]
    Failure(#[from] Failure),
}

/// A known update.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) update: Update,
    /// The set that signed (BEEFY, GRANDPA).
    pub(crate) set_id: u64,
    /// Whether the set changes with it (BEEFY: its leaf can carry a handover).
    pub(crate) hands_over: bool,
    /// The time that it proves; zero where its proof of time does not hold.
    pub(crate) time: TimestampSecs,
}

fn malformed(client: &AnchorClient, what: &'static str, reason: impl ToString) -> BuildError {
    BuildError::Malformed { client_type: client.client_type(), what, reason: reason.to_string() }
}

/// What an update message holds: the height that it proves, the update, and the packed nodes that
/// prove the router's account (QBFT) or the block's time.
pub(crate) fn read(client: &AnchorClient, message: &[u8]) -> Result<(Height, Candidate, Bytes), BuildError> {
    const WHAT: &str = "update message";
    let bad = |e: &dyn core::fmt::Display| malformed(client, WHAT, e);
    let time = |root: &B256, prefix: &[u8; 16], genesis: &[u8; 24], proof: &[u8]| {
        substrate::check_anchor(root, prefix, genesis, proof).map(|anchor| anchor.timestamp).unwrap_or_default()
    };
    Ok(match client {
        AnchorClient::Qbft { state, .. } => {
            let m = qbft::UpdateMessage::decode(message).map_err(|e| bad(&e))?;
            let header = qbft::Header::decode(state.kind, &m.header).map_err(|e| bad(&e))?;
            let update = Update::Qbft { header: m.header };
            let candidate = Candidate { update, set_id: 0, hands_over: false, time: header.timestamp() };
            (header.number(), candidate, m.account_proof)
        }
        AnchorClient::Beefy { state, .. } => {
            let m = beefy::UpdateMessage::decode(message).map_err(|e| bad(&e))?;
            let commitment = beefy::Commitment::decode(&m.commitment).map_err(|e| bad(&e))?;
            let leaf = beefy::MmrLeaf::decode(&m.leaf).map_err(|e| bad(&e))?;
            let header = substrate::Header::decode(&m.header).map_err(|e| bad(&e))?;
            let bound = leaf.parent_number.checked_add(1) == Some(commitment.block_number);
            let time = time(&header.state_root, &state.pallet_prefix.0, &state.genesis.0, &m.anchor_proof);
            let update = Update::Beefy {
                commitment: m.commitment,
                authorities: m.authorities,
                signatures: m.signatures,
                leaf: m.leaf,
                mmr_items: m.mmr_items,
                header: m.header,
            };
            let candidate = Candidate { update, set_id: commitment.validator_set_id, hands_over: bound, time };
            (Height(leaf.parent_number.into()), candidate, m.anchor_proof)
        }
        AnchorClient::Grandpa { state, .. } => {
            let m = grandpa::UpdateMessage::decode(message).map_err(|e| bad(&e))?;
            let header = substrate::Header::decode(&m.header).map_err(|e| bad(&e))?;
            let change = grandpa::scheduled_change(&header).map_err(|e| bad(&e))?;
            let time = time(&header.state_root, &state.pallet_prefix.0, &state.genesis.0, &m.anchor_proof);
            let update = Update::Grandpa { header: m.header, justification: m.justification };
            let candidate = Candidate { update, set_id: m.trusted.set_id, hands_over: change.is_some(), time };
            (Height(header.number.into()), candidate, m.anchor_proof)
        }
    })
}

/// Collects proof material, finds the shortest way that is known from the anchor to each statement,
/// and makes a bundle of what that way needs.
#[derive(Clone, Debug)]
pub struct Builder {
    anchor: Anchor,
    candidates: BTreeMap<Height, Vec<Candidate>>,
    nodes: BTreeSet<Bytes>,
    statements: BTreeMap<(Height, Bytes, Kind), Statement>,
}

impl Builder {
    /// Begins at an anchor.
    pub fn new(anchor: Anchor) -> Self {
        Self { anchor, candidates: BTreeMap::new(), nodes: BTreeSet::new(), statements: BTreeMap::new() }
    }

    fn malformed(&self, what: &'static str, reason: impl ToString) -> BuildError {
        malformed(&self.anchor.client, what, reason)
    }

    /// Adds an update message, in the client type's encoding. Returns the height it proves. The
    /// trusted state that it names does not matter: a bundle's updates build on each other.
    pub fn update(&mut self, message: &[u8]) -> Result<Height, BuildError> {
        let (height, candidate, proof) = read(&self.anchor.client, message)?;
        self.unpack("update message", &proof)?;
        self.candidates.entry(height).or_default().push(candidate);
        Ok(height)
    }

    /// Adds the nodes of a membership proof, in the client type's encoding.
    pub fn membership(&mut self, proof: &[u8]) -> Result<(), BuildError> {
        const WHAT: &str = "membership proof";
        let nodes = match &self.anchor.client {
            AnchorClient::Qbft { .. } => {
                qbft::MembershipProof::decode(proof).map_err(|e| self.malformed(WHAT, e))?.nodes
            }
            AnchorClient::Beefy { .. } => {
                beefy::MembershipProof::decode(proof).map_err(|e| self.malformed(WHAT, e))?.nodes
            }
            AnchorClient::Grandpa { .. } => {
                grandpa::MembershipProof::decode(proof).map_err(|e| self.malformed(WHAT, e))?.nodes
            }
        };
        self.unpack(WHAT, &nodes)
    }

    fn unpack(&mut self, what: &'static str, packed: &[u8]) -> Result<(), BuildError> {
        let items = match &self.anchor.client {
            AnchorClient::Qbft { .. } => lupu_ethereum_state::packed::items(packed).map_err(|e| e.to_string()),
            _ => substrate::packed::items(packed).map_err(|e| e.to_string()),
        };
        let items = items.map_err(|e| self.malformed(what, e))?;
        self.nodes.extend(items.into_iter().map(Bytes::copy_from_slice));
        Ok(())
    }

    /// Adds a statement; at a height that an update proves, or the anchor's.
    pub fn statement(&mut self, kind: Kind, height: Height, packet: Packet, acknowledgement: Acknowledgement) {
        let statement = Statement::new(kind, height, packet, acknowledgement);
        self.statements.insert(statement.order(), statement);
    }

    /// The bundle: the shortest way that is known, the nodes that it needs, verified.
    pub fn finish(self) -> Result<Bundle, BuildError> {
        if self.statements.is_empty() {
            return Err(BuildError::NoStatements);
        }
        let targets: BTreeSet<Height> = self.statements.keys().map(|(height, ..)| *height).collect();
        let updates = self.way(&targets)?;
        let statements = self.statements.into_values().collect();
        let nodes = self.nodes.into_iter().collect();
        let mut bundle = Bundle { anchor: self.anchor, updates, statements, nodes };
        let mut used = run_to_nodes(&bundle, &mut Trace::default())?.used();
        used.sort_unstable();
        bundle.nodes = used;
        run(&bundle, None, &mut Trace::default())?;
        Ok(bundle)
    }

    fn way(&self, targets: &BTreeSet<Height>) -> Result<Vec<Update>, BuildError> {
        match &self.anchor.client {
            AnchorClient::Qbft { state, validators, .. } => self.sealed_way(state, validators, targets),
            AnchorClient::Beefy { state, .. } => self.way_by_sets(state.current.id, targets, true),
            AnchorClient::Grandpa { set_id, .. } => self.way_by_sets(*set_id, targets, false),
        }
    }

    fn at(&self, height: Height) -> Result<&[Candidate], BuildError> {
        self.candidates.get(&height).map(Vec::as_slice).ok_or(BuildError::NoUpdate(height))
    }

    /// QBFT: as far as the trusted validators reach, each time.
    fn sealed_way(
        &self,
        state: &qbft::ClientState,
        validators: &[Address],
        targets: &BTreeSet<Height>,
    ) -> Result<Vec<Update>, BuildError> {
        let mut way = Vec::new();
        let mut from =
            Sealed { height: state.latest_height, timestamp: state.latest_timestamp, validators: validators.to_vec() };
        for &target in targets.iter().filter(|t| **t > state.latest_height) {
            self.at(target)?;
            while from.height < target {
                let ahead = self
                    .candidates
                    .range((core::ops::Bound::Excluded(from.height), core::ops::Bound::Included(target)));
                let next = ahead.rev().flat_map(|(_, list)| list).find_map(|c| from.reach(state, &c.update));
                let (update, reached) = next.ok_or_else(|| BuildError::NoWay {
                    from: from.height,
                    to: target,
                    reason: "the validators changed too much at once, and no header between is known".into(),
                })?;
                way.push(update);
                from = reached;
            }
        }
        Ok(way)
    }

    /// BEEFY and GRANDPA: through every change of the set, in turn. `by_next`: a set is entered by
    /// what the set itself signed (BEEFY); otherwise by what the one before it did (GRANDPA).
    fn way_by_sets(&self, first: u64, targets: &BTreeSet<Height>, by_next: bool) -> Result<Vec<Update>, BuildError> {
        let mut handovers: BTreeMap<u64, (Height, &Candidate)> = BTreeMap::new();
        for (height, list) in &self.candidates {
            for candidate in list.iter().filter(|c| c.hands_over) {
                let enters = if by_next { candidate.set_id } else { candidate.set_id.saturating_add(1) };
                handovers.entry(enters).or_insert((*height, candidate));
            }
        }
        let mut on = OnTheWay::new(&self.candidates, &self.anchor.client, first, by_next);
        for &target in targets {
            if on.proven.contains(&target) {
                continue;
            }
            let last = self.at(target)?.iter().min_by_key(|c| c.set_id).ok_or(BuildError::NoUpdate(target))?;
            while on.set < last.set_id {
                let enters = on.set.saturating_add(1);
                let (height, step) = *handovers.get(&enters).ok_or_else(|| BuildError::NoWay {
                    from: on.height,
                    to: target,
                    reason: alloc::format!("no update that hands over to authority set {enters} is known"),
                })?;
                on.pass(height, step)?;
                on.set = enters;
            }
            on.pass(target, last)?;
            if last.hands_over && !by_next {
                on.set = on.set.max(last.set_id.saturating_add(1));
            }
        }
        Ok(on.way)
    }
}

/// A way through authority sets, as far as it goes.
struct OnTheWay<'a> {
    candidates: &'a BTreeMap<Height, Vec<Candidate>>,
    period: u64,
    by_next: bool,
    way: Vec<Update>,
    proven: BTreeSet<Height>,
    set: u64,
    height: Height,
    time: TimestampSecs,
}

impl<'a> OnTheWay<'a> {
    fn new(candidates: &'a BTreeMap<Height, Vec<Candidate>>, client: &AnchorClient, set: u64, by_next: bool) -> Self {
        let (height, time, period) = (client.height(), client.timestamp(), client.trusting_period());
        Self { candidates, period, by_next, way: Vec::new(), proven: BTreeSet::from([height]), set, height, time }
    }

    /// Whether a block of this time comes within the trusting period of where the way is.
    fn in_time(&self, time: TimestampSecs) -> bool {
        time.0 < self.time.0.saturating_add(self.period)
    }

    /// Goes on by one update; first by others of the same set, where time is too long for one step.
    fn pass(&mut self, to: Height, step: &Candidate) -> Result<(), BuildError> {
        while !self.in_time(step.time) && self.height < to {
            use core::ops::Bound::Excluded;
            let ahead = self.candidates.range((Excluded(self.height), Excluded(to))).rev();
            let next = ahead
                .flat_map(|(height, list)| list.iter().map(move |c| (*height, c)))
                .find(|(_, c)| c.set_id == self.set && self.in_time(c.time) && (self.by_next || !c.hands_over));
            let (height, between) = next.ok_or_else(|| BuildError::NoWay {
                from: self.height,
                to,
                reason: alloc::format!("no update within {} s of the one before is known", self.period),
            })?;
            self.take(height, between);
        }
        self.take(to, step);
        Ok(())
    }

    fn take(&mut self, height: Height, step: &Candidate) {
        if self.proven.insert(height) {
            self.way.push(step.update.clone());
        }
        self.height = self.height.max(height);
        self.time = self.time.max(step.time);
    }
}

/// A state on the way through sealed headers.
struct Sealed {
    height: Height,
    timestamp: TimestampSecs,
    validators: Vec<Address>,
}

impl Sealed {
    /// The update and the state it leads to, if the validators of this state accept it.
    fn reach(&self, state: &qbft::ClientState, update: &Update) -> Option<(Update, Self)> {
        let Update::Qbft { header } = update else { return None };
        let header = qbft::Header::decode(state.kind, header).ok()?;
        let trusted = qbft::Trusted { height: self.height, timestamp: self.timestamp, validators: &self.validators };
        qbft::check_header(&header, trusted, &state.rules, header.timestamp(), &qbft::K256).ok()?;
        let reached =
            Self { height: header.number(), timestamp: header.timestamp(), validators: header.validators().to_vec() };
        Some((update.clone(), reached))
    }
}
