//! Writes `standard/vectors/substrate-state/*.json`. Tries are sp-trie's, headers the runtime's;
//! proofs are put together by the plain code of the tests; contents come from fixed seeds: running
//! it again gives the same files. The verdicts are written by hand.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "vectors/headers.rs"]
mod headers;
#[path = "vectors/membership.rs"]
mod membership;
#[path = "vectors/node_sets.rs"]
mod node_sets;
#[path = "vectors/nodes.rs"]
mod nodes;
#[path = "vectors/packed.rs"]
mod packed;

use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// Bytes as the vectors have them.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    alloy_primitives::hex::encode_prefixed(bytes)
}

pub fn hexes<B: AsRef<[u8]>>(list: &[B]) -> Vec<String> {
    list.iter().map(hex).collect()
}

fn write(file: &str, about: &str, cases: &[Value]) {
    let names: BTreeSet<&str> = cases.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), cases.len(), "{file}: names must differ");
    let lines: Vec<String> = cases.iter().map(|case| format!("    {case}")).collect();
    let text = format!(
        "{{\n  \"about\": {},\n  \"count\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        json!(about),
        cases.len(),
        lines.join(",\n")
    );
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../../standard/vectors/substrate-state");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    println!("{file}: {} cases", cases.len());
}

fn main() {
    write(
        "header.json",
        "SCALE headers. expect is ok or MalformedHeader. digest items by tag; engine is 0x where the tag has none.",
        &headers::cases(),
    );
    write(
        "packed.json",
        "Packed proofs. expect is ok or InvalidProof; reason is the Rust name of what is wrong, no part of the verdict. present says per key whether it is there, values with what (0x for nothing, and for no bytes).",
        &packed::cases(),
    );
    write(
        "node_set.json",
        "Nodes and values in any order, as state_getReadProof returns them. expect is ok or InvalidProof, reason the check; unused_nodes are those that no key needs.",
        &node_sets::cases(),
    );
    write(
        "membership.json",
        "Claims about paths (Merkle prefix and raw IBC path) in one state: values of zero mean absent. expect is ok, or the check that fails.",
        &membership::cases(),
    );
    write(
        "anchor.json",
        "The anchor in one state. expect is ok, or the check that fails. timestamp in seconds, 0 where refused.",
        &membership::anchors(),
    );
}
