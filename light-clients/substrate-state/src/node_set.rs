//! Nodes and values of one or more tries, each once: what `state_getReadProof` returned for many
//! keys.

use crate::{
    EMPTY_ROOT,
    hash::blake2_256,
    key::{MAX_KEY, shared_nibbles},
    node::{MAX_NODE, MIN_HASHED_NODE, NodeError, Step, walk},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use alloy_primitives::{B256, Bytes};

/// What is wrong on the path of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeSetErrorKind {
    /// The key has more than 512 bytes.
    #[error("key has {0} bytes, at most 512 are allowed")]
    KeySize(usize),
    /// The walk needs a node that is not in the set.
    #[error("node {0} is missing")]
    MissingNode(B256),
    /// The walk ends at a value that is not in the set.
    #[error("value {0} is missing")]
    MissingValue(B256),
    /// A node is not canonical.
    #[error("node {hash}: {error}")]
    Node {
        /// BLAKE2b-256 of the node.
        hash: B256,
        /// What is wrong with it.
        error: NodeError,
    },
    /// A node has more than 4,096 bytes, or fewer than 32 without being the root.
    #[error("node {hash} has {len} bytes")]
    NodeSize {
        /// BLAKE2b-256 of the node.
        hash: B256,
        /// Its length in bytes.
        len: usize,
    },
    /// A value is too large for a packed proof, which takes 65,535 bytes.
    #[error("value {hash} has {len} bytes, a packed proof takes 65,535")]
    ValueSize {
        /// BLAKE2b-256 of the value.
        hash: B256,
        /// Its length in bytes.
        len: usize,
    },
    /// A path is too long for a packed proof, which counts to 255.
    #[error("the path has {0} items, a packed proof takes 255")]
    PathTooLong(usize),
}

/// Why a key cannot be answered from a node set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("on the path of key {key}: {kind}")]
pub struct NodeSetError {
    /// The key that was walked.
    pub key: Bytes,
    /// What is wrong.
    pub kind: NodeSetErrorKind,
}

impl NodeSetErrorKind {
    /// The stable name of the check.
    pub fn name(&self) -> &'static str {
        match self {
            Self::KeySize(_) => "KeySize",
            Self::MissingNode(_) | Self::MissingValue(_) => "MissingNode",
            Self::Node { .. } => "MalformedNode",
            Self::NodeSize { .. } => "NodeSize",
            Self::ValueSize { .. } => "ValueSize",
            Self::PathTooLong(_) => "PathTooLong",
        }
    }
}

/// One listed node on a key's path.
struct Level<'a> {
    hash: B256,
    raw: &'a [u8],
    /// Nibbles consumed before this node.
    depth: usize,
}

/// What a key's walk ended at.
enum End<'a> {
    Absent,
    Inline(&'a [u8]),
    Hashed(B256, &'a [u8]),
}

/// Trie nodes and values by BLAKE2b-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    nodes: BTreeMap<B256, Bytes>,
}

impl NodeSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node or a value and returns its hash. Bytes that are neither do no harm: no walk
    /// reaches them.
    pub fn insert(&mut self, node: impl Into<Bytes>) -> B256 {
        let node = node.into();
        let hash = blake2_256(&node);
        self.nodes.insert(hash, node);
        hash
    }

    /// Adds everything of another set.
    pub fn merge(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
    }

    /// The node or value with this hash.
    pub fn node(&self, hash: &B256) -> Option<&Bytes> {
        self.nodes.get(hash)
    }

    /// All nodes and values with their hashes, in the order of the hashes.
    pub fn iter(&self) -> impl Iterator<Item = (&B256, &Bytes)> {
        self.nodes.iter()
    }

    /// Number of nodes and values.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Takes the node with this hash onto the path and walks through it.
    fn visit<'a>(
        &'a self,
        hash: B256,
        depth: usize,
        key: &[u8],
        path: &mut Vec<Level<'a>>,
    ) -> Result<Step<'a>, NodeSetErrorKind> {
        let raw = self.nodes.get(&hash).ok_or(NodeSetErrorKind::MissingNode(hash))?.as_ref();
        let inline = raw.len() < MIN_HASHED_NODE && !path.is_empty();
        if raw.len() > MAX_NODE || inline {
            return Err(NodeSetErrorKind::NodeSize { hash, len: raw.len() });
        }
        path.push(Level { hash, raw, depth });
        walk(raw, key, depth).map_err(|error| NodeSetErrorKind::Node { hash, error })
    }

    /// Walks one key from the root. `path` comes in with the nodes that are known to be shared
    /// and goes out with all nodes that the walk visited.
    fn walk<'a>(&'a self, root: &B256, key: &[u8], path: &mut Vec<Level<'a>>) -> Result<End<'a>, NodeSetErrorKind> {
        if key.len() > MAX_KEY {
            return Err(NodeSetErrorKind::KeySize(key.len()));
        }
        if *root == EMPTY_ROOT {
            return Ok(End::Absent);
        }
        let mut step = match path.last() {
            Some(&Level { hash, raw, depth }) => {
                walk(raw, key, depth).map_err(|error| NodeSetErrorKind::Node { hash, error })?
            }
            None => self.visit(*root, 0, key, path)?,
        };
        while let Step::Next { hash, depth } = step {
            step = self.visit(B256::new(*hash), depth, key, path)?;
        }
        Ok(match step {
            Step::Present(value) => End::Inline(value),
            Step::Hashed(hash) => {
                let hash = B256::new(*hash);
                End::Hashed(hash, self.nodes.get(&hash).ok_or(NodeSetErrorKind::MissingValue(hash))?)
            }
            Step::Absent | Step::Next { .. } => End::Absent,
        })
    }

    /// The value under a key, or `None` if the nodes prove that there is none.
    pub fn get(&self, root: &B256, key: &[u8]) -> Result<Option<&[u8]>, NodeSetError> {
        let end = self.walk(root, key, &mut Vec::new()).map_err(|kind| on(key, kind))?;
        Ok(match end {
            End::Absent => None,
            End::Inline(value) | End::Hashed(_, value) => Some(value),
        })
    }

    /// Appends one key's part of a packed proof. `path` is the previous key's.
    fn pack_key<'a>(
        &'a self,
        root: &B256,
        key: &[u8],
        previous: Option<&[u8]>,
        path: &mut Vec<Level<'a>>,
        out: &mut Vec<u8>,
    ) -> Result<(), NodeSetErrorKind> {
        let shared = previous.map_or(0, |p| shared_nibbles(p, key));
        let kept = path.iter().take_while(|level| level.depth <= shared).count();
        path.truncate(kept);
        let value = match self.walk(root, key, path)? {
            End::Hashed(hash, value) => Some((hash, value)),
            End::Absent | End::Inline(_) => None,
        };
        let new = path.get(kept..).unwrap_or_default();
        let count = new.len().saturating_add(usize::from(value.is_some()));
        let too_long = |_| NodeSetErrorKind::PathTooLong(kept.saturating_add(count));
        out.push(u8::try_from(kept).map_err(too_long)?);
        out.push(u8::try_from(count).map_err(too_long)?);
        let nodes = new.iter().map(|level| (level.hash, level.raw));
        for (hash, item) in nodes.chain(value) {
            let len = u16::try_from(item.len()).map_err(|_| NodeSetErrorKind::ValueSize { hash, len: item.len() })?;
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(item);
        }
        Ok(())
    }

    /// The packed proof of `keys` in this order. It is smallest when the keys ascend
    /// ([`crate::proof_order`]).
    pub fn pack(&self, root: &B256, keys: &[&[u8]]) -> Result<Vec<u8>, NodeSetError> {
        let mut out = Vec::new();
        let mut path = Vec::new();
        let mut previous = None;
        for &key in keys {
            self.pack_key(root, key, previous, &mut path, &mut out).map_err(|kind| on(key, kind))?;
            previous = Some(key);
        }
        Ok(out)
    }

    /// Hashes of the nodes and values that these keys need.
    pub fn used(&self, root: &B256, keys: &[&[u8]]) -> Result<BTreeSet<B256>, NodeSetError> {
        let mut used = BTreeSet::new();
        if *root == EMPTY_ROOT && self.nodes.contains_key(root) {
            used.insert(*root);
        }
        for &key in keys {
            let mut path = Vec::new();
            let end = self.walk(root, key, &mut path).map_err(|kind| on(key, kind))?;
            used.extend(path.iter().map(|level| level.hash));
            if let End::Hashed(hash, _) = end {
                used.insert(hash);
            }
        }
        Ok(used)
    }

    /// Number of nodes and values that none of these keys needs.
    pub fn unused(&self, root: &B256, keys: &[&[u8]]) -> Result<usize, NodeSetError> {
        Ok(self.len().saturating_sub(self.used(root, keys)?.len()))
    }

    /// The nodes and values that these keys need, and no others.
    pub fn subset(&self, root: &B256, keys: &[&[u8]]) -> Result<Self, NodeSetError> {
        let used = self.used(root, keys)?;
        let nodes = self.nodes.iter().filter(|(hash, _)| used.contains(*hash));
        Ok(Self { nodes: nodes.map(|(hash, node)| (*hash, node.clone())).collect() })
    }
}

fn on(key: &[u8], kind: NodeSetErrorKind) -> NodeSetError {
    NodeSetError { key: Bytes::copy_from_slice(key), kind }
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
