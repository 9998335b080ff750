//! Nodes of one or more tries, each once: what `eth_getProof` returned for many keys.

use crate::{
    EMPTY_ROOT,
    key::shared_nibbles,
    node::{MAX_NODE, NodeError, Step, walk},
};
use alloc::{collections::BTreeMap, collections::BTreeSet, vec::Vec};
use alloy_primitives::{B256, Bytes, keccak256};

/// Why a key cannot be answered from a node set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeSetError {
    /// The walk needs a node that is not in the set.
    #[error("node {hash} on the path of key {key} is missing")]
    MissingNode {
        /// The key that was walked.
        key: B256,
        /// keccak256 of the missing node.
        hash: B256,
    },
    /// A node on the path is not canonical.
    #[error("node {hash} on the path of key {key}: {error}")]
    Node {
        /// The key that was walked.
        key: B256,
        /// keccak256 of the node.
        hash: B256,
        /// What is wrong with it.
        error: NodeError,
    },
    /// A node on the path has more than 1,024 bytes.
    #[error("node {hash} on the path of key {key} has {len} bytes")]
    NodeSize {
        /// The key that was walked.
        key: B256,
        /// keccak256 of the node.
        hash: B256,
        /// Its length in bytes.
        len: usize,
    },
}

/// One listed node on a key's path.
struct Level<'a> {
    hash: B256,
    raw: &'a [u8],
    /// Nibbles consumed before this node.
    depth: usize,
}

/// Trie nodes by keccak256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    nodes: BTreeMap<B256, Bytes>,
}

impl NodeSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node and returns its hash. Bytes that are no node do no harm: no walk reaches them.
    pub fn insert(&mut self, node: impl Into<Bytes>) -> B256 {
        let node = node.into();
        let hash = keccak256(&node);
        self.nodes.insert(hash, node);
        hash
    }

    /// The node with this hash.
    pub fn get(&self, hash: &B256) -> Option<&Bytes> {
        self.nodes.get(hash)
    }

    /// All nodes with their hashes, in the order of the hashes.
    pub fn iter(&self) -> impl Iterator<Item = (&B256, &Bytes)> {
        self.nodes.iter()
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Walks one key from the root. `path` comes in with the nodes that are known to be shared
    /// and goes out with all nodes that the walk visited.
    fn walk<'a>(
        &'a self,
        root: &'a B256,
        key: &B256,
        path: &mut Vec<Level<'a>>,
    ) -> Result<Option<&'a [u8]>, NodeSetError> {
        if *root == EMPTY_ROOT {
            return Ok(None);
        }
        let on = |hash: B256| move |error| NodeSetError::Node { key: *key, hash, error };
        let mut step = match path.last() {
            Some(level) => walk(level.raw, key, level.depth).map_err(on(level.hash))?,
            None => Step::Next { hash: &root.0, depth: 0 },
        };
        while let Step::Next { hash, depth } = step {
            let hash = B256::new(*hash);
            let raw = self.nodes.get(&hash).ok_or(NodeSetError::MissingNode { key: *key, hash })?.as_ref();
            if raw.len() > MAX_NODE {
                return Err(NodeSetError::NodeSize { key: *key, hash, len: raw.len() });
            }
            path.push(Level { hash, raw, depth });
            step = walk(raw, key, depth).map_err(on(hash))?;
        }
        Ok(if let Step::Present(value) = step { Some(value) } else { None })
    }

    /// The value under a key, or `None` if the nodes prove that there is none.
    pub fn verify(&self, root: &B256, key: &B256) -> Result<Option<Vec<u8>>, NodeSetError> {
        Ok(self.walk(root, key, &mut Vec::new())?.map(<[u8]>::to_vec))
    }

    /// The packed proof of `keys` in this order. It is smallest when the keys ascend
    /// ([`crate::sorted_order`]).
    pub fn pack(&self, root: &B256, keys: &[B256]) -> Result<Vec<u8>, NodeSetError> {
        let mut out = Vec::new();
        let mut path: Vec<Level<'_>> = Vec::new();
        let mut previous: Option<&B256> = None;
        for key in keys {
            let shared = previous.map_or(0, |p| shared_nibbles(p, key));
            let kept = path.iter().take_while(|level| level.depth <= shared).count();
            path.truncate(kept);
            self.walk(root, key, &mut path)?;
            let new = path.get(kept..).unwrap_or_default();
            // A path visits at most 65 nodes: every one but the first consumed a nibble.
            out.extend([kept as u8, new.len() as u8]);
            for level in new {
                out.extend_from_slice(level.raw);
            }
            previous = Some(key);
        }
        Ok(out)
    }

    /// Hashes of the nodes that these keys need.
    pub fn used(&self, root: &B256, keys: &[B256]) -> Result<BTreeSet<B256>, NodeSetError> {
        let mut used = BTreeSet::new();
        if *root == EMPTY_ROOT && self.nodes.contains_key(root) {
            used.insert(*root);
        }
        for key in keys {
            let mut path = Vec::new();
            self.walk(root, key, &mut path)?;
            used.extend(path.iter().map(|level| level.hash));
        }
        Ok(used)
    }

    /// Number of nodes that none of these keys needs.
    pub fn unused(&self, root: &B256, keys: &[B256]) -> Result<usize, NodeSetError> {
        Ok(self.len().saturating_sub(self.used(root, keys)?.len()))
    }

    /// The nodes that these keys need, and no others.
    pub fn subset(&self, root: &B256, keys: &[B256]) -> Result<Self, NodeSetError> {
        let used = self.used(root, keys)?;
        let nodes = self.nodes.iter().filter(|(hash, _)| used.contains(*hash));
        Ok(Self { nodes: nodes.map(|(hash, node)| (*hash, node.clone())).collect() })
    }
}

impl<B: Into<Bytes>> Extend<B> for NodeSet {
    fn extend<I: IntoIterator<Item = B>>(&mut self, nodes: I) {
        for node in nodes {
            self.insert(node);
        }
    }
}

impl<B: Into<Bytes>> FromIterator<B> for NodeSet {
    fn from_iter<I: IntoIterator<Item = B>>(nodes: I) -> Self {
        let mut set = Self::new();
        set.extend(nodes);
        set
    }
}
