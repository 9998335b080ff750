//! The off-chain database: what blocks index, which is the MMR.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sp_core::H256;
use sp_core::offchain::{DbExternalities, OffchainOverlayedChange, STORAGE_PREFIX, StorageKind};
use sp_mmr_primitives::INDEXING_PREFIX;
use sp_mmr_primitives::utils::NodesUtils;

use lupu_substrate_runtime::Header;

/// Clones share the entries.
#[derive(Clone, Default)]
pub(crate) struct OffchainDb(Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>);

impl OffchainDb {
    /// Takes what block `number`, child of `parent`, has indexed. The MMR nodes it adds are moved
    /// at once to the keys that a node's MMR gadget gives them when the block is final: there are
    /// no forks here.
    pub(crate) fn apply(
        &self,
        number: u32,
        parent: H256,
        changes: impl IntoIterator<Item = ((Vec<u8>, Vec<u8>), OffchainOverlayedChange)>,
    ) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((prefix, key), change) in changes {
            if prefix != STORAGE_PREFIX {
                continue;
            }
            match change {
                OffchainOverlayedChange::SetValue(value) => entries.insert(key, value),
                OffchainOverlayedChange::Remove => entries.remove(&key),
            };
        }
        let leaf = u64::from(number).saturating_sub(1);
        for position in NodesUtils::right_branch_ending_in_leaf(leaf) {
            let temporary = NodesUtils::node_temp_offchain_key::<Header>(INDEXING_PREFIX, position, parent);
            if let Some(node) = entries.remove(&temporary) {
                entries.insert(NodesUtils::node_canon_offchain_key(INDEXING_PREFIX, position), node);
            }
        }
    }

    /// The same entries, no longer shared.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())))
    }

    /// One entry.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Writes one entry.
    pub(crate) fn set(&self, key: &[u8], value: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec(), value.to_vec());
    }
}

impl DbExternalities for OffchainDb {
    fn local_storage_set(&mut self, _: StorageKind, key: &[u8], value: &[u8]) {
        self.set(key, value);
    }

    fn local_storage_clear(&mut self, _: StorageKind, key: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn local_storage_compare_and_set(
        &mut self,
        _: StorageKind,
        key: &[u8],
        old_value: Option<&[u8]>,
        new_value: &[u8],
    ) -> bool {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let equal = entries.get(key).map(Vec::as_slice) == old_value;
        if equal {
            entries.insert(key.to_vec(), new_value.to_vec());
        }
        equal
    }

    fn local_storage_get(&mut self, _: StorageKind, key: &[u8]) -> Option<Vec<u8>> {
        self.get(key)
    }
}
