//! A Merkle-Patricia trie with structural sharing.
//!
//! Cloning a trie is one reference count; a clone and its origin then share every node that
//! neither changes. That is how the chain keeps hundreds of old states at the price of their
//! differences. Node references (hash or inline RLP) are computed once, when first asked for.
//!
//! Keys are 32 bytes, already hashed ("secure" trie), so no branch ever carries a value.

use std::sync::{Arc, OnceLock};

use alloy::primitives::{B256, Bytes, b256, keccak256};
use alloy::rlp::{BufMut, Encodable, Header};

/// Root of the trie that holds nothing: `keccak256(0x80)`.
pub const EMPTY_ROOT: B256 = b256!("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

const NIBBLES: usize = 64;

/// A value that a leaf can carry: the RLP that goes into the leaf's second item.
pub trait LeafValue: Clone {
    /// The RLP of the value, not yet wrapped into the leaf's string.
    fn leaf_rlp(&self) -> Vec<u8>;
}

/// A persistent trie from 32-byte keys to values.
#[derive(Debug)]
pub struct Trie<V> {
    root: Option<Arc<Node<V>>>,
}

#[derive(Debug, Clone)]
enum Kind<V> {
    Leaf { path: Vec<u8>, value: V },
    Extension { path: Vec<u8>, child: Arc<Node<V>> },
    Branch { children: [Option<Arc<Node<V>>>; 16] },
}

#[derive(Debug)]
struct Node<V> {
    kind: Kind<V>,
    /// What the parent holds: `a0 ‖ hash`, or the node's own RLP when shorter than 32 bytes.
    reference: OnceLock<Box<[u8]>>,
}

impl<V> Clone for Trie<V> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone() }
    }
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Clone> Clone for Node<V> {
    fn clone(&self) -> Self {
        Self::new(self.kind.clone())
    }
}

impl<V> Node<V> {
    fn new(kind: Kind<V>) -> Self {
        Self { kind, reference: OnceLock::new() }
    }

    fn leaf(path: &[u8], value: V) -> Arc<Self> {
        Arc::new(Self::new(Kind::Leaf { path: path.to_vec(), value }))
    }
}

impl<V: LeafValue> Trie<V> {
    /// The value at `key`, if there is one.
    pub fn get(&self, key: &B256) -> Option<&V> {
        let key = nibbles(key);
        let mut rest = &key[..];
        let mut node = self.root.as_deref()?;
        loop {
            match &node.kind {
                Kind::Leaf { path, value } => return (path[..] == *rest).then_some(value),
                Kind::Extension { path, child } => {
                    rest = rest.strip_prefix(&path[..])?;
                    node = child;
                }
                Kind::Branch { children } => {
                    let (first, tail) = rest.split_first()?;
                    rest = tail;
                    node = children[usize::from(*first)].as_deref()?;
                }
            }
        }
    }

    /// Puts `value` at `key`, replacing what was there.
    pub fn insert(&mut self, key: &B256, value: V) {
        insert(&mut self.root, &nibbles(key), value);
    }

    /// Takes the value at `key` out; says whether there was one.
    pub fn remove(&mut self, key: &B256) -> bool {
        if self.get(key).is_none() {
            return false;
        }
        if let Some(root) = self.root.take() {
            self.root = remove(root, &nibbles(key));
        }
        true
    }

    /// Whether the trie holds nothing.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The root hash.
    pub fn root(&self) -> B256 {
        match &self.root {
            None => EMPTY_ROOT,
            Some(node) => {
                let reference = node.reference();
                if reference.len() == 33 { B256::from_slice(&reference[1..]) } else { keccak256(reference) }
            }
        }
    }

    /// The nodes from the root towards `key`, as `eth_getProof` lists them: the root always,
    /// then every node that is not embedded in its parent. Empty for an empty trie.
    pub fn proof(&self, key: &B256) -> Vec<Bytes> {
        let key = nibbles(key);
        let mut rest = &key[..];
        let mut nodes = Vec::new();
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            if nodes.is_empty() || node.reference().len() == 33 {
                nodes.push(Bytes::from(node.rlp()));
            }
            next = match &node.kind {
                Kind::Leaf { .. } => None,
                Kind::Extension { path, child } => rest.strip_prefix(&path[..]).map(|tail| {
                    rest = tail;
                    &**child
                }),
                Kind::Branch { children } => rest.split_first().and_then(|(first, tail)| {
                    rest = tail;
                    children[usize::from(*first)].as_deref()
                }),
            };
        }
        nodes
    }
}

fn insert<V: LeafValue>(slot: &mut Option<Arc<Node<V>>>, key: &[u8], value: V) {
    let Some(arc) = slot else {
        *slot = Some(Node::leaf(key, value));
        return;
    };
    insert_at(arc, key, value);
}

fn insert_at<V: LeafValue>(arc: &mut Arc<Node<V>>, key: &[u8], value: V) {
    let node = Arc::make_mut(arc);
    node.reference = OnceLock::new();
    match &mut node.kind {
        Kind::Leaf { path, value: old } => {
            let shared = common_prefix(path, key);
            if shared == key.len() {
                *old = value;
                return;
            }
            let mut children: [Option<Arc<Node<V>>>; 16] = Default::default();
            children[usize::from(path[shared])] = Some(Node::leaf(&path[shared + 1..], old.clone()));
            children[usize::from(key[shared])] = Some(Node::leaf(&key[shared + 1..], value));
            node.kind = extend(&key[..shared], Kind::Branch { children });
        }
        Kind::Extension { path, child } => {
            let shared = common_prefix(path, key);
            if shared == path.len() {
                insert_at(child, &key[shared..], value);
                return;
            }
            let mut children: [Option<Arc<Node<V>>>; 16] = Default::default();
            let tail = &path[shared + 1..];
            children[usize::from(path[shared])] = Some(if tail.is_empty() {
                child.clone()
            } else {
                Arc::new(Node::new(Kind::Extension { path: tail.to_vec(), child: child.clone() }))
            });
            children[usize::from(key[shared])] = Some(Node::leaf(&key[shared + 1..], value));
            node.kind = extend(&key[..shared], Kind::Branch { children });
        }
        Kind::Branch { children } => {
            insert(&mut children[usize::from(key[0])], &key[1..], value);
        }
    }
}

/// The branch itself, or an extension over it when `path` is not empty.
fn extend<V>(path: &[u8], branch: Kind<V>) -> Kind<V> {
    if path.is_empty() { branch } else { Kind::Extension { path: path.to_vec(), child: Arc::new(Node::new(branch)) } }
}

/// Removes `key`, which is known to be present, and keeps the trie canonical.
fn remove<V: LeafValue>(mut arc: Arc<Node<V>>, key: &[u8]) -> Option<Arc<Node<V>>> {
    let node = Arc::make_mut(&mut arc);
    node.reference = OnceLock::new();
    match &mut node.kind {
        Kind::Leaf { .. } => return None,
        Kind::Extension { path, child } => {
            let new = remove(child.clone(), &key[path.len()..])?;
            node.kind = prepend(path, new);
        }
        Kind::Branch { children } => {
            let slot = &mut children[usize::from(key[0])];
            if let Some(child) = slot.take() {
                *slot = remove(child, &key[1..]);
            }
            let mut left = children.iter().enumerate().filter(|(_, child)| child.is_some());
            if let (Some((index, Some(only))), None) = (left.next(), left.next()) {
                let path = [u8::try_from(index).unwrap_or_default()];
                node.kind = prepend(&path, only.clone());
            }
        }
    }
    Some(arc)
}

/// What stands under `path` when `child` is all there is below it.
fn prepend<V: Clone>(path: &[u8], child: Arc<Node<V>>) -> Kind<V> {
    match &child.kind {
        Kind::Leaf { path: rest, value } => Kind::Leaf { path: [path, rest].concat(), value: value.clone() },
        Kind::Extension { path: rest, child } => Kind::Extension { path: [path, rest].concat(), child: child.clone() },
        Kind::Branch { .. } => Kind::Extension { path: path.to_vec(), child },
    }
}

impl<V: LeafValue> Node<V> {
    fn reference(&self) -> &[u8] {
        self.reference.get_or_init(|| {
            let rlp = self.rlp();
            if rlp.len() < 32 {
                rlp.into_boxed_slice()
            } else {
                let mut reference = Vec::with_capacity(33);
                reference.push(0xa0);
                reference.extend_from_slice(keccak256(&rlp).as_slice());
                reference.into_boxed_slice()
            }
        })
    }

    fn rlp(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(544);
        match &self.kind {
            Kind::Leaf { path, value } => {
                hex_prefix(path, true).as_slice().encode(&mut payload);
                value.leaf_rlp().as_slice().encode(&mut payload);
            }
            Kind::Extension { path, child } => {
                hex_prefix(path, false).as_slice().encode(&mut payload);
                payload.extend_from_slice(child.reference());
            }
            Kind::Branch { children } => {
                for child in children {
                    match child {
                        Some(child) => payload.extend_from_slice(child.reference()),
                        None => payload.put_u8(0x80),
                    }
                }
                payload.put_u8(0x80);
            }
        }
        let mut rlp = Vec::with_capacity(payload.len() + 3);
        Header { list: true, payload_length: payload.len() }.encode(&mut rlp);
        rlp.extend_from_slice(&payload);
        rlp
    }
}

fn nibbles(key: &B256) -> [u8; NIBBLES] {
    let mut out = [0u8; NIBBLES];
    for (pair, byte) in out.chunks_exact_mut(2).zip(key.iter()) {
        pair[0] = byte >> 4;
        pair[1] = byte & 0x0f;
    }
    out
}

fn hex_prefix(path: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 0x20 } else { 0x00 };
    let mut out = Vec::with_capacity(path.len() / 2 + 1);
    let even = if path.len() % 2 == 1 {
        out.push(flag | 0x10 | path[0]);
        &path[1..]
    } else {
        out.push(flag);
        path
    };
    out.extend(even.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]));
    out
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy::primitives::U256;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn reference_root(map: &BTreeMap<B256, U256>) -> B256 {
        alloy_trie::root::storage_root_unsorted(map.iter().map(|(key, value)| (*key, *value)))
    }

    #[test]
    fn agrees_with_alloy_trie_through_random_inserts_and_removals() {
        let mut rng = StdRng::seed_from_u64(7);
        for dense in [true, false] {
            let mut trie = Trie::<U256>::default();
            let mut map = BTreeMap::new();
            for step in 0..1_500 {
                // Dense keys differ only in a few nibbles: deep extensions, inline nodes.
                let mut key = B256::ZERO;
                if dense {
                    key[30] = rng.random_range(0..4);
                    key[31] = rng.random();
                } else {
                    rng.fill(&mut key[..]);
                    key[0] &= 0x3f;
                    key[1] = 0;
                }
                if rng.random_bool(0.4) {
                    assert_eq!(trie.remove(&key), map.remove(&key).is_some());
                } else {
                    let value = U256::from(rng.random_range(1u64..u64::MAX) >> rng.random_range(0..60));
                    let value = value.max(U256::from(1));
                    trie.insert(&key, value);
                    map.insert(key, value);
                }
                if step % 10 == 0 {
                    assert_eq!(trie.root(), reference_root(&map), "step {step}");
                }
            }
            for (key, value) in &map {
                assert_eq!(trie.get(key), Some(value));
            }
            for key in map.keys().copied().collect::<Vec<_>>() {
                assert!(trie.remove(&key));
            }
            assert_eq!(trie.root(), EMPTY_ROOT);
        }
    }

    #[test]
    fn a_clone_keeps_the_old_state() {
        let mut trie = Trie::<U256>::default();
        for byte in 0..=255u8 {
            trie.insert(&keccak256([byte]), U256::from(byte) + U256::from(1));
        }
        let (old, root) = (trie.clone(), trie.root());
        trie.insert(&keccak256([3]), U256::from(999));
        trie.remove(&keccak256([4]));
        assert_ne!(trie.root(), root);
        assert_eq!(old.root(), root);
        assert_eq!(old.get(&keccak256([3])), Some(&U256::from(4)));
        assert_eq!(old.get(&keccak256([4])), Some(&U256::from(5)));
    }
}
