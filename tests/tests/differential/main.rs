//! The same verdict from Rust and from Solidity on the same bytes: the committed bytecode runs in
//! revm beside the crates, over all vectors and over mutants of them.
//!
//! `LUPU_FUZZ_CASES` sets the number of mutants, `LUPU_FUZZ_SEED` their seed; a mutant that divides
//! the two is printed as a vector, with its number.
#![allow(missing_docs)]

#[path = "../../../light-clients/qbft/tests/common/mod.rs"]
mod common;

mod comparison;
mod mutate;

use lupu_conformance::qbft::{
    case::{self, Case},
    contract, vectors,
};

/// What a case judges, in a word or two.
fn sort(case: &Case) -> &'static str {
    match case {
        Case::Update { .. } => "update",
        Case::Misbehaviour { .. } => "misbehaviour",
        Case::Membership { .. } => "membership",
        Case::Proof { .. } => "packed proof",
        Case::Account { .. } => "account",
        Case::Creation { .. } => "creation",
    }
}

/// What mutants must come to, so that the comparison reaches everywhere.
const EVERY_CHECK: [&str; 39] = [
    "Update",
    "NoOp",
    "Misbehaviour",
    "ok",
    "MalformedMessage",
    "ClientFrozen",
    "UnknownTrustedHeight",
    "TrustedStateMismatch",
    "MalformedHeader",
    "HeightNotNewer",
    "ZeroStateRoot",
    "TrustedStateExpired",
    "HeaderFromFuture",
    "TimeWentBack",
    "InvalidValidatorSet",
    "TrustedValidatorsMismatch",
    "InvalidSeal",
    "SealsNotSorted",
    "ForeignSeal",
    "TooFewSeals",
    "TooLittleOverlap",
    "InvalidProof",
    "RouterAbsent",
    "RouterCodeMismatch",
    "ZeroStorageRoot",
    "NotMisbehaviour",
    "UnknownHeight",
    "ConsensusStateMismatch",
    "InvalidPath",
    "ClientExpired",
    "ValueAbsent",
    "ValuePresent",
    "ValueMismatch",
    "InvalidChainId",
    "InvalidRouter",
    "InvalidTrustingPeriod",
    "InvalidClockDrift",
    "InvalidTrustLevel",
    "InvalidInitialState",
];
