//! What the adapter needs to know about a chain.

use crate::{anchor::Anchor, keys::Key};
use alloy_primitives::B256;
use lupu_standard::ChainId;
use std::time::Duration;

/// One Substrate chain.
#[derive(Clone)]
pub struct SubstrateConfig {
    /// Its name in the configuration.
    pub id: ChainId,
    /// WebSocket endpoints, in order of preference.
    pub endpoints: Vec<String>,
    /// Hash of block 0.
    pub genesis: B256,
    /// Where trust starts.
    pub anchor: Anchor,
    /// The keys that sign, in order of preference.
    pub keys: Vec<Key>,
    /// What a transaction pays besides its fee, in the chain's smallest unit.
    pub tip: u128,
    /// Limits and times.
    pub tuning: Tuning,
}

/// Limits and times with defaults that fit most chains.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long an endpoint may take to answer.
    pub request_timeout: Duration,
    /// How often finality is asked for where no subscription tells of it.
    pub poll: Duration,
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// Blocks for which a transaction is valid; a power of two from 4 to 4,096.
    pub mortality: u64,
    /// The block whose leaf is the first of the chain's Merkle mountain range.
    pub first_mmr_block: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            max_packets: 50,
            mortality: 64,
            first_mmr_block: 1,
        }
    }
}
