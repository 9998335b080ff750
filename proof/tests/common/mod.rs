//! Chains of each client type, a packet of each kind in their state, bundles of them, and what
//! judges bundles.
#![allow(dead_code, missing_docs, unused_imports)]

pub mod plain;
pub mod rng;
pub mod subjects;
pub mod tamper;
pub mod world;

#[path = "../../../light-clients/beefy/tests/common/mod.rs"]
pub mod beefy;
#[path = "../../../light-clients/grandpa/tests/common/mod.rs"]
pub mod grandpa;
#[path = "../../../light-clients/qbft/tests/common/mod.rs"]
pub mod qbft;

pub use subjects::*;
pub use world::*;
