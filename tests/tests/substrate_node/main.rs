//! The relayer against a Substrate chain of real nodes: four validators on loopback that author,
//! gossip and finalize by themselves, and execute the runtime as WASM.
//!
//! Run by `cargo xtask e2e`, which builds the node and the runtime.
#![cfg(feature = "real-nodes")]
#![allow(missing_docs)]

mod calls;
mod finality;
mod network;
mod packets;
mod process;
mod proofs;
mod relayer;
mod relaying;
mod route;
mod standing;
