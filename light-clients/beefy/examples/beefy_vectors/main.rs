//! Writes `standard/vectors/beefy/*.json`. Keys and contents come from fixed seeds: running it
//! again gives the same files. Verdicts are written down by hand, or by the plain checker of the
//! tests where noted; never by the code under test.
#![allow(missing_docs)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod creation_cases;
mod membership_cases;
mod misbehaviour_cases;
mod part_cases;
mod update_cases;
mod update_flip_cases;
mod update_header_cases;
mod update_leaf_cases;
mod update_signature_cases;

use alloy_primitives::hex;
use common::Scenario;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn write(file: &str, about: &str, cases: Vec<Value>) {
    let names: BTreeSet<&str> = cases.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), cases.len(), "{file}: names must differ");
    let mut text = format!("{{\n  \"about\": {},\n  \"count\": {},\n  \"cases\": [\n", json!(about), cases.len());
    for (i, case) in cases.iter().enumerate() {
        let comma = if i + 1 < cases.len() { "," } else { "" };
        text.push_str(&format!("    {case}{comma}\n"));
    }
    text.push_str("  ]\n}\n");
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../../standard/vectors/beefy");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    println!("{file}: {} cases", cases.len());
}

fn stored(s: &Scenario) -> Value {
    s.stored.iter().map(|(height, hash)| json!({"height": height, "hash": hash})).collect()
}

/// Cases of an update file.
struct Cases(Vec<Value>);

impl Cases {
    fn put(&mut self, name: &str, description: &str, s: &Scenario, expect: &str) {
        self.raw(name, description, s, s.message().encode(), expect);
    }

    /// Height, hash, consensus state and the client afterwards are those of the scenario; zero and
    /// empty where the update is rejected.
    fn raw(&mut self, name: &str, description: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
        let good = ["Update", "NoOp", "Misbehaviour"].contains(&expect);
        let (consensus, after) =
            if good { (s.consensus().encode(), s.after(expect).encode()) } else { Default::default() };
        self.0.push(json!({
            "name": name,
            "description": description,
            "client_state": hex::encode_prefixed(s.client.encode()),
            "stored": stored(s),
            "now": s.now,
            "message": hex::encode_prefixed(message),
            "expect": expect,
            "height": if good { s.leaf_number } else { 0 },
            "block_hash": if good { s.leaf_hash } else { Default::default() },
            "consensus_state": hex::encode_prefixed(consensus),
            "client_state_after": hex::encode_prefixed(after),
        }));
    }
}

fn main() {
    for (file, subject, cases) in [
        ("update.json", "good ones, messages, clocks and sets", update_cases::cases()),
        ("update_signatures.json", "authorities, signatures and thresholds", update_signature_cases::cases()),
        ("update_leaves.json", "commitments, leaves, handovers and MMR proofs", update_leaf_cases::cases()),
        ("update_headers.json", "headers and anchors", update_header_cases::cases()),
        ("update_flips.json", "bits flipped; verdicts by the plain checker", update_flip_cases::cases()),
    ] {
        let about = format!(
            "Client updates: {subject}. message is abi.encode(UpdateMessage), against a client \
             state and stored hashes. expect is Update, NoOp, Misbehaviour, or the check that \
             fails. client_state_after is what the client is after it."
        );
        write(file, &about, cases);
    }
    write(
        "creation.json",
        "Client states with their first consensus state. expect is ok, or the check that fails.",
        creation_cases::cases(),
    );
    write(
        "misbehaviour.json",
        "Evidence: abi.encode(Misbehaviour). expect is Misbehaviour, or the check that fails.",
        misbehaviour_cases::cases(),
    );
    write(
        "membership.json",
        "Verify calls over one or many paths, each with its Merkle prefix: values of zero mean \
         absent. expect is ok, or the check that fails.",
        membership_cases::cases(),
    );
    write(
        "commitment.json",
        "SCALE commitments. expect is ok, or MalformedCommitment. hash is what is signed.",
        part_cases::commitments(),
    );
    write(
        "keyset.json",
        "Addresses joined, and the root of their Merkle tree. threshold is how many must sign.",
        part_cases::keysets(),
    );
    write(
        "mmr.json",
        "A leaf's hash at an index of so many leaves, under a root. expect is ok, or \
         InvalidMmrProof. items are 32-byte hashes joined.",
        part_cases::mmrs(),
    );
}
