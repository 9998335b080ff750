//! Writes `standard/vectors/grandpa/*.json`. Keys and contents come from fixed seeds: running it
//! again gives the same files. Verdicts are written down by hand, or by the plain checker of the
//! tests where noted; never by the code under test.
#![allow(missing_docs)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod creation_cases;
mod justification_cases;
mod membership_cases;
mod misbehaviour_cases;
mod update_ancestry_cases;
mod update_anchor_cases;
mod update_cases;
mod update_change_cases;
mod update_header_cases;
mod update_vote_cases;

use alloy_primitives::hex;
use common::{Scenario, Voter};
use lupu_grandpa::UpdateMessage;
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
        .join("../../standard/vectors/grandpa");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    println!("{file}: {} cases", cases.len());
}

fn stored(s: &Scenario) -> Value {
    s.stored.iter().map(|(height, hash)| json!({"height": height, "hash": hash})).collect()
}

/// The cases of an update file.
#[derive(Default)]
struct Cases(Vec<Value>);

impl Cases {
    /// The scenario's own message.
    fn put(&mut self, name: &str, what: &str, s: &Scenario, expect: &str) {
        self.message(name, what, s, &s.message(), expect);
    }

    fn message(&mut self, name: &str, what: &str, s: &Scenario, message: &UpdateMessage, expect: &str) {
        self.raw(name, what, s, message.encode(), expect);
    }

    /// Any bytes.
    fn raw(&mut self, name: &str, what: &str, s: &Scenario, message: Vec<u8>, expect: &str) {
        self.outcome(name, what, s, message, None, expect);
    }

    /// The scenario's own message, whose header schedules `next`.
    fn schedules(&mut self, name: &str, what: &str, s: &Scenario, next: &[Voter], expect: &str) {
        self.outcome(name, what, s, s.message().encode(), Some(next), expect);
    }

    /// Height, consensus state and block hash are those of the scenario's block; zero and empty
    /// where the update is rejected.
    fn outcome(
        &mut self,
        name: &str,
        what: &str,
        s: &Scenario,
        message: Vec<u8>,
        next: Option<&[Voter]>,
        expect: &str,
    ) {
        let good = ["Update", "NoOp", "Misbehaviour"].contains(&expect);
        let consensus = if good { s.consensus_with(next).encode() } else { Vec::new() };
        self.0.push(json!({
            "name": name,
            "description": what,
            "client_state": hex::encode_prefixed(s.client.encode()),
            "stored": stored(s),
            "now": s.now,
            "message": hex::encode_prefixed(message),
            "expect": expect,
            "height": if good { s.number } else { 0 },
            "consensus_state": hex::encode_prefixed(consensus),
            "block_hash": if good { s.hash() } else { Default::default() },
        }));
    }
}

fn main() {
    for (file, subject, cases) in [
        ("update.json", "good ones, messages, trust and time", update_cases::cases()),
        ("update_votes.json", "authorities, votes, weights", update_vote_cases::cases()),
        ("update_ancestry.json", "votes above the target and the headers between", update_ancestry_cases::cases()),
        ("update_changes.json", "changes of the authorities", update_change_cases::cases()),
        ("update_anchors.json", "the anchor in the state", update_anchor_cases::cases()),
        ("update_headers.json", "malformed headers and justifications", update_header_cases::cases()),
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
        "justification.json",
        "Justifications alone: SCALE, against the id and the authorities (key and weight u64 \
         little-endian, joined) of a set. expect is ok, or the check that fails; node says whether \
         the source chain's own software takes it.",
        justification_cases::cases(),
    );
    write(
        "misbehaviour.json",
        "Evidence: abi.encode(Misbehaviour). expect is Misbehaviour, or the check that fails.",
        misbehaviour_cases::cases(),
    );
    write(
        "membership.json",
        "Verify calls over one or many paths, each with the Merkle prefix: values of zero mean \
         absent. expect is ok, or the check that fails.",
        membership_cases::cases(),
    );
}
