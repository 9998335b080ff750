//! Setting a chain up.

use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256};
use futures::future::BoxFuture;
use k256::ecdsa::SigningKey;

use crate::config::{Config, GenesisAccount, Hardfork, Kind, Production};
use crate::devnet::{Devnet, StartError};

/// What each funded account owns in block 0: a million ether, in wei.
const BALANCE: U256 = U256::from_limbs([0x1bce_cced_a100_0000, 0xd3c2, 0, 0]);

/// Sets a chain up.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: Config,
}

impl Builder {
    /// A name for logs. Default `devnet`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// EIP-155 chain id. Default 1337.
    pub fn chain_id(mut self, chain_id: u64) -> Self {
        self.config.chain_id = chain_id;
        self
    }

    /// Number of validators with keys from the seed. Default 4.
    pub fn validators(mut self, count: usize) -> Self {
        self.config.validators = count;
        self
    }

    /// These validators, in place of derived ones.
    pub fn validator_keys(mut self, keys: Vec<SigningKey>) -> Self {
        self.config.validator_keys = Some(keys);
        self
    }

    /// Rules and header fields. Default Berlin.
    pub fn hardfork(mut self, hardfork: Hardfork) -> Self {
        self.config.hardfork = hardfork;
        self
    }

    /// How blocks are sealed. Default QBFT.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.config.kind = kind;
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

    /// Whether a block may carry its parent's timestamp. Default: only below one second.
    pub fn equal_timestamps(mut self, allowed: bool) -> Self {
        self.config.equal_timestamps = Some(allowed);
        self
    }

    /// Gas limit of every block. Default 60 million.
    pub fn block_gas_limit(mut self, gas: u64) -> Self {
        self.config.block_gas_limit = gas;
        self
    }

    /// Base fee from London on, in wei; constant. Default 0.
    pub fn base_fee(mut self, wei: u64) -> Self {
        self.config.base_fee = wei;
        self
    }

    /// Lowest gas price the pool takes, in wei. Default 0.
    pub fn min_gas_price(mut self, wei: u128) -> Self {
        self.config.min_gas_price = wei;
        self
    }

    /// Gives these accounts a million ether each in block 0.
    pub fn fund(mut self, addresses: impl IntoIterator<Item = Address>) -> Self {
        self.config.genesis.extend(addresses.into_iter().map(funded));
        self
    }

    /// Gives an account this balance in block 0, in wei.
    pub fn fund_with(mut self, address: Address, wei: U256) -> Self {
        self.config.genesis.push(plain(address, wei));
        self
    }

    /// Puts a contract into block 0.
    pub fn genesis_account(mut self, account: GenesisAccount) -> Self {
        self.config.genesis.push(account);
        self
    }

    /// Number of development accounts. Default 10.
    pub fn dev_accounts(mut self, count: usize) -> Self {
        self.config.dev_accounts = count;
        self
    }

    /// Timestamp of block 0 in seconds. Default: now.
    pub fn genesis_timestamp(mut self, seconds: u64) -> Self {
        self.config.genesis_timestamp = Some(seconds);
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

    /// What keys derive from. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// How many states, the newest included, can be asked for. Default 512.
    pub fn state_window(mut self, blocks: u64) -> Self {
        self.config.state_window = blocks;
        self
    }

    /// Widest range `eth_getLogs` answers, in blocks; 0 for no limit. Default 0.
    pub fn max_log_range(mut self, blocks: u64) -> Self {
        self.config.max_log_range = blocks;
        self
    }

    /// Most transactions the pool holds. Default 100,000.
    pub fn pool_limit(mut self, count: usize) -> Self {
        self.config.pool_limit = count;
        self
    }

    /// Blocks after which pending votes are dropped. Default 30,000.
    pub fn epoch_length(mut self, blocks: u64) -> Self {
        self.config.epoch_length = blocks;
        self
    }

    /// Starts the chain and its endpoints on loopback.
    pub fn start(self) -> BoxFuture<'static, Result<Devnet, StartError>> {
        Box::pin(Devnet::start(self.config))
    }
}

/// An account without code.
pub(crate) fn plain(address: Address, balance: U256) -> GenesisAccount {
    GenesisAccount { address, balance, code: Bytes::new(), storage: Vec::new() }
}

/// An account without code and a million ether.
pub(crate) fn funded(address: Address) -> GenesisAccount {
    plain(address, BALANCE)
}
