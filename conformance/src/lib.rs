//! The suite of attacks, run against every verifier.
//!
//! [`suite`] reads the cases of `standard/vectors`, [`verifiers`] has what judges them, [`attacks`]
//! makes fresh ones, and the binary `conformance` prints one matrix.

pub mod attacks;
pub mod beefy;
pub mod case;
pub mod catalogue;
pub mod evm;
pub mod fault;
pub mod kind;
pub mod matrix;
pub mod qbft;
pub mod run;
pub mod scenarios;
pub mod suite;
pub mod verifier;
pub mod verifiers;

/// This crate's folder in the checkout: where cargo says it is, or below the folder that the
/// program was started in.
pub fn here() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| "conformance".into(), std::path::PathBuf::from)
}
