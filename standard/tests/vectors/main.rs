//! Every case of every file in `vectors/` against this crate.

mod applications;
mod core_types;
mod rules;

use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Checks one case; panics say what differs.
type Check = fn(&Case<'_>);

/// The files of `vectors/` itself; each folder in it has its own readers.
const FILES: &[(&str, Check)] = &[
    ("acknowledge.json", rules::acknowledge),
    ("acknowledgements.json", core_types::acknowledgement),
    ("commitments.json", core_types::commitment),
    ("denom_hops.json", applications::denom_hop),
    ("denoms.json", applications::denom),
    ("evm_storage.json", core_types::evm_storage),
    ("ics20.json", applications::ics20),
    ("ics27.json", applications::ics27),
    ("identifiers.json", core_types::identifier),
    ("packet_json.json", core_types::packet_json),
    ("paths.json", core_types::path),
    ("receive.json", rules::receive),
    ("send.json", rules::send),
    ("timeout.json", rules::timeout),
];

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("vectors")
}

/// One case of a file.
pub struct Case<'a>(&'a Value);

impl Case<'_> {
    fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or_else(|| panic!("case {} has no field {key}", self.0))
    }
    fn text(&self, key: &str) -> &str {
        self.get(key).as_str().unwrap_or_else(|| panic!("{key} is no text"))
    }
    fn number(&self, key: &str) -> u64 {
        self.get(key).as_u64().unwrap_or_else(|| panic!("{key} is no number"))
    }
    fn flag(&self, key: &str) -> bool {
        self.get(key).as_bool().unwrap_or_else(|| panic!("{key} is neither true nor false"))
    }
    fn bytes(&self, key: &str) -> Vec<u8> {
        unhex(self.text(key))
    }
    fn list(&self, key: &str) -> Vec<Case<'_>> {
        self.get(key).as_array().unwrap_or_else(|| panic!("{key} is no list")).iter().map(Case).collect()
    }
    fn own_bytes(&self) -> Vec<u8> {
        unhex(self.0.as_str().expect("text"))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.strip_prefix("0x").expect("0x")).expect("hex")
}

fn hexed(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Files that name cases of other files: `conformance/tests/suite.rs` checks them.
const CATALOGUES: [&str; 2] = ["attacks.json", "losses.json"];

#[test]
fn every_case_of_every_file() {
    let mut left: BTreeMap<&str, Check> = FILES.iter().copied().collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        if CATALOGUES.contains(&name) {
            continue;
        }
        let check = left.remove(name).unwrap_or_else(|| panic!("no check for {name}"));
        let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(!cases.is_empty(), "{name} is empty");
        assert_eq!(file["count"].as_u64(), Some(cases.len() as u64), "{name}: count");
        for case in cases {
            println!("{name}: {}", case["name"]);
            check(&Case(case));
        }
    }
    assert!(left.is_empty(), "missing files: {:?}", left.keys());
}
