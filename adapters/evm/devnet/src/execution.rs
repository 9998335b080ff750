//! revm on the chain's state.

use std::sync::{Arc, PoisonError, RwLock};

use alloy::consensus::{Transaction as _, TxEnvelope};
use alloy::eips::Typed2718;
use alloy::eips::eip2930::AccessListItem;
use alloy::primitives::{Address, B256, U256, map::AddressMap};
use alloy::rpc::types::state::StateOverride;
use revm::bytecode::Bytecode;
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::either::Either;
use revm::context_interface::result::{EVMError, ExecutionResult};
use revm::database_interface::DBErrorMarker;
use revm::primitives::eip4844::{BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN, BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, Database, DatabaseCommit, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

use crate::config::Hardfork;
use crate::header::MIX_HASH;
use crate::state::{Account, State, set_slot, trie::Trie};

/// Hashes of all blocks by number, shared by every execution.
pub type BlockHashes = Arc<RwLock<Vec<B256>>>;

/// Code was asked for by a hash that no account gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no code with hash {0}")]
pub struct UnknownCode(B256);

impl DBErrorMarker for UnknownCode {}

/// What revm reads from and writes to: one state, changed in place.
#[derive(Debug, Clone)]
pub struct StateDb {
    /// The state; after a commit, with the changes in.
    pub state: State,
    hashes: BlockHashes,
}

impl StateDb {
    /// A view of `state` that answers BLOCKHASH from `hashes`.
    pub fn new(state: State, hashes: BlockHashes) -> Self {
        Self { state, hashes }
    }

    /// Applies the overrides of an `eth_call`.
    pub fn apply_overrides(&mut self, overrides: StateOverride) {
        for (address, change) in overrides {
            let mut account = self.state.account(&address).cloned().unwrap_or_default();
            account.balance = change.balance.unwrap_or(account.balance);
            account.nonce = change.nonce.unwrap_or(account.nonce);
            if let Some(code) = change.code {
                account.code = Bytecode::new_raw(code);
                account.code_hash = account.code.hash_slow();
            }
            if let Some(state) = change.state {
                account.storage = Trie::default();
                for (slot, value) in state {
                    set_slot(&mut account.storage, &slot.into(), value.into());
                }
            }
            for (slot, value) in change.state_diff.unwrap_or_default() {
                set_slot(&mut account.storage, &slot.into(), value.into());
            }
            self.state.set_account(&address, account);
        }
    }
}

impl Database for StateDb {
    type Error = UnknownCode;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, UnknownCode> {
        Ok(self.state.account(&address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(account.code.clone()),
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, UnknownCode> {
        Err(UnknownCode(code_hash))
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, UnknownCode> {
        Ok(self.state.storage(&address, &index))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, UnknownCode> {
        let hashes = self.hashes.read().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(hashes.get(index).copied().unwrap_or_default())
    }
}

impl DatabaseCommit for StateDb {
    fn commit(&mut self, changes: AddressMap<revm::state::Account>) {
        for (address, change) in changes {
            if !change.is_touched() {
                continue;
            }
            if change.is_selfdestructed() {
                self.state.remove_account(&address);
                continue;
            }
            let mut account = self.state.account(&address).cloned().unwrap_or_default();
            if change.is_created() {
                account.storage = Trie::default();
            }
            account.nonce = change.info.nonce;
            account.balance = change.info.balance;
            if account.code_hash != change.info.code_hash
                && let Some(code) = &change.info.code
            {
                account.code = code.clone();
                account.code_hash = change.info.code_hash;
            }
            for (slot, value) in change.changed_storage_slots() {
                set_slot(&mut account.storage, slot, value.present_value);
            }
            self.state.set_account(&address, account);
        }
    }
}

/// The block a transaction runs in.
#[derive(Debug, Clone, Copy)]
pub struct BlockContext {
    /// Rules.
    pub hardfork: Hardfork,
    /// EIP-155 id.
    pub chain_id: u64,
    /// Height.
    pub number: u64,
    /// Seconds.
    pub timestamp: u64,
    /// Proposer.
    pub coinbase: Address,
    /// Gas limit of the block.
    pub gas_limit: u64,
    /// Base fee in wei; zero before London.
    pub base_fee: u64,
}

/// How strictly a transaction is checked before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In a block: everything counts.
    Block,
    /// In a call: no nonce, no block gas limit, no base fee for a price of zero, contracts may send.
    Call,
}

/// Why a transaction could not even start.
pub type ExecutionError = EVMError<UnknownCode>;

impl BlockContext {
    fn block_env(&self) -> BlockEnv {
        let fraction = match self.hardfork {
            Hardfork::Prague => BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE,
            _ => BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN,
        };
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.coinbase,
            timestamp: U256::from(self.timestamp),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::from(1),
            prevrandao: Some(MIX_HASH),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(0, fraction)),
            ..BlockEnv::default()
        }
    }

    fn cfg(&self, mode: Mode) -> CfgEnv {
        let mut cfg = CfgEnv::<SpecId>::new_with_spec(self.hardfork.spec());
        cfg.chain_id = self.chain_id;
        if mode == Mode::Call {
            cfg.disable_nonce_check = true;
            cfg.disable_block_gas_limit = true;
            cfg.disable_base_fee = true;
            cfg.disable_eip3607 = true;
            cfg.tx_chain_id_check = false;
        }
        cfg
    }

    /// Runs one transaction and leaves its changes in `db`.
    pub fn execute(&self, db: &mut StateDb, tx: TxEnv, mode: Mode) -> Result<ExecutionResult, ExecutionError> {
        Context::mainnet()
            .with_db(db)
            .with_block(self.block_env())
            .with_cfg(self.cfg(mode))
            .build_mainnet()
            .transact_commit(tx)
    }

    /// Runs one transaction and throws its changes away.
    pub fn simulate(&self, db: &mut StateDb, tx: TxEnv) -> Result<ExecutionResult, ExecutionError> {
        Context::mainnet()
            .with_db(db)
            .with_block(self.block_env())
            .with_cfg(self.cfg(Mode::Call))
            .build_mainnet()
            .transact(tx)
            .map(|outcome| outcome.result)
    }
}

impl BlockContext {
    /// The accounts and slots one transaction reads or writes, by address and slot.
    pub fn touched(&self, db: &mut StateDb, tx: TxEnv) -> Result<Vec<AccessListItem>, ExecutionError> {
        let outcome = Context::mainnet()
            .with_db(db)
            .with_block(self.block_env())
            .with_cfg(self.cfg(Mode::Call))
            .build_mainnet()
            .transact(tx)?;
        let precompile = |address: &Address| address[..18].iter().all(|byte| *byte == 0);
        let mut items: Vec<_> = outcome
            .state
            .into_iter()
            .filter(|(address, _)| !precompile(address))
            .map(|(address, account)| {
                let mut storage_keys: Vec<B256> = account.storage.keys().map(|slot| B256::from(*slot)).collect();
                storage_keys.sort();
                AccessListItem { address, storage_keys }
            })
            .collect();
        items.sort_by_key(|item| item.address);
        Ok(items)
    }
}

/// A signed transaction as revm takes it.
pub fn tx_env(tx: &TxEnvelope, sender: Address) -> TxEnv {
    TxEnv {
        tx_type: tx.ty(),
        caller: sender,
        gas_limit: tx.gas_limit(),
        gas_price: tx.max_fee_per_gas(),
        kind: tx.kind(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: tx.max_priority_fee_per_gas(),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: tx.authorization_list().unwrap_or_default().iter().cloned().map(Either::Left).collect(),
    }
}

/// An account of block 0.
pub fn genesis_account(account: &crate::config::GenesisAccount) -> Account {
    let code = Bytecode::new_raw(account.code.clone());
    let mut storage = Trie::default();
    for (slot, value) in &account.storage {
        set_slot(&mut storage, slot, *value);
    }
    Account {
        nonce: u64::from(!account.code.is_empty()),
        balance: account.balance,
        code_hash: if account.code.is_empty() { revm::primitives::KECCAK_EMPTY } else { code.hash_slow() },
        code,
        storage,
    }
}
