//! Light clients as both sides have them: the crate, and the committed bytecode in revm.

pub mod client;
pub mod contract;
pub mod vectors;

pub use client::{Client, Verdict};
pub use contract::Solidity;

use alloy_primitives::{B256, U256};
use lupu_light_client::LightClient;
use std::fmt::Debug;

/// A client type: the crate's types, and how the contract keeps what it knows.
pub trait ClientType: Clone + Debug {
    /// The client state.
    type State: Clone + Debug;
    /// A consensus state.
    type Consensus: Copy + Debug;
    /// The crate's client.
    type Client: LightClient;

    /// The contract's artifact.
    const CONTRACT: &'static str;
    /// The artifact of the reader of proofs, and the libraries behind it.
    const READER: (&'static str, &'static [&'static str]);
    /// How many slots, from 0 on, hold the client's state. The mapping of hashes comes next.
    const SLOTS: u64;

    /// What these slots hold.
    fn words(state: &Self::State) -> Vec<U256>;
    /// A client of the same parameters that can be created, whatever state this one is in.
    fn parameters(state: &Self::State) -> (Self::State, Self::Consensus);
    /// The state in its encoding.
    fn encode(state: &Self::State) -> Vec<u8>;
    /// The consensus state in its encoding.
    fn encode_consensus(consensus: &Self::Consensus) -> Vec<u8>;
    /// The crate's client in a state, with the hashes that it stores.
    fn open(state: &Self::State, stored: &[(u64, B256)]) -> Self::Client;
    /// A new client, or the name of the check that fails.
    fn create(state: &Self::State, initial: &Self::Consensus) -> Result<Self::Client, &'static str>;
    /// What state the crate's client is in.
    fn state(client: &Self::Client) -> &Self::State;
    /// Heights and the hashes that the crate's client stores, ascending.
    fn hashes(client: &Self::Client) -> Vec<(u64, B256)>;
}
