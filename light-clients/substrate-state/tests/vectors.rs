//! The crate gives the verdict of every vector in `standard/vectors/substrate-state`, and so does
//! the plain verifier.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes};
use common::{reference, slices};
use lupu_light_client::Claim;
use lupu_substrate_state::{DigestItem, Header, NodeSet, check_anchor, check_membership, verify};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../../standard/vectors/substrate-state");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let file: File<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.count, file.cases.len());
    assert!(file.count > 0);
    file.cases
}

#[derive(Deserialize)]
struct Item {
    tag: u8,
    engine: Bytes,
    data: Bytes,
}

#[derive(Deserialize)]
struct HeaderCase {
    name: String,
    header: Bytes,
    expect: String,
    hash: B256,
    number: u32,
    parent_hash: B256,
    state_root: B256,
    extrinsics_root: B256,
    digest: Vec<Item>,
}

fn item(item: Item) -> DigestItem {
    let engine = || item.engine[..].try_into().unwrap();
    let data = item.data.to_vec();
    match item.tag {
        0 => DigestItem::Other(data),
        4 => DigestItem::Consensus(engine(), data),
        5 => DigestItem::Seal(engine(), data),
        6 => DigestItem::PreRuntime(engine(), data),
        8 => DigestItem::RuntimeEnvironmentUpdated,
        tag => panic!("no item has tag {tag}"),
    }
}

#[test]
fn headers() {
    for case in read::<HeaderCase>("header.json") {
        let name = case.name;
        let Ok(header) = Header::decode(&case.header) else {
            assert_eq!(case.expect, "MalformedHeader", "{name}");
            continue;
        };
        assert_eq!((case.expect.as_str(), header.number), ("ok", case.number), "{name}");
        assert_eq!(header.hash(), case.hash, "{name}");
        assert_eq!(header.parent_hash, case.parent_hash, "{name}");
        assert_eq!(header.state_root, case.state_root, "{name}");
        assert_eq!(header.extrinsics_root, case.extrinsics_root, "{name}");
        assert_eq!(header.digest, case.digest.into_iter().map(item).collect::<Vec<_>>(), "{name}");
        assert_eq!(header.encode(), case.header, "{name}");
    }
}

#[derive(Deserialize)]
struct Packed {
    name: String,
    root: B256,
    keys: Vec<Bytes>,
    proof: Bytes,
    expect: String,
    reason: String,
    present: Vec<bool>,
    values: Vec<Bytes>,
}

fn answers(present: &[bool], values: &[Bytes]) -> Vec<Option<Vec<u8>>> {
    present.iter().zip(values).map(|(present, value)| present.then(|| value.to_vec())).collect()
}

#[test]
fn packed_proofs() {
    let mut seen = BTreeSet::new();
    for case in read::<Packed>("packed.json") {
        let keys = slices(&case.keys);
        let truth = match case.expect.as_str() {
            "ok" => Ok(answers(&case.present, &case.values)),
            _ => Err(case.reason.as_str()),
        };
        let name = &case.name;
        assert_eq!(reference::packed(&case.root, &keys, &case.proof), truth, "plain: {name}");
        let verdict = verify(&case.root, &keys, &case.proof);
        let verdict = verdict.map(|values| values.into_iter().map(|v| v.map(<[u8]>::to_vec)).collect());
        assert_eq!(verdict.map_err(|e| e.kind.name()), truth, "{name}");
        seen.insert(case.reason);
    }
    let all = [
        "",
        "KeySize",
        "MalformedNode",
        "MissingNode",
        "NodeSize",
        "Restart",
        "Trailing",
        "Truncated",
        "UnusedNodes",
        "WrongHash",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[derive(Deserialize)]
struct NodeSetCase {
    name: String,
    root: B256,
    nodes: Vec<Bytes>,
    keys: Vec<Bytes>,
    expect: String,
    reason: String,
    unused_nodes: usize,
    present: Vec<bool>,
    values: Vec<Bytes>,
}

#[test]
fn node_sets() {
    for case in read::<NodeSetCase>("node_set.json") {
        let set: NodeSet = case.nodes.iter().cloned().collect();
        let keys = slices(&case.keys);
        let found: Result<Vec<_>, _> = keys.iter().map(|key| set.get(&case.root, key)).collect();
        let unused = set.unused(&case.root, &keys);
        match found {
            Ok(values) => {
                assert_eq!(case.expect, "ok", "{}", case.name);
                let values: Vec<_> = values.into_iter().map(|v| v.map(<[u8]>::to_vec)).collect();
                assert_eq!(values, answers(&case.present, &case.values), "{}", case.name);
                assert_eq!(unused, Ok(case.unused_nodes), "{}", case.name);
            }
            Err(e) => {
                assert_eq!(case.expect, "InvalidProof", "{}: {e}", case.name);
                assert_eq!(e.kind.name(), case.reason, "{}: {e}", case.name);
                assert_eq!(unused, Err(e));
            }
        }
    }
}

#[derive(Deserialize)]
struct Membership {
    name: String,
    state_root: B256,
    pallet_prefix: Bytes,
    paths: Vec<Bytes>,
    values: Vec<B256>,
    proof: Bytes,
    expect: String,
}

#[test]
fn membership() {
    let mut seen = BTreeSet::new();
    for case in read::<Membership>("membership.json") {
        let claim = |value: &B256| if value.is_zero() { Claim::Absent } else { Claim::Present(*value) };
        let claims: Vec<(Vec<u8>, Claim)> =
            case.paths.iter().zip(&case.values).map(|(path, value)| (path.to_vec(), claim(value))).collect();
        let prefix = case.pallet_prefix[..].try_into().unwrap();
        let verdict = check_membership(&case.state_root, prefix, &claims, &case.proof);
        if let Err(e) = &verdict {
            let text = e.to_string();
            assert!(!text.is_empty() && !text.contains('\n'));
        }
        assert_eq!(verdict.map_or_else(|e| e.name(), |()| "ok"), case.expect, "{}", case.name);
        seen.insert(case.expect);
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[derive(Deserialize)]
struct AnchorCase {
    name: String,
    state_root: B256,
    pallet_prefix: Bytes,
    genesis: Bytes,
    proof: Bytes,
    expect: String,
    timestamp: u64,
}

#[test]
fn anchors() {
    for case in read::<AnchorCase>("anchor.json") {
        let prefix = case.pallet_prefix[..].try_into().unwrap();
        let genesis: &[u8; 24] = case.genesis[..].try_into().unwrap();
        match check_anchor(&case.state_root, prefix, genesis, &case.proof) {
            Ok(anchor) => {
                assert_eq!((case.expect.as_str(), anchor.timestamp.0), ("ok", case.timestamp), "{}", case.name);
                assert_eq!(anchor.genesis, *genesis);
            }
            Err(e) => assert_eq!(e.name(), case.expect, "{}: {e}", case.name),
        }
    }
}
