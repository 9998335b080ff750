//! One node of a Merkle-Patricia trie, in its canonical encoding only.

use crate::{
    key::nibble,
    rlp::{self, Item, Reader, RlpError},
};
use alloy_primitives::B256;

/// Nibbles in a key.
pub const KEY_NIBBLES: usize = 64;
/// Largest node that is accepted, in bytes.
pub const MAX_NODE: usize = 1024;
/// A node with fewer bytes than this stands in its parent instead of its hash.
pub const MIN_HASHED_NODE: usize = 32;

/// Why bytes are not a canonical node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Not strict RLP.
    #[error(transparent)]
    Rlp(#[from] RlpError),
    /// Neither 2 nor 17 items.
    #[error("node has {0} items, not 2 or 17")]
    Items(usize),
    /// A path without a flag, with a flag above 3, or with a padding nibble that is not zero.
    #[error("path is not canonical hex-prefix")]
    Path,
    /// An extension with an empty path.
    #[error("extension with an empty path")]
    EmptyExtension,
    /// A child that is neither empty, nor a 32-byte hash, nor a list shorter than 32 bytes.
    #[error("child {0} is neither empty, nor a hash, nor an embedded node")]
    Child(usize),
    /// A leaf with an empty value.
    #[error("leaf with an empty value")]
    EmptyLeaf,
}

/// What a branch or an extension points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Child<'a> {
    /// Nothing (in a branch only).
    #[default]
    Empty,
    /// keccak256 of a node of at least 32 bytes.
    Hash(&'a [u8; 32]),
    /// A whole node of fewer than 32 bytes.
    Embedded(&'a [u8]),
}

/// The nibbles of a leaf or an extension, in hex-prefix encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    bytes: &'a [u8],
    odd: bool,
}

impl<'a> Path<'a> {
    /// The path and whether it is a leaf's.
    fn decode(bytes: &'a [u8]) -> Result<(Self, bool), NodeError> {
        let first = *bytes.first().ok_or(NodeError::Path)?;
        let flag = first >> 4;
        let odd = flag & 1 == 1;
        if flag > 3 || (!odd && first & 0x0f != 0) {
            return Err(NodeError::Path);
        }
        Ok((Self { bytes, odd }, flag & 2 == 2))
    }

    /// Number of nibbles.
    pub fn len(&self) -> usize {
        let even = self.bytes.len().saturating_sub(1).saturating_mul(2);
        even.saturating_add(usize::from(self.odd))
    }

    /// Whether there are no nibbles.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, at: usize) -> Option<u8> {
        let at = at.saturating_add(if self.odd { 1 } else { 2 });
        let byte = self.bytes.get(at / 2)?;
        Some(if at.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f })
    }

    /// The nibbles, in their order.
    pub fn nibbles(self) -> impl Iterator<Item = u8> + 'a {
        (0..self.len()).filter_map(move |i| self.get(i))
    }

    /// Whether the key goes on with this path after `depth` nibbles.
    pub fn matches(&self, key: &B256, depth: usize) -> bool {
        let len = self.len();
        depth.saturating_add(len) <= KEY_NIBBLES
            && (0..len).all(|i| self.get(i) == Some(nibble(key, depth.saturating_add(i))))
    }
}

/// A decoded node.
#[allow(clippy::large_enum_variant, reason = "lives on the stack, one at a time, without allocating")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// The root of a trie without entries.
    Empty,
    /// The end of a path.
    Leaf {
        /// The nibbles left to the key.
        path: Path<'a>,
        /// The stored value, not empty.
        value: &'a [u8],
    },
    /// Nibbles that all keys below share.
    Extension {
        /// At least one nibble.
        path: Path<'a>,
        /// Not empty.
        child: Child<'a>,
    },
    /// Sixteen ways on, and a value for the key that ends here.
    Branch {
        /// By next nibble.
        children: [Child<'a>; 16],
        /// Empty if no key ends here.
        value: &'a [u8],
    },
}

fn child<'a>(item: &Item<'a>, index: usize) -> Result<Child<'a>, NodeError> {
    match (item.is_list, item.payload.len()) {
        (false, 0) => Ok(Child::Empty),
        (false, _) => item.payload.try_into().map(Child::Hash).map_err(|_| NodeError::Child(index)),
        (true, _) if item.raw.len() < MIN_HASHED_NODE => Ok(Child::Embedded(item.raw)),
        (true, _) => Err(NodeError::Child(index)),
    }
}

impl<'a> Node<'a> {
    /// Decodes exactly `raw`. The shape of every item is checked; the inside of an embedded child
    /// only when the walk goes there.
    pub fn decode(raw: &'a [u8]) -> Result<Self, NodeError> {
        let node = rlp::single(raw)?;
        if !node.is_list && node.payload.is_empty() {
            return Ok(Self::Empty);
        }
        let mut items = node.list()?;
        let mut count = 0usize;
        let mut counter = items.clone();
        while !counter.is_empty() {
            counter.item()?;
            count = count.saturating_add(1);
        }
        match count {
            2 => Self::short(&mut items),
            17 => Self::branch(&mut items),
            n => Err(NodeError::Items(n)),
        }
    }

    fn short(items: &mut Reader<'a>) -> Result<Self, NodeError> {
        let (path, is_leaf) = Path::decode(items.item()?.bytes()?)?;
        let item = items.item()?;
        if is_leaf {
            return match item.bytes()? {
                [] => Err(NodeError::EmptyLeaf),
                value => Ok(Self::Leaf { path, value }),
            };
        }
        if path.is_empty() {
            return Err(NodeError::EmptyExtension);
        }
        match child(&item, 0)? {
            Child::Empty => Err(NodeError::Child(0)),
            child => Ok(Self::Extension { path, child }),
        }
    }

    fn branch(items: &mut Reader<'a>) -> Result<Self, NodeError> {
        let mut children = [Child::Empty; 16];
        for (index, slot) in children.iter_mut().enumerate() {
            *slot = child(&items.item()?, index)?;
        }
        Ok(Self::Branch { children, value: items.item()?.bytes()? })
    }
}

/// Where a walk through one node, and the nodes embedded in it, leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// To a node with this hash, `depth` nibbles down.
    Next { hash: &'a [u8; 32], depth: usize },
    /// To the key's value.
    Present(&'a [u8]),
    /// To the certainty that there is none.
    Absent,
}

/// Walks from a node that stands `depth` nibbles down, as far as embedded nodes go.
pub(crate) fn walk<'a>(mut raw: &'a [u8], key: &B256, mut depth: usize) -> Result<Step<'a>, NodeError> {
    loop {
        let (child, consumed) = match Node::decode(raw)? {
            Node::Empty => return Ok(Step::Absent),
            Node::Leaf { path, value } => {
                let ends = depth.saturating_add(path.len()) == KEY_NIBBLES;
                let here = ends && path.matches(key, depth);
                return Ok(if here { Step::Present(value) } else { Step::Absent });
            }
            Node::Extension { path, .. } if !path.matches(key, depth) => return Ok(Step::Absent),
            Node::Extension { path, child } => (child, path.len()),
            Node::Branch { value, .. } if depth >= KEY_NIBBLES => {
                return Ok(if value.is_empty() { Step::Absent } else { Step::Present(value) });
            }
            Node::Branch { children, .. } => {
                let next = children.get(usize::from(nibble(key, depth)));
                (next.copied().unwrap_or_default(), 1)
            }
        };
        depth = depth.saturating_add(consumed);
        match child {
            Child::Empty => return Ok(Step::Absent),
            Child::Hash(hash) => return Ok(Step::Next { hash, depth }),
            Child::Embedded(inner) => raw = inner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rlp::{list, put_bytes};
    use alloc::vec::Vec;

    fn pair(path: &[u8], value: &[u8]) -> Vec<u8> {
        let mut items = Vec::new();
        put_bytes(&mut items, path);
        put_bytes(&mut items, value);
        list(&items)
    }

    #[test]
    fn hex_prefix_is_strict() {
        for (path, error) in [
            (&[][..], NodeError::Path),
            (&[0x40], NodeError::Path),
            (&[0x21], NodeError::Path),
            (&[0x01, 0x23], NodeError::Path),
            (&[0x00], NodeError::EmptyExtension),
        ] {
            assert_eq!(Node::decode(&pair(path, &[7; 32])), Err(error), "{path:02x?}");
        }
        let leaf = pair(&[0x31, 0x23], &[9]);
        let Node::Leaf { path, value } = Node::decode(&leaf).unwrap() else { panic!("a leaf") };
        assert_eq!((path.len(), value), (3, &[9][..]));
        let mut key = B256::ZERO;
        key.0[30] = 0x01;
        key.0[31] = 0x23;
        assert!(path.matches(&key, 61));
        assert!(!path.matches(&key, 60) && !path.matches(&key, 62));
    }

    #[test]
    fn children_are_strict() {
        assert_eq!(Node::decode(&pair(&[0x11], &[])), Err(NodeError::Child(0)));
        assert_eq!(Node::decode(&pair(&[0x11], &[1; 31])), Err(NodeError::Child(0)));
        assert_eq!(Node::decode(&pair(&[0x20], &[])), Err(NodeError::EmptyLeaf));
        let mut items = [0x80u8; 17].to_vec();
        assert!(matches!(Node::decode(&list(&items)), Ok(Node::Branch { .. })));
        items[3] = 0x05;
        assert_eq!(Node::decode(&list(&items)), Err(NodeError::Child(3)));
        items.pop();
        assert_eq!(Node::decode(&list(&items)), Err(NodeError::Items(16)));
        items.splice(3..4, list(&[0x80; 31]));
        items.push(0x80);
        assert_eq!(Node::decode(&list(&items)), Err(NodeError::Child(3)));
        assert_eq!(Node::decode(&[0x80]), Ok(Node::Empty));
        assert!(Node::decode(&[]).is_err());
        assert!(Node::decode(&[0x01]).is_err());
    }

    #[test]
    fn a_path_past_the_end_of_the_key_is_absent() {
        let leaf = pair(&[0x20, 0x00], &[1]);
        assert_eq!(walk(&leaf, &B256::ZERO, 62), Ok(Step::Present(&[1])));
        assert_eq!(walk(&leaf, &B256::ZERO, 63), Ok(Step::Absent));
        assert_eq!(walk(&leaf, &B256::ZERO, 61), Ok(Step::Absent));
        let mut branch = [0x80u8; 16].to_vec();
        branch.push(0x07);
        let branch = list(&branch);
        assert_eq!(walk(&branch, &B256::ZERO, 64), Ok(Step::Present(&[7])));
        assert_eq!(walk(&branch, &B256::ZERO, 63), Ok(Step::Absent));
    }
}
