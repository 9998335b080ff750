//! The crate gives the verdict of every vector in `standard/vectors/ethereum-state`, and so does
//! the plain verifier.
#![allow(missing_docs)]

mod common;

use alloy_primitives::{B256, Bytes};
use common::reference;
use lupu_ethereum_state::{Account, packed};
use serde::{Deserialize, de::DeserializeOwned};
use std::{fs, path::PathBuf};

#[derive(Deserialize)]
struct File<T> {
    count: usize,
    cases: Vec<T>,
}

fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"))
        .join("../../standard/vectors/ethereum-state");
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let file: File<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.count, file.cases.len());
    assert!(file.count > 0);
    file.cases
}

#[derive(Deserialize)]
struct Packed<V> {
    name: String,
    root: B256,
    keys: Vec<B256>,
    proof: Bytes,
    expect: String,
    #[serde(default)]
    reason: String,
    values: Vec<V>,
}

#[test]
fn packed_proofs() {
    for case in read::<Packed<Bytes>>("packed.json") {
        let name = &case.name;
        let slow = reference::packed(&case.root, &case.keys, &case.proof);
        assert_eq!(slow.is_some(), case.expect == "ok", "plain: {name}");
        match packed::verify(&case.root, &case.keys, &case.proof) {
            Ok(values) => {
                assert_eq!(case.expect, "ok", "{name}");
                let values: Vec<Bytes> =
                    values.into_iter().map(|v| Bytes::copy_from_slice(v.unwrap_or_default())).collect();
                assert_eq!(values, case.values, "{name}");
                let slow: Vec<_> = slow.unwrap().into_iter().map(Option::unwrap_or_default).collect();
                assert_eq!(slow, case.values, "plain: {name}");
            }
            Err(e) => {
                assert_eq!(case.expect, "InvalidProof", "{name}: {e}");
                assert_eq!(e.kind.name(), case.reason, "{name}: {e}");
            }
        }
    }
}

#[test]
fn storage_proofs() {
    for case in read::<Packed<B256>>("storage.json") {
        match packed::verify_storage(&case.root, &case.keys, &case.proof) {
            Ok(values) => {
                let words: Vec<B256> = values.into_iter().map(Option::unwrap_or_default).collect();
                assert_eq!((case.expect.as_str(), words), ("ok", case.values), "{}", case.name);
            }
            Err(e) => assert_eq!(case.expect, "InvalidProof", "{}: {e}", case.name),
        }
        let leaves = reference::packed(&case.root, &case.keys, &case.proof).unwrap();
        let good = leaves.iter().flatten().all(|leaf| reference::word(leaf).is_some());
        assert_eq!(good, case.expect == "ok", "plain: {}", case.name);
    }
}

#[derive(Deserialize)]
struct AccountCase {
    name: String,
    account: Bytes,
    expect: String,
    nonce: String,
    balance: String,
    storage_root: B256,
    code_hash: B256,
}

#[test]
fn accounts() {
    for case in read::<AccountCase>("account.json") {
        match Account::decode(&case.account) {
            Ok(a) => {
                assert_eq!(case.expect, "ok", "{}", case.name);
                assert_eq!(a.nonce.to_string(), case.nonce);
                assert_eq!(a.balance.to_string(), case.balance);
                assert_eq!((a.storage_root, a.code_hash), (case.storage_root, case.code_hash));
                assert_eq!(a.encode(), case.account);
            }
            Err(e) => assert_eq!(case.expect, "InvalidProof", "{}: {e}", case.name),
        }
    }
}
