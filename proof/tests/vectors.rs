//! The crate gives the verdict of every vector in `standard/vectors/bundles`, and so does the plain
//! checker.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;

use alloy_primitives::{B256, Bytes};
use common::plain;
use lupu_proof::{Bundle, verify};
use lupu_standard::TimestampSecs;
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let text = fs::read_to_string(folder.join("../standard/vectors/bundles").join(file)).unwrap();
    let file: File<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.count, file.cases.len());
    file.cases
}

#[derive(Deserialize)]
struct Case {
    name: String,
    json: String,
    cbor: Option<Bytes>,
    digest: Option<B256>,
    anchor: B256,
    now: Option<u64>,
    expect: String,
    accept: Vec<String>,
}

const CHAINS: [&str; 4] = ["qbft", "ibft2", "beefy", "grandpa"];

#[test]
fn every_vector_has_its_verdict() {
    let mut wrong = Vec::new();
    for chain in CHAINS {
        let cases: Vec<Case> = read(&format!("{chain}.json"));
        assert!(cases.len() > 50, "only {} cases", cases.len());
        for case in cases {
            let name = format!("{chain} {}", case.name);
            let bundle = Bundle::decode(case.json.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(bundle.to_json(), case.json, "{name}");
            let cbor = bundle.to_cbor();
            let twin = Bundle::decode(&cbor).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(twin, bundle, "{name}");
            let verdict = verify(&bundle, &[case.anchor], case.now.map(TimestampSecs));
            let found = verdict.as_ref().map_or_else(|e| e.check(), |_| "ok");
            if found != case.expect {
                wrong.push(format!("{name}: {found}, expected {}: {:?}", case.expect, verdict.as_ref().err()));
            }
            assert_eq!(case.accept.contains(&case.expect), case.expect != "ok", "{name}");
            assert_eq!(case.cbor.is_some(), case.expect == "ok", "{name}");
            for file in [case.json.as_bytes(), &cbor] {
                let accepted = plain::accepts(file, case.anchor, case.now);
                if accepted != (case.expect == "ok") {
                    wrong.push(format!("{name}: the plain checker says {accepted}"));
                }
            }
            if let (Ok(report), Some(expected), Some(digest)) = (verdict, case.cbor, case.digest) {
                assert_eq!(expected, cbor, "{name}");
                assert_eq!((report.digest, report.anchor), (digest, case.anchor), "{name}");
                assert_eq!(plain::anchor_digest(&cbor), Some(case.anchor), "{name}");
                for file in [case.json.as_bytes(), &cbor] {
                    assert_eq!(plain::file_digest(file), Some(digest), "{name}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    file: String,
    cbor: Bytes,
    field: Option<String>,
}

#[test]
fn every_malformed_file_is_refused_and_its_field_named() {
    let mut wrong = Vec::new();
    for case in read::<Refused>("format.json") {
        assert!(case.file.is_empty() || case.cbor.is_empty(), "{}: one file", case.name);
        let file = if case.cbor.is_empty() { case.file.into_bytes() } else { case.cbor.to_vec() };
        match Bundle::decode(&file) {
            Ok(_) => wrong.push(format!("{}: taken", case.name)),
            Err(e) => {
                assert!(e.at <= file.len(), "{}: {e}", case.name);
                if case.field.is_some_and(|field| field != e.field) {
                    wrong.push(format!("{}: {e}", case.name));
                }
            }
        }
        if plain::anchor_digest(&file).is_some_and(|anchor| plain::accepts(&file, anchor, None)) {
            wrong.push(format!("{}: taken by the plain checker", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each kind of statement is proven on each chain, and each check of an update is failed somewhere.
#[test]
fn the_vectors_reach_every_check() {
    let mut seen = BTreeSet::new();
    for chain in CHAINS {
        seen.extend(read::<Case>(&format!("{chain}.json")).into_iter().map(|case| case.expect));
    }
    let own = [
        "AnchorUnknown",
        "UnusedUpdate",
        "UnknownHeight",
        "MalformedAcknowledgement",
        "NotATransfer",
        "Refused",
        "OtherDirection",
        "PathMismatch",
        "ValueMismatch",
        "ValueAbsent",
        "ValuePresent",
        "InvalidProof",
        "NotExpired",
        "UnusedNodes",
        "HeaderFromFuture",
        "ClientExpired",
        "HeightNotNewer",
        "UpdatesNotAscending",
        "Misbehaviour",
    ];
    let missing: Vec<_> = own.into_iter().filter(|check| !seen.contains(*check)).collect();
    assert!(missing.is_empty(), "no vector fails {missing:?}");
}
