//! A running chain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use codec::Encode;
use lupu_substrate_runtime::{
    AccountId, Address, Runtime, RuntimeCall, Signature, SignedPayload, TxExtension, UncheckedExtrinsic, VERSION,
    validators, version,
};
use sp_core::{H256, Pair};
use sp_runtime::generic::Era;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::block::Block;
use crate::builder::Builder;
use crate::chain::Chain;
use crate::config::{Config, Production};
use crate::faults::NodeFaults;
use crate::fork::Fork;
use crate::keys::Authority;
use crate::pool::TxStatus;
use crate::rpc::{self, Node};
use crate::world::CallError;

/// Why a chain did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody to validate, or more than a set can hold.
    #[error("a chain needs between 1 and 255 authorities, not {0}")]
    Authorities(usize),
    /// Nobody to ask.
    #[error("a chain needs at least one node")]
    NoNode,
    /// The name does not fit into genesis.
    #[error("a chain's name has at most 64 bytes")]
    Name,
    /// A session needs two blocks.
    #[error("a session has at least 2 blocks, not {0}")]
    SessionLength(u32),
    /// Block 0 cannot be made.
    #[error("no block 0: {0}")]
    Genesis(String),
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

/// Why something that a test asked of the chain was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The account has no key here.
    #[error("no key of {0} here")]
    NoKey(AccountId),
    /// The runtime does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The pool refuses the transaction.
    #[error("refused: {0}")]
    Refused(String),
    /// No block took the transaction.
    #[error("not included: {0}")]
    NotIncluded(String),
}

/// A running chain with its endpoints. Stops when dropped.
pub struct Devnet {
    chain: Arc<Chain>,
    nodes: Vec<RunningNode>,
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

    pub(crate) async fn start(config: Config) -> Result<Self, StartError> {
        if !(1..=255).contains(&config.authorities) {
            return Err(StartError::Authorities(config.authorities));
        }
        if config.nodes == 0 {
            return Err(StartError::NoNode);
        }
        if config.name.len() > 64 {
            return Err(StartError::Name);
        }
        if config.session_length < 2 {
            return Err(StartError::SessionLength(config.session_length));
        }
        let (count, port) = (config.nodes, config.port);
        let made = tokio::task::spawn_blocking(move || Chain::new(config)).await;
        let chain = made
            .map_err(|error| StartError::Genesis(error.to_string()))?
            .map_err(|error| StartError::Genesis(error.to_string()))?;
        let chain = Arc::new(chain);
        let mut devnet = Self {
            chain: chain.clone(),
            nodes: Vec::with_capacity(count),
            paused: Arc::default(),
            stop: CancellationToken::new(),
            tasks: Vec::new(),
        };
        for index in 0..count {
            let offset = u16::try_from(index).unwrap_or(u16::MAX);
            devnet.listen(index, if port == 0 { 0 } else { port.saturating_add(offset) }).await?;
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
        let node = Arc::new(Node::new(index, self.chain.clone(), faults.clone()));
        let methods = rpc::module(node)?.into();
        let stop = self.stop.clone();
        self.tasks.push(tokio::spawn(lupu_devnet::serve(listener, methods, faults.clone(), stop)));
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

    /// The name.
    pub fn name(&self) -> &str {
        &self.chain.config().name
    }

    /// The chain behind the endpoints.
    pub fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// The hash of block 0.
    pub fn genesis_hash(&self) -> H256 {
        self.chain.genesis_hash()
    }

    /// The development authorities: those of block 0 first, then candidates.
    pub fn authorities(&self) -> &[Authority] {
        self.chain.authorities()
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
    pub async fn mine_many(&self, count: u32) -> Arc<Block> {
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

    /// Withholds GRANDPA votes, and with them BEEFY's, or lets them come again. Then every handover
    /// that was missed is justified in turn.
    pub fn withhold_grandpa(&self, hold: bool) {
        self.chain.withhold_grandpa(hold);
    }

    /// Withholds BEEFY votes, or lets them come again. Then the first block of every session that
    /// was missed is committed to in turn.
    pub fn withhold_beefy(&self, hold: bool) {
        self.chain.withhold_beefy(hold);
    }

    /// Keeps transactions out of blocks whose signer `censor` says true of.
    pub fn censor(&self, censor: impl Fn(&AccountId) -> bool + Send + 'static) {
        self.chain.set_censor(Some(Box::new(censor)));
    }

    /// Lets every transaction in again.
    pub fn uncensor(&self) {
        self.chain.set_censor(None);
    }

    /// Keeps only the newest `keep` states, as a pruning node does.
    pub fn keep_states(&self, keep: u32) {
        self.chain.keep_states(keep);
    }

    /// Another history of `length` blocks from height `first` on, signed by the same authorities.
    pub async fn fork(&self, first: u32, length: u32) -> Option<Fork> {
        let chain = self.chain.clone();
        tokio::task::spawn_blocking(move || chain.fork(first, length)).await.ok().flatten()
    }

    /// A transaction of an account whose key is here (an authority's, by account), SCALE with the
    /// length in front: immortal, with the nonce that is next.
    pub fn sign(&self, account: &AccountId, call: RuntimeCall) -> Result<Vec<u8>, ActionError> {
        let pair = self.chain.world.keys.sr25519(account.as_ref());
        let pair = pair.ok_or_else(|| ActionError::NoKey(account.clone()))?;
        let nonce = self.chain.next_nonce(account)?;
        let root = self.head().header.state_root;
        let current: sp_version::RuntimeVersion = self.chain.world.ask(root, "Core_version", &())?;
        let genesis = self.genesis_hash();
        let extension: TxExtension = (
            frame_system::CheckNonZeroSender::<Runtime>::new(),
            frame_system::CheckSpecVersion::<Runtime>::new(),
            frame_system::CheckTxVersion::<Runtime>::new(),
            frame_system::CheckGenesis::<Runtime>::new(),
            frame_system::CheckEra::<Runtime>::from(Era::Immortal),
            frame_system::CheckNonce::<Runtime>::from(nonce),
            frame_system::CheckWeight::<Runtime>::new(),
        );
        let implicit = ((), current.spec_version, current.transaction_version, genesis, genesis, (), ());
        let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
        let signature = Signature::Sr25519(payload.using_encoded(|message| pair.sign(message)));
        let address = Address::Id(account.clone());
        Ok(UncheckedExtrinsic::new_signed(call, address, signature, extension).encode())
    }

    /// Submits a transaction of an account whose key is here and makes blocks until it is in one;
    /// returns that block.
    pub async fn act(&self, account: &AccountId, call: RuntimeCall) -> Result<Arc<Block>, ActionError> {
        let transaction = self.sign(account, call)?;
        let submitted = self.chain.submit(transaction);
        let mut statuses = submitted.map_err(|error| ActionError::Refused(error.to_string()))?;
        for _ in 0..8 {
            self.mine().await;
            while let Ok(status) = statuses.try_recv() {
                match status {
                    TxStatus::InBlock(hash, _) | TxStatus::Finalized(hash, _) => {
                        let block = self.chain.block_by_hash(&hash);
                        return block.ok_or_else(|| ActionError::NotIncluded("block lost".into()));
                    }
                    TxStatus::Invalid(reason) => return Err(ActionError::NotIncluded(reason)),
                    TxStatus::Usurped(by) => return Err(ActionError::NotIncluded(format!("usurped by {by}"))),
                    TxStatus::Future | TxStatus::Ready => {}
                }
            }
        }
        Err(ActionError::NotIncluded("no block had room for it".into()))
    }

    /// Lets governance make a call, by a transaction of the `Sudo` account; returns its block.
    pub async fn sudo(&self, call: RuntimeCall) -> Result<Arc<Block>, ActionError> {
        let name = &self.chain.config().sudo;
        let account = lupu_substrate_runtime::keys::DevKeys::default().account(name);
        self.act(&account, RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(call) })).await
    }

    /// Lets the next block begin a session; returns that block.
    pub async fn end_session(&self) -> Result<Arc<Block>, ActionError> {
        self.sudo(RuntimeCall::Validators(validators::Call::end_session {})).await?;
        Ok(self.mine().await)
    }

    /// Hands the chain over to other validators, through two sessions: the first queues them, with
    /// the second they are in charge. Returns the block with which their session begins.
    pub async fn rotate(&self, members: &[AccountId]) -> Result<Arc<Block>, ActionError> {
        let validators = members.to_vec();
        self.sudo(RuntimeCall::Validators(validators::Call::set_validators { validators })).await?;
        self.end_session().await?;
        self.end_session().await
    }

    /// Upgrades the runtime to the next spec_version by `System.set_code`: of a native runtime that
    /// is the version only, its code stays. Returns the block of the upgrade; from its child on the
    /// new version is in force.
    pub async fn upgrade(&self) -> Result<Arc<Block>, ActionError> {
        let root = self.head().header.state_root;
        let current: sp_version::RuntimeVersion = self.chain.world.ask(root, "Core_version", &())?;
        let code = version::native_code(current.spec_version.max(VERSION.spec_version) + 1);
        self.sudo(RuntimeCall::System(frame_system::Call::set_code { code })).await
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
    let period = period.max(Duration::from_millis(2));
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
