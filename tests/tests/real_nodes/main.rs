//! The adapter and the contracts against nodes that we did not write: anvil, Hardhat's node, and
//! `cast` against the embedded chain. Everything but consensus is theirs; `sealed` says why.
//!
//! Run by `cargo xtask e2e`, which installs the nodes.
#![cfg(feature = "real-nodes")]
#![allow(missing_docs)]

mod cast;
mod end;
mod headers;
mod packets;
mod process;
mod sealed;
mod transactions;
