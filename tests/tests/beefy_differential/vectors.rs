//! The shared vectors as cases.

use crate::case::{Case, Client};
use alloy_primitives::{B256, Bytes};
use lupu_beefy::{ClientState, ConsensusState};
use serde::{Deserialize, de::DeserializeOwned};
use std::{fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../standard/vectors")
        .join(file);
    let text = fs::read_to_string(path).unwrap();
    let file: File<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.count, file.cases.len());
    assert!(file.count > 0);
    file.cases
}

#[derive(Deserialize)]
struct Stored {
    height: u64,
    hash: B256,
}

#[derive(Deserialize)]
struct State {
    client_state: Bytes,
    stored: Vec<Stored>,
    now: u64,
}

impl State {
    fn client(self) -> Client {
        let stored = self.stored.into_iter().map(|s| (s.height, s.hash)).collect();
        Client { state: ClientState::decode(&self.client_state).unwrap(), stored, now: self.now }
    }
}

#[derive(Deserialize)]
struct Update {
    name: String,
    expect: String,
    message: Bytes,
    #[serde(flatten)]
    state: State,
}

#[derive(Deserialize)]
struct Evidence {
    name: String,
    expect: String,
    evidence: Bytes,
    #[serde(flatten)]
    state: State,
}

#[derive(Deserialize)]
struct Membership {
    name: String,
    expect: String,
    height: u64,
    paths: Vec<Bytes>,
    values: Vec<B256>,
    proof: Bytes,
    #[serde(flatten)]
    state: State,
}

#[derive(Deserialize)]
struct Packed {
    name: String,
    expect: String,
    root: B256,
    keys: Vec<Bytes>,
    proof: Bytes,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    expect: String,
    header: Bytes,
}

#[derive(Deserialize)]
struct Creation {
    name: String,
    expect: String,
    client_state: Bytes,
    consensus_state: Bytes,
}

/// A vector: what it is called, what it expects, and the case.
#[derive(Clone, Debug)]
pub struct Vector {
    pub name: String,
    pub expect: String,
    pub case: Case,
}

const UPDATES: [&str; 5] = [
    "beefy/update.json",
    "beefy/update_signatures.json",
    "beefy/update_leaves.json",
    "beefy/update_headers.json",
    "beefy/update_flips.json",
];

/// All vectors of the BEEFY client and of Substrate state.
pub fn all() -> Vec<Vector> {
    let mut out = Vec::new();
    let mut add = |file: &str, name: &str, expect: &str, case: Case| {
        out.push(Vector { name: format!("{file}: {name}"), expect: expect.into(), case });
    };
    for file in UPDATES {
        for v in read::<Update>(file) {
            let case = Case::Update { client: v.state.client(), message: v.message.to_vec() };
            add(file, &v.name, &v.expect, case);
        }
    }
    let file = "beefy/misbehaviour.json";
    for v in read::<Evidence>(file) {
        let case = Case::Misbehaviour { client: v.state.client(), evidence: v.evidence.to_vec() };
        add(file, &v.name, &v.expect, case);
    }
    let file = "beefy/membership.json";
    for v in read::<Membership>(file) {
        let (height, proof) = (v.height, v.proof.to_vec());
        let client = v.state.client();
        for single in [false, true] {
            if single && v.paths.len() != 1 {
                continue;
            }
            let (client, paths, values, proof) = (client.clone(), v.paths.clone(), v.values.clone(), proof.clone());
            add(file, &v.name, &v.expect, Case::Membership { client, height, paths, values, proof, single });
        }
    }
    let file = "substrate-state/packed.json";
    for v in read::<Packed>(file) {
        add(file, &v.name, &v.expect, Case::Proof { root: v.root, keys: v.keys, nodes: v.proof.to_vec() });
    }
    let file = "substrate-state/header.json";
    for v in read::<Header>(file) {
        // Other clients take longer headers.
        let expect = if v.header.len() > 4096 { "MalformedHeader" } else { &v.expect };
        add(file, &v.name, expect, Case::Header { header: v.header.to_vec() });
    }
    let file = "beefy/creation.json";
    for v in read::<Creation>(file) {
        let state = ClientState::decode(&v.client_state).unwrap();
        let initial = ConsensusState::decode(&v.consensus_state).unwrap();
        add(file, &v.name, &v.expect, Case::Creation { state, initial });
    }
    out
}
