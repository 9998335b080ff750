//! A slow, plain verifier of packed proofs that shares no code with the crate: nodes by sp-trie's
//! codec, canonical if that encodes them to the same bytes; nibbles as bytes; every path walked
//! anew from the root.

#[path = "../../../core/tests/common/fault.rs"]
pub mod fault;

use alloy_primitives::B256;
use sp_core::{Blake2Hasher, H256};
use sp_crypto_hashing::blake2_256;
use std::collections::BTreeMap;
use trie_db::{
    ChildReference, NodeCodec as _,
    node::{Node, NodeHandle, Value},
};

type Codec = sp_trie::NodeCodec<Blake2Hasher>;

/// What a node refers to by hash or holds in itself.
#[derive(Clone, Debug)]
pub enum Ref {
    Hash([u8; 32]),
    Inline(Vec<u8>),
}

/// A canonical node.
#[derive(Clone, Debug)]
pub enum Plain {
    Empty,
    Leaf(Vec<u8>, Ref),
    Branch(Vec<u8>, Vec<Option<Ref>>, Option<Ref>),
}

fn value(value: &Value<'_>) -> Ref {
    match value {
        Value::Inline(bytes) => Ref::Inline(bytes.to_vec()),
        Value::Node(hash) => Ref::Hash((*hash).try_into().unwrap()),
    }
}

/// The node that `raw` encodes, if that is how sp-trie encodes it.
pub fn node(raw: &[u8]) -> Option<Plain> {
    let (plain, again) = match Codec::decode(raw).ok()? {
        Node::Empty => (Plain::Empty, Codec::empty_node().to_vec()),
        Node::Leaf(partial, stored) => {
            let again = Codec::leaf_node(partial.right_iter(), partial.len(), stored.clone());
            let nibbles = (0..partial.len()).map(|i| partial.at(i)).collect();
            (Plain::Leaf(nibbles, value(&stored)), again)
        }
        Node::NibbledBranch(partial, children, stored) => {
            let mut plain = vec![None; 16];
            let mut encoded = Vec::new();
            for (slot, child) in plain.iter_mut().zip(&children) {
                let (child, reference) = match child {
                    None => {
                        encoded.push(None);
                        continue;
                    }
                    Some(NodeHandle::Hash(hash)) => {
                        let hash: [u8; 32] = (*hash).try_into().ok()?;
                        (Ref::Hash(hash), ChildReference::Hash(H256(hash)))
                    }
                    Some(NodeHandle::Inline(bytes)) => {
                        let mut inline = H256::zero();
                        inline.0.get_mut(..bytes.len())?.copy_from_slice(bytes);
                        (Ref::Inline(bytes.to_vec()), ChildReference::Inline(inline, bytes.len()))
                    }
                };
                *slot = Some(child);
                encoded.push(Some(reference));
            }
            if stored.is_none() && plain.iter().flatten().count() < 2 {
                return None;
            }
            let again =
                Codec::branch_node_nibbled(partial.right_iter(), partial.len(), encoded.into_iter(), stored.clone());
            let nibbles = (0..partial.len()).map(|i| partial.at(i)).collect();
            (Plain::Branch(nibbles, plain, stored.as_ref().map(value)), again)
        }
        Node::Extension(..) | Node::Branch(..) => return None,
    };
    (again == raw).then_some(plain)
}

pub fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|b| [b >> 4, b & 15]).collect()
}

/// What one node says about the rest of a key.
enum Step {
    Child(Ref, usize),
    Value(Option<Ref>),
}

fn step(raw: &[u8], rest: &[u8], is_root: bool) -> Option<Step> {
    Some(match node(raw)? {
        Plain::Empty if is_root => Step::Value(None),
        Plain::Empty => return None,
        Plain::Leaf(partial, value) => Step::Value((partial == rest).then_some(value)),
        Plain::Branch(partial, mut children, value) => match rest.strip_prefix(&partial[..]) {
            None => Step::Value(None),
            Some([]) => Step::Value(value),
            Some([next, ..]) => match children[usize::from(*next)].take() {
                None => Step::Value(None),
                Some(child) => Step::Child(child, partial.len() + 1),
            },
        },
    })
}

struct Proof<'a> {
    rest: &'a [u8],
    left: usize,
}

impl Proof<'_> {
    fn byte(&mut self) -> Result<u8, &'static str> {
        let (first, rest) = self.rest.split_first().ok_or("Truncated")?;
        self.rest = rest;
        Ok(*first)
    }

    fn item(&mut self) -> Result<Vec<u8>, &'static str> {
        self.left = self.left.checked_sub(1).ok_or("MissingNode")?;
        let len = usize::from(self.byte()?) * 256 + usize::from(self.byte()?);
        let (item, rest) = self.rest.split_at_checked(len).ok_or("Truncated")?;
        self.rest = rest;
        Ok(item.to_vec())
    }
}

/// The nodes on a key's path that are found by hash, each with the nibbles before it.
pub type Nodes = Vec<(usize, Vec<u8>)>;

/// A key's nibbles and its path.
type Path = (Vec<u8>, Nodes);

fn walk(root: &B256, key: &[u8], proof: &mut Proof<'_>, path: &mut Nodes) -> Result<Option<Vec<u8>>, &'static str> {
    let kept = path.len();
    let mut used = 0;
    let mut depth = 0;
    let mut wanted = Ref::Hash(root.0);
    loop {
        let raw = match wanted {
            Ref::Inline(raw) => raw,
            Ref::Hash(hash) => {
                if used == path.len() {
                    let raw = proof.item()?;
                    if raw.len() > 4096 || (raw.len() < 32 && used > 0) {
                        return Err("NodeSize");
                    }
                    path.push((depth, raw));
                }
                let raw = path[used].1.clone();
                if blake2_256(&raw) != hash {
                    return Err("WrongHash");
                }
                used += 1;
                raw
            }
        };
        match step(&raw, &key[depth..], depth == 0).ok_or("MalformedNode")? {
            Step::Child(child, consumed) => {
                wanted = child;
                depth += consumed;
            }
            Step::Value(value) => {
                assert!(used >= kept, "a kept node is off the path");
                return Ok(match value {
                    None => None,
                    Some(Ref::Inline(value)) => Some(value),
                    Some(Ref::Hash(hash)) => {
                        let value = proof.item()?;
                        if blake2_256(&value) != hash {
                            return Err("WrongHash");
                        }
                        Some(value)
                    }
                });
            }
        }
    }
}

/// The values of `keys`, or the name of the check that fails.
pub fn packed(root: &B256, keys: &[&[u8]], proof: &[u8]) -> Result<Vec<Option<Vec<u8>>>, &'static str> {
    let mut proof = Proof { rest: proof, left: 0 };
    let mut values = Vec::new();
    let mut before: Option<Path> = None;
    for key in keys {
        if key.len() > 512 {
            return Err("KeySize");
        }
        let key = nibbles(key);
        let restart = usize::from(proof.byte()?);
        proof.left = usize::from(proof.byte()?);
        let is_first = before.is_none();
        let (old, mut path) = before.take().unwrap_or_default();
        path.retain(|(depth, _)| *depth <= old.len().min(key.len()) && old[..*depth] == key[..*depth]);
        if restart != path.len() {
            return Err("Restart");
        }
        let unseen = path.is_empty() && (proof.left == 0 || !is_first);
        let value = if root.0 == blake2_256(&[0]) && unseen { None } else { walk(root, &key, &mut proof, &mut path)? };
        if proof.left > 0 {
            return Err("UnusedNodes");
        }
        values.push(value);
        before = Some((key, path));
    }
    if proof.rest.is_empty() || fault::left_out("InvalidProof") { Ok(values) } else { Err("Trailing") }
}

/// A key's path, and the value if it is found by hash.
pub fn path(root: &B256, nodes: &[Vec<u8>], key: &[u8]) -> (Nodes, Option<Vec<u8>>) {
    let by_hash: BTreeMap<[u8; 32], &Vec<u8>> = nodes.iter().map(|node| (blake2_256(node), node)).collect();
    let key = nibbles(key);
    let mut path = Vec::new();
    let mut depth = 0;
    let mut wanted = Ref::Hash(root.0);
    loop {
        let raw = match wanted {
            Ref::Inline(raw) => raw,
            Ref::Hash(hash) => {
                let raw = by_hash[&hash].clone();
                path.push((depth, raw.clone()));
                raw
            }
        };
        match step(&raw, &key[depth..], depth == 0).expect("a canonical node") {
            Step::Child(child, consumed) => {
                wanted = child;
                depth += consumed;
            }
            Step::Value(Some(Ref::Hash(hash))) => return (path, Some(by_hash[&hash].clone())),
            Step::Value(_) => return (path, None),
        }
    }
}

/// The packed proof of `keys` in this order.
pub fn pack(root: &B256, nodes: &[Vec<u8>], keys: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before: Option<Path> = None;
    for key in keys {
        let (path, value) = match root.0 == blake2_256(&[0]) {
            true => Default::default(),
            false => self::path(root, nodes, key),
        };
        let key = nibbles(key);
        let (old, kept) = before.take().unwrap_or_default();
        let kept = kept.iter().filter(|(depth, _)| key.get(..*depth) == old.get(..*depth)).count();
        let items = path[kept..].iter().map(|(_, node)| node).chain(&value);
        out.push(kept as u8);
        out.push(items.clone().count() as u8);
        for item in items {
            out.extend((item.len() as u16).to_be_bytes());
            out.extend(item);
        }
        before = Some((key, path));
    }
    out
}
