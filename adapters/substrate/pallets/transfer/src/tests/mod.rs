//! Each rule with its attack, on chains without proofs.

mod conservation;
mod network;
mod receiving;
mod refunds;
mod sending;
mod walks;

use crate::{Error, mock::Test};
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
