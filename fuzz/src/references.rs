//! The slow, plain checkers that the light clients' own tests compare with. They share no code
//! with what is fuzzed.
#![allow(clippy::all, reason = "linted where they live")]

#[path = "../../light-clients/qbft/tests/common/mod.rs"]
pub mod qbft;

#[cfg(feature = "upstream")]
#[path = "../../light-clients/beefy/tests/common/mod.rs"]
pub mod beefy;

#[cfg(feature = "upstream")]
#[path = "../../light-clients/grandpa/tests/common/mod.rs"]
pub mod grandpa;
