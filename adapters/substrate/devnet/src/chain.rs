//! The chain: its blocks, which of them are final, and the states that are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use codec::{DecodeAll, Encode};
use lupu_substrate_runtime::{AccountId, Header, Nonce, UncheckedExtrinsic, keys};
use sp_consensus_beefy::ValidatorSet;
use sp_consensus_beefy::ecdsa_crypto::AuthorityId as BeefyId;
use sp_core::H256;
use sp_runtime::transaction_validity::{TransactionSource, TransactionValidity};
use sp_state_machine::Backend;
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::author::{AuthorError, Draft, Plan};
use crate::block::Block;
use crate::config::Config;
use crate::finality::{GrandpaSet, commit, justify};
use crate::genesis::genesis;
use crate::keys::{Authority, Keystore};
use crate::pool::{Censor, Pool, PoolError, TxStatus};
use crate::state::{Nodes, Removed};
use crate::world::{CallError, World};

/// Blocks of which nodes keep one justification, where the authorities stay.
const JUSTIFICATION_PERIOD: u32 = 512;

/// Something that those who follow the chain want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A block was made.
    Made,
    /// Blocks up to this one are final.
    Finalized,
    /// A justification of this block exists.
    Justified(u32),
    /// A BEEFY commitment to this block exists.
    Committed(u32),
}

/// What changes as the chain grows.
pub(crate) struct Inner {
    pub(crate) blocks: Vec<Arc<Block>>,
    pub(crate) by_hash: HashMap<H256, u32>,
    pub(crate) finalized: u32,
    pub(crate) beefy_finalized: u32,
    pub(crate) justifications: BTreeMap<u32, Vec<u8>>,
    /// Blocks with which nodes keep the justification.
    kept: BTreeSet<u32>,
    pub(crate) commitments: BTreeMap<u32, Vec<u8>>,
    /// GRANDPA sets with the first block each finalizes.
    pub(crate) grandpa_sets: Vec<(u32, GrandpaSet)>,
    /// BEEFY sets with the first block each commits to.
    pub(crate) beefy_sets: Vec<(u32, ValidatorSet<BeefyId>)>,
    hold_grandpa: bool,
    hold_beefy: bool,
    round: u64,
    window: u32,
    oldest_state: u32,
    /// What each block took out of its parent's state, from block `oldest_state + 1` on.
    removed: VecDeque<Removed>,
}

/// A chain, without its endpoints.
pub struct Chain {
    config: Config,
    pub(crate) world: World,
    inner: RwLock<Inner>,
    pub(crate) pool: Mutex<Pool>,
    authoring: Mutex<()>,
    ahead_ms: AtomicU64,
    events: broadcast::Sender<Event>,
}

impl Chain {
    pub(crate) fn new(config: Config) -> Result<Self, AuthorError> {
        let known = (config.authorities + config.candidates).max(keys::NAMES.len());
        let world =
            World { nodes: Nodes::default(), offchain: Default::default(), keys: Arc::new(Keystore::new(known)) };
        let genesis = genesis(&config, &world)?;
        let grandpa = world.grandpa_set(genesis.header.state_root)?;
        let beefy = world.beefy_set(genesis.header.state_root)?.ok_or(AuthorError::NoAuthor)?;
        let inner = Inner {
            by_hash: HashMap::from([(genesis.hash, 0)]),
            blocks: vec![Arc::new(genesis)],
            finalized: 0,
            beefy_finalized: 0,
            justifications: BTreeMap::new(),
            kept: BTreeSet::new(),
            commitments: BTreeMap::new(),
            grandpa_sets: vec![(1, grandpa)],
            beefy_sets: vec![(1, beefy)],
            hold_grandpa: false,
            hold_beefy: false,
            round: 0,
            window: config.state_window.max(1),
            oldest_state: 0,
            removed: VecDeque::new(),
        };
        let pool = Mutex::new(Pool::new(config.pool_limit));
        Ok(Self {
            config,
            world,
            inner: RwLock::new(inner),
            pool,
            authoring: Mutex::new(()),
            ahead_ms: AtomicU64::new(0),
            events: broadcast::channel(4_096).0,
        })
    }

    /// What it was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The development authorities whose keys sign here: those of block 0 first, then candidates.
    pub fn authorities(&self) -> &[Authority] {
        &self.world.keys.authorities
    }

    pub(crate) fn read<R>(&self, f: impl FnOnce(&Inner) -> R) -> R {
        f(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    /// The newest block.
    pub fn head(&self) -> Arc<Block> {
        self.read(|inner| inner.head().clone())
    }

    /// Block 0's hash.
    pub fn genesis_hash(&self) -> H256 {
        self.read(|inner| inner.blocks.first().map(|block| block.hash).unwrap_or_default())
    }

    /// A block by number.
    pub fn block(&self, number: u32) -> Option<Arc<Block>> {
        self.read(|inner| inner.blocks.get(number as usize).cloned())
    }

    /// A block by hash.
    pub fn block_by_hash(&self, hash: &H256) -> Option<Arc<Block>> {
        let number = self.read(|inner| inner.by_hash.get(hash).copied())?;
        self.block(number)
    }

    /// The newest block that GRANDPA has finalized.
    pub fn finalized(&self) -> u32 {
        self.read(|inner| inner.finalized)
    }

    /// The newest block that BEEFY has committed to; 0 for none.
    pub fn beefy_finalized(&self) -> u32 {
        self.read(|inner| inner.beefy_finalized)
    }

    /// The SCALE justification of exactly this block, if there is one.
    pub fn justification(&self, number: u32) -> Option<Vec<u8>> {
        self.read(|inner| inner.justifications.get(&number).cloned())
    }

    /// The same as nodes keep it: of the last block of a set, of the first that was finalized, and
    /// of the first in every 512. Of the others only subscribers have heard.
    pub fn kept_justification(&self, number: u32) -> Option<Vec<u8>> {
        self.justification(number).filter(|_| self.read(|inner| inner.kept.contains(&number)))
    }

    /// The SCALE `VersionedFinalityProof` of exactly this block, if there is one. Nodes keep them all.
    pub fn commitment(&self, number: u32) -> Option<Vec<u8>> {
        self.read(|inner| inner.commitments.get(&number).cloned())
    }

    /// The GRANDPA set that finalizes a block.
    pub fn grandpa_set(&self, number: u32) -> GrandpaSet {
        self.read(|inner| in_force(&inner.grandpa_sets, number))
    }

    /// The BEEFY set that commits to a block: its id and its members' compressed keys.
    pub fn beefy_set(&self, number: u32) -> ValidatorSet<BeefyId> {
        self.read(|inner| in_force(&inner.beefy_sets, number))
    }

    /// A justification of any block by its own set, whatever is withheld, in a round of one's
    /// choice; with `ancestry` its voters vote for blocks above it too.
    pub fn justify(&self, number: u32, round: u64, ancestry: u32) -> Option<Vec<u8>> {
        let block = self.block(number)?;
        let above: Vec<Header> =
            (1..=ancestry).map_while(|step| Some(self.block(number + step)?.header.clone())).collect();
        let set = self.grandpa_set(number);
        Some(justify(&self.world.keys, &set, round, &block, &above)?.encode())
    }

    /// A commitment to any block by its own set, whatever is withheld.
    pub fn commit(&self, number: u32) -> Option<Vec<u8>> {
        let block = self.block(number)?;
        Some(commit(&self.world.keys, &self.beefy_set(number), &block)?.encode())
    }

    /// Moves the chain's clock forward from the next block on.
    pub fn advance_time(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let _ = self.ahead_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ms| ms.checked_add(by));
    }

    /// The chain's clock, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        u64::try_from(wall).unwrap_or(u64::MAX).saturating_add(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// Makes one block now and finalizes what is not withheld.
    pub fn produce(&self) -> Arc<Block> {
        let _one_at_a_time = self.authoring.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = self.head();
        let plan = Plan { now_ms: self.now_ms(), mark: None };
        let made = {
            let mut pool = self.pool();
            let mut selection = pool.select();
            let made = self.world.draft(&parent, &plan, &mut selection);
            let included = std::mem::take(&mut selection.included);
            made.map(|draft| {
                let block = self.append(draft);
                pool.settle(block.hash, block.number(), included);
                block
            })
        };
        match made {
            Ok(block) => {
                self.tell(Event::Made);
                self.finalize();
                block
            }
            Err(error) => {
                tracing::error!(%error, "no block");
                parent
            }
        }
    }

    fn append(&self, draft: Draft) -> Arc<Block> {
        let Draft { block, transaction, offchain } = draft;
        let number = block.number();
        self.world.offchain.apply(number, block.header.parent_hash, offchain);
        let removed = self.world.nodes.commit(transaction);
        let block = Arc::new(block);
        let dropped = self.write(|inner| {
            if let Some(authorities) = block.grandpa_handover() {
                let id = in_force(&inner.grandpa_sets, number).id + 1;
                inner.grandpa_sets.push((number + 1, GrandpaSet { id, authorities }));
            }
            if let Some(set) = block.beefy_handover() {
                inner.beefy_sets.push((number, set));
            }
            inner.blocks.push(block.clone());
            inner.by_hash.insert(block.hash, number);
            inner.removed.push_back(removed);
            inner.drop_states()
        });
        dropped.into_iter().for_each(|removed| self.world.nodes.purge(removed));
        block
    }

    /// Finalizes everything that is not withheld, as voters do: GRANDPA first, every handover in
    /// turn, then BEEFY up to there, every session's first block in turn.
    pub(crate) fn finalize(&self) {
        let events = self.write(|inner| {
            let mut events = Vec::new();
            if !inner.hold_grandpa {
                inner.finalize_grandpa(&self.world.keys, &mut events);
            }
            if !inner.hold_beefy {
                inner.finalize_beefy(&self.world.keys, &mut events);
            }
            events
        });
        self.pool().finalize(self.finalized());
        events.into_iter().for_each(|event| self.tell(event));
    }

    /// Withholds GRANDPA votes, or lets them come again.
    pub fn withhold_grandpa(&self, hold: bool) {
        self.write(|inner| inner.hold_grandpa = hold);
        self.finalize();
    }

    /// Withholds BEEFY votes, or lets them come again.
    pub fn withhold_beefy(&self, hold: bool) {
        self.write(|inner| inner.hold_beefy = hold);
        self.finalize();
    }

    /// Keeps the transactions of accounts for which `censor` says true out of blocks; `None` lets all in.
    pub(crate) fn set_censor(&self, censor: Option<Censor>) {
        self.pool().censor = censor;
    }

    /// Keeps only the newest `keep` states from now on.
    pub fn keep_states(&self, keep: u32) {
        let dropped = self.write(|inner| {
            inner.window = keep.max(1);
            inner.drop_states()
        });
        dropped.into_iter().for_each(|removed| self.world.nodes.purge(removed));
    }

    /// How many trie nodes are kept.
    pub fn state_nodes(&self) -> usize {
        self.world.nodes.len()
    }

    /// The value of a key in a block's state.
    pub fn storage(&self, block: &Block, key: &[u8]) -> Result<Option<Vec<u8>>, CallError> {
        let state = self.world.state(block.header.state_root)?;
        state.storage(key).map_err(|_| CallError::Discarded(block.hash))
    }

    /// Nodes that prove keys present or absent in a block's state.
    pub fn read_proof(&self, block: &Block, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CallError> {
        self.world.read_proof(block, keys)
    }

    /// Calls the runtime on a block's state.
    pub fn call(&self, block: &Block, function: &str, arguments: &[u8]) -> Result<Vec<u8>, CallError> {
        self.world.call(block.header.state_root, function, arguments)
    }

    /// The nonce of an account's next transaction, those that wait counted.
    pub(crate) fn next_nonce(&self, account: &AccountId) -> Result<Nonce, CallError> {
        let root = self.head().header.state_root;
        let nonce: Nonce = self.world.ask(root, "AccountNonceApi_account_nonce", account)?;
        Ok(nonce + self.pool().consecutive(nonce, |nonce| (account, nonce).encode()))
    }

    /// Takes a transaction: SCALE with the length in front.
    pub(crate) fn submit(&self, bytes: Vec<u8>) -> Result<UnboundedReceiver<TxStatus>, PoolError> {
        let source = TransactionSource::External;
        self.check(source, &bytes).and_then(|validity| self.pool().insert(bytes, validity))
    }

    fn check(
        &self,
        source: TransactionSource,
        bytes: &[u8],
    ) -> Result<sp_runtime::transaction_validity::ValidTransaction, PoolError> {
        if self.pool().contains(&crate::pool::hash(bytes)) {
            return Err(PoolError::AlreadyImported);
        }
        let broken = |error: codec::Error| PoolError::Runtime(format!("Verification Error: {error}"));
        UncheckedExtrinsic::decode_all(&mut &bytes[..]).map_err(broken)?;
        let head = self.head();
        let arguments = [&source.encode()[..], bytes, head.hash.as_bytes()].concat();
        let root = head.header.state_root;
        let answer = self
            .world
            .call(root, "TaggedTransactionQueue_validate_transaction", &arguments)
            .map_err(|error| PoolError::Runtime(format!("Verification Error: {error}")))?;
        let validity = TransactionValidity::decode_all(&mut &answer[..]).map_err(broken)?;
        validity.map_err(PoolError::from)
    }
}

impl Inner {
    pub(crate) fn head(&self) -> &Arc<Block> {
        &self.blocks[self.blocks.len() - 1]
    }

    fn finalize_grandpa(&mut self, keys: &Keystore, events: &mut Vec<Event>) {
        let head = self.head().number();
        for number in self.finalized + 1..=head {
            let block = self.blocks[number as usize].clone();
            if number != head && block.grandpa_handover().is_none() {
                continue;
            }
            let set = in_force(&self.grandpa_sets, number);
            let Some(justification) = justify(keys, &set, self.round + 1, &block, &[]) else { return };
            // Rounds begin anew with every set.
            self.round = if block.grandpa_handover().is_some() { 0 } else { self.round + 1 };
            self.justifications.insert(number, justification.encode());
            let period = |n: u32| n / JUSTIFICATION_PERIOD;
            let periodic = self.finalized == 0 || period(self.finalized) != period(number);
            if periodic || block.grandpa_handover().is_some() {
                self.kept.insert(number);
            }
            self.finalized = number;
            events.extend([Event::Finalized, Event::Justified(number)]);
        }
    }

    fn finalize_beefy(&mut self, keys: &Keystore, events: &mut Vec<Event>) {
        let last = self.finalized;
        for number in self.beefy_finalized + 1..=last {
            let block = self.blocks[number as usize].clone();
            if number != last && block.beefy_handover().is_none() {
                continue;
            }
            let set = in_force(&self.beefy_sets, number);
            let Some(commitment) = commit(keys, &set, &block) else { return };
            self.commitments.insert(number, commitment.encode());
            self.beefy_finalized = number;
            events.push(Event::Committed(number));
        }
    }

    fn drop_states(&mut self) -> Vec<Removed> {
        let mut dropped = Vec::new();
        while self.oldest_state + self.window < self.blocks.len() as u32 {
            dropped.extend(self.removed.pop_front());
            self.oldest_state += 1;
        }
        dropped
    }
}

/// The set in force at a block, of sets with the first block of each, ascending.
fn in_force<S: Clone>(sets: &[(u32, S)], number: u32) -> S {
    let place = sets.partition_point(|(first, _)| *first <= number);
    sets[place.saturating_sub(1)].1.clone()
}
