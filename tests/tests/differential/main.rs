//! The same verdict from Rust and from Solidity on the same bytes: the committed bytecode runs in
//! revm beside the crates, over all vectors and over mutants of them.
//!
//! `LUPU_FUZZ_CASES` sets the number of mutants, `LUPU_FUZZ_SEED` their seed; a mutant that divides
//! the two is printed as a vector, with its number.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../../../light-clients/qbft/tests/common/mod.rs"]
mod common;

mod case;
mod contract;
mod vectors;

use case::{Case, Verdict};
use contract::Solidity;
use std::collections::BTreeMap;

/// EVM storage cannot tell a stored zero from nothing: both sides refuse it, by different names.
fn same_name(case: &Case, rust: &str, solidity: &str) -> bool {
    let zero = match case {
        Case::Update { client, .. } | Case::Misbehaviour { client, .. } | Case::Membership { client, .. } => {
            client.stored.iter().any(|(_, hash)| hash.is_zero())
        }
        _ => false,
    };
    let excused = matches!(
        (rust, solidity),
        ("TrustedStateMismatch", "UnknownTrustedHeight") | ("ConsensusStateMismatch", "UnknownHeight")
    );
    rust == solidity || (zero && excused)
}

/// Why the two sides differ; `None` if they do not.
fn difference(case: &Case, rust: &Verdict, solidity: &Verdict) -> Option<String> {
    let what = if rust.accepts() != solidity.accepts() {
        "one accepts, the other does not"
    } else if !same_name(case, &rust.name, &solidity.name) {
        "different checks"
    } else if rust.result != solidity.result {
        "different results"
    } else {
        return None;
    };
    Some(format!("{what}: Rust {} {}, Solidity {} {}", rust.name, hex::encode(&rust.result), solidity.name, hex::encode(&solidity.result)))
}

#[test]
fn vectors_have_one_verdict() {
    let mut contracts = Solidity::new();
    contract::selectors_are_the_contracts(&contracts);
    let mut wrong = Vec::new();
    let mut most: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    let vectors = vectors::all();
    for v in &vectors {
        let mut heights = Vec::new();
        let rust = v.case.rust(&mut heights);
        let (solidity, gas) = v.case.solidity(&mut contracts, &heights);
        if rust.name != v.expect {
            wrong.push(format!("{}: expected {}, Rust says {}", v.name, v.expect, rust.name));
        }
        if let Some(difference) = difference(&v.case, &rust, &solidity) {
            wrong.push(format!("{}: {difference}", v.name));
        }
        let what = match (&v.case, solidity.name.as_str()) {
            (Case::Update { .. }, "Update") => "update",
            (Case::Misbehaviour { .. }, "Misbehaviour") => "misbehaviour",
            (Case::Membership { .. }, "ok") => "membership",
            (Case::Proof { .. }, "ok") => "packed proof",
            _ => continue,
        };
        let entry = most.entry(what).or_default();
        if gas > entry.0 {
            *entry = (gas, v.name.clone());
        }
    }
    println!("{} vectors, same verdict and check in Rust and Solidity", vectors.len() - wrong.len());
    for (what, (gas, name)) in most {
        println!("most gas of an accepted {what}: {gas} ({name})");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
