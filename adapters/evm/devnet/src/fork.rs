//! Second versions of a block, sealed by the same validators: what misbehaviour is made of.

use alloy::consensus::Header;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::rpc::types::EIP1186AccountProofResponse;
use alloy::rpc::types::serde_helpers::JsonStorageKey;

use crate::chain::Chain;
use crate::config::Kind;
use crate::header::{self, Extra, Form};
use crate::state::{State, set_slot};

/// What a second version of a block differs in. By default: in the balance of one account.
#[derive(Debug, Clone, Default)]
pub struct ForkPlan {
    /// Storage that the fork's state holds: contract, slot, value.
    pub storage: Vec<(Address, U256, U256)>,
    /// Accounts that do not exist in the fork's state.
    pub removed: Vec<Address>,
    /// Another timestamp, in seconds.
    pub timestamp: Option<u64>,
    /// Another round. A fork that differs in nothing else is the same block.
    pub round: Option<u32>,
    /// Other validators, ascending; those whose keys the chain does not know do not seal.
    pub validators: Option<Vec<Address>>,
    /// Number of seals; a quorum by default.
    pub seals: Option<usize>,
    /// Leave the state as it is.
    pub same_state: bool,
}

/// A sealed header that is not on the chain, with its state.
#[derive(Debug, Clone)]
pub struct Fork {
    /// The header, seals included.
    pub header: Header,
    /// Its RLP.
    pub raw: Bytes,
    /// Its block hash.
    pub hash: B256,
    state: State,
}

impl Fork {
    /// Proves an account and slots in the fork's state, as `eth_getProof` would.
    pub fn proof(&self, address: Address, slots: &[U256]) -> EIP1186AccountProofResponse {
        let keys: Vec<_> = slots.iter().map(|slot| JsonStorageKey::Hash(B256::from(*slot))).collect();
        self.state.proof(address, &keys)
    }
}

impl Chain {
    /// A second block at `height`, on the same parent. `None` when the state there was dropped or
    /// the height does not exist.
    pub fn fork(&self, height: u64, plan: &ForkPlan) -> Option<Fork> {
        let block = self.block(height)?;
        let mut state = self.state_at(height)?;
        if !plan.same_state && plan.storage.is_empty() && plan.removed.is_empty() {
            let address = Address::repeat_byte(0xf0);
            let mut account = state.account(&address).cloned().unwrap_or_default();
            account.balance += U256::from(1);
            state.set_account(&address, account);
        }
        for (address, slot, value) in &plan.storage {
            let mut account = state.account(address).cloned().unwrap_or_default();
            set_slot(&mut account.storage, slot, *value);
            state.set_account(address, account);
        }
        for address in &plan.removed {
            state.remove_account(address);
        }
        let mut header = block.header.clone();
        header.state_root = state.root();
        header.timestamp = plan.timestamp.unwrap_or(header.timestamp);
        let extra = Extra {
            round: plan.round.unwrap_or(block.extra.round),
            validators: plan.validators.clone().unwrap_or(block.extra.validators.clone()),
            ..block.extra.clone()
        };
        Some(self.seal_fork(header, extra, plan.seals, state))
    }

    /// Seals any header with the keys the chain knows: for headers that no honest set would seal.
    /// `seals` of them are shown, a quorum by default.
    pub fn seal_header(&self, header: Header, extra: Extra, seals: Option<usize>) -> Fork {
        self.seal_fork(header, extra, seals, self.head_state())
    }

    fn seal_fork(&self, mut header: Header, mut extra: Extra, seals: Option<usize>, state: State) -> Fork {
        let kind: Kind = self.config().kind;
        extra.seals = self.sign(&header, &extra);
        extra.seals.truncate(seals.unwrap_or_else(|| header::quorum(extra.validators.len())));
        let hash = header::block_hash(&header, &extra, kind);
        header.extra_data = extra.encode(kind, Form::Full);
        Fork { raw: alloy::rlp::encode(&header).into(), header, hash, state }
    }
}
