//! The shared vectors as cases.

use super::case::{Case, Client};
use crate::{case::Case as Vectored, evm};
use lupu_beefy::{ClientState, ConsensusState};

/// A vector of this client type.
pub type Vector = evm::vectors::Vector<Case>;

/// The files whose cases are mutants' bases. Another file changes what a seed means.
const FILES: [&str; 10] = [
    "beefy/update.json",
    "beefy/update_signatures.json",
    "beefy/update_leaves.json",
    "beefy/update_headers.json",
    "beefy/update_flips.json",
    "beefy/misbehaviour.json",
    "beefy/membership.json",
    "substrate-state/packed.json",
    "substrate-state/header.json",
    "beefy/creation.json",
];
/// Bytes of a header that the BEEFY client takes; other clients take longer ones.
pub const MAX_HEADER: usize = 4096;

fn client(case: &Vectored) -> anyhow::Result<Client> {
    let state = ClientState::decode(&case.bytes("client_state")?)?;
    Ok(Client { state, stored: case.stored()?, now: case.number("now")? })
}

/// What there is to judge in a case of the suite: a membership of one path by both calls. Empty
/// for other kinds.
///
/// # Errors
/// If a field is missing or malformed.
pub fn judged(case: &Vectored) -> anyhow::Result<Vec<Case>> {
    let one = match case.kind.name {
        "beefy/update" => Case::Update { client: client(case)?, message: case.bytes("message")?.to_vec() },
        "beefy/misbehaviour" => {
            Case::Misbehaviour { client: client(case)?, evidence: case.bytes("evidence")?.to_vec() }
        }
        "beefy/membership" => {
            let batch = Case::Membership {
                client: client(case)?,
                height: case.number("height")?,
                paths: case.get("paths")?,
                values: case.get("values")?,
                proof: case.bytes("proof")?.to_vec(),
                single: false,
            };
            let mut alone = batch.clone();
            match &mut alone {
                Case::Membership { paths, single, .. } if paths.len() == 1 => *single = true,
                _ => return Ok(vec![batch]),
            }
            return Ok(vec![batch, alone]);
        }
        "substrate-state/packed" => {
            Case::Proof { root: case.hash("root")?, keys: case.get("keys")?, nodes: case.bytes("proof")?.to_vec() }
        }
        "substrate-state/header" => Case::Header { header: case.bytes("header")?.to_vec() },
        "beefy/creation" => Case::Creation {
            state: ClientState::decode(&case.bytes("client_state")?)?,
            initial: ConsensusState::decode(&case.bytes("consensus_state")?)?,
        },
        _ => return Ok(Vec::new()),
    };
    Ok(vec![one])
}

/// The vectors of the BEEFY client and of Substrate state.
///
/// # Panics
/// If a file is missing or malformed.
pub fn all() -> Vec<Vector> {
    let mut all = evm::vectors::all(&FILES, judged);
    for vector in &mut all {
        if matches!(&vector.case, Case::Header { header } if header.len() > MAX_HEADER) {
            vector.expect = "MalformedHeader".into();
        }
    }
    all
}
