//! Transactions that wait for a block.

use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use alloy::consensus::{Transaction as _, TxEnvelope, TxType};
use alloy::primitives::{Address, B256, B512, U256};
use revm::precompile::secp256k1::ecrecover;

use crate::config::Hardfork;
use crate::state::State;

/// How many announced hashes a pending-transaction filter can look back on.
const ANNOUNCED: usize = 65_536;

/// A signed transaction with its recovered sender.
#[derive(Debug)]
pub struct SignedTx {
    /// The transaction.
    pub tx: TxEnvelope,
    /// Its hash.
    pub hash: B256,
    /// Who signed it.
    pub sender: Address,
}

impl SignedTx {
    /// Recovers the sender; a signature with a high `s` is refused (EIP-2).
    pub fn recover(tx: TxEnvelope) -> Result<Self, PoolError> {
        let signature = tx.signature();
        if signature.normalize_s().is_some() {
            return Err(PoolError::InvalidSender);
        }
        let bytes = B512::from_slice(&signature.as_bytes()[..64]);
        let hash =
            ecrecover(&bytes, u8::from(signature.v()), &tx.signature_hash()).map_err(|_| PoolError::InvalidSender)?;
        Ok(Self { hash: *tx.tx_hash(), sender: Address::from_slice(&hash[12..]), tx })
    }
}

/// Why the pool refuses a transaction. The words are geth's, since tools look for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The same transaction is already here or in a block.
    #[error("already known")]
    AlreadyKnown,
    /// Below the account's nonce.
    #[error("nonce too low: next nonce {next}, tx nonce {nonce}")]
    NonceTooLow {
        /// The account's nonce.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// Another transaction has this nonce and this one does not pay 10 % more.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The sender cannot pay.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {}", cost - balance)]
    InsufficientFunds {
        /// What the sender has, in wei.
        balance: U256,
        /// What the transaction may cost, in wei.
        cost: U256,
    },
    /// Signed for another chain.
    #[error("invalid chain id for signer: have {have} want {want}")]
    WrongChainId {
        /// In the transaction.
        have: u64,
        /// Of this chain.
        want: u64,
    },
    /// Signed for no chain in particular.
    #[error("only replay-protected (EIP-155) transactions allowed over RPC")]
    NotReplayProtected,
    /// The hardfork does not know this type.
    #[error("transaction type not supported")]
    TypeNotSupported,
    /// Less gas than a transaction with this input always costs.
    #[error("intrinsic gas too low: gas {gas}, minimum needed {needed}")]
    IntrinsicGas {
        /// The transaction's limit.
        gas: u64,
        /// What it needs before the first instruction.
        needed: u64,
    },
    /// More gas than fits into a block.
    #[error("exceeds block gas limit")]
    ExceedsBlockGasLimit,
    /// Tip above the fee cap.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFeeCap,
    /// Below the base fee.
    #[error("max fee per gas less than block base fee: maxFeePerGas: {fee}, baseFee: {base_fee}")]
    FeeBelowBaseFee {
        /// The transaction's cap, in wei.
        fee: u128,
        /// The block's base fee, in wei.
        base_fee: u64,
    },
    /// Below the chain's minimum price.
    #[error("transaction underpriced: gas price {price}, minimum needed {minimum}")]
    Underpriced {
        /// The transaction's, in wei.
        price: u128,
        /// The chain's, in wei.
        minimum: u128,
    },
    /// Init code above 49,152 bytes (EIP-3860).
    #[error("max initcode size exceeded: code size {0}, limit 49152")]
    InitCodeTooLarge(usize),
    /// The pool is full.
    #[error("txpool is full")]
    Full,
    /// The signature does not recover.
    #[error("invalid sender")]
    InvalidSender,
}

/// The chain's rules that a transaction is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Which types exist, and what input costs.
    pub hardfork: Hardfork,
    /// EIP-155 id.
    pub chain_id: u64,
    /// Gas limit of a block.
    pub block_gas_limit: u64,
    /// Base fee, in wei.
    pub base_fee: u64,
    /// Lowest price, in wei.
    pub min_gas_price: u128,
    /// Most transactions held.
    pub limit: usize,
}

/// Waiting transactions by sender and nonce.
#[derive(Debug, Default)]
pub struct Mempool {
    by_sender: HashMap<Address, BTreeMap<u64, (u64, Arc<SignedTx>)>>,
    by_hash: HashMap<B256, Arc<SignedTx>>,
    arrivals: u64,
    /// The last hashes announced, and the number of those dropped before them.
    announced: VecDeque<B256>,
    announced_before: u64,
}

impl Mempool {
    /// Takes a transaction in, or says why not.
    pub fn add(&mut self, tx: SignedTx, state: &State, rules: &Rules) -> Result<(), PoolError> {
        if self.by_hash.contains_key(&tx.hash) {
            return Err(PoolError::AlreadyKnown);
        }
        check(&tx, state, rules)?;
        if self.by_hash.len() >= rules.limit {
            return Err(PoolError::Full);
        }
        let nonce = tx.tx.nonce();
        if let Some((_, old)) = self.by_sender.get(&tx.sender).and_then(|queue| queue.get(&nonce)) {
            if !outbids(&tx.tx, &old.tx) {
                return Err(PoolError::ReplacementUnderpriced);
            }
            self.by_hash.remove(&old.hash);
        }
        let tx = Arc::new(tx);
        self.arrivals += 1;
        let queue = self.by_sender.entry(tx.sender).or_default();
        queue.insert(nonce, (self.arrivals, tx.clone()));
        self.announced.push_back(tx.hash);
        if self.announced.len() > ANNOUNCED {
            self.announced.pop_front();
            self.announced_before += 1;
        }
        self.by_hash.insert(tx.hash, tx);
        Ok(())
    }

    /// A waiting transaction.
    pub fn get(&self, hash: &B256) -> Option<Arc<SignedTx>> {
        self.by_hash.get(hash).cloned()
    }

    /// The first nonce from `from` on that no waiting transaction of `sender` has.
    pub fn next_nonce(&self, sender: &Address, from: u64) -> u64 {
        let Some(queue) = self.by_sender.get(sender) else { return from };
        let mut next = from;
        for nonce in queue.range(from..).map(|(nonce, _)| *nonce) {
            if nonce != next {
                break;
            }
            next = next.saturating_add(1);
        }
        next
    }

    /// Number of transactions that can run now, and of those that wait for an earlier nonce.
    pub fn status(&self, state: &State) -> (usize, usize) {
        let pending = self
            .by_sender
            .keys()
            .map(|sender| {
                let nonce = state.account(sender).map_or(0, |account| account.nonce);
                usize::try_from(self.next_nonce(sender, nonce) - nonce).unwrap_or(usize::MAX)
            })
            .sum::<usize>();
        (pending, self.by_hash.len().saturating_sub(pending))
    }

    /// All waiting transactions, by sender and nonce.
    pub fn all(&self) -> Vec<Arc<SignedTx>> {
        self.by_sender.values().flat_map(|queue| queue.values().map(|(_, tx)| tx.clone())).collect()
    }

    /// Hashes announced since position `since`, and the position after them.
    pub fn announced_since(&self, since: u64) -> (Vec<B256>, u64) {
        let skip = usize::try_from(since.saturating_sub(self.announced_before)).unwrap_or(0);
        let end = self.announced_before + self.announced.len() as u64;
        (self.announced.iter().skip(skip).copied().collect(), end)
    }

    /// What a block can take, in the order to try: by tip, then by arrival, nonces in order.
    pub fn candidates(&self, state: &State, base_fee: u64) -> Candidates {
        let mut candidates = Candidates { heap: BinaryHeap::new(), rest: HashMap::new() };
        for (sender, queue) in &self.by_sender {
            let mut next = state.account(sender).map_or(0, |account| account.nonce);
            let mut run = VecDeque::new();
            for (nonce, (arrival, tx)) in queue.range(next..) {
                if *nonce != next {
                    break;
                }
                run.push_back((*arrival, tx.clone()));
                next = next.saturating_add(1);
            }
            candidates.rest.insert(*sender, run);
            candidates.advance(sender, base_fee);
        }
        candidates
    }

    /// Forgets one transaction.
    pub fn remove(&mut self, tx: &SignedTx) {
        self.by_hash.remove(&tx.hash);
        if let Some(queue) = self.by_sender.get_mut(&tx.sender) {
            if queue.get(&tx.tx.nonce()).is_some_and(|(_, held)| held.hash == tx.hash) {
                queue.remove(&tx.tx.nonce());
            }
            if queue.is_empty() {
                self.by_sender.remove(&tx.sender);
            }
        }
    }

    /// Forgets what `state` has made stale for these senders.
    pub fn prune<'a>(&mut self, senders: impl Iterator<Item = &'a Address>, state: &State) {
        for sender in senders {
            let nonce = state.account(sender).map_or(0, |account| account.nonce);
            let Some(queue) = self.by_sender.get_mut(sender) else { continue };
            let kept = queue.split_off(&nonce);
            for (_, tx) in queue.values() {
                self.by_hash.remove(&tx.hash);
            }
            if kept.is_empty() {
                self.by_sender.remove(sender);
            } else {
                *queue = kept;
            }
        }
    }
}

/// Transactions in the order a proposer tries them.
#[derive(Debug)]
pub struct Candidates {
    heap: BinaryHeap<Candidate>,
    rest: HashMap<Address, VecDeque<(u64, Arc<SignedTx>)>>,
}

#[derive(Debug)]
struct Candidate {
    tip: u128,
    arrival: u64,
    tx: Arc<SignedTx>,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.arrival == other.arrival
    }
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.tip.cmp(&other.tip).then(other.arrival.cmp(&self.arrival))
    }
}

impl Candidates {
    /// The best transaction that has not been tried.
    pub fn next(&mut self) -> Option<Arc<SignedTx>> {
        self.heap.pop().map(|candidate| candidate.tx)
    }

    /// Makes the sender's next nonce available, after its last one went into the block.
    pub fn advance(&mut self, sender: &Address, base_fee: u64) {
        if let Some((arrival, tx)) = self.rest.get_mut(sender).and_then(VecDeque::pop_front) {
            let tip = tx.tx.effective_tip_per_gas(base_fee).unwrap_or_default();
            self.heap.push(Candidate { tip, arrival, tx });
        }
    }
}

fn check(tx: &SignedTx, state: &State, rules: &Rules) -> Result<(), PoolError> {
    let SignedTx { tx, sender, .. } = tx;
    let supported = match tx.tx_type() {
        TxType::Legacy | TxType::Eip2930 => true,
        TxType::Eip1559 => rules.hardfork >= Hardfork::London,
        TxType::Eip4844 => false,
        TxType::Eip7702 => rules.hardfork >= Hardfork::Prague,
    };
    if !supported {
        return Err(PoolError::TypeNotSupported);
    }
    match tx.chain_id() {
        None => return Err(PoolError::NotReplayProtected),
        Some(have) if have != rules.chain_id => {
            return Err(PoolError::WrongChainId { have, want: rules.chain_id });
        }
        Some(_) => {}
    }
    if tx.gas_limit() > rules.block_gas_limit {
        return Err(PoolError::ExceedsBlockGasLimit);
    }
    if tx.kind().is_create() && rules.hardfork >= Hardfork::Shanghai && tx.input().len() > 49_152 {
        return Err(PoolError::InitCodeTooLarge(tx.input().len()));
    }
    let needed = intrinsic_gas(tx, rules.hardfork);
    if tx.gas_limit() < needed {
        return Err(PoolError::IntrinsicGas { gas: tx.gas_limit(), needed });
    }
    let fee = tx.max_fee_per_gas();
    if tx.max_priority_fee_per_gas().is_some_and(|tip| tip > fee) {
        return Err(PoolError::TipAboveFeeCap);
    }
    if rules.hardfork >= Hardfork::London && fee < u128::from(rules.base_fee) {
        return Err(PoolError::FeeBelowBaseFee { fee, base_fee: rules.base_fee });
    }
    if fee < rules.min_gas_price {
        return Err(PoolError::Underpriced { price: fee, minimum: rules.min_gas_price });
    }
    let account = state.account(sender);
    let next = account.map_or(0, |account| account.nonce);
    if tx.nonce() < next {
        return Err(PoolError::NonceTooLow { next, nonce: tx.nonce() });
    }
    let balance = account.map_or(U256::ZERO, |account| account.balance);
    let cost = U256::from(fee).saturating_mul(U256::from(tx.gas_limit())).saturating_add(tx.value());
    if balance < cost {
        return Err(PoolError::InsufficientFunds { balance, cost });
    }
    Ok(())
}

/// Whether `new` pays at least 10 % more than `old`, and more at all, in fee cap and in tip.
fn outbids(new: &TxEnvelope, old: &TxEnvelope) -> bool {
    let more =
        |new: u128, old: u128| new > old && U256::from(new) * U256::from(100) >= U256::from(old) * U256::from(110);
    let tip = |tx: &TxEnvelope| tx.max_priority_fee_per_gas().unwrap_or(tx.max_fee_per_gas());
    more(new.max_fee_per_gas(), old.max_fee_per_gas()) && more(tip(new), tip(old))
}

/// Gas a transaction costs before its first instruction, the calldata floor of Prague included.
pub fn intrinsic_gas(tx: &TxEnvelope, hardfork: Hardfork) -> u64 {
    let input = tx.input();
    let zeros = input.iter().filter(|byte| **byte == 0).count() as u64;
    let others = input.len() as u64 - zeros;
    let mut gas = 21_000 + 4 * zeros + 16 * others;
    if tx.kind().is_create() {
        gas += 32_000;
        if hardfork >= Hardfork::Shanghai {
            gas += 2 * (input.len() as u64).div_ceil(32);
        }
    }
    if let Some(list) = tx.access_list() {
        gas += 2_400 * list.len() as u64 + 1_900 * list.storage_keys_count() as u64;
    }
    gas += 25_000 * tx.authorization_list().unwrap_or_default().len() as u64;
    if hardfork >= Hardfork::Prague {
        gas = gas.max(21_000 + 10 * (zeros + 4 * others));
    }
    gas
}
