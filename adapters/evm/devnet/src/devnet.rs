//! A running chain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use k256::ecdsa::SigningKey;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::block::Block;
use crate::chain::{Censor, Chain};
use crate::config::{Config, GenesisAccount, Hardfork, Kind, Production};
use crate::faults::NodeFaults;
use crate::header::Vote;
use crate::keys;
use crate::rpc::{self, Node};

/// What each development account owns in block 0: a million ether, in wei.
const DEV_BALANCE: U256 = U256::from_limbs([0x1bce_cced_a100_0000, 0xd3c2, 0, 0]);

/// Why a chain did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody to seal blocks.
    #[error("a chain needs between 1 and 255 validators, not {0}")]
    Validators(usize),
    /// Nobody to ask.
    #[error("a chain needs at least one node")]
    NoNode,
    /// The port is taken, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two methods of one name.
    #[error("cannot serve JSON-RPC: {0}")]
    Methods(#[from] jsonrpsee::server::RegisterMethodError),
}

/// A funded account whose key is public.
#[derive(Debug, Clone)]
pub struct DevAccount {
    /// The account.
    pub address: Address,
    /// Its secp256k1 key, 32 bytes big-endian.
    pub key: B256,
}

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
        self.config.genesis.extend(addresses.into_iter().map(|address| plain(address, DEV_BALANCE)));
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
    pub async fn start(self) -> Result<Devnet, StartError> {
        Devnet::start(self.config).await
    }
}

fn plain(address: Address, balance: U256) -> GenesisAccount {
    GenesisAccount { address, balance, code: Bytes::new(), storage: Vec::new() }
}

/// A running chain with its endpoints. Stops when dropped.
pub struct Devnet {
    chain: Arc<Chain>,
    nodes: Vec<RunningNode>,
    dev_accounts: Vec<DevAccount>,
    paused: Arc<AtomicBool>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

struct RunningNode {
    address: SocketAddr,
    faults: Arc<NodeFaults>,
}

impl Devnet {
    /// Starts from the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn start(mut config: Config) -> Result<Self, StartError> {
        let validators = config.validator_keys.as_ref().map_or(config.validators, Vec::len);
        if !(1..=255).contains(&validators) {
            return Err(StartError::Validators(validators));
        }
        if config.nodes == 0 {
            return Err(StartError::NoNode);
        }
        let dev_accounts: Vec<_> = (0..config.dev_accounts as u64)
            .map(|index| keys::derive("lupu devnet account", config.seed, index))
            .map(|key| DevAccount { address: keys::address(&key), key: B256::from_slice(&key.to_bytes()) })
            .collect();
        let dev = dev_accounts.iter().map(|account| plain(account.address, DEV_BALANCE));
        config.genesis.splice(0..0, dev);
        let (count, port) = (config.nodes, config.port);
        let chain = Arc::new(Chain::new(config));
        let mut devnet = Self {
            chain: chain.clone(),
            nodes: Vec::with_capacity(count),
            dev_accounts,
            paused: Arc::default(),
            stop: CancellationToken::new(),
            tasks: Vec::new(),
        };
        for index in 0..count {
            let offset = u16::try_from(index).unwrap_or(u16::MAX);
            let port = if port == 0 { 0 } else { port.saturating_add(offset) };
            devnet.listen(index, port).await?;
        }
        if let Production::Every(period) = chain.config().production {
            let task = produce(chain, period, devnet.paused.clone(), devnet.stop.clone());
            devnet.tasks.push(tokio::spawn(task));
        }
        Ok(devnet)
    }

    async fn listen(&mut self, index: usize, port: u16) -> Result<(), StartError> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let faults = Arc::<NodeFaults>::default();
        let node = Arc::new(Node {
            index,
            chain: self.chain.clone(),
            faults: faults.clone(),
            filters: rpc::Filters::default(),
        });
        let methods = rpc::module(node)?.into();
        let stop = self.stop.clone();
        self.tasks.push(tokio::spawn(rpc::server::serve(listener, methods, faults.clone(), stop)));
        self.nodes.push(RunningNode { address, faults });
        Ok(())
    }

    /// The HTTP URL of node `index`; of the last one for an index beyond it.
    pub fn http_url(&self, index: usize) -> String {
        format!("http://{}", self.running(index).address)
    }

    /// The WebSocket URL of node `index`; of the last one for an index beyond it.
    pub fn ws_url(&self, index: usize) -> String {
        format!("ws://{}", self.running(index).address)
    }

    /// The faults of node `index`; of the last one for an index beyond it.
    pub fn node(&self, index: usize) -> &NodeFaults {
        &self.running(index).faults
    }

    fn running(&self, index: usize) -> &RunningNode {
        &self.nodes[index.min(self.nodes.len() - 1)]
    }

    /// Number of endpoints.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain.config().chain_id
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.chain.config().name
    }

    /// The chain behind the endpoints.
    pub fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// The validators of the next block, ascending.
    pub fn validators(&self) -> Vec<Address> {
        self.chain.with_validators(|set| set.addresses())
    }

    /// Funded accounts with their keys.
    pub fn dev_accounts(&self) -> &[DevAccount] {
        &self.dev_accounts
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Block> {
        self.chain.head()
    }

    /// Produces one block now, whatever the period.
    pub async fn mine(&self) -> Arc<Block> {
        let chain = self.chain.clone();
        match tokio::task::spawn_blocking(move || chain.produce()).await {
            Ok(block) => block,
            Err(_) => self.chain.head(),
        }
    }

    /// Produces `count` blocks now; returns the last.
    pub async fn mine_many(&self, count: u64) -> Arc<Block> {
        for _ in 0..count {
            self.mine().await;
        }
        self.chain.head()
    }

    /// Stops periodic blocks.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
    }

    /// Lets periodic blocks go on.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::SeqCst);
    }

    /// Moves the chain's clock forward from the next block on.
    pub fn advance_time(&self, by: Duration) {
        self.chain.advance_time(by);
    }

    /// Lets the next `count` blocks be decided in this round.
    pub fn next_rounds(&self, count: usize, round: u32) {
        self.chain.plan_rounds(std::iter::repeat_n(round, count));
    }

    /// Lets every validator vote for a new one, whose key derives from `index`; it is in once more
    /// than half have proposed. Returns its address.
    pub fn vote_in(&self, index: u64) -> Address {
        let key = self.new_validator_key(index);
        self.chain.with_validators(|set| {
            let subject = set.learn(key);
            set.intend(Vote { subject, add: true });
            subject
        })
    }

    /// Lets every validator vote one out; it is out once more than half have proposed.
    pub fn vote_out(&self, subject: Address) {
        self.chain.with_validators(|set| set.intend(Vote { subject, add: false }));
    }

    /// Replaces the validators at once from the next block on, as a Besu `transitions` entry does.
    pub fn replace_validators(&self, keys: Vec<SigningKey>) {
        self.chain.with_validators(|set| set.replace(keys));
    }

    /// A key for a validator that is not in block 0, from the seed and an index.
    pub fn new_validator_key(&self, index: u64) -> SigningKey {
        keys::derive("lupu devnet further validator", self.chain.config().seed, index)
    }

    /// Keeps transactions out of blocks for which `censor` says true.
    pub fn censor(&self, censor: impl Fn(&crate::SignedTx) -> bool + Send + Sync + 'static) {
        self.chain.set_censor(Some(Arc::new(censor) as Censor));
    }

    /// Lets every transaction in again.
    pub fn uncensor(&self) {
        self.chain.set_censor(None);
    }

    /// Stops blocks and endpoints, and waits until they have.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            let _ = task.await;
        }
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn produce(chain: Arc<Chain>, period: Duration, paused: Arc<AtomicBool>, stop: CancellationToken) {
    let period = period.max(Duration::from_millis(1));
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if !paused.load(Ordering::SeqCst) {
            let chain = chain.clone();
            let _ = tokio::task::spawn_blocking(move || chain.produce()).await;
        }
    }
}
