//! A trie built, read and proven by sp-trie, the reference.
#![allow(dead_code, missing_docs)]

pub mod reference;

use alloy_primitives::{B256, keccak256};
use lupu_substrate_state::NodeSet;
use sp_core::{Blake2Hasher, H256};
use sp_trie::{
    EMPTY_PREFIX, HashDBT, LayoutV0, LayoutV1, MemoryDB, StorageProof, Trie as _, TrieConfiguration, TrieDBBuilder,
    TrieDBMutBuilder, TrieMut as _, recorder::Recorder,
};
use std::collections::BTreeMap;

type V0 = LayoutV0<Blake2Hasher>;
type V1 = LayoutV1<Blake2Hasher>;

pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// How values of 33 bytes and more are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// In the node.
    V0,
    /// By their hash.
    V1,
}

/// A state trie: its entries, its nodes by hash, its root.
#[derive(Clone)]
pub struct Trie {
    pub version: Version,
    pub entries: Entries,
    db: MemoryDB<Blake2Hasher>,
    root: H256,
}

fn filled<L: TrieConfiguration<Hash = Blake2Hasher>>(entries: &Entries) -> (MemoryDB<Blake2Hasher>, H256) {
    let mut db = MemoryDB::default();
    let mut root = sp_trie::empty_trie_root::<L>();
    let mut trie = TrieDBMutBuilder::<L>::new(&mut db, &mut root).build();
    for (key, value) in entries {
        trie.insert(key, value).unwrap();
    }
    drop(trie);
    (db, root)
}

impl Trie {
    pub fn new(version: Version, entries: Entries) -> Self {
        let (db, root) = match version {
            Version::V0 => filled::<V0>(&entries),
            Version::V1 => filled::<V1>(&entries),
        };
        Self { version, entries, db, root }
    }

    pub fn root(&self) -> B256 {
        B256::new(self.root.0)
    }

    /// What `state_getReadProof` returns: everything that was read to answer the keys.
    pub fn nodes(&self, keys: &[&[u8]]) -> Vec<Vec<u8>> {
        let recorder = Recorder::<Blake2Hasher>::default();
        {
            let mut reads = recorder.as_trie_recorder(self.root);
            let trie = TrieDBBuilder::<V1>::new(&self.db, &self.root).with_recorder(&mut reads).build();
            for key in keys {
                assert_eq!(trie.get(key).unwrap(), self.entries.get(*key).cloned());
            }
        }
        recorder.drain_storage_proof().into_iter_nodes().collect()
    }

    pub fn node_set(&self, keys: &[&[u8]]) -> NodeSet {
        self.nodes(keys).into_iter().collect()
    }

    /// The packed proof, put together by the plain code.
    pub fn pack(&self, keys: &[&[u8]]) -> Vec<u8> {
        reference::pack(&self.root(), &self.nodes(keys), keys)
    }

    /// What the trie holds under the keys.
    pub fn values(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        keys.iter().map(|key| self.entries.get(*key).cloned()).collect()
    }

    /// The listed nodes of one key's path from the root down, and at last the value if it is
    /// stored by its hash.
    pub fn path(&self, key: &[u8]) -> Vec<Vec<u8>> {
        let (nodes, value) = reference::path(&self.root(), &self.nodes(&[key]), key);
        nodes.into_iter().map(|(_, node)| node).chain(value).collect()
    }
}

/// What trie-db reads under `key` from these nodes and values; `Err` if it finds them wanting.
pub fn lookup(root: &B256, items: &[Vec<u8>], key: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut db = MemoryDB::<Blake2Hasher>::default();
    for item in items {
        db.insert(EMPTY_PREFIX, item);
    }
    let root = H256(root.0);
    let trie = TrieDBBuilder::<V1>::new(&db, &root).build();
    trie.get(key).map_err(|e| format!("{e:?}"))
}

/// The same, from an unordered proof of many keys.
pub fn storage_proof(nodes: Vec<Vec<u8>>) -> StorageProof {
    StorageProof::new(nodes)
}

pub fn slices<K: AsRef<[u8]>>(keys: &[K]) -> Vec<&[u8]> {
    keys.iter().map(AsRef::as_ref).collect()
}

/// A number that looks random and is the same in every run.
pub fn seeded(seed: &str, index: usize) -> B256 {
    keccak256(format!("lupu {seed} {index}"))
}

/// xorshift64*: the same sequence in every run.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// A storage key as FRAME makes them: 32 bytes of names, alone or with a hashed map key; now
    /// and then a short one, an odd one, or one that goes on where another ends.
    pub fn key(&mut self) -> Vec<u8> {
        let stem = seeded("stem", self.below(4)).to_vec();
        match self.below(10) {
            0 => stem,
            1 => stem[..self.below(33)].to_vec(),
            2 => [stem, self.bytes(1)].concat(),
            3 => {
                let len = self.below(8);
                self.bytes(len)
            }
            4 => {
                let mut key = stem;
                let at = self.below(32);
                key[at] ^= 1 << self.below(8);
                key
            }
            // Map keys that share long beginnings: nodes small enough to be inline.
            5 | 6 => {
                let mut tail = vec![0x77; 32];
                tail[31] = self.below(64) as u8;
                tail[30] ^= self.below(2) as u8;
                [stem, tail].concat()
            }
            _ => [stem, self.bytes(32)].concat(),
        }
    }

    pub fn value(&mut self) -> Vec<u8> {
        let len = match self.below(12) {
            0 => 0,
            1..=4 => 1 + self.below(4),
            5..=7 => 32,
            8 => 33,
            9 => 31,
            10 => 34 + self.below(100),
            _ => self.below(33),
        };
        self.bytes(len)
    }

    pub fn trie(&mut self, version: Version, size: usize) -> Trie {
        let entries = (0..size).map(|_| (self.key(), self.value())).collect();
        Trie::new(version, entries)
    }

    /// Keys to ask for: of those that are there, of those next to them, and others.
    pub fn targets(&mut self, trie: &Trie, count: usize) -> Vec<Vec<u8>> {
        let present: Vec<&Vec<u8>> = trie.entries.keys().collect();
        (0..count)
            .map(|_| {
                if present.is_empty() || self.one_in(4) {
                    return self.key();
                }
                let mut key = (*self.pick(&present)).clone();
                match self.below(6) {
                    0 if !key.is_empty() => {
                        let at = self.below(key.len());
                        key[at] ^= 1 << self.below(8);
                    }
                    1 => drop(key.pop()),
                    2 => key.push(self.next() as u8),
                    _ => {}
                }
                key
            })
            .collect()
    }
}

/// A packed proof taken apart: per key the nodes kept and the items listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub restart: u8,
    pub items: Vec<Vec<u8>>,
}

/// The parts of a packed proof of so many keys, or `None` if it does not consist of them.
pub fn parts(proof: &[u8], keys: usize) -> Option<Vec<Part>> {
    let mut rest = proof;
    let mut out = Vec::new();
    for _ in 0..keys {
        let (&[restart, count], mut left) = rest.split_first_chunk::<2>()?;
        let mut items = Vec::new();
        for _ in 0..count {
            let (len, after) = left.split_first_chunk::<2>()?;
            let (item, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            items.push(item.to_vec());
            left = after;
        }
        out.push(Part { restart, items });
        rest = left;
    }
    rest.is_empty().then_some(out)
}

pub fn joined(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.push(part.restart);
        out.push(part.items.len() as u8);
        for item in &part.items {
            out.extend((item.len() as u16).to_be_bytes());
            out.extend(item);
        }
    }
    out
}
