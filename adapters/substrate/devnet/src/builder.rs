//! Setting a chain up.

use std::time::Duration;

use futures::future::BoxFuture;
use lupu_substrate_runtime::genesis::ENDOWMENT;
use lupu_substrate_runtime::{AccountId, Balance};

use crate::config::{Config, Production};
use crate::devnet::{Devnet, StartError};

/// Sets a chain up.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: Config,
}

impl Builder {
    /// The consortium's name, at most 64 bytes; another name is another genesis hash. Default
    /// `devnet`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many of the development authorities validate in block 0. Default 4.
    pub fn authorities(mut self, count: usize) -> Self {
        self.config.authorities = count;
        self
    }

    /// How many more have session keys from block 0 on. Default 0; Alice to Ferdie always have.
    pub fn candidates(mut self, count: usize) -> Self {
        self.config.candidates = count;
        self
    }

    /// One block per period. Default one second.
    pub fn block_time(mut self, period: Duration) -> Self {
        self.config.production = Production::Every(period);
        self
    }

    /// Blocks only when [`Devnet::mine`] is called.
    pub fn on_demand(mut self) -> Self {
        self.config.production = Production::OnDemand;
        self
    }

    /// Milliseconds in an Aura slot, the least between two blocks; where blocks come faster the
    /// chain's clock runs ahead. Default: the block time, or 20 on demand.
    pub fn slot_millis(mut self, millis: u64) -> Self {
        self.config.slot_millis = Some(millis);
        self
    }

    /// Blocks in a session, at least 2. Default 10.
    pub fn session_length(mut self, blocks: u32) -> Self {
        self.config.session_length = blocks;
        self
    }

    /// Gives these accounts a million tokens each in block 0.
    pub fn fund(mut self, accounts: impl IntoIterator<Item = AccountId>) -> Self {
        self.config.balances.extend(accounts.into_iter().map(|account| (account, ENDOWMENT)));
        self
    }

    /// Gives an account this balance in block 0.
    pub fn fund_with(mut self, account: AccountId, balance: Balance) -> Self {
        self.config.balances.push((account, balance));
        self
    }

    /// Who governs through `Sudo`, by name. Default `Alice`.
    pub fn sudo(mut self, name: impl Into<String>) -> Self {
        self.config.sudo = name.into();
        self
    }

    /// Number of endpoints. Default 1.
    pub fn nodes(mut self, count: usize) -> Self {
        self.config.nodes = count;
        self
    }

    /// Port of the first endpoint on loopback, the others follow it. Default 0: the system's choice.
    pub fn port(mut self, port: u16) -> Self {
        self.config.port = port;
        self
    }

    /// How many states, the newest included, can be asked for. Default 512.
    pub fn state_window(mut self, blocks: u32) -> Self {
        self.config.state_window = blocks;
        self
    }

    /// Most transactions the pool holds. Default 8192.
    pub fn pool_limit(mut self, count: usize) -> Self {
        self.config.pool_limit = count;
        self
    }

    /// Starts the chain and its endpoints on loopback.
    pub fn start(self) -> BoxFuture<'static, Result<Devnet, StartError>> {
        Box::pin(Devnet::start(self.config))
    }
}
