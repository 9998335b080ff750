//! The packed proof: for each key, in the caller's order, how many nodes of the previous key's
//! path are kept, and the nodes that follow (`docs/wire-formats.md`, section 1). A proof has one
//! encoding for one order of keys; every byte of it is checked.

use crate::{
    EMPTY_ROOT,
    account::{ValueError, storage_value},
    key::shared_nibbles,
    node::{MAX_NODE, MIN_HASHED_NODE, NodeError, Step, walk},
    rlp::Reader,
};
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};

/// What is wrong with a packed proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofErrorKind {
    /// The proof ends before the key's part does.
    #[error("proof is truncated")]
    Truncated,
    /// The number of kept nodes is not the length of the shared path.
    #[error("keeps {found} nodes of the previous path, {expected} are shared")]
    Restart {
        /// Nodes that both paths share.
        expected: usize,
        /// Nodes that the proof keeps.
        found: u8,
    },
    /// A node has another hash than its parent, or the root, says.
    #[error("node at byte {at} has another hash than its parent says")]
    WrongHash {
        /// Offset in the proof.
        at: usize,
    },
    /// A node is not canonical.
    #[error("node is not canonical: {0}")]
    Node(#[from] NodeError),
    /// A node is larger than 1,024 bytes, or listed although it is embedded in its parent.
    #[error("node at byte {at} has {len} bytes")]
    NodeSize {
        /// Offset in the proof.
        at: usize,
        /// Bytes of the node.
        len: usize,
    },
    /// The walk needs a node that is not listed.
    #[error("a node is missing")]
    MissingNode,
    /// The walk ended before the last listed node.
    #[error("{0} nodes are not needed")]
    UnusedNodes(usize),
    /// Bytes after the last key's part.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A stored value that no chain would store.
    #[error("value is malformed: {0}")]
    Value(#[from] ValueError),
}

/// What is wrong, and with which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("proof of key {key}: {kind}")]
pub struct ProofError {
    /// Index of the key; the number of keys for bytes after the last one.
    pub key: usize,
    /// What is wrong.
    pub kind: ProofErrorKind,
}

impl ProofErrorKind {
    /// The stable name of the check.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Truncated => "Truncated",
            Self::Restart { .. } => "Restart",
            Self::WrongHash { .. } => "WrongHash",
            Self::Node(_) => "MalformedNode",
            Self::NodeSize { .. } => "NodeSize",
            Self::MissingNode => "MissingNode",
            Self::UnusedNodes(_) => "UnusedNodes",
            Self::Trailing(_) => "Trailing",
            Self::Value(_) => "MalformedValue",
        }
    }
}

/// One node of the previous key's path.
struct Level<'a> {
    raw: &'a [u8],
    /// Nibbles consumed before this node.
    depth: usize,
}

struct Verifier<'a> {
    proof: &'a [u8],
    pos: usize,
    path: Vec<Level<'a>>,
}

impl<'a> Verifier<'a> {
    fn byte(&mut self) -> Result<u8, ProofErrorKind> {
        let byte = self.proof.get(self.pos).ok_or(ProofErrorKind::Truncated)?;
        self.pos = self.pos.saturating_add(1);
        Ok(*byte)
    }

    /// Reads the next listed node, checks it against its hash and puts it on the path.
    fn node(&mut self, hash: &[u8; 32], depth: usize) -> Result<&'a [u8], ProofErrorKind> {
        let at = self.pos;
        let rest = self.proof.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Err(ProofErrorKind::Truncated);
        }
        let raw = Reader::at(rest, at).item().map_err(NodeError::Rlp)?.raw;
        let embedded = raw.len() < MIN_HASHED_NODE && !self.path.is_empty();
        if raw.len() > MAX_NODE || embedded {
            return Err(ProofErrorKind::NodeSize { at, len: raw.len() });
        }
        if keccak256(raw).0 != *hash {
            return Err(ProofErrorKind::WrongHash { at });
        }
        self.pos = at.saturating_add(raw.len());
        self.path.push(Level { raw, depth });
        Ok(raw)
    }

    /// One key's nodes, unchecked.
    fn items(&mut self, items: &mut Vec<&'a [u8]>) -> Result<(), ProofErrorKind> {
        self.byte()?;
        for _ in 0..self.byte()? {
            let rest = self.proof.get(self.pos..).unwrap_or_default();
            if rest.is_empty() {
                return Err(ProofErrorKind::Truncated);
            }
            let raw = Reader::at(rest, self.pos).item().map_err(NodeError::Rlp)?.raw;
            self.pos = self.pos.saturating_add(raw.len());
            items.push(raw);
        }
        Ok(())
    }

    fn key(&mut self, root: &B256, key: &B256, previous: Option<&B256>) -> Result<Option<&'a [u8]>, ProofErrorKind> {
        let found = self.byte()?;
        let mut left = usize::from(self.byte()?);
        let shared = previous.map_or(0, |p| shared_nibbles(p, key));
        let expected = self.path.iter().take_while(|level| level.depth <= shared).count();
        if usize::from(found) != expected {
            return Err(ProofErrorKind::Restart { expected, found });
        }
        self.path.truncate(expected);
        let mut step = match self.path.last() {
            Some(level) => walk(level.raw, key, level.depth)?,
            // An empty trie may show its root node, but only to the first key.
            None if *root == EMPTY_ROOT && (left == 0 || previous.is_some()) => Step::Absent,
            None => {
                left = left.checked_sub(1).ok_or(ProofErrorKind::MissingNode)?;
                walk(self.node(&root.0, 0)?, key, 0)?
            }
        };
        while let Step::Next { hash, depth } = step {
            left = left.checked_sub(1).ok_or(ProofErrorKind::MissingNode)?;
            step = walk(self.node(hash, depth)?, key, depth)?;
        }
        if left > 0 {
            return Err(ProofErrorKind::UnusedNodes(left));
        }
        Ok(if let Step::Present(value) = step { Some(value) } else { None })
    }
}

/// Verifies a packed proof of `keys`, in this order, against `root`. Returns per key the stored
/// value as a part of `proof`, or `None` if the key is proven absent.
pub fn verify<'a>(root: &B256, keys: &[B256], proof: &'a [u8]) -> Result<Vec<Option<&'a [u8]>>, ProofError> {
    let mut verifier = Verifier { proof, pos: 0, path: Vec::new() };
    let mut values = Vec::with_capacity(keys.len());
    let mut previous = None;
    for (index, key) in keys.iter().enumerate() {
        let value = verifier.key(root, key, previous).map_err(|kind| ProofError { key: index, kind })?;
        values.push(value);
        previous = Some(key);
    }
    match proof.len().saturating_sub(verifier.pos) {
        0 => Ok(values),
        n => Err(ProofError { key: keys.len(), kind: ProofErrorKind::Trailing(n) }),
    }
}

/// [`verify`] for a storage trie: values are words, left-padded; `None` is absent, which is how a
/// chain stores zero. A leaf that holds zero is malformed.
pub fn verify_storage(root: &B256, keys: &[B256], proof: &[u8]) -> Result<Vec<Option<B256>>, ProofError> {
    let words = verify(root, keys, proof)?
        .into_iter()
        .enumerate()
        .map(|(key, value)| value.map(storage_value).transpose().map_err(|e| ProofError { key, kind: e.into() }));
    words.collect()
}

/// The nodes that a packed proof lists, in order, whatever they prove. For whoever keeps nodes:
/// nothing is checked but that the bytes have the form of a packed proof.
pub fn items(proof: &[u8]) -> Result<Vec<&[u8]>, ProofError> {
    let mut verifier = Verifier { proof, pos: 0, path: Vec::new() };
    let mut items = Vec::new();
    let mut key = 0usize;
    while verifier.pos < proof.len() {
        let part = verifier.items(&mut items);
        part.map_err(|kind| ProofError { key, kind })?;
        key = key.saturating_add(1);
    }
    Ok(items)
}
