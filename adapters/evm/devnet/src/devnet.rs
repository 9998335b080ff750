//! A running chain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use k256::ecdsa::SigningKey;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::block::Block;
use crate::builder::{Builder, funded};
use crate::chain::{Censor, Chain};
use crate::config::{Config, Production};
use crate::faults::NodeFaults;
use crate::fork::{Fork, ForkPlan};
use crate::header::Vote;
use crate::keys;
use crate::rpc::{self, Node};

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

    pub(crate) async fn start(mut config: Config) -> Result<Self, StartError> {
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
        let dev = dev_accounts.iter().map(|account| funded(account.address));
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
        self.tasks.push(tokio::spawn(lupu_devnet::serve(listener, methods, faults.of_requests(), stop)));
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

    /// A second, different block at `height`, sealed by a quorum of the same validators. `None` when
    /// its state was dropped or it does not exist.
    pub fn fork_header(&self, height: u64) -> Option<Fork> {
        self.chain.fork(height, &ForkPlan::default())
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
