//! EVM chains with QBFT or IBFT 2.0 consensus for the relayer: [`lupu_adapter::Chain`] and
//! [`lupu_adapter::Prover`] on alloy's types, and the deployment of the contracts.
//!
//! No node is trusted. [`header_chain`] follows the chain with our own light client from an anchor
//! that a person confirmed; proofs are believed as far as they hash to a verified root; several
//! [`endpoints`] stand in for each other, and one that lies is put aside.

pub mod abi;
pub mod artifacts;
pub mod chain;
mod clients;
pub mod config;
pub mod deploy;
pub mod endpoints;
pub mod errors;
mod events;
pub mod fees;
mod follower;
pub mod header_chain;
mod host;
mod hosted;
pub mod identity;
mod json;
pub mod logs;
pub mod messages;
pub mod proofs;
pub mod prover;
pub mod raw_header;
pub mod rpc;
pub mod send;
mod simulation;
pub mod source;
mod status;
pub mod transactions;
mod verified;
pub mod wallet;

pub use chain::{EvmChain, RouterState};
pub use config::{Contracts, EvmConfig, Tuning};
pub use deploy::{DeployConfig, Step};
pub use endpoints::{EndpointStatus, Endpoints, RpcCount};
pub use header_chain::{Anchor, HeaderChain, propose_anchor};
pub use hosted::client_from_state;
pub use prover::QbftProver;
pub use source::{HeaderSource, block_hash};
pub use verified::{Fork, VerifiedHeader};
pub use wallet::Wallet;

/// The kind of consensus, re-exported for configurations.
pub use lupu_qbft::Kind;
