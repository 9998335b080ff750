//! A key's way through a trie, node by node, for people to read. Nothing is decided here.

use crate::{
    EMPTY_ROOT,
    key::nibble,
    node::{Child, KEY_NIBBLES, MAX_NODE, Node, Path},
    node_set::{NodeSet, NodeSetError},
};
use alloc::vec::Vec;
use alloy_primitives::B256;

/// What kind of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The root of a trie without entries.
    Empty,
    /// The end of a path.
    Leaf,
    /// Nibbles that all keys below share.
    Extension,
    /// Sixteen ways on.
    Branch,
}

/// Where the key goes on from a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// To the node with this hash.
    Node(B256),
    /// To a node that stands inside this one.
    Embedded,
    /// To its value.
    Value(Vec<u8>),
    /// Nowhere: there is no such key.
    Absent,
}

/// A node on a key's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    /// keccak256 of the node, which is what the one before (or the root) says; `None` if it stands inside the one
    /// before.
    pub hash: Option<B256>,
    /// Its length in bytes.
    pub len: usize,
    /// Nibbles of the key that lead to it.
    pub depth: usize,
    /// Its kind.
    pub shape: Shape,
    /// The nibbles that the node itself holds: of a leaf or an extension.
    pub nibbles: Vec<u8>,
    /// Where the key goes on.
    pub next: Next,
}

/// A key's way: the nodes visited, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The nodes, from the root on.
    pub visited: Vec<Visited>,
    /// What [`NodeSet::verify`] answers.
    pub end: Result<Option<Vec<u8>>, NodeSetError>,
}

impl NodeSet {
    /// The way of one key from the root.
    pub fn trace(&self, root: &B256, key: &B256) -> Trace {
        let mut visited = Vec::new();
        let end = self.follow(root, key, &mut visited);
        Trace { visited, end }
    }

    fn follow(&self, root: &B256, key: &B256, visited: &mut Vec<Visited>) -> Result<Option<Vec<u8>>, NodeSetError> {
        if *root == EMPTY_ROOT {
            return Ok(None);
        }
        let (mut hash, mut depth) = (*root, 0usize);
        loop {
            let mut raw = self.get(&hash).ok_or(NodeSetError::MissingNode { key: *key, hash })?.as_ref();
            if raw.len() > MAX_NODE {
                return Err(NodeSetError::NodeSize { key: *key, hash, len: raw.len() });
            }
            let mut own = Some(hash);
            loop {
                let node = Node::decode(raw).map_err(|error| NodeSetError::Node { key: *key, hash, error })?;
                let (shape, path, way, consumed) = step(&node, key, depth);
                let next = match way {
                    Way::Child(Child::Hash(hash)) => Next::Node(B256::new(*hash)),
                    Way::Child(Child::Embedded(_)) => Next::Embedded,
                    Way::Child(Child::Empty) => Next::Absent,
                    Way::Value(value) => Next::Value(value.to_vec()),
                };
                let nibbles = path.map(|p| p.nibbles().collect()).unwrap_or_default();
                visited.push(Visited { hash: own.take(), len: raw.len(), depth, shape, nibbles, next });
                depth = depth.saturating_add(consumed);
                match way {
                    Way::Child(Child::Hash(next)) => {
                        hash = B256::new(*next);
                        break;
                    }
                    Way::Child(Child::Embedded(inner)) => raw = inner,
                    Way::Child(Child::Empty) => return Ok(None),
                    Way::Value(value) => return Ok(Some(value.to_vec())),
                }
            }
        }
    }
}

enum Way<'a> {
    Child(Child<'a>),
    Value(&'a [u8]),
}

/// A node's kind, its own nibbles, where the key goes on, and how many nibbles that takes.
fn step<'a>(node: &Node<'a>, key: &B256, depth: usize) -> (Shape, Option<Path<'a>>, Way<'a>, usize) {
    let absent = Way::Child(Child::Empty);
    match *node {
        Node::Empty => (Shape::Empty, None, absent, 0),
        Node::Leaf { path, value } => {
            let here = depth.saturating_add(path.len()) == KEY_NIBBLES && path.matches(key, depth);
            (Shape::Leaf, Some(path), if here { Way::Value(value) } else { absent }, path.len())
        }
        Node::Extension { path, child } => {
            let on = if path.matches(key, depth) { Way::Child(child) } else { absent };
            (Shape::Extension, Some(path), on, path.len())
        }
        Node::Branch { value, .. } if depth >= KEY_NIBBLES => {
            (Shape::Branch, None, if value.is_empty() { absent } else { Way::Value(value) }, 0)
        }
        Node::Branch { children, .. } => {
            let child = children.get(usize::from(nibble(key, depth))).copied().unwrap_or_default();
            (Shape::Branch, None, Way::Child(child), 1)
        }
    }
}
