//! The chain itself: blocks, states, the pool, and who proposes next.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::consensus::{Header, Receipt, ReceiptEnvelope, Transaction as _};
use alloy::primitives::B256;
use tokio::sync::broadcast;

use crate::assembly::{assemble, genesis};
use crate::block::{Block, StoredReceipt};
use crate::config::{Config, Hardfork};
use crate::execution::{BlockContext, BlockHashes, ExecutionError, Mode, StateDb, tx_env};
use crate::header::{self, Extra};
use crate::keys::{self, Seal};
use crate::mempool::{Mempool, PoolError, Rules, SignedTx};
use crate::state::State;
use crate::validators::ValidatorSet;

/// How many blocks a slow subscriber may fall behind before it loses some.
const EVENT_BUFFER: usize = 4_096;

/// Decides which transactions stay out of blocks.
pub type Censor = Arc<dyn Fn(&SignedTx) -> bool + Send + Sync>;

/// One chain, shared by all its nodes.
pub struct Chain {
    config: Config,
    inner: RwLock<Inner>,
    pool: Mutex<Mempool>,
    /// Held while a block is built, so that two are never built on one parent.
    building: Mutex<()>,
    hashes: BlockHashes,
    blocks: broadcast::Sender<Arc<Block>>,
    pending: broadcast::Sender<Arc<SignedTx>>,
    plans: Mutex<Plans>,
}

struct Inner {
    blocks: Vec<Arc<Block>>,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, usize)>,
    /// The newest states; the last belongs to the newest block.
    states: VecDeque<State>,
    validators: ValidatorSet,
}

/// What the next blocks are told to do out of the ordinary.
#[derive(Default)]
struct Plans {
    rounds: VecDeque<u32>,
    censor: Option<Censor>,
    /// Milliseconds added to the clock.
    time_offset: u64,
    vanity: B256,
}

impl Chain {
    /// Builds block 0.
    pub fn new(config: Config) -> Self {
        let keys = config.validator_keys.clone().unwrap_or_else(|| {
            (0..config.validators as u64)
                .map(|index| keys::derive("lupu devnet validator", config.seed, index))
                .collect()
        });
        let validators = ValidatorSet::new(keys);
        let mut state = State::default();
        for account in &config.genesis {
            state.set_account(&account.address, crate::execution::genesis_account(account));
        }
        let genesis = Arc::new(genesis(&config, &validators, &state));
        Self {
            inner: RwLock::new(Inner {
                by_hash: HashMap::from([(genesis.hash, 0)]),
                transactions: HashMap::new(),
                states: VecDeque::from([state]),
                validators,
                blocks: vec![genesis.clone()],
            }),
            pool: Mutex::default(),
            building: Mutex::default(),
            hashes: Arc::new(RwLock::new(vec![genesis.hash])),
            blocks: broadcast::channel(EVENT_BUFFER).0,
            pending: broadcast::channel(EVENT_BUFFER).0,
            plans: Mutex::default(),
            config,
        }
    }

    /// What the chain was made of.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// New blocks, as they come.
    pub fn subscribe_blocks(&self) -> broadcast::Receiver<Arc<Block>> {
        self.blocks.subscribe()
    }

    /// Transactions as the pool takes them in.
    pub fn subscribe_pending(&self) -> broadcast::Receiver<Arc<SignedTx>> {
        self.pending.subscribe()
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Block> {
        let inner = self.read();
        inner.blocks[inner.blocks.len() - 1].clone()
    }

    /// A block by number.
    pub fn block(&self, number: u64) -> Option<Arc<Block>> {
        self.read().blocks.get(usize::try_from(number).ok()?).cloned()
    }

    /// Blocks `from` to `to`, both included, as far as they exist.
    pub fn blocks(&self, from: u64, to: u64) -> Vec<Arc<Block>> {
        let inner = self.read();
        let clamp = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(inner.blocks.len());
        let (from, to) = (clamp(from), clamp(to.saturating_add(1)));
        inner.blocks.get(from..to).unwrap_or_default().to_vec()
    }

    /// A block by hash.
    pub fn block_by_hash(&self, hash: &B256) -> Option<Arc<Block>> {
        let inner = self.read();
        inner.blocks.get(usize::try_from(*inner.by_hash.get(hash)?).ok()?).cloned()
    }

    /// Where a transaction went: its block and index.
    pub fn transaction(&self, hash: &B256) -> Option<(Arc<Block>, usize)> {
        let inner = self.read();
        let (number, index) = *inner.transactions.get(hash)?;
        Some((inner.blocks.get(usize::try_from(number).ok()?)?.clone(), index))
    }

    /// The state after a block; `None` when it was dropped or never was.
    pub fn state_at(&self, number: u64) -> Option<State> {
        let inner = self.read();
        let head = inner.blocks.len() as u64 - 1;
        let back = usize::try_from(head.checked_sub(number)?).ok()?;
        inner.states.iter().rev().nth(back).cloned()
    }

    /// The state after the newest block.
    pub fn head_state(&self) -> State {
        let inner = self.read();
        inner.states.back().cloned().unwrap_or_default()
    }

    /// A database over the state after a block.
    pub fn db_at(&self, number: u64) -> Option<StateDb> {
        Some(StateDb::new(self.state_at(number)?, self.hashes.clone()))
    }

    /// The block a call at `block` runs in.
    pub fn call_context(&self, block: &Block) -> BlockContext {
        BlockContext {
            hardfork: self.config.hardfork,
            chain_id: self.config.chain_id,
            number: block.header.number,
            timestamp: block.header.timestamp,
            coinbase: block.header.beneficiary,
            gas_limit: block.header.gas_limit,
            base_fee: block.header.base_fee_per_gas.unwrap_or_default(),
        }
    }

    /// The rules a transaction is checked against.
    pub fn rules(&self) -> Rules {
        Rules {
            hardfork: self.config.hardfork,
            chain_id: self.config.chain_id,
            block_gas_limit: self.config.block_gas_limit,
            base_fee: self.base_fee().unwrap_or_default(),
            min_gas_price: self.config.min_gas_price,
            limit: self.config.pool_limit,
        }
    }

    /// The base fee of every block; none before London.
    pub fn base_fee(&self) -> Option<u64> {
        (self.config.hardfork >= Hardfork::London).then_some(self.config.base_fee)
    }

    /// Takes a transaction into the pool.
    pub fn submit(&self, tx: SignedTx) -> Result<B256, PoolError> {
        let hash = tx.hash;
        // The pool is locked before the chain, here and in `import`: a block never slips between
        // the state that is checked against and the pool.
        let mut pool = self.pool();
        if self.read().transactions.contains_key(&hash) {
            return Err(PoolError::AlreadyKnown);
        }
        pool.add(tx, &self.head_state(), &self.rules())?;
        let tx = pool.get(&hash);
        drop(pool);
        if let Some(tx) = tx {
            let _ = self.pending.send(tx);
        }
        Ok(hash)
    }

    /// The pool, locked.
    pub fn pool(&self) -> MutexGuard<'_, Mempool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the validator set of the next block, or changes what it will do.
    pub fn with_validators<T>(&self, f: impl FnOnce(&mut ValidatorSet) -> T) -> T {
        f(&mut self.write().validators)
    }

    /// Lets the next blocks be decided in these rounds.
    pub fn plan_rounds(&self, rounds: impl IntoIterator<Item = u32>) {
        self.plans().rounds.extend(rounds);
    }

    /// Keeps transactions out of blocks for which `censor` says true; `None` ends it.
    pub fn set_censor(&self, censor: Option<Censor>) {
        self.plans().censor = censor;
    }

    /// Moves the chain's clock forward from the next block on.
    pub fn advance_time(&self, by: Duration) {
        let mut plans = self.plans();
        plans.time_offset = plans.time_offset.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
    }

    /// Sets the 32 free bytes of the coming headers.
    pub fn set_vanity(&self, vanity: B256) {
        self.plans().vanity = vanity;
    }

    /// The chain's clock, in seconds.
    pub fn now(&self) -> u64 {
        let offset = self.plans().time_offset;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_add(offset) / 1_000
    }

    /// Builds one block on the newest and makes it the newest.
    pub fn produce(&self) -> Arc<Block> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = self.head();
        let (round, censor, vanity) = {
            let mut plans = self.plans();
            (plans.rounds.pop_front().unwrap_or_default(), plans.censor.clone(), plans.vanity)
        };
        let (proposer, vote, validators) = {
            let inner = self.read();
            let previous = (parent.header.number > 0).then_some(parent.header.beneficiary);
            let proposer = inner.validators.proposer(previous, round).unwrap_or_default();
            (proposer, inner.validators.vote_of(&proposer), inner.validators.addresses())
        };
        let step = u64::from(!self.config.allows_equal_timestamps());
        let context = BlockContext {
            number: parent.header.number + 1,
            timestamp: self.now().max(parent.header.timestamp + step),
            coinbase: proposer,
            ..self.call_context(&parent)
        };

        let mut db = StateDb::new(self.head_state(), self.hashes.clone());
        let (transactions, receipts) = self.fill(&context, &mut db, censor);
        let header = assemble(&self.config, &parent, &context, &db.state, &transactions, &receipts);
        let extra = Extra { vanity, validators, vote, round, seals: Vec::new() };
        let block = Arc::new(self.seal(header, extra, transactions, receipts));
        self.import(block.clone(), db.state);
        block
    }

    /// Runs waiting transactions until the block is full.
    fn fill(
        &self,
        context: &BlockContext,
        db: &mut StateDb,
        censor: Option<Censor>,
    ) -> (Vec<Arc<SignedTx>>, Vec<StoredReceipt>) {
        let mut candidates = self.pool().candidates(&db.state, context.base_fee);
        let (mut transactions, mut receipts, mut gas_used, mut logs) = (vec![], vec![], 0u64, 0);
        let mut dead = Vec::new();
        while let Some(tx) = candidates.next() {
            if gas_used.saturating_add(21_000) > context.gas_limit {
                break;
            }
            let fits = tx.tx.gas_limit() <= context.gas_limit - gas_used;
            if !fits || censor.as_ref().is_some_and(|censor| censor(&tx)) {
                continue;
            }
            let outcome = match context.execute(db, tx_env(&tx.tx, tx.sender), Mode::Block) {
                Ok(outcome) => outcome,
                Err(ExecutionError::Transaction(reason)) => {
                    tracing::debug!(hash = %tx.hash, %reason, "transaction dropped");
                    dead.push(tx);
                    continue;
                }
                Err(error) => {
                    tracing::error!(hash = %tx.hash, %error, "execution failed");
                    dead.push(tx);
                    continue;
                }
            };
            gas_used += outcome.tx_gas_used();
            let created = tx.tx.kind().is_create().then(|| tx.sender.create(tx.tx.nonce()));
            let receipt = Receipt {
                status: outcome.is_success().into(),
                cumulative_gas_used: gas_used,
                logs: if outcome.is_success() { outcome.logs().to_vec() } else { Vec::new() },
            };
            let first_log = logs;
            logs += receipt.logs.len() as u64;
            receipts.push(StoredReceipt {
                gas_used: outcome.tx_gas_used(),
                contract_address: created,
                first_log,
                effective_gas_price: tx.tx.effective_gas_price(self.base_fee()),
                envelope: ReceiptEnvelope::from_typed(tx.tx.tx_type(), receipt.with_bloom()),
            });
            candidates.advance(&tx.sender, context.base_fee);
            transactions.push(tx);
        }
        let mut pool = self.pool();
        dead.iter().for_each(|tx| pool.remove(tx));
        (transactions, receipts)
    }

    /// The seals over a header of those of its validators whose keys are known.
    pub fn sign(&self, header: &Header, extra: &Extra) -> Vec<Seal> {
        let digest = header::commit_digest(header, extra, self.config.kind);
        let inner = self.read();
        let keys = extra.validators.iter().filter_map(|address| inner.validators.key(address));
        keys.map(|key| keys::sign(key, digest)).collect()
    }

    fn seal(
        &self,
        header: Header,
        extra: Extra,
        transactions: Vec<Arc<SignedTx>>,
        receipts: Vec<StoredReceipt>,
    ) -> Block {
        let seals = self.sign(&header, &extra);
        Block {
            hash: header::block_hash(&header, &extra, self.config.kind),
            kind: self.config.kind,
            header,
            extra,
            seals,
            transactions,
            receipts,
        }
    }

    fn import(&self, block: Arc<Block>, state: State) {
        let mut pool = self.pool();
        let mut inner = self.write();
        let number = block.header.number;
        let vote = block.extra.vote;
        inner.validators.apply(number, self.config.epoch_length, block.header.beneficiary, vote);
        inner.by_hash.insert(block.hash, number);
        for (index, tx) in block.transactions.iter().enumerate() {
            inner.transactions.insert(tx.hash, (number, index));
        }
        inner.states.push_back(state.clone());
        let keep = usize::try_from(self.config.state_window).unwrap_or(usize::MAX).max(1);
        while inner.states.len() > keep {
            inner.states.pop_front();
        }
        inner.blocks.push(block.clone());
        self.hashes.write().unwrap_or_else(PoisonError::into_inner).push(block.hash);
        pool.prune(block.transactions.iter().map(|tx| &tx.sender), &state);
        drop(inner);
        drop(pool);
        tracing::debug!(
            chain = %self.config.name, number, hash = %block.hash,
            transactions = block.transactions.len(), gas = block.header.gas_used, "block"
        );
        let _ = self.blocks.send(block);
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn plans(&self) -> MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
