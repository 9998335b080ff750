//! A key's way through a trie, node by node, for people to read. Nothing is decided here.

use crate::{
    EMPTY_ROOT,
    key::{MAX_KEY, nibble, nibbles},
    node::{Child, MAX_NODE, MIN_HASHED_NODE, Node, NodeError, Value},
    node_set::{NodeSet, NodeSetError, NodeSetErrorKind},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

/// What kind of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The root of a trie without entries.
    Empty,
    /// The end of a path.
    Leaf,
    /// Nibbles that all keys below share, then sixteen ways on.
    Branch,
}

/// Where the key goes on from a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// To the node with this hash.
    Node(B256),
    /// To a node that stands inside this one.
    Inline,
    /// To its value.
    Value(Vec<u8>),
    /// To the hash of its value, which stands among the nodes.
    Hashed(B256),
    /// Nowhere: there is no such key.
    Absent,
}

/// A node on a key's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    /// BLAKE2b-256 of the node, which is what the one before (or the root) says; `None` if it stands inside the one
    /// before.
    pub hash: Option<B256>,
    /// Its length in bytes.
    pub len: usize,
    /// Nibbles of the key that lead to it.
    pub depth: usize,
    /// Its kind.
    pub shape: Shape,
    /// The nibbles that the node itself holds.
    pub nibbles: Vec<u8>,
    /// Where the key goes on.
    pub next: Next,
}

/// A key's way: the nodes visited, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The nodes, from the root on.
    pub visited: Vec<Visited>,
    /// What [`NodeSet::get`] answers.
    pub end: Result<Option<Vec<u8>>, NodeSetError>,
}

impl NodeSet {
    /// The way of one key from the root.
    pub fn trace(&self, root: &B256, key: &[u8]) -> Trace {
        let mut visited = Vec::new();
        let end = self.follow(root, key, &mut visited);
        let end = end.map_err(|kind| NodeSetError { key: Bytes::copy_from_slice(key), kind });
        Trace { visited, end }
    }

    fn follow(&self, root: &B256, key: &[u8], visited: &mut Vec<Visited>) -> Result<Option<Vec<u8>>, NodeSetErrorKind> {
        if key.len() > MAX_KEY {
            return Err(NodeSetErrorKind::KeySize(key.len()));
        }
        if *root == EMPTY_ROOT {
            return Ok(None);
        }
        let (mut hash, mut depth) = (*root, 0usize);
        loop {
            let mut raw = self.node(&hash).ok_or(NodeSetErrorKind::MissingNode(hash))?.as_ref();
            let inline = raw.len() < MIN_HASHED_NODE && !visited.is_empty();
            if raw.len() > MAX_NODE || inline {
                return Err(NodeSetErrorKind::NodeSize { hash, len: raw.len() });
            }
            let mut own = Some(hash);
            loop {
                let wrong = |error| NodeSetErrorKind::Node { hash, error };
                let node = Node::decode(raw).map_err(wrong)?;
                if node == Node::Empty && depth > 0 {
                    return Err(wrong(NodeError::EmptyBelowRoot));
                }
                let (shape, held, way, consumed) = step(&node, key, depth);
                let next = match way {
                    Way::Child(Child::Hash(hash)) => Next::Node(B256::new(*hash)),
                    Way::Child(Child::Inline(_)) => Next::Inline,
                    Way::Child(Child::Empty) => Next::Absent,
                    Way::Value(Value::Inline(value)) => Next::Value(value.to_vec()),
                    Way::Value(Value::Hash(hash)) => Next::Hashed(B256::new(*hash)),
                };
                visited.push(Visited { hash: own.take(), len: raw.len(), depth, shape, nibbles: held, next });
                depth = depth.saturating_add(consumed);
                match way {
                    Way::Child(Child::Hash(next)) => {
                        hash = B256::new(*next);
                        break;
                    }
                    Way::Child(Child::Inline(inner)) => raw = inner,
                    Way::Child(Child::Empty) => return Ok(None),
                    Way::Value(Value::Inline(value)) => return Ok(Some(value.to_vec())),
                    Way::Value(Value::Hash(hash)) => {
                        let hash = B256::new(*hash);
                        let value = self.node(&hash).ok_or(NodeSetErrorKind::MissingValue(hash))?;
                        return Ok(Some(value.to_vec()));
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Child(Child<'a>),
    Value(Value<'a>),
}

/// A node's kind, its own nibbles, where the key goes on, and how many nibbles that takes.
fn step<'a>(node: &Node<'a>, key: &[u8], depth: usize) -> (Shape, Vec<u8>, Way<'a>, usize) {
    let absent = Way::Child(Child::Empty);
    let value = |value: Option<Value<'a>>| value.map_or(absent, Way::Value);
    match *node {
        Node::Empty => (Shape::Empty, Vec::new(), absent, 0),
        Node::Leaf { partial, value: held } => {
            let here = depth.saturating_add(partial.len()) == nibbles(key) && partial.matches(key, depth);
            (Shape::Leaf, partial.nibbles().collect(), value(here.then_some(held)), partial.len())
        }
        Node::Branch { partial, children, value: held } => {
            let held_nibbles = partial.nibbles().collect();
            if !partial.matches(key, depth) {
                return (Shape::Branch, held_nibbles, absent, partial.len());
            }
            match nibble(key, depth.saturating_add(partial.len())) {
                None => (Shape::Branch, held_nibbles, value(held), partial.len()),
                Some(next) => {
                    let child = children.get(usize::from(next)).copied().unwrap_or_default();
                    (Shape::Branch, held_nibbles, Way::Child(child), partial.len().saturating_add(1))
                }
            }
        }
    }
}
