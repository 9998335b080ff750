//! Transactions that wait for a block.

use std::collections::{HashMap, HashSet, VecDeque};

use codec::Decode;
use lupu_substrate_runtime::{AccountId, Address, UncheckedExtrinsic};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_runtime::generic::Preamble;
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionValidityError, UnknownTransaction, ValidTransaction,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::author::Source;

/// What a node tells about a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TxStatus {
    /// It waits for an earlier one of the same account.
    Future,
    /// It can go into the next block.
    Ready,
    /// It is in a block, at this place.
    InBlock(H256, u32),
    /// Its block is final.
    Finalized(H256, u32),
    /// Another with the same nonce has taken its place.
    Usurped(H256),
    /// It cannot be included any more.
    Invalid(String),
}

impl TxStatus {
    /// Whether nothing more comes.
    pub(crate) fn is_last(&self) -> bool {
        !matches!(self, Self::Future | Self::Ready | Self::InBlock(..))
    }
}

/// Why a transaction is refused, with the code nodes give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PoolError {
    #[error("Invalid Transaction")]
    Invalid(InvalidTransaction),
    #[error("Unknown Transaction Validity")]
    Unknown(UnknownTransaction),
    #[error("Transaction is already imported")]
    AlreadyImported,
    #[error("Priority is too low: ({new} vs {old})")]
    TooLowPriority { old: u64, new: u64 },
    #[error("Immediately Dropped")]
    Full,
    #[error("{0}")]
    Runtime(String),
}

impl PoolError {
    /// The JSON-RPC code.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Invalid(_) => 1010,
            Self::Unknown(_) => 1011,
            Self::AlreadyImported => 1013,
            Self::TooLowPriority { .. } => 1014,
            Self::Full => 1016,
            Self::Runtime(_) => 1002,
        }
    }

    /// More about it, as nodes put it.
    pub(crate) fn data(&self) -> Option<String> {
        match self {
            Self::Invalid(InvalidTransaction::Custom(code)) => Some(format!("Custom error: {code}")),
            Self::Invalid(reason) => Some(<&'static str>::from(*reason).to_owned()),
            Self::Unknown(reason) => Some(<&'static str>::from(*reason).to_owned()),
            Self::TooLowPriority { .. } => Some(
                "The transaction has too low priority to replace another transaction already in the pool.".to_owned(),
            ),
            _ => None,
        }
    }
}

impl From<TransactionValidityError> for PoolError {
    fn from(error: TransactionValidityError) -> Self {
        match error {
            TransactionValidityError::Invalid(reason) => Self::Invalid(reason),
            TransactionValidityError::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

struct Entry {
    bytes: Vec<u8>,
    validity: ValidTransaction,
    ready: bool,
    watchers: Vec<UnboundedSender<TxStatus>>,
}

impl Entry {
    fn tell(&mut self, status: &TxStatus) {
        self.watchers.retain(|watcher| watcher.send(status.clone()).is_ok());
    }
}

struct Included {
    block: H256,
    number: u32,
    index: u32,
    watchers: Vec<UnboundedSender<TxStatus>>,
}

/// Says of an account whether its transactions are kept out of blocks.
pub(crate) type Censor = Box<dyn Fn(&AccountId) -> bool + Send>;

/// Transactions in the order they came, each once.
pub(crate) struct Pool {
    limit: usize,
    /// Whose transactions wait, however ready.
    pub(crate) censor: Option<Censor>,
    order: VecDeque<H256>,
    /// Those that are not ready.
    waiting: Vec<H256>,
    entries: HashMap<H256, Entry>,
    by_tag: HashMap<Vec<u8>, H256>,
    /// Tags that included transactions have provided.
    provided: HashSet<Vec<u8>>,
    included: Vec<Included>,
}

/// The hash by which a transaction is known: BLAKE2b-256 of its bytes.
pub(crate) fn hash(bytes: &[u8]) -> H256 {
    blake2_256(bytes).into()
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            censor: None,
            order: VecDeque::new(),
            waiting: Vec::new(),
            entries: HashMap::new(),
            by_tag: HashMap::new(),
            provided: HashSet::new(),
            included: Vec::new(),
        }
    }

    /// Whether a transaction waits here.
    pub(crate) fn contains(&self, hash: &H256) -> bool {
        self.entries.contains_key(hash)
    }

    /// Takes a transaction that the runtime has found valid.
    pub(crate) fn insert(
        &mut self,
        bytes: Vec<u8>,
        validity: ValidTransaction,
    ) -> Result<UnboundedReceiver<TxStatus>, PoolError> {
        let id = hash(&bytes);
        if self.contains(&id) {
            return Err(PoolError::AlreadyImported);
        }
        let rival = validity.provides.iter().find_map(|tag| self.by_tag.get(tag)).copied();
        match rival.and_then(|rival| self.entries.get(&rival)) {
            Some(other) if other.validity.priority >= validity.priority => {
                return Err(PoolError::TooLowPriority { old: other.validity.priority, new: validity.priority });
            }
            Some(_) => {}
            None if self.entries.len() >= self.limit => return Err(PoolError::Full),
            None => {}
        }
        if let Some(rival) = rival {
            self.remove(&rival, &TxStatus::Usurped(id));
        }
        let (sender, receiver) = unbounded_channel();
        for tag in &validity.provides {
            self.by_tag.insert(tag.clone(), id);
        }
        let mut entry = Entry { bytes, validity, ready: false, watchers: vec![sender] };
        if !self.is_ready(&entry.validity) {
            entry.tell(&TxStatus::Future);
        }
        self.order.push_back(id);
        self.waiting.push(id);
        self.entries.insert(id, entry);
        self.promote();
        Ok(receiver)
    }

    /// Every tag it requires was provided by a block or is provided by a ready one.
    fn is_ready(&self, validity: &ValidTransaction) -> bool {
        validity.requires.iter().all(|tag| {
            self.provided.contains(tag)
                || self.by_tag.get(tag).and_then(|id| self.entries.get(id)).is_some_and(|e| e.ready)
        })
    }

    /// Makes ready what has become so.
    fn promote(&mut self) {
        loop {
            let ready = |id: &H256| self.entries.get(id).is_none_or(|e| self.is_ready(&e.validity));
            let Some(place) = self.waiting.iter().position(ready) else { return };
            let id = self.waiting.swap_remove(place);
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.ready = true;
                entry.tell(&TxStatus::Ready);
            }
        }
    }

    fn remove(&mut self, id: &H256, status: &TxStatus) {
        let Some(mut entry) = self.entries.remove(id) else { return };
        self.order.retain(|other| other != id);
        for tag in &entry.validity.provides {
            if self.by_tag.get(tag) == Some(id) {
                self.by_tag.remove(tag);
            }
        }
        entry.tell(status);
    }

    /// The transactions that wait.
    pub(crate) fn pending(&self) -> Vec<Vec<u8>> {
        self.order.iter().filter_map(|id| Some(self.entries.get(id)?.bytes.clone())).collect()
    }

    /// How many consecutive tags from `tag_of(first)` on wait here.
    pub(crate) fn consecutive(&self, first: u32, tag_of: impl Fn(u32) -> Vec<u8>) -> u32 {
        (first..).take_while(|nonce| self.by_tag.contains_key(&tag_of(*nonce))).count() as u32
    }

    /// A selection for a block.
    pub(crate) fn select(&mut self) -> Selection<'_> {
        Selection {
            pool: self,
            included: Vec::new(),
            tried: HashSet::new(),
            at: 0,
            current: None,
            tags: HashSet::new(),
            passed_over: false,
            full: 0,
        }
    }

    /// Settles what a block took.
    pub(crate) fn settle(&mut self, block: H256, number: u32, included: Vec<(H256, u32)>) {
        for (id, index) in included {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            let tags = entry.validity.provides.clone();
            let watchers = std::mem::take(&mut entry.watchers);
            self.remove(&id, &TxStatus::InBlock(block, index));
            self.provided.extend(tags);
            let watchers: Vec<_> =
                watchers.into_iter().filter(|watcher| watcher.send(TxStatus::InBlock(block, index)).is_ok()).collect();
            self.included.push(Included { block, number, index, watchers });
        }
        self.promote();
    }

    /// Tells those who wait for finality up to this block.
    pub(crate) fn finalize(&mut self, number: u32) {
        let (done, wait) = std::mem::take(&mut self.included).into_iter().partition(|i| i.number <= number);
        self.included = wait;
        let done: Vec<Included> = done;
        for Included { block, index, watchers, .. } in done {
            for watcher in watchers {
                let _ = watcher.send(TxStatus::Finalized(block, index));
            }
        }
    }
}

/// Who signed a transaction.
fn signer(transaction: &[u8]) -> Option<AccountId> {
    match UncheckedExtrinsic::decode(&mut &*transaction).ok()?.preamble {
        Preamble::Signed(Address::Id(account), ..) => Some(account),
        _ => None,
    }
}

/// How many transactions that do not fit are tried before a block counts as full.
const TRIES_WHEN_FULL: u32 = 4;

/// Ready transactions for one block, each after those it requires.
pub(crate) struct Selection<'a> {
    pool: &'a mut Pool,
    /// What went in, with its place.
    pub(crate) included: Vec<(H256, u32)>,
    tried: HashSet<H256>,
    at: usize,
    current: Option<H256>,
    tags: HashSet<Vec<u8>>,
    /// Whether one went in since the last pass: others may have waited for it.
    passed_over: bool,
    full: u32,
}

impl Source for Selection<'_> {
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.full >= TRIES_WHEN_FULL {
            return None;
        }
        loop {
            let Some(id) = self.pool.order.get(self.at).copied() else {
                if std::mem::take(&mut self.passed_over) {
                    self.at = 0;
                    continue;
                }
                return None;
            };
            self.at += 1;
            let Some(entry) = self.pool.entries.get(&id).filter(|e| e.ready) else { continue };
            if self.tried.contains(&id) {
                continue;
            }
            if self.pool.censor.as_ref().is_some_and(|censor| signer(&entry.bytes).is_some_and(|who| censor(&who))) {
                continue;
            }
            let follows = |tag| self.tags.contains(tag) || self.pool.provided.contains(tag);
            if entry.validity.requires.iter().all(follows) {
                self.tried.insert(id);
                self.current = Some(id);
                return Some(entry.bytes.clone());
            }
        }
    }

    fn done(&mut self, outcome: Result<u32, TransactionValidityError>) {
        let Some(id) = self.current.take() else { return };
        match outcome {
            Ok(index) => {
                self.included.push((id, index));
                if let Some(entry) = self.pool.entries.get(&id) {
                    self.tags.extend(entry.validity.provides.iter().cloned());
                }
                // What came before it may have waited for it.
                self.passed_over = self.at > 1;
            }
            Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => self.full += 1,
            Err(TransactionValidityError::Invalid(InvalidTransaction::Future)) => {}
            Err(error) => {
                let reason = <&'static str>::from(error).to_owned();
                self.pool.remove(&id, &TxStatus::Invalid(reason));
                self.at = self.at.saturating_sub(1);
            }
        }
    }
}
