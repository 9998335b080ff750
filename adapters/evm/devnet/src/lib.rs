//! An embedded QBFT chain: a real EVM chain in one process.
//!
//! revm executes; a Merkle-Patricia state answers `eth_getProof`; headers are sealed as Besu seals
//! QBFT and IBFT 2.0, by validators whose keys derive from a seed; JSON-RPC is served on loopback
//! over HTTP and WebSocket by one or more nodes of the same chain. Tests can make the chain and
//! each node misbehave.
//!
//! ```no_run
//! # async fn run() -> Result<(), lupu_evm_devnet::StartError> {
//! let harbour = lupu_evm_devnet::Devnet::builder().name("harbour").chain_id(1001).start().await?;
//! println!("{}", harbour.http_url(0));
//! # Ok(()) }
//! ```
//!
//! Nothing is written to disk: a chain lives as long as its [`Devnet`].

mod assembly;
mod block;
mod builder;
mod chain;
mod config;
mod devnet;
mod execution;
pub mod faults;
mod fork;
mod header;
pub mod keys;
pub mod lies;
mod mempool;
mod rpc;
mod state;
mod validators;

pub use block::{Block, StoredReceipt};
pub use builder::Builder;
pub use chain::{Censor, Chain};
pub use config::{Config, GenesisAccount, Hardfork, Kind, Production};
pub use devnet::{DevAccount, Devnet, StartError};
pub use execution::StateDb;
pub use fork::{Fork, ForkPlan};
pub use header::{Extra, Form, MIX_HASH, Vote, block_hash, commit_digest, quorum, raw};
pub use mempool::{PoolError, Rules, SignedTx};
pub use state::{Account, State};
pub use validators::ValidatorSet;
