//! Writes `standard/vectors/qbft/*.json`. Keys and contents come from fixed seeds: running it
//! again gives the same files. Verdicts are written down by hand, or by the plain checker of the
//! tests where noted; never by the code under test.
#![allow(missing_docs)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod creation_cases;
mod header_cases;
mod live_cases;
mod membership_cases;
mod misbehaviour_cases;
mod update_account_cases;
mod update_cases;
mod update_header_cases;
mod update_seal_cases;
mod update_set_cases;

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
        .join("../../standard/vectors/qbft");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    println!("{file}: {} cases", cases.len());
}

fn stored(s: &Scenario) -> Value {
    s.stored.iter().map(|(height, hash)| json!({"height": height, "hash": hash})).collect()
}

/// One case of an update file. Height, consensus state and block hash are those of the scenario's
/// block; zero and empty where the update is rejected.
fn update(name: &str, description: &str, s: &Scenario, message: Vec<u8>, expect: &str) -> Value {
    let good = ["Update", "NoOp", "Misbehaviour"].contains(&expect);
    let consensus = if good { s.consensus().encode() } else { Vec::new() };
    json!({
        "name": name,
        "description": description,
        "client_state": hex::encode_prefixed(s.client.encode()),
        "stored": stored(s),
        "now": s.now,
        "message": hex::encode_prefixed(message),
        "expect": expect,
        "height": if good { s.block.number } else { 0 },
        "consensus_state": hex::encode_prefixed(consensus),
        "block_hash": if good { s.block.hash() } else { Default::default() },
    })
}

fn main() {
    for (file, subject, cases) in [
        ("update.json", "good ones, messages, trust and time", [update_cases::cases(), live_cases::updates()].concat()),
        ("update_seals.json", "seals and quorums", update_seal_cases::cases()),
        ("update_accounts.json", "the router's account", update_account_cases::cases()),
        ("update_sets.json", "validator sets that change", update_set_cases::cases()),
        ("update_headers.json", "malformed headers, flipped bits", update_header_cases::cases()),
    ] {
        let about = format!(
            "Client updates: {subject}. message is abi.encode(UpdateMessage), against a client \
             state and stored hashes. expect is Update, NoOp, Misbehaviour, or the check that fails."
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
        "Verify calls over one or many paths: values of zero mean absent. expect is ok, or the \
         check that fails.",
        [membership_cases::cases(), live_cases::membership()].concat(),
    );
    write(
        "header.json",
        "Raw headers. expect is ok, or MalformedHeader with the field and the byte. signers are \
         what the seals recover to, in the header's order; zero where a seal recovers none.",
        header_cases::cases(),
    );
}
