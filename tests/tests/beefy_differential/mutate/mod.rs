//! Mutants: altered vectors, of which most are well-formed and many are signed again, so that they
//! reach the later checks. Case `i` of a seed is always the same one.

#[path = "../../differential/mutate/bytes.rs"]
mod bytes;
#[path = "../../differential/mutate/rng.rs"]
mod rng;
mod trie;
mod update;

use crate::{
    case::{Case, Client},
    vectors,
};
use alloy_primitives::B256;
use lupu_beefy::{MembershipProof, Misbehaviour, UpdateMessage};
use lupu_light_client::LightClient;
use lupu_standard::TimestampSecs;
use rng::Rng;
use trie::Nodes;
use update::{Keyring, Parts};

/// Calldata that a mutant's base may have; larger vectors are slow and add nothing here.
const LARGEST: usize = 9_000;

/// Makes mutants of the vectors.
pub struct Mutator {
    updates: Vec<Case>,
    /// Updates that do not come apart.
    broken: Vec<Case>,
    evidence: Vec<Case>,
    memberships: Vec<Case>,
    proofs: Vec<Case>,
    headers: Vec<Case>,
    creations: Vec<Case>,
    keys: Keyring,
}

impl Mutator {
    pub fn new() -> Self {
        let mut all = Self {
            updates: Vec::new(),
            broken: Vec::new(),
            evidence: Vec::new(),
            memberships: Vec::new(),
            proofs: Vec::new(),
            headers: Vec::new(),
            creations: Vec::new(),
            keys: Keyring::new(),
        };
        for vector in vectors::all() {
            let good = matches!(vector.expect.as_str(), "Update" | "NoOp" | "Misbehaviour" | "ok");
            let (list, size) = match &vector.case {
                Case::Update { message, .. } if good => (&mut all.updates, message.len()),
                Case::Update { message, .. } => (&mut all.broken, message.len()),
                Case::Misbehaviour { evidence, .. } => (&mut all.evidence, evidence.len() / 2),
                Case::Membership { proof, .. } => (&mut all.memberships, proof.len()),
                Case::Proof { nodes, .. } => (&mut all.proofs, nodes.len()),
                Case::Header { header } => (&mut all.headers, header.len()),
                Case::Creation { .. } => (&mut all.creations, 0),
            };
            if size <= LARGEST {
                list.push(vector.case);
            }
        }
        all
    }

    /// Mutant number `index` of a seed.
    pub fn case(&self, seed: u64, index: u64) -> Case {
        let mut rng = Rng::new(seed, index);
        let rng = &mut rng;
        match rng.below(100) {
            0..=51 => self.update(rng),
            52..=59 => self.misbehaviour(rng),
            60..=73 => self.membership(rng),
            74..=91 => self.proof(rng),
            92..=95 => {
                let Some(Case::Header { header }) = rng.pick(&self.headers).cloned() else { unreachable!() };
                Case::Header { header: bytes::mutate(rng, header, &[]) }
            }
            _ => {
                let mut case = rng.pick(&self.creations).expect("creations").clone();
                if let Case::Creation { state, initial } = &mut case {
                    update::change_creation(rng, state, initial);
                }
                case
            }
        }
    }

    fn update(&self, rng: &mut Rng) -> Case {
        let bases = if rng.chance(10) { &self.broken } else { &self.updates };
        let Some(Case::Update { mut client, message }) = rng.pick(bases).cloned() else { unreachable!() };
        match rng.below(100) {
            0..=5 => {
                let other = self.other(rng);
                return Case::Update { client, message: bytes::mutate(rng, message, &other) };
            }
            6..=11 => return Case::Update { client, message: bytes::mutate_words(rng, message) },
            _ => {}
        }
        let message = self.changed(rng, &mut client, &message).map_or(message, |m| m.encode());
        if rng.chance(4) {
            store_outcome(rng, &mut client, &message);
        }
        Case::Update { client, message }
    }

    /// A message with one or two of its parts changed. `None` if it does not come apart.
    fn changed(&self, rng: &mut Rng, client: &mut Client, message: &[u8]) -> Option<UpdateMessage> {
        let mut parts = Parts::read(message)?;
        if !rng.chance(10) {
            parts.mutate(rng, client, &self.keys);
        }
        if rng.chance(4) {
            parts.mutate(rng, client, &self.keys);
        }
        let mut message = parts.write(rng, client, &self.keys);
        if rng.chance(7) {
            update::change_signatures(rng, &mut message);
        }
        Some(message)
    }

    /// Another message to splice with.
    fn other(&self, rng: &mut Rng) -> Vec<u8> {
        match rng.pick(&self.updates) {
            Some(Case::Update { message, .. }) => message.clone(),
            _ => Vec::new(),
        }
    }

    fn misbehaviour(&self, rng: &mut Rng) -> Case {
        let Some(Case::Misbehaviour { mut client, evidence }) = rng.pick(&self.evidence).cloned() else {
            unreachable!()
        };
        let Ok(mut both) = Misbehaviour::decode(&evidence) else {
            return Case::Misbehaviour { client, evidence: bytes::mutate(rng, evidence, &[]) };
        };
        match rng.below(12) {
            0 => return Case::Misbehaviour { client, evidence: bytes::mutate(rng, evidence, &[]) },
            1 => return Case::Misbehaviour { client, evidence: bytes::mutate_words(rng, evidence) },
            2 => core::mem::swap(&mut both.a, &mut both.b),
            3 => both.b = both.a.clone(),
            _ => {}
        }
        let half = if rng.chance(2) { &mut both.a } else { &mut both.b };
        if let Some(changed) = self.changed(rng, &mut client, &half.encode()) {
            *half = changed;
        }
        Case::Misbehaviour { client, evidence: both.encode() }
    }

    fn membership(&self, rng: &mut Rng) -> Case {
        let mut case = rng.pick(&self.memberships).expect("memberships").clone();
        let Case::Membership { client, height, paths, values, proof, single } = &mut case else { unreachable!() };
        if *single && paths.len() != 1 {
            *single = false;
        }
        match rng.below(12) {
            0 => *proof = bytes::mutate(rng, proof.clone(), &[]),
            1 => *proof = bytes::mutate_words(rng, proof.clone()),
            2 => *height = rng.number(*height),
            3 => client.state.frozen = true,
            4 => client.now = rng.number(client.state.latest_timestamp.0 + client.state.rules.trusting_period),
            5 => {
                let at = rng.below(values.len());
                if let Some(value) = values.get_mut(at) {
                    *value = if value.is_zero() || rng.chance(2) { B256::repeat_byte(9) } else { B256::ZERO };
                }
            }
            6 => {
                let at = rng.below(paths.len());
                if let Some(path) = paths.get_mut(at) {
                    *path = bytes::mutate(rng, path.to_vec(), &[]).into();
                }
            }
            7 if paths.len() > 1 => {
                let (a, b) = (rng.below(paths.len()), rng.below(paths.len()));
                paths.swap(a, b);
                values.swap(a, b);
            }
            _ => {
                let Ok(mut message) = MembershipProof::decode(proof) else { return case };
                let Some(mut nodes) = Nodes::read(&message.nodes) else { return case };
                match rng.below(3) {
                    0 => nodes.change_value(rng, |rng, _| {
                        let len = 31 + rng.below(3);
                        rng.bytes(len)
                    }),
                    _ => nodes.mutate(rng),
                }
                let consensus = &mut message.consensus;
                if !rng.chance(5) {
                    nodes.rehash(rng, &mut consensus.state_root);
                }
                if rng.chance(12) {
                    consensus.timestamp = TimestampSecs(rng.next());
                }
                if !rng.chance(12) {
                    client.store(*height, consensus.hash());
                }
                message.nodes = nodes.write().into();
                *proof = message.encode();
            }
        }
        case
    }

    fn proof(&self, rng: &mut Rng) -> Case {
        let Some(Case::Proof { mut root, mut keys, nodes }) = rng.pick(&self.proofs).cloned() else { unreachable!() };
        let Some(mut parts) = Nodes::read(&nodes).filter(|_| !rng.chance(12)) else {
            return Case::Proof { root, keys, nodes: bytes::mutate(rng, nodes, &[]) };
        };
        if rng.chance(5) {
            trie::change_keys(rng, &mut keys);
        } else {
            parts.mutate(rng);
            parts.rehash(rng, &mut root);
            if rng.chance(4) {
                parts = Nodes::read(&parts.write()).unwrap_or(parts);
                parts.mutate(rng);
                parts.rehash(rng, &mut root);
            }
        }
        Case::Proof { root, keys, nodes: parts.write() }
    }
}

/// What the update would store is stored already, or something else.
fn store_outcome(rng: &mut Rng, client: &mut Client, message: &[u8]) {
    for (height, hash) in client.after(message) {
        let hash = if rng.chance(2) { hash } else { B256::repeat_byte(8) };
        if client.rust().consensus_hash(lupu_standard::Height(height)).is_none() {
            client.store(height, hash);
        }
    }
}
