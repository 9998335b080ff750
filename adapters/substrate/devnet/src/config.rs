//! What a chain is made of, before it starts.

use std::time::Duration;

use lupu_substrate_runtime::{AccountId, Balance};

/// When a block is produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Production {
    /// One block per period, empty or not.
    Every(Duration),
    /// Only when [`crate::Devnet::mine`] is called.
    OnDemand,
}

/// Everything that [`crate::Builder`] sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// The consortium's name: chains with other names have other genesis hashes. At most 64 bytes.
    pub name: String,
    /// How many of the development authorities (Alice, Bob, …) validate in block 0.
    pub authorities: usize,
    /// How many more have registered session keys, so that they can be chosen later. Alice to Ferdie
    /// always have.
    pub candidates: usize,
    /// When blocks are produced.
    pub production: Production,
    /// Milliseconds in an Aura slot: no two blocks are nearer. `None`: the block time, or 20 on
    /// demand.
    pub slot_millis: Option<u64>,
    /// Blocks in a session, at least 2.
    pub session_length: u32,
    /// Accounts that own something in block 0 beside the authorities.
    pub balances: Vec<(AccountId, Balance)>,
    /// Who governs through `Sudo`, by name. Tests that act as this account share its nonces with
    /// [`crate::Devnet::sudo`].
    pub sudo: String,
    /// Number of endpoints that serve this chain.
    pub nodes: usize,
    /// Port of the first endpoint, the others follow it; 0 lets the system choose.
    pub port: u16,
    /// How many states, the newest included, can be asked for.
    pub state_window: u32,
    /// Most transactions the pool holds.
    pub pool_limit: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "devnet".into(),
            authorities: 4,
            candidates: 0,
            production: Production::Every(Duration::from_secs(1)),
            slot_millis: None,
            session_length: 10,
            balances: Vec::new(),
            sudo: "Alice".into(),
            nodes: 1,
            port: 0,
            state_window: 512,
            pool_limit: 8192,
        }
    }
}

impl Config {
    /// Milliseconds in an Aura slot.
    pub fn slot_millis(&self) -> u64 {
        let of_production = match self.production {
            Production::Every(period) => u64::try_from(period.as_millis()).unwrap_or(u64::MAX),
            Production::OnDemand => 20,
        };
        self.slot_millis.unwrap_or(of_production).clamp(2, 3_600_000)
    }
}
