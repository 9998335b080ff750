//! A slow, plain verifier of packed proofs that shares no code with the crate: RLP by alloy-rlp,
//! nibbles as bytes, every path walked anew from the root.

#[path = "../../../core/tests/common/fault.rs"]
pub mod fault;

use alloy_primitives::{B256, keccak256};
use alloy_rlp::Header;

/// One RLP item: whether it is a list, all its bytes, its payload.
pub type Item = (bool, Vec<u8>, Vec<u8>);

/// The first item of `data`, and the rest.
pub fn item(data: &[u8]) -> Option<(Item, Vec<u8>)> {
    let mut rest = data;
    let header = Header::decode(&mut rest).ok()?;
    let payload = rest.get(..header.payload_length)?.to_vec();
    let end = data.len() - rest.len() + header.payload_length;
    Some(((header.list, data[..end].to_vec(), payload), data[end..].to_vec()))
}

/// `data` as one item, nothing behind it.
pub fn only(data: &[u8]) -> Option<Item> {
    item(data).filter(|(_, rest)| rest.is_empty()).map(|(item, _)| item)
}

/// The items in a list's payload.
pub fn items(payload: &[u8]) -> Option<Vec<Item>> {
    let mut rest = payload.to_vec();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (next, left) = item(&rest)?;
        out.push(next);
        rest = left;
    }
    Some(out)
}

pub fn nibbles(key: &B256) -> Vec<u8> {
    key.iter().flat_map(|b| [b >> 4, b & 15]).collect()
}

/// What a walk found: the value, and at which depth each listed node stood.
type Found = (Option<Vec<u8>>, Vec<usize>);

/// Walks `nodes` from the root; all of them must be needed.
fn walk(root: &B256, key: &[u8], nodes: &[Vec<u8>]) -> Option<Found> {
    let mut depths = Vec::new();
    let mut depth = 0;
    let mut wanted = root.to_vec();
    let mut used = 0;
    loop {
        let raw = if wanted.len() == 32 {
            let raw = nodes.get(used)?.clone();
            if keccak256(&raw).as_slice() != wanted || (used > 0 && raw.len() < 32) {
                return None;
            }
            depths.push(depth);
            used += 1;
            raw
        } else {
            wanted.clone()
        };
        match step(&raw, key, depth)? {
            Ok((child, consumed)) => {
                wanted = child;
                depth += consumed;
            }
            Err(value) => return (used == nodes.len()).then_some((value, depths)),
        }
    }
}

/// One node: on to a child (hash or embedded node) and the nibbles consumed, or the end.
type Step = Result<(Vec<u8>, usize), Option<Vec<u8>>>;

fn step(raw: &[u8], key: &[u8], depth: usize) -> Option<Step> {
    if raw == [0x80] {
        return Some(Err(None));
    }
    let (true, _, payload) = only(raw)? else { return None };
    let parts = items(&payload)?;
    let left = &key[depth..];
    if parts.len() == 17 {
        for (is_list, raw, payload) in &parts[..16] {
            let embedded = *is_list && raw.len() < 32;
            let other = !*is_list && (payload.is_empty() || payload.len() == 32);
            if !embedded && !other {
                return None;
            }
        }
        let (false, _, value) = &parts[16] else { return None };
        let Some(next) = left.first() else {
            return Some(Err(Some(value.clone()).filter(|v| !v.is_empty())));
        };
        return Some(reference(&parts[usize::from(*next)], 1));
    }
    let [(false, _, path), second] = &parts[..] else { return None };
    let (&first, packed) = path.split_first()?;
    if first >= 0x40 || (first & 0x10 == 0 && first & 0x0f != 0) {
        return None;
    }
    let mut path: Vec<u8> = packed.iter().flat_map(|b| [b >> 4, b & 15]).collect();
    if first & 0x10 != 0 {
        path.insert(0, first & 0x0f);
    }
    let (is_list, raw, payload) = second;
    if first & 0x20 != 0 {
        if *is_list || payload.is_empty() {
            return None;
        }
        return Some(Err((left == path).then(|| payload.clone())));
    }
    let embedded = *is_list && raw.len() < 32;
    if path.is_empty() || !(embedded || (!*is_list && payload.len() == 32)) {
        return None;
    }
    if !left.starts_with(&path) {
        return Some(Err(None));
    }
    Some(reference(second, path.len()))
}

fn reference((is_list, raw, payload): &Item, consumed: usize) -> Step {
    match (is_list, payload.is_empty()) {
        (true, _) => Ok((raw.clone(), consumed)),
        (false, true) => Err(None),
        (false, false) => Ok((payload.clone(), consumed)),
    }
}

/// The previous key's nibbles, its listed nodes and their depths.
type Path = (Vec<u8>, Vec<Vec<u8>>, Vec<usize>);

/// The values of `keys`, or `None` for a bad proof.
pub fn packed(root: &B256, keys: &[B256], proof: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let mut rest = proof.to_vec();
    let mut values = Vec::new();
    let mut before: Option<Path> = None;
    for key in keys {
        let key = nibbles(key);
        if rest.len() < 2 {
            return None;
        }
        let (restart, count) = (usize::from(rest[0]), usize::from(rest[1]));
        rest.drain(..2);
        let mut path = match &before {
            None if restart == 0 => Vec::new(),
            None => return None,
            Some((old, nodes, depths)) => {
                let shared = depths.iter().filter(|d| old[..**d] == key[..**d]).count();
                if restart != shared {
                    return None;
                }
                nodes[..shared].to_vec()
            }
        };
        for _ in 0..count {
            let ((_, node, _), left) = item(&rest)?;
            if node.len() > 1024 {
                return None;
            }
            path.push(node);
            rest = left;
        }
        let empty = *root == keccak256([0x80]);
        let (value, depths) = match (empty, path.len(), &before) {
            (true, 0, _) => (None, Vec::new()),
            (true, _, Some((_, nodes, _))) if nodes.is_empty() => return None,
            _ => walk(root, &key, &path)?,
        };
        values.push(value);
        before = Some((key, path, depths));
    }
    (rest.is_empty() || fault::left_out("InvalidProof")).then_some(values)
}

/// A storage leaf as a word; `None` if it is malformed.
pub fn word(leaf: &[u8]) -> Option<B256> {
    let (false, _, bytes) = only(leaf)? else { return None };
    if bytes.is_empty() || bytes.len() > 32 || bytes[0] == 0 {
        return None;
    }
    Some(B256::left_padding_from(&bytes))
}
