//! The same verdict from Rust and from Solidity on BEEFY updates and proofs of Substrate state: the
//! committed bytecode runs in revm beside the crates, over all vectors and over mutants of them.
//!
//! `LUPU_FUZZ_CASES` sets the number of mutants, `LUPU_FUZZ_SEED` their seed; a mutant that divides
//! the two is printed as a vector, with its number.
#![allow(missing_docs)]

#[path = "../differential/comparison.rs"]
mod comparison;
mod mutate;

use lupu_conformance::beefy::{
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
        Case::Header { .. } => "header",
        Case::Creation { .. } => "creation",
    }
}

/// What mutants must come to, so that the comparison reaches everywhere.
const EVERY_CHECK: [&str; 41] = [
    "Update",
    "NoOp",
    "Misbehaviour",
    "ok",
    "MalformedMessage",
    "ClientFrozen",
    "ClientExpired",
    "MalformedCommitment",
    "UnknownAuthoritySet",
    "AuthoritySetMismatch",
    "InvalidSignature",
    "TooFewSignatures",
    "SignaturesNotSorted",
    "WrongSigner",
    "MalformedLeaf",
    "LeafOutOfRange",
    "HandoverLeafNotBound",
    "NextSetMismatch",
    "InvalidMmrProof",
    "MalformedHeader",
    "HeaderMismatch",
    "ZeroStateRoot",
    "InvalidProof",
    "AnchorAbsent",
    "MalformedAnchor",
    "WrongChain",
    "HeaderFromFuture",
    "TimeWentBack",
    "NotMisbehaviour",
    "UnknownHeight",
    "ConsensusStateMismatch",
    "InvalidPath",
    "ValueAbsent",
    "ValuePresent",
    "ValueMismatch",
    "InvalidIdentity",
    "InvalidTrustingPeriod",
    "InvalidClockDrift",
    "InvalidFirstBlock",
    "InvalidAuthoritySet",
    "InvalidInitialState",
];
