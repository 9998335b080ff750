//! Packed proofs taken apart into nodes, altered, and hashed up again.

use super::{Rng, bytes};
use alloy_primitives::{B256, Bytes};
use lupu_substrate_state::{blake2_256, scale::put_prefixed};
use std::collections::BTreeMap;

struct Item {
    raw: Vec<u8>,
    /// The hash it had when it was read.
    was: B256,
}

struct Part {
    restart: u8,
    count: u8,
    items: Vec<Item>,
}

/// A packed proof, taken apart.
pub struct Nodes(Vec<Part>);

impl Nodes {
    /// `None` for bytes that do not come apart.
    pub fn read(mut proof: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        while let [restart, count, rest @ ..] = proof {
            proof = rest;
            let mut items = Vec::new();
            for _ in 0..*count {
                let (len, rest) = proof.split_first_chunk()?;
                let (raw, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                items.push(Item { raw: raw.to_vec(), was: blake2_256(raw) });
                proof = rest;
            }
            parts.push(Part { restart: *restart, count: *count, items });
        }
        proof.is_empty().then_some(Self(parts))
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.0 {
            out.extend([part.restart, part.count]);
            for item in &part.items {
                out.extend((item.raw.len() as u16).to_be_bytes());
                out.extend(&item.raw);
            }
        }
        out
    }

    fn any(&mut self, rng: &mut Rng) -> Option<&mut Item> {
        let at = rng.below(self.0.len());
        let items = &mut self.0.get_mut(at)?.items;
        let at = rng.below(items.len());
        items.get_mut(at)
    }

    /// One change of a node, or of how the nodes are listed.
    pub fn mutate(&mut self, rng: &mut Rng) {
        if rng.below(3) > 0 {
            if let Some(item) = self.any(rng) {
                item.raw = change(rng, &item.raw);
            }
            return;
        }
        let at = rng.below(self.0.len());
        let parts = self.0.len();
        let Some(part) = self.0.get_mut(at) else { return };
        let item = rng.below(part.items.len());
        match rng.below(9) {
            0 => part.restart = part.restart.wrapping_add(1),
            1 => part.restart = part.restart.wrapping_sub(1),
            2 => part.count = part.count.wrapping_add(1),
            3 => part.count = part.count.wrapping_sub(1),
            4 if !part.items.is_empty() => {
                part.items.remove(item);
                part.count = part.count.wrapping_sub(u8::from(!rng.chance(3)));
            }
            5 => {
                if let Some(again) = part.items.get(item).map(|n| Item { raw: n.raw.clone(), was: n.was }) {
                    part.items.insert(item, again);
                    part.count = part.count.wrapping_add(u8::from(!rng.chance(3)));
                }
            }
            6 => rng.shuffle(&mut part.items),
            7 if !part.items.is_empty() => part.items.swap(0, item),
            _ => self.0.swap(0, at.min(parts - 1)),
        }
    }

    /// Another value in the last node, if it is a leaf.
    pub fn change_value(&mut self, rng: &mut Rng, value: impl Fn(&mut Rng, &[u8]) -> Vec<u8>) {
        let Some(item) = self.0.last_mut().and_then(|part| part.items.last_mut()) else { return };
        let Some(mut node) = Node::read(&item.raw).filter(|node| node.bitmap.is_none()) else { return };
        let Some(old) = node.value.get(1..) else { return };
        let new = value(rng, old);
        node.value.clear();
        put_prefixed(&mut node.value, &new);
        item.raw = node.write();
    }

    /// Changed nodes get their new hashes in the nodes above them, and the root follows. A node that
    /// became shorter than 32 bytes moves into its parent, mostly.
    pub fn rehash(&mut self, rng: &mut Rng, root: &mut B256) {
        let mut changed: BTreeMap<B256, Vec<u8>> = BTreeMap::new();
        for part in self.0.iter_mut().rev() {
            for item in part.items.iter_mut().rev() {
                refer(&mut item.raw, &changed);
                let now = blake2_256(&item.raw);
                if now == item.was {
                    continue;
                }
                let inline = item.raw.len() < 32 && item.was != *root && !rng.chance(4);
                let mut child = Vec::new();
                put_prefixed(&mut child, if inline { &item.raw } else { now.as_slice() });
                changed.insert(item.was, child);
                if item.was == *root {
                    *root = now;
                }
                if inline {
                    item.raw.clear();
                }
            }
            let listed = part.items.len();
            part.items.retain(|n| !n.raw.is_empty());
            part.count = part.count.wrapping_sub((listed - part.items.len()) as u8);
        }
    }
}

/// Replaces references to changed nodes: a child with its length, or the bare hash of a value.
fn refer(raw: &mut Vec<u8>, changed: &BTreeMap<B256, Vec<u8>>) {
    for (was, new) in changed {
        let Some(at) = raw.windows(32).position(|w| w == was.as_slice()) else { continue };
        if at > 0 && raw[at - 1] == 0x80 {
            raw.splice(at - 1..at + 32, new.iter().copied());
        } else if new.len() == 33 {
            raw.splice(at..at + 32, new[1..].iter().copied());
        }
    }
}

/// A node's parts, as they are written one after the other.
struct Node {
    /// Form, number of nibbles, nibbles.
    head: Vec<u8>,
    bitmap: Option<u16>,
    /// With its length, or the hash alone.
    value: Vec<u8>,
    /// Each with its length.
    children: Vec<Vec<u8>>,
}

/// A compact length and as many bytes, together.
fn prefixed(raw: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let first = usize::from(*raw.first()?);
    let (head, len) = match first & 3 {
        0 => (1, first >> 2),
        1 => (2, (first >> 2) | usize::from(*raw.get(1)?) << 6),
        _ => return None,
    };
    let (item, rest) = raw.split_at_checked(head + len)?;
    Some((item.to_vec(), rest))
}

impl Node {
    fn read(raw: &[u8]) -> Option<Self> {
        let first = *raw.first()?;
        let (branch, value, hashed, most) = match first {
            0x10..=0x1f => (true, true, true, 0x0f),
            0x20..=0x3f => (false, true, true, 0x1f),
            0x40..=0x7f => (false, true, false, 0x3f),
            0x80..=0xbf => (true, false, false, 0x3f),
            0xc0..=0xff => (true, true, false, 0x3f),
            _ => return None,
        };
        let mut nibbles = usize::from(first & most);
        let mut at = 1;
        if nibbles == usize::from(most) {
            loop {
                let more = *raw.get(at)?;
                at += 1;
                nibbles += usize::from(more);
                if more < 255 {
                    break;
                }
            }
        }
        let (head, mut rest) = raw.split_at_checked(at + nibbles.div_ceil(2))?;
        let mut bitmap = None;
        if branch {
            let (bits, after) = rest.split_first_chunk()?;
            (bitmap, rest) = (Some(u16::from_le_bytes(*bits)), after);
        }
        let mut stored = Vec::new();
        if value {
            (stored, rest) = if hashed {
                let (hash, after) = rest.split_at_checked(32)?;
                (hash.to_vec(), after)
            } else {
                prefixed(rest)?
            };
        }
        let mut children = Vec::new();
        while !rest.is_empty() {
            let (child, after) = prefixed(rest)?;
            children.push(child);
            rest = after;
        }
        Some(Self { head: head.to_vec(), bitmap, value: stored, children })
    }

    fn write(&self) -> Vec<u8> {
        let bitmap = self.bitmap.map(u16::to_le_bytes);
        let bitmap = bitmap.as_ref().map_or(&[][..], |bits| bits);
        [&self.head[..], bitmap, &self.value, &self.children.concat()].concat()
    }
}

/// Another node.
fn change(rng: &mut Rng, raw: &[u8]) -> Vec<u8> {
    let Some(mut node) = Node::read(raw) else { return bytes::mutate(rng, raw.to_vec(), &[]) };
    let at = rng.below(node.children.len());
    match rng.below(18) {
        0 => return bytes::mutate(rng, raw.to_vec(), &[]),
        // Another form, the same bytes.
        1 => node.head[0] ^= *rng.pick(&[0x40, 0x80, 0xc0, 0x20, 0x10]).unwrap_or(&0),
        2 => node.head[0] = node.head[0].wrapping_add(1),
        3 => node.head[0] = node.head[0].wrapping_sub(1),
        // Nibbles.
        4 | 5 => {
            let last = node.head.len() - 1;
            let nibble = rng.below(node.head.len());
            node.head[if rng.chance(2) { last } else { nibble }] ^= 1 << rng.below(8);
        }
        6 => node.head.push(rng.byte()),
        7 => {
            // A count in more bytes than before.
            let first = node.head[0] | 0x3f;
            let more = if rng.chance(2) { vec![255, rng.byte()] } else { vec![rng.byte() & 0x3f] };
            let len = rng.below(70);
            node.head = [vec![first], more, rng.bytes(len)].concat();
        }
        8 => node.bitmap = node.bitmap.map(|bits| bits ^ 1 << rng.below(16)),
        9 => node.bitmap = Some(node.bitmap.unwrap_or_default() | 1 << rng.below(16)),
        10 if !node.children.is_empty() => drop(node.children.remove(at)),
        11 if !node.children.is_empty() => {
            // One child less in both places.
            node.children.remove(at);
            node.bitmap = node.bitmap.map(|bits| without(bits, at));
        }
        12 => {
            let last = node.children.len();
            if at < last {
                node.children.swap(at, last - 1);
            }
        }
        13 | 14 => {
            let child = small_child(rng);
            if let Some(slot) = node.children.get_mut(at) {
                *slot = child;
            }
        }
        15 => {
            // A value, of another length or form.
            let len = rng.below(80);
            node.value.clear();
            put_prefixed(&mut node.value, &rng.bytes(len));
        }
        16 => {
            // A length in more bytes than it needs.
            let target = if node.children.is_empty() { &mut node.value } else { &mut node.children[at] };
            if let Some(first) = target.first().copied().filter(|first| first & 3 == 0) {
                let wide = u16::from(first) | 1;
                target.splice(0..1, wide.to_le_bytes());
            }
        }
        _ => {
            // Larger than a node may be.
            let len = 3_900 + rng.below(400);
            node.value.clear();
            put_prefixed(&mut node.value, &vec![7; len]);
            node.head[0] |= 0x40;
        }
    }
    node.write()
}

/// The bitmap without its bit number `at`.
fn without(bits: u16, at: usize) -> u16 {
    let gone = (0..16).filter(|i| bits >> i & 1 == 1).nth(at);
    gone.map_or(bits, |i| bits & !(1 << i))
}

/// A child that may stand in its parent: leaf, branch, the empty node, or nonsense, around 32 bytes.
fn small_child(rng: &mut Rng) -> Vec<u8> {
    let len = rng.below(24);
    let tail = rng.bytes(len);
    let mut value = Vec::new();
    put_prefixed(&mut value, &tail);
    let node = match rng.below(6) {
        0 => vec![0x00],
        1 => [&[0x40][..], &value].concat(),
        2 => [&[0x41, rng.byte() & 0x0f][..], &value].concat(),
        3 => [&[0xc0, 1 << rng.below(8), 0x00][..], &value, &[0x08, 0x40, 0x00]].concat(),
        4 => tail,
        _ => Vec::new(),
    };
    let mut out = Vec::new();
    put_prefixed(&mut out, &node);
    out
}

/// The keys of a proof, one of them altered.
pub fn change_keys(rng: &mut Rng, keys: &mut Vec<Bytes>) {
    let at = rng.below(keys.len());
    let Some(key) = keys.get(at) else { return };
    let mut key = key.to_vec();
    match rng.below(7) {
        0 => drop(key.pop()),
        1 => key.push(rng.byte()),
        2 => key = rng.bytes(32),
        3 => {
            let other = rng.below(keys.len());
            return keys.swap(at, other);
        }
        4 => return keys.insert(at, key.into()),
        5 => return drop(keys.remove(at)),
        _ => {
            let byte = rng.below(key.len());
            if let Some(byte) = key.get_mut(byte) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
    keys[at] = key.into();
}
