//! Writes `proof/tests/fixtures/`: a bundle of each client type with every kind of statement, proven by a set of
//! validators that changed on the way, and its anchor. The tests of the command line read them.
//!
//! `cargo run -p lupu-proof --example fixtures`
#![allow(missing_docs, clippy::duplicate_mod)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Chain, Shape, World};
use lupu_proof::Kind;
use std::path::PathBuf;

/// Name and content of every file.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for chain in Chain::ALL {
        let world = World::new(chain, Shape::Change);
        let name = chain.name();
        files.push((format!("{name}.json"), world.bundle(&Kind::ALL).to_json().into_bytes()));
        files.push((format!("{name}-anchor.json"), world.anchor.to_json().into_bytes()));
    }
    let simple = World::new(Chain::Qbft, Shape::One).bundle(&[Kind::Sent]);
    files.push(("qbft-one.json".into(), simple.to_json().into_bytes()));
    files
}

/// Where they stand.
pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("tests/fixtures")
}

#[allow(dead_code, reason = "the test that compares the files includes this program")]
fn main() {
    std::fs::create_dir_all(folder()).expect("the folder can be made");
    for (name, content) in files() {
        std::fs::write(folder().join(&name), &content).expect("the file can be written");
        println!("{name}: {} bytes", content.len());
    }
}
