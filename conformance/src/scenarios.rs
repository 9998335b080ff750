//! Builders of chains, and the plain references beside them: the light clients' own test code, one
//! copy of it, used here to make members of the attack classes and as independent verifiers.
#![allow(
    missing_docs,
    unused_imports,
    clippy::duplicate_mod,
    clippy::should_implement_trait,
    reason = "code of the light clients' tests"
)]

#[path = "../../light-clients/beefy/tests/common/mod.rs"]
pub mod beefy;
#[path = "../../light-clients/grandpa/tests/common/mod.rs"]
pub mod grandpa;
#[path = "../../light-clients/qbft/tests/common/mod.rs"]
pub mod qbft;
