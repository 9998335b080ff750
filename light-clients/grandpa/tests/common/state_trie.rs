//! A state trie built and proven by sp-trie, the reference.

use alloy_primitives::{B256, keccak256};
use sp_core::{Blake2Hasher, H256};
use sp_trie::{LayoutV1, MemoryDB, Recorder, Trie as _, TrieDBBuilder, TrieMut, trie_types::TrieDBMutBuilderV1};
use std::collections::BTreeMap;

type Layout = LayoutV1<Blake2Hasher>;

/// Entries by storage key.
#[derive(Clone, Debug, Default)]
pub struct Trie(pub BTreeMap<Vec<u8>, Vec<u8>>);

impl Trie {
    fn build(&self) -> (MemoryDB<Blake2Hasher>, H256) {
        let (mut db, mut root) = (MemoryDB::default(), H256::zero());
        let mut trie = TrieDBMutBuilderV1::<Blake2Hasher>::new(&mut db, &mut root).build();
        for (key, value) in &self.0 {
            trie.insert(key, value).unwrap();
        }
        drop(trie);
        (db, root)
    }

    pub fn root(&self) -> B256 {
        B256::new(self.build().1.0)
    }

    /// The nodes and values that the walks to `keys` read, in the order of the walks.
    pub fn nodes(&self, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let (db, root) = self.build();
        keys.iter().flat_map(|key| walk(&db, root, key).unwrap().1).collect()
    }
}

/// What is stored under a key, and what was read on the way to it. `None` where something is
/// missing from `db` or malformed.
pub type Walk = (Option<Vec<u8>>, Vec<Vec<u8>>);

pub fn walk(db: &MemoryDB<Blake2Hasher>, root: H256, key: &[u8]) -> Option<Walk> {
    let mut recorder = Recorder::<Layout>::new();
    let value = TrieDBBuilder::<Layout>::new(db, &root).with_recorder(&mut recorder).build().get(key).ok()?;
    Some((value, recorder.drain().into_iter().map(|record| record.data).collect()))
}

/// A number that looks random and is the same in every run.
pub fn seeded(seed: &str, index: usize) -> B256 {
    keccak256(format!("lupu {seed} {index}"))
}
