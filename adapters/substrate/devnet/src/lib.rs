//! An embedded Substrate chain: a real FRAME runtime in one process.
//!
//! The runtime of `lupu-substrate-runtime` executes natively over a state trie that is kept for
//! every recent block; blocks carry Aura seals, GRANDPA justifications and BEEFY commitments of
//! development authorities, as nodes make them; JSON-RPC is served on loopback over HTTP and
//! WebSocket by one or more nodes of the same chain, for stock `subxt` and `@polkadot/api`. Tests can
//! make the chain and each node misbehave.
//!
//! ```no_run
//! # async fn run() -> Result<(), lupu_substrate_devnet::StartError> {
//! let customs = lupu_substrate_devnet::Devnet::builder().name("customs").authorities(4).start().await?;
//! println!("{}", customs.ws_url(0));
//! # Ok(()) }
//! ```
//!
//! Nothing is written to disk: a chain lives as long as its [`Devnet`].

mod author;
mod block;
mod builder;
mod chain;
mod config;
mod devnet;
pub mod faults;
mod finality;
mod fork;
mod genesis;
mod keys;
pub mod lies;
mod offchain;
mod pool;
mod rpc;
mod state;
mod world;

pub use block::Block;
pub use builder::Builder;
pub use chain::Chain;
pub use config::{Config, Production};
pub use devnet::{ActionError, Devnet, StartError};
pub use finality::{GrandpaSet, threshold};
pub use fork::{Fork, ForkBlock};
pub use keys::Authority;
pub use world::CallError;

/// The runtime that executes here: its types and calls.
pub use lupu_substrate_runtime as runtime;
