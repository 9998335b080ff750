//! The world state: accounts and their storage, each a Merkle-Patricia trie.

pub mod trie;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::rlp::{Encodable, Header};
use alloy::rpc::types::serde_helpers::JsonStorageKey;
use alloy::rpc::types::{EIP1186AccountProofResponse, EIP1186StorageProof};
use revm::bytecode::Bytecode;
use revm::primitives::KECCAK_EMPTY;

pub use trie::EMPTY_ROOT;
use trie::{LeafValue, Trie};

/// An account with its storage and its code.
#[derive(Debug, Clone)]
pub struct Account {
    /// Number of transactions sent, or of contracts created.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// `keccak256` of the code; of nothing for an account without code.
    pub code_hash: B256,
    /// The code itself.
    pub code: Bytecode,
    /// Slots by `keccak256(slot)`; a zero is never stored.
    pub storage: Trie<U256>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK_EMPTY,
            code: Bytecode::default(),
            storage: Trie::default(),
        }
    }
}

impl LeafValue for Account {
    fn leaf_rlp(&self) -> Vec<u8> {
        let root = self.storage.root();
        let payload_length = self.nonce.length() + self.balance.length() + root.length() + self.code_hash.length();
        let mut out = Vec::with_capacity(payload_length + 3);
        Header { list: true, payload_length }.encode(&mut out);
        self.nonce.encode(&mut out);
        self.balance.encode(&mut out);
        root.encode(&mut out);
        self.code_hash.encode(&mut out);
        out
    }
}

impl LeafValue for U256 {
    fn leaf_rlp(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(33);
        self.encode(&mut out);
        out
    }
}

/// All accounts at one block. A clone costs one reference count.
#[derive(Debug, Clone, Default)]
pub struct State {
    accounts: Trie<Account>,
}

impl State {
    /// The account at `address`, if it exists.
    pub fn account(&self, address: &Address) -> Option<&Account> {
        self.accounts.get(&keccak256(address))
    }

    /// Puts an account in place; an empty one (EIP-161) is taken out instead.
    pub fn set_account(&mut self, address: &Address, account: Account) {
        let key = keccak256(address);
        let empty = account.nonce == 0 && account.balance.is_zero() && account.code_hash == KECCAK_EMPTY;
        if empty {
            self.accounts.remove(&key);
        } else {
            self.accounts.insert(&key, account);
        }
    }

    /// Takes an account out with everything it holds.
    pub fn remove_account(&mut self, address: &Address) {
        self.accounts.remove(&keccak256(address));
    }

    /// The value of a storage slot; zero when it was never set.
    pub fn storage(&self, address: &Address, slot: &U256) -> U256 {
        self.account(address).and_then(|account| account.storage.get(&slot_key(slot)).copied()).unwrap_or_default()
    }

    /// The state root.
    pub fn root(&self) -> B256 {
        self.accounts.root()
    }

    /// The answer to `eth_getProof` for an account and any number of slots.
    ///
    /// An absent account answers as geth does: zero balance and nonce, the hash of empty code and
    /// the empty storage root, with the nodes that prove its absence.
    pub fn proof(&self, address: Address, keys: &[JsonStorageKey]) -> EIP1186AccountProofResponse {
        let account = self.account(&address).cloned().unwrap_or_default();
        let storage_proof = keys
            .iter()
            .map(|key| {
                let hashed = keccak256(key.as_b256());
                EIP1186StorageProof {
                    key: *key,
                    value: account.storage.get(&hashed).copied().unwrap_or_default(),
                    proof: account.storage.proof(&hashed),
                }
            })
            .collect();
        EIP1186AccountProofResponse {
            address,
            balance: account.balance,
            code_hash: account.code_hash,
            nonce: account.nonce,
            storage_hash: account.storage.root(),
            account_proof: self.accounts.proof(&keccak256(address)),
            storage_proof,
        }
    }

    /// The code at an address; empty when there is none.
    pub fn code(&self, address: &Address) -> Bytes {
        self.account(address).map(|account| account.code.original_bytes()).unwrap_or_default()
    }
}

/// Sets a slot in a storage trie; zero takes it out.
pub fn set_slot(storage: &mut Trie<U256>, slot: &U256, value: U256) {
    let key = slot_key(slot);
    if value.is_zero() {
        storage.remove(&key);
    } else {
        storage.insert(&key, value);
    }
}

fn slot_key(slot: &U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}
