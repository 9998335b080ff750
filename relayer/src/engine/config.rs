//! What the engine can be told.

use super::Backoff;
use lupu_standard::{ChainId, ClientId, Height};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// A pair of bound clients that name each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// One chain, and the client on it that stands for the other.
    pub a: (ChainId, ClientId),
    /// The other chain, and the client on it that stands for the first.
    pub b: (ChainId, ClientId),
}

/// The engine's settings. [`Default`] is right for consortium chains with blocks of seconds.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where `/healthz` and `/metrics` are served; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Per chain the first block to read: the one that deployed the router, or any before the first
    /// packet. Chains not named start at block 0.
    pub starts: BTreeMap<ChainId, Height>,
    /// Most packets in one transaction.
    pub max_packets: usize,
    /// How long a packet waits for others to share its transaction.
    pub max_wait: Duration,
    /// Waits between tries.
    pub retry: Backoff,
    /// After so many failures a held packet waits for [`crate::Store::retry`]; `None`: never gives up.
    pub give_up_after: Option<u32>,
    /// Most blocks asked for at once.
    pub scan_range: u64,
    /// How often the sequence counter in state is compared where no packet was seen.
    pub completeness_interval: Duration,
    /// How often clients are looked at, and evidence is looked for.
    pub client_interval: Duration,
    /// Clients are refreshed when this share of the trusting period has passed, in percent.
    pub refresh_percent: u64,
    /// A transaction that is not included after this long is replaced with a higher fee.
    pub stuck_after: Duration,
    /// Proofs are made at a height that the client knows already, if it is at most so many blocks old.
    pub reuse_blocks: u64,
    /// A chain without a new block for this long is unhealthy.
    pub silent_after: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            listen: None,
            starts: BTreeMap::new(),
            max_packets: 50,
            max_wait: Duration::from_millis(500),
            retry: Backoff { initial: Duration::from_millis(500), max: Duration::from_secs(60) },
            give_up_after: None,
            scan_range: 1_000,
            completeness_interval: Duration::from_secs(15),
            client_interval: Duration::from_secs(5),
            refresh_percent: 33,
            stuck_after: Duration::from_secs(30),
            reuse_blocks: 64,
            silent_after: Duration::from_secs(120),
        }
    }
}
