//! The storage of an EVM router: a trie by alloy-trie, and packed proofs of it.

use alloy_primitives::B256;
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};
use lupu_ethereum_state::NodeSet;
use lupu_qbft::{ConsensusState, MembershipProof, commitment_key};
use std::collections::BTreeMap;

/// What the router holds, by raw path.
#[derive(Clone, Debug, Default)]
pub struct Router(BTreeMap<B256, B256>);

impl Router {
    /// A router with something in it besides what matters.
    pub fn new() -> Self {
        let mut router = Self::default();
        for i in 0..20u8 {
            router.0.insert(B256::new(sp_io::hashing::keccak_256(&[i])), B256::repeat_byte(i + 1));
        }
        router
    }

    pub fn with(mut self, path: &[u8], value: [u8; 32]) -> Self {
        self.0.insert(commitment_key(path), value.into());
        self
    }

    fn build(&self, targets: &[B256]) -> HashBuilder {
        let targets = targets.iter().map(Nibbles::unpack).collect();
        let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(targets));
        for (key, value) in &self.0 {
            let word: Vec<u8> = value.iter().copied().skip_while(|b| *b == 0).collect();
            // The RLP of a word: one byte below 0x80 stands for itself.
            let leaf = match word.as_slice() {
                [b] if *b < 0x80 => word,
                _ => [vec![0x80 + word.len() as u8], word].concat(),
            };
            builder.add_leaf(Nibbles::unpack(key), &leaf);
        }
        builder
    }

    pub fn root(&self) -> B256 {
        self.build(&[]).root()
    }

    /// The `proof` bytes for these paths at a height where this is the storage.
    pub fn prove(&self, paths: &[Vec<u8>], timestamp: u64) -> Vec<u8> {
        let keys: Vec<B256> = paths.iter().map(|p| commitment_key(p)).collect();
        let mut builder = self.build(&keys);
        let root = builder.root();
        let mut nodes = NodeSet::new();
        for (_, node) in builder.take_proof_nodes().nodes_sorted() {
            nodes.insert(node);
        }
        let (_, consensus): (_, ConsensusState) = super::qbft(root, timestamp);
        MembershipProof { consensus, nodes: nodes.pack(&root, &keys).unwrap().into() }.encode()
    }
}
