//! The shared vectors as cases.

use super::case::{Case, Client};
use crate::{case::Case as Vectored, evm};
use lupu_qbft::{ClientState, ConsensusState};

/// A vector of this client type.
pub type Vector = evm::vectors::Vector<Case>;

/// The files whose cases are mutants' bases. Another file changes what a seed means.
const FILES: [&str; 11] = [
    "qbft/update.json",
    "qbft/update_seals.json",
    "qbft/update_accounts.json",
    "qbft/update_sets.json",
    "qbft/update_headers.json",
    "qbft/misbehaviour.json",
    "qbft/membership.json",
    "ethereum-state/packed.json",
    "ethereum-state/storage.json",
    "ethereum-state/account.json",
    "qbft/creation.json",
];

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
        "qbft/update" => Case::Update { client: client(case)?, message: case.bytes("message")?.to_vec() },
        "qbft/misbehaviour" => Case::Misbehaviour { client: client(case)?, evidence: case.bytes("evidence")?.to_vec() },
        "qbft/membership" => {
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
        "ethereum-state/packed" | "ethereum-state/storage" => Case::Proof {
            root: case.hash("root")?,
            keys: case.get("keys")?,
            nodes: case.bytes("proof")?.to_vec(),
            words: case.kind.name == "ethereum-state/storage",
        },
        "ethereum-state/account" => Case::Account { leaf: case.bytes("account")?.to_vec() },
        "qbft/creation" => Case::Creation {
            state: ClientState::decode(&case.bytes("client_state")?)?,
            initial: ConsensusState::decode(&case.bytes("consensus_state")?)?,
        },
        _ => return Ok(Vec::new()),
    };
    Ok(vec![one])
}

/// The vectors of the QBFT client and of Ethereum state.
///
/// # Panics
/// If a file is missing or malformed.
pub fn all() -> Vec<Vector> {
    evm::vectors::all(&FILES, judged)
}
