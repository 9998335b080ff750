//! Mutants: altered vectors, of which most are well-formed and many are sealed again, so that they
//! reach the later checks. Case `i` of a seed is always the same one.

mod bytes;
mod header;
mod proof;
mod rng;
mod update;

use crate::{
    case::{Case, Client},
    vectors,
};
use header::Keyring;
pub use rng::Rng;

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
    accounts: Vec<Case>,
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
            accounts: Vec::new(),
            creations: Vec::new(),
            keys: Keyring::new(),
        };
        for vector in vectors::all() {
            let (list, size) = match &vector.case {
                Case::Update { message, .. } if vector.expect.starts_with("Malformed") => {
                    (&mut all.broken, message.len())
                }
                Case::Update { message, .. } => (&mut all.updates, message.len()),
                Case::Misbehaviour { evidence, .. } => (&mut all.evidence, evidence.len() / 2),
                Case::Membership { proof, .. } => (&mut all.memberships, proof.len()),
                Case::Proof { nodes, .. } => (&mut all.proofs, nodes.len()),
                Case::Account { .. } => (&mut all.accounts, 0),
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
            0..=57 => self.update(rng),
            58..=67 => self.misbehaviour(rng),
            68..=81 => self.membership(rng),
            82..=94 => self.proof(rng),
            95..=97 => self.creation(rng),
            _ => {
                let Some(Case::Account { leaf }) = rng.pick(&self.accounts).cloned() else { unreachable!() };
                Case::Account { leaf: bytes::mutate(rng, leaf, &[]) }
            }
        }
    }

    fn update(&self, rng: &mut Rng) -> Case {
        let bases = if rng.chance(12) { &self.broken } else { &self.updates };
        let base = rng.pick(bases).expect("updates").clone();
        let Case::Update { mut client, message } = base else { unreachable!() };
        let Some(mut parts) = update::Parts::read(&message) else {
            let other = self.other(rng);
            return Case::Update { client, message: bytes::mutate(rng, message, &other) };
        };
        match rng.below(100) {
            // Bytes of the message, whatever they mean.
            0..=7 => {
                let other = self.other(rng);
                return Case::Update { client, message: bytes::mutate(rng, message, &other) };
            }
            8..=13 => return Case::Update { client, message: bytes::mutate_words(rng, message) },
            // Bytes of the header, not sealed again.
            14..=17 => parts.message.header = bytes::mutate(rng, parts.message.header.to_vec(), &[]).into(),
            // Another round of seals, nothing else.
            18..=27 => parts.seal(rng, &client, &self.keys),
            _ => {
                parts.mutate(rng, &mut client, &self.keys);
                if rng.chance(4) {
                    parts.mutate(rng, &mut client, &self.keys);
                }
                parts.seal(rng, &client, &self.keys);
            }
        }
        let message = parts.message.encode();
        if rng.chance(25) {
            store_outcome(rng, &mut client, &message);
        }
        Case::Update { client, message }
    }

    /// Another message to splice with.
    fn other(&self, rng: &mut Rng) -> Vec<u8> {
        match rng.pick(&self.updates) {
            Some(Case::Update { message, .. }) => message.clone(),
            _ => Vec::new(),
        }
    }

    fn misbehaviour(&self, rng: &mut Rng) -> Case {
        let base = rng.pick(&self.evidence).expect("evidence").clone();
        let Case::Misbehaviour { mut client, evidence } = base else { unreachable!() };
        let Ok(mut both) = lupu_qbft::Misbehaviour::decode(&evidence) else {
            return Case::Misbehaviour { client, evidence: bytes::mutate(rng, evidence, &[]) };
        };
        match rng.below(10) {
            0 => return Case::Misbehaviour { client, evidence: bytes::mutate(rng, evidence, &[]) },
            1 => return Case::Misbehaviour { client, evidence: bytes::mutate_words(rng, evidence) },
            2 => core::mem::swap(&mut both.a, &mut both.b),
            3 => both.b = both.a.clone(),
            _ => {}
        }
        let half = if rng.chance(2) { &mut both.a } else { &mut both.b };
        if let Some(mut parts) = update::Parts::read(&half.encode()) {
            parts.mutate(rng, &mut client, &self.keys);
            parts.seal(rng, &client, &self.keys);
            *half = parts.message;
        }
        Case::Misbehaviour { client, evidence: both.encode() }
    }

    fn creation(&self, rng: &mut Rng) -> Case {
        let mut case = rng.pick(&self.creations).expect("creations").clone();
        if let Case::Creation { state, initial } = &mut case {
            update::change_creation(rng, state, initial);
        }
        case
    }

    fn membership(&self, rng: &mut Rng) -> Case {
        let mut case = rng.pick(&self.memberships).expect("memberships").clone();
        proof::mutate_membership(rng, &mut case);
        case
    }

    fn proof(&self, rng: &mut Rng) -> Case {
        let mut case = match rng.below(3) {
            0 => rng.pick(&self.proofs).expect("proofs").clone(),
            _ => proof::random(rng),
        };
        if !rng.chance(8) {
            proof::mutate_case(rng, &mut case);
        }
        case
    }
}

/// What the update leads to, or another state of that height, is stored already.
fn store_outcome(rng: &mut Rng, client: &mut Client, message: &[u8]) {
    let before: Vec<u64> = client.stored.iter().map(|(height, _)| *height).collect();
    let Some((height, hash)) = client.after(message).into_iter().find(|(height, _)| !before.contains(height)) else {
        return;
    };
    let other = alloy_primitives::keccak256(hash);
    client.store(height, if rng.chance(3) { other } else { hash });
}
