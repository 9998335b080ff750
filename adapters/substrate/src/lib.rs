//! Substrate chains for the relayer: [`lupu_adapter::Chain`] and [`lupu_adapter::Prover`] on
//! subxt's dynamic types, without generated code, so that runtime upgrades are survived.
//!
//! No node is trusted. [`header_chain`] follows the chain's finality with our own GRANDPA light
//! client from an anchor that a person confirmed; state is believed as far as proofs lead to a
//! verified state root; several [`endpoints`] stand in for each other, and one that lies is put
//! aside.
//!
//! # What a node must offer
//!
//! WebSocket JSON-RPC: `chain_*`, `state_*`, `author_submitExtrinsic`, `author_pendingExtrinsics`,
//! `system_accountNextIndex`, `grandpa_subscribeJustifications`, `grandpa_proveFinality`; for BEEFY
//! clients also `beefy_getFinalizedHead` and `mmr_generateProof` (the node then needs
//! `--enable-offchain-indexing true`).
//!
//! The states of the newest 256 blocks, which every node keeps, are enough while the relayer runs:
//! what clients need of older blocks, the anchors of handovers, is kept in memory as they pass by. A
//! relayer that was away for longer needs one endpoint with `--state-pruning archive` to read the
//! events it missed.
//!
//! # What is not proven
//!
//! The meaning of bytes: nodes tell the runtime's metadata, and no proof says that it is the
//! runtime's. Metadata that misleads makes packets that no proof supports or that never show; both
//! are noticed before anything is paid for or given up (see [`SubstrateChain`]'s events and the
//! sequence counter). Nonces, the pool and a simulation are the word of one node.

pub mod anchor;
pub mod anchor_proofs;
pub mod assets;
pub mod beefy_prover;
pub mod call_text;
pub mod chain;
mod clients;
pub mod commitments;
pub mod config;
pub mod endpoints;
pub mod events;
pub mod extrinsics_root;
mod follower;
pub mod fork;
pub mod governance;
pub mod grandpa_prover;
pub mod header_chain;
mod host;
mod json;
pub mod keys;
pub mod membership;
pub mod proofs;
mod requirements;
pub mod rpc;
pub mod runtime;
mod scan;
pub mod send;
pub mod sessions;
mod shape;
mod simulation;
pub mod source;
mod status;
pub mod transactions;
pub mod unproven;
pub mod wallet;
pub mod wire;

pub use anchor::{Anchor, Voters, propose_anchor};
pub use beefy_prover::BeefyProver;
pub use chain::SubstrateChain;
pub use config::{SubstrateConfig, Tuning};
pub use endpoints::{EndpointStatus, Endpoints, RpcCount};
pub use fork::Fork;
pub use grandpa_prover::GrandpaProver;
pub use header_chain::{HeaderChain, Justified};
pub use keys::Key;
pub use membership::merkle_prefix;
pub use requirements::RuntimeMismatch;
pub use source::{RawHeader, Source};
pub use status::Invalid;
pub use wallet::Wallet;
