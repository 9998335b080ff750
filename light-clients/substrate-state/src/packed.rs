//! The packed proof: for each key, in the caller's order, how many nodes of the previous key's
//! path are kept, and the items that follow (`docs/wire-formats.md`, section 6). A proof has one
//! encoding for one order of keys; every byte of it is checked.

use crate::{
    EMPTY_ROOT,
    hash::blake2_256,
    key::{MAX_KEY, shared_nibbles},
    node::{MAX_NODE, MIN_HASHED_NODE, NodeError, Step, walk},
};
use alloc::vec::Vec;
use alloy_primitives::B256;

/// What is wrong with a packed proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofErrorKind {
    /// The key has more than 512 bytes.
    #[error("key of {0} bytes, at most 512 are allowed")]
    KeySize(usize),
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
    /// An item has another hash than its parent, or the root, says.
    #[error("item at byte {at} has another hash than its parent says")]
    WrongHash {
        /// Offset in the proof.
        at: usize,
    },
    /// A node is not canonical.
    #[error("node is not canonical: {0}")]
    Node(#[from] NodeError),
    /// A node is larger than 4,096 bytes, or listed although it is inline in its parent.
    #[error("node at byte {at} has {len} bytes")]
    NodeSize {
        /// Offset in the proof.
        at: usize,
        /// Bytes of the node.
        len: usize,
    },
    /// The walk needs an item that is not listed.
    #[error("a node or value is missing")]
    MissingNode,
    /// The walk ended before the last listed item.
    #[error("{0} items are not needed")]
    UnusedNodes(usize),
    /// Bytes after the last key's part.
    #[error("{0} bytes too many")]
    Trailing(usize),
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
            Self::KeySize(_) => "KeySize",
            Self::Truncated => "Truncated",
            Self::Restart { .. } => "Restart",
            Self::WrongHash { .. } => "WrongHash",
            Self::Node(_) => "MalformedNode",
            Self::NodeSize { .. } => "NodeSize",
            Self::MissingNode => "MissingNode",
            Self::UnusedNodes(_) => "UnusedNodes",
            Self::Trailing(_) => "Trailing",
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
    fn take(&mut self, len: usize) -> Result<&'a [u8], ProofErrorKind> {
        let end = self.pos.saturating_add(len);
        let bytes = self.proof.get(self.pos..end).ok_or(ProofErrorKind::Truncated)?;
        self.pos = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, ProofErrorKind> {
        self.take(1)?.first().copied().ok_or(ProofErrorKind::Truncated)
    }

    /// Reads the next item, a node or a value, and where its length stands.
    fn item(&mut self) -> Result<(&'a [u8], usize), ProofErrorKind> {
        let at = self.pos;
        let len = u16::from_be_bytes([self.byte()?, self.byte()?]);
        Ok((self.take(usize::from(len))?, at))
    }

    /// Reads the next listed node, checks it against its hash and puts it on the path.
    fn node(&mut self, hash: &[u8; 32], depth: usize) -> Result<&'a [u8], ProofErrorKind> {
        let (raw, at) = self.item()?;
        let inline = raw.len() < MIN_HASHED_NODE && !self.path.is_empty();
        if raw.len() > MAX_NODE || inline {
            return Err(ProofErrorKind::NodeSize { at, len: raw.len() });
        }
        if blake2_256(raw).0 != *hash {
            return Err(ProofErrorKind::WrongHash { at });
        }
        self.path.push(Level { raw, depth });
        Ok(raw)
    }

    /// One key's items, unchecked.
    fn items(&mut self, items: &mut Vec<&'a [u8]>) -> Result<(), ProofErrorKind> {
        self.byte()?;
        for _ in 0..self.byte()? {
            items.push(self.item()?.0);
        }
        Ok(())
    }

    fn key(&mut self, root: &B256, key: &[u8], previous: Option<&[u8]>) -> Result<Option<&'a [u8]>, ProofErrorKind> {
        if key.len() > MAX_KEY {
            return Err(ProofErrorKind::KeySize(key.len()));
        }
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
        if let Step::Hashed(hash) = step {
            left = left.checked_sub(1).ok_or(ProofErrorKind::MissingNode)?;
            let (value, at) = self.item()?;
            if blake2_256(value).0 != *hash {
                return Err(ProofErrorKind::WrongHash { at });
            }
            step = Step::Present(value);
        }
        if left > 0 {
            return Err(ProofErrorKind::UnusedNodes(left));
        }
        Ok(if let Step::Present(value) = step { Some(value) } else { None })
    }
}

/// Verifies a packed proof of `keys`, in this order, against `root`. Returns per key the stored
/// value as a part of `proof`, or `None` if the key is proven absent.
pub fn verify<'a>(root: &B256, keys: &[&[u8]], proof: &'a [u8]) -> Result<Vec<Option<&'a [u8]>>, ProofError> {
    let mut verifier = Verifier { proof, pos: 0, path: Vec::new() };
    let mut values = Vec::with_capacity(keys.len());
    let mut previous = None;
    for (index, &key) in keys.iter().enumerate() {
        let value = verifier.key(root, key, previous).map_err(|kind| ProofError { key: index, kind })?;
        values.push(value);
        previous = Some(key);
    }
    match proof.len().saturating_sub(verifier.pos) {
        0 => Ok(values),
        n => Err(ProofError { key: keys.len(), kind: ProofErrorKind::Trailing(n) }),
    }
}

/// The nodes and values that a packed proof lists, in order, whatever they prove. For whoever
/// keeps nodes: nothing is checked but that the bytes have the form of a packed proof.
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
