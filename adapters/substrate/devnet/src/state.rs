//! The nodes of every state trie that is kept, shared by all states.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{BackendTransaction, TrieBackend, TrieBackendBuilder, TrieBackendStorage};
use sp_trie::{DBValue, prefixed_key};

/// A state at one root.
pub(crate) type State = TrieBackend<Nodes, BlakeTwo256>;

/// Nodes by their place in the trie and their hash, with the number of times each is in use.
type Table = HashMap<Vec<u8>, (DBValue, i32)>;

/// The nodes of all kept states; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Nodes(Arc<RwLock<Table>>);

/// What a block takes out of its parent's trie: gone for good once the parent's state is dropped.
pub(crate) type Removed = Vec<(Vec<u8>, i32)>;

impl TrieBackendStorage<BlakeTwo256> for Nodes {
    fn get(&self, key: &H256, prefix: (&[u8], Option<u8>)) -> Result<Option<DBValue>, String> {
        let key = prefixed_key::<BlakeTwo256>(key, prefix);
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(table.get(&key).map(|(value, _)| value.clone()))
    }
}

impl Nodes {
    /// The state at a root.
    pub(crate) fn at(&self, root: H256) -> State {
        TrieBackendBuilder::new(self.clone(), root).build()
    }

    /// Adds what a block adds; returns what it removes.
    pub(crate) fn commit(&self, mut transaction: BackendTransaction<BlakeTwo256>) -> Removed {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut removed = Vec::new();
        for (key, (value, count)) in transaction.drain() {
            match count {
                1.. => table.entry(key).or_insert_with(|| (value, 0)).1 += count,
                0 => {}
                ..0 => removed.push((key, count)),
            }
        }
        removed
    }

    /// Drops what only a dropped state needed.
    pub(crate) fn purge(&self, removed: Removed) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, count) in removed {
            if let Some((_, uses)) = table.get_mut(&key) {
                *uses += count;
                if *uses <= 0 {
                    table.remove(&key);
                }
            }
        }
    }

    /// The same nodes, no longer shared.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(RwLock::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())))
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
