//! What the adapter needs to know about a chain.

use crate::header_chain::Anchor;
use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use lupu_qbft::{Kind, Rules};
use lupu_standard::ChainId;
use std::time::Duration;

/// The contracts on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The CREATE2 factory.
    pub factory: Address,
    /// The AccessManager that governs the router.
    pub authority: Address,
    /// The router.
    pub router: Address,
    /// ICS-20 transfer.
    pub transfer: Address,
    /// ICS-27 GMP.
    pub gmp: Address,
    /// The block before which none of them stood.
    pub deployed_at: u64,
    /// Seconds between the announcement of a client migration and the migration.
    pub migration_delay: u64,
}

/// One EVM chain.
#[derive(Clone)]
pub struct EvmConfig {
    /// Its name in the configuration.
    pub id: ChainId,
    /// HTTP endpoints, in order of preference.
    pub endpoints: Vec<String>,
    /// WebSocket endpoints; may be empty.
    pub websockets: Vec<String>,
    /// EVM chain id.
    pub chain_id: u64,
    /// Consensus.
    pub kind: Kind,
    /// Contracts.
    pub contracts: Contracts,
    /// Where trust starts.
    pub anchor: Anchor,
    /// Price of gas in wei; `None` asks the node.
    pub gas_price: Option<u128>,
    /// The keys that sign, in order of preference.
    pub signers: Vec<PrivateKeySigner>,
    /// Limits and times.
    pub tuning: Tuning,
}

/// Limits and times with defaults that fit most chains.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long an endpoint may take to answer.
    pub request_timeout: Duration,
    /// How often the newest block is asked for where no WebSocket tells of it.
    pub poll: Duration,
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// Blocks in one log query, at first and at most.
    pub log_range: u64,
    /// When our own light client, which follows the chain from the anchor, trusts a header. It has
    /// no trusting period of its own: the clients on the other chains have.
    pub rules: Rules,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            max_packets: 50,
            log_range: 2_000,
            rules: Rules { trusting_period: u64::MAX, max_clock_drift: 300, ..Rules::default() },
        }
    }
}
