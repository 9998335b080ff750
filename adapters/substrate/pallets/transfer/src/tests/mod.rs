//! Each rule with its attack, on chains without proofs.

mod conservation;
mod network;
mod receiving;
mod refunds;
mod sending;
mod walks;

use crate::{Error, mock::Test};
use alloc::vec::Vec;
use frame_support::assert_ok;
use sp_runtime::DispatchResult;

/// Asserts which check failed.
#[track_caller]
fn assert_refused(result: DispatchResult, error: Error<Test>) {
    assert_eq!(result, Err(error.into()));
}

/// Asserts that anything but this pallet's own checks failed, by its name.
#[track_caller]
fn assert_fails(result: DispatchResult, name: &str) {
    assert_eq!(crate::mock::name(result.unwrap_err()), name);
}

#[track_caller]
fn ok<T: core::fmt::Debug>(result: Result<T, sp_runtime::DispatchError>) -> T {
    assert_ok!(&result);
    result.unwrap()
}

/// The cases of a file in `standard/vectors`.
fn cases(file: &str) -> Vec<serde_json::Value> {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let file = std::fs::read(folder.join("../../../../standard/vectors").join(file)).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let cases = file["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len() as u64, file["count"].as_u64().unwrap());
    cases
}
