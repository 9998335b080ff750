//! A trie built and proven by alloy-trie, the reference.
#![allow(dead_code, missing_docs)]

pub mod reference;

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use std::collections::BTreeMap;

/// Entries by walk key.
#[derive(Clone, Debug, Default)]
pub struct Trie(pub BTreeMap<B256, Vec<u8>>);

impl Trie {
    fn build(&self, targets: &[B256]) -> HashBuilder {
        let targets = targets.iter().map(Nibbles::unpack).collect();
        let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(targets));
        for (key, value) in &self.0 {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        builder
    }

    pub fn root(&self) -> B256 {
        self.build(&[]).root()
    }

    /// Every node on the paths to `targets`, embedded ones too.
    pub fn nodes(&self, targets: &[B256]) -> Vec<Bytes> {
        let mut builder = self.build(targets);
        builder.root();
        builder.take_proof_nodes().nodes_sorted().into_iter().map(|(_, node)| node).collect()
    }

    /// The listed nodes of one key's path, from the root down.
    pub fn path(&self, key: &B256) -> Vec<Bytes> {
        let mut builder = self.build(&[*key]);
        let root = builder.root();
        let nodes = builder.take_proof_nodes().matching_nodes_sorted(&Nibbles::unpack(key));
        let listed = |node: &Bytes| node.len() >= 32 || keccak256(node) == root;
        nodes.into_iter().map(|(_, node)| node).filter(listed).collect()
    }
}

/// A number that looks random and is the same in every run.
pub fn seeded(seed: &str, index: usize) -> B256 {
    keccak256(format!("lupu {seed} {index}"))
}
