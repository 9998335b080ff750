//! Packed proofs: random tries, and proofs taken apart into nodes, altered, and hashed up again.

use super::{
    Rng, bytes,
    header::{any_item, extent, items, payload},
};
use crate::{
    case::Case,
    common::{list, number, state_trie::Trie, string},
};
use alloy_primitives::{B256, Bytes, keccak256};
use lupu_ethereum_state::NodeSet;
use lupu_qbft::MembershipProof;
use lupu_standard::TimestampSecs;
use std::collections::BTreeMap;

struct Node {
    raw: Vec<u8>,
    /// The hash it had when it was read.
    was: B256,
}

struct Part {
    restart: u8,
    count: u8,
    nodes: Vec<Node>,
}

/// A packed proof, taken apart.
pub struct Nodes(Vec<Part>);

impl Nodes {
    /// `None` for bytes that do not come apart.
    pub fn read(mut proof: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        while let [restart, count, rest @ ..] = proof {
            proof = rest;
            let mut nodes = Vec::new();
            for _ in 0..*count {
                let (head, len) = extent(proof)?;
                let (raw, rest) = proof.split_at(head + len);
                nodes.push(Node { raw: raw.to_vec(), was: keccak256(raw) });
                proof = rest;
            }
            parts.push(Part { restart: *restart, count: *count, nodes });
        }
        proof.is_empty().then_some(Self(parts))
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.0 {
            out.extend([part.restart, part.count]);
            part.nodes.iter().for_each(|n| out.extend(&n.raw));
        }
        out
    }

    fn any(&mut self, rng: &mut Rng) -> Option<&mut Node> {
        let part = rng.below(self.0.len());
        let nodes = &mut self.0.get_mut(part)?.nodes;
        let at = rng.below(nodes.len());
        nodes.get_mut(at)
    }

    /// One change of a node, or of how the nodes are listed.
    pub fn mutate(&mut self, rng: &mut Rng) {
        if rng.below(3) > 0 {
            if let Some(node) = self.any(rng) {
                node.raw = change(rng, &node.raw);
            }
            return;
        }
        let at = rng.below(self.0.len());
        let parts = self.0.len();
        let Some(part) = self.0.get_mut(at) else { return };
        let node = rng.below(part.nodes.len());
        match rng.below(9) {
            0 => part.restart = part.restart.wrapping_add(1),
            1 => part.restart = part.restart.wrapping_sub(1),
            2 => part.count = part.count.wrapping_add(1),
            3 => part.count = part.count.wrapping_sub(1),
            4 if !part.nodes.is_empty() => {
                part.nodes.remove(node);
                part.count = part.count.wrapping_sub(u8::from(!rng.chance(3)));
            }
            5 => {
                if let Some(again) = part.nodes.get(node).map(|n| Node { raw: n.raw.clone(), was: n.was }) {
                    part.nodes.insert(node, again);
                    part.count = part.count.wrapping_add(u8::from(!rng.chance(3)));
                }
            }
            6 => rng.shuffle(&mut part.nodes),
            7 if !part.nodes.is_empty() => part.nodes.swap(0, node),
            _ => self.0.swap(0, at.min(parts - 1)),
        }
    }

    /// Another value in a leaf.
    pub fn change_leaf(&mut self, rng: &mut Rng, value: impl Fn(&mut Rng, &[u8]) -> Vec<u8>) {
        let leaves = self.0.iter_mut().flat_map(|p| &mut p.nodes).filter(|n| is_leaf(&n.raw));
        let mut leaves: Vec<&mut Node> = leaves.collect();
        let at = rng.below(leaves.len());
        let Some(node) = leaves.get_mut(at) else { return };
        let Some(mut parts) = items(&node.raw) else { return };
        parts[1] = string(&value(rng, payload(&parts[1])));
        node.raw = list(&parts);
    }

    /// Changed nodes get their new hashes in the nodes above them, and the root follows. A node
    /// that became shorter than 32 bytes moves into its parent, if it has one.
    pub fn rehash(&mut self, root: &mut B256) {
        let mut changed: BTreeMap<B256, Vec<u8>> = BTreeMap::new();
        for part in self.0.iter_mut().rev() {
            for node in part.nodes.iter_mut().rev() {
                refer(&mut node.raw, &changed);
                let now = keccak256(&node.raw);
                if now == node.was {
                    continue;
                }
                let embedded = node.raw.len() < 32 && node.was != *root;
                changed.insert(node.was, if embedded { node.raw.clone() } else { string(now.as_slice()) });
                if embedded {
                    node.raw.clear();
                }
            }
            let listed = part.nodes.len();
            part.nodes.retain(|n| !n.raw.is_empty());
            part.count = part.count.wrapping_sub((listed - part.nodes.len()) as u8);
        }
        if let Some(new) = changed.get(root).and_then(|item| B256::try_from(payload(item)).ok()) {
            *root = new;
        }
    }
}

/// Replaces references to changed nodes.
fn refer(raw: &mut Vec<u8>, changed: &BTreeMap<B256, Vec<u8>>) {
    let Some(mut parts) = items(raw) else { return };
    let mut any = false;
    for item in &mut parts {
        let new = B256::try_from(payload(item)).ok().and_then(|hash| changed.get(&hash));
        if let Some(new) = new {
            *item = new.clone();
            any = true;
        }
    }
    if any {
        *raw = list(&parts);
    }
}

fn is_leaf(raw: &[u8]) -> bool {
    let path = items(raw).filter(|parts| parts.len() == 2).and_then(|parts| payload(&parts[0]).first().copied());
    path.is_some_and(|flags| flags >> 4 >= 2)
}

/// Another node.
fn change(rng: &mut Rng, raw: &[u8]) -> Vec<u8> {
    let Some(mut parts) = items(raw).filter(|p| !p.is_empty()) else { return bytes::mutate(rng, raw.to_vec(), &[]) };
    let at = rng.below(parts.len());
    match rng.below(14) {
        0 => return bytes::mutate(rng, raw.to_vec(), &[]),
        1 => parts[at] = vec![0x80],
        2 => parts[at] = any_item(rng),
        3 => parts[at] = small_node(rng),
        4 => drop(parts.remove(at)),
        5 => parts.insert(at, vec![0x80]),
        6 => {
            let other = rng.below(parts.len());
            parts.swap(at, other);
        }
        7 | 8 => parts[0] = string(&path(rng, payload(&parts[0]))),
        9 => {
            if let Some(last) = parts.last_mut() {
                *last = any_item(rng);
            }
        }
        10 => {
            let len = rng.below(40);
            parts[at] = string(&rng.bytes(len));
        }
        11 => parts[at] = list(&[vec![0x20], string(&[5])]),
        12 => return [&[0xf9, 0, raw.len() as u8][..], payload(raw)].concat(),
        _ => {
            // Larger than a node may be.
            let len = 900 + rng.below(300);
            parts.push(string(&vec![7; len]));
        }
    }
    list(&parts)
}

/// A node that may stand in its parent: leaf, extension, branch, or nonsense, around 32 bytes.
fn small_node(rng: &mut Rng) -> Vec<u8> {
    let len = rng.below(16);
    let tail = rng.bytes(len);
    match rng.below(4) {
        0 => list(&vec![vec![0x80]; 17]),
        1 => list(&[string(&[&[0x20], &tail[..]].concat()), string(&tail)]),
        2 => list(&[string(&[&[0x11], &tail[..]].concat()), list(&[vec![0x31], string(&tail)])]),
        _ => list(&[any_item(rng)]),
    }
}

/// A hex-prefix path, altered.
fn path(rng: &mut Rng, old: &[u8]) -> Vec<u8> {
    let mut path = old.to_vec();
    match rng.below(6) {
        0 => path.clear(),
        1 => path.push(rng.byte()),
        2 => drop(path.pop()),
        3 => path = vec![*rng.pick(&[0x00, 0x10, 0x20, 0x35, 0x40, 0x01, 0x2f]).unwrap_or(&0)],
        _ => {
            if let Some(first) = path.first_mut() {
                *first ^= 1 << rng.below(8);
            }
        }
    }
    path
}

fn word_leaf(rng: &mut Rng) -> Vec<u8> {
    let len = 1 + rng.below(32);
    let mut word = rng.bytes(len);
    word[0] |= 1;
    string(&word)
}

/// Good packed proofs of random tries, whose keys share long prefixes so that nodes are embedded.
pub fn random(rng: &mut Rng) -> Case {
    let words = rng.chance(2);
    let base = rng.bytes(32);
    let depth = rng.below(64);
    let key = |rng: &mut Rng| {
        let mut key = B256::from_slice(&base);
        let from = if rng.chance(2) { depth } else { rng.below(64) };
        let nibble = rng.byte() & 0x0f;
        let at = from / 2;
        key[at] = if from % 2 == 0 { nibble << 4 | key[at] & 0x0f } else { key[at] & 0xf0 | nibble };
        if rng.chance(2) {
            let tail = rng.bytes(31 - at);
            key[at + 1..].copy_from_slice(&tail);
        }
        key
    };
    let mut trie = Trie::default();
    for _ in 0..rng.below(14) {
        let most = if rng.chance(3) { 60 } else { 4 };
        let len = 1 + rng.below(most);
        let value = if words { word_leaf(rng) } else { rng.bytes(len) };
        trie.0.insert(key(rng), value);
    }
    let present: Vec<B256> = trie.0.keys().copied().collect();
    let mut keys: Vec<B256> = (0..1 + rng.below(6))
        .map(|_| match rng.pick(&present) {
            Some(known) if !rng.chance(3) => *known,
            _ => key(rng),
        })
        .collect();
    if rng.chance(2) {
        keys.sort();
    }
    let root = trie.root();
    let set: NodeSet = trie.nodes(&keys).into_iter().collect();
    let nodes = set.pack(&root, &keys).unwrap_or_default();
    Case::Proof { root, keys, nodes, words }
}

/// Alters a packed proof or what it is asked for.
pub fn mutate_case(rng: &mut Rng, case: &mut Case) {
    let Case::Proof { root, keys, nodes, words } = case else { return };
    match rng.below(10) {
        0 => *nodes = bytes::mutate(rng, std::mem::take(nodes), &[]),
        1 => {
            rng.shuffle(keys);
        }
        2 => {
            let again = rng.pick(keys).copied();
            keys.extend(again);
        }
        3 => drop(keys.pop()),
        4 => {
            let at = rng.below(keys.len());
            if let Some(key) = keys.get_mut(at) {
                key[rng.below(32)] ^= 1 << rng.below(8);
            }
        }
        5 => *words = !*words,
        _ => {
            let Some(mut apart) = Nodes::read(nodes) else { return };
            for _ in 0..=rng.below(2) {
                match rng.below(4) {
                    0 => apart.change_leaf(rng, |rng, _| leaf_value(rng)),
                    _ => apart.mutate(rng),
                }
            }
            if !rng.chance(6) {
                apart.rehash(root);
            }
            *nodes = apart.write();
        }
    }
}

/// What a leaf may hold: a word, zero, a word with leading zeros, nonsense.
fn leaf_value(rng: &mut Rng) -> Vec<u8> {
    match rng.below(6) {
        0 => vec![0x80],
        1 => string(&[0, 1]),
        2 => vec![0x00],
        3 => any_item(rng),
        4 => number(rng.next()),
        _ => word_leaf(rng),
    }
}

/// Alters a verify call: claims, proof, or the state it is judged in.
pub fn mutate_membership(rng: &mut Rng, case: &mut Case) {
    let Case::Membership { client, height, paths, values, proof, single } = case else { return };
    let at = rng.below(paths.len());
    match rng.below(24) {
        0 | 1 => *proof = bytes::mutate(rng, std::mem::take(proof), &[]),
        2 | 3 => *proof = bytes::mutate_words(rng, std::mem::take(proof)),
        4 => client.state.frozen = !client.state.frozen,
        5 => {
            let rules = client.state.rules;
            client.now = rng.number(client.state.latest_timestamp.0.wrapping_add(rules.trusting_period));
        }
        6 => *height = rng.number(*height),
        7 if !values.is_empty() => values[at] = B256::ZERO,
        8 if !values.is_empty() => values[at][rng.below(32)] ^= 1 << rng.below(8),
        9 if !*single && paths.len() > 1 => {
            let other = rng.below(paths.len());
            paths.swap(at, other);
            values.swap(at, other);
        }
        10 if !*single && !paths.is_empty() => {
            paths.push(paths[at].clone());
            values.push(values[at]);
        }
        11 if !*single && !paths.is_empty() => {
            paths.remove(at);
            values.remove(at);
        }
        12 if !paths.is_empty() => paths[at] = Bytes::from(bytes::mutate(rng, paths[at].to_vec(), &[])),
        13 => client.state.latest_timestamp = TimestampSecs(rng.number(client.now)),
        _ => {
            let Ok(mut message) = MembershipProof::decode(proof) else { return };
            if rng.chance(8) {
                message.consensus.timestamp = TimestampSecs(rng.number(client.now));
            } else if let Some(mut apart) = Nodes::read(&message.nodes) {
                match rng.below(3) {
                    0 => {
                        let value = leaf_value(rng);
                        apart.change_leaf(rng, |_, _| value.clone());
                        // The claim follows, as far as the leaf is a word.
                        if rng.chance(2) && !values.is_empty() && payload(&value).len() <= 32 {
                            values[at] = B256::left_padding_from(payload(&value));
                        }
                    }
                    _ => apart.mutate(rng),
                }
                apart.rehash(&mut message.consensus.storage_root);
                message.nodes = apart.write().into();
            }
            if !rng.chance(8) {
                client.store(*height, message.consensus.hash());
            }
            *proof = message.encode();
        }
    }
}
