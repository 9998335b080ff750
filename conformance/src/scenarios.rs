//! Builders of chains and of bundles, and the plain references beside them: the light clients' and
//! the bundles' own test code, one copy of it, used here to make members of the attack classes and
//! as independent verifiers.
#![allow(
    dead_code,
    missing_docs,
    unused_imports,
    clippy::duplicate_mod,
    clippy::should_implement_trait,
    reason = "code of the crates' tests"
)]

#[path = "../../light-clients/beefy/tests/common/mod.rs"]
pub mod beefy;
#[path = "../../light-clients/grandpa/tests/common/mod.rs"]
pub mod grandpa;
#[path = "../../proof/tests/common/plain/mod.rs"]
pub mod plain;
#[path = "../../light-clients/qbft/tests/common/mod.rs"]
pub mod qbft;
#[path = "../../proof/tests/common/rng.rs"]
pub mod rng;
#[path = "../../proof/tests/common/subjects.rs"]
pub mod subjects;
#[path = "../../proof/tests/common/tamper/mod.rs"]
pub mod tamper;
#[path = "../../proof/tests/common/world.rs"]
pub mod world;

pub use subjects::*;
pub use world::*;
