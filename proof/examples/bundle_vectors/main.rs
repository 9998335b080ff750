//! Writes `standard/vectors/bundles/*.json`. Keys and contents come from fixed seeds: running it
//! again gives the same files. Verdicts are written down by hand, never by the code under test.
#![allow(missing_docs, clippy::duplicate_mod)]

mod attack_cases;
#[path = "../../tests/common/mod.rs"]
mod common;
mod format_cases;
#[path = "../../tests/common/long.rs"]
mod long;
mod period_cases;
mod update_cases;
mod valid_cases;

use alloy_primitives::{B256, hex};
use common::{Chain, Plan, Shape, World};
use lupu_proof::Bundle;
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
        .join("../standard/vectors/bundles");
    fs::create_dir_all(&folder).unwrap();
    println!("{file}: {} cases, {} bytes", cases.len(), text.len());
    fs::write(folder.join(file), text).unwrap();
}

/// Small states: a vector is read by people too.
fn plan(chain: Chain, shape: Shape) -> Plan {
    Plan { neighbours: Some(6), ..Plan::new(chain, shape) }
}

fn world(chain: Chain, shape: Shape) -> World {
    plan(chain, shape).build()
}

/// One case: a file in both forms, the anchor that is trusted, perhaps a clock, the verdict.
struct Case {
    name: &'static str,
    description: String,
    bundle: Bundle,
    anchor: B256,
    now: Option<u64>,
    expect: &'static str,
    /// Other names for what is wrong, for verifiers that check in another order.
    accept: &'static [&'static str],
}

impl Case {
    fn new(name: &'static str, description: &str, bundle: Bundle, expect: &'static str) -> Self {
        let anchor = bundle.anchor.digest();
        Self { name, description: description.into(), bundle, anchor, now: None, expect, accept: &[] }
    }

    fn accept(self, accept: &'static [&'static str]) -> Self {
        Self { accept, ..self }
    }

    fn now(self, now: u64) -> Self {
        Self { now: Some(now), ..self }
    }

    fn trusting(self, anchor: B256) -> Self {
        Self { anchor, ..self }
    }

    fn json(&self) -> Value {
        let accept: Vec<&str> = if self.expect == "ok" { Vec::new() } else { [&[self.expect], self.accept].concat() };
        let mut case = json!({
            "name": self.name,
            "description": self.description,
            "json": self.bundle.to_json(),
            "anchor": self.anchor,
            "now": self.now,
            "expect": self.expect,
            "accept": accept,
        });
        if self.expect == "ok" {
            case["cbor"] = hex::encode_prefixed(self.bundle.to_cbor()).into();
            case["digest"] = json!(self.bundle.digest());
        }
        case
    }
}

fn main() {
    for chain in Chain::ALL {
        let about = format!(
            "Proof bundles of {} chains. json is the file; valid cases have the CBOR form and the \
             digest besides. anchor is the digest that is trusted; now is the clock, null where there \
             is none. expect is ok, or the first check that fails; accept are the names that a \
             verifier may give it.",
            chain.name()
        );
        let cases = [
            valid_cases::cases(chain),
            attack_cases::cases(chain),
            update_cases::cases(chain),
            period_cases::cases(chain),
        ];
        let cases = cases.concat();
        write(&format!("{}.json", chain.name()), &about, cases);
    }
    write(
        "format.json",
        "Files that are no bundles, for their form. file is the file in JSON, or else cbor is it in CBOR. \
         expect is Malformed, and field the path of the field that is named; null where the place in a \
         file that is no longer one is anyone's to name.",
        format_cases::cases(),
    );
}
