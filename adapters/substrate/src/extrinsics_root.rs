//! The root of a block's extrinsics: it says which extrinsic stands at which place.
//!
//! The trie of `compact(index) → extrinsic`, in the layout of state version 0 or 1.

use alloy_primitives::B256;
use lupu_substrate_state::{
    EMPTY_ROOT, blake2_256,
    scale::{put_compact, put_prefixed},
};

/// Values longer than this are stored by their hash in state version 1.
const LONGEST_INLINE: usize = 32;

/// How values are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    V0,
    V1,
}

/// A key as nibbles, with its value.
type Entry<'a> = (Vec<u8>, &'a [u8]);

/// Whether these extrinsics, in this order, have this root.
pub fn has_root(extrinsics: &[Vec<u8>], root: &B256) -> bool {
    [Layout::V0, Layout::V1].into_iter().any(|layout| root_of(extrinsics, layout) == *root)
}

fn root_of(extrinsics: &[Vec<u8>], layout: Layout) -> B256 {
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(extrinsics.len());
    for (index, extrinsic) in extrinsics.iter().enumerate() {
        let mut key = Vec::new();
        put_compact(&mut key, index as u64);
        entries.push((key.iter().flat_map(|b| [b >> 4, b & 0x0f]).collect(), extrinsic));
    }
    entries.sort();
    if entries.is_empty() { EMPTY_ROOT } else { blake2_256(&node(&entries, 0, layout)) }
}

/// Writes a node's first bytes: kind and number of nibbles.
fn put_head(out: &mut Vec<u8>, kind: u8, bits: u8, nibbles: usize) {
    let most = (1usize << bits) - 1;
    if nibbles < most {
        out.push(kind | nibbles as u8);
        return;
    }
    out.push(kind | most as u8);
    let mut rest = nibbles - most;
    while rest >= 255 {
        out.push(255);
        rest -= 255;
    }
    out.push(rest as u8);
}

fn put_nibbles(out: &mut Vec<u8>, nibbles: &[u8]) {
    let (odd, pairs) = nibbles.split_at(nibbles.len() % 2);
    out.extend_from_slice(odd);
    out.extend(pairs.chunks(2).map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)));
}

fn put_value(out: &mut Vec<u8>, value: &[u8], hashed: bool) {
    if hashed {
        out.extend(blake2_256(value));
    } else {
        put_prefixed(out, value);
    }
}

/// A node of the entries, which ascend, are not empty and share their first `depth` nibbles.
fn node(entries: &[Entry<'_>], depth: usize, layout: Layout) -> Vec<u8> {
    let mut out = Vec::new();
    let tail = |key: &[u8]| key.get(depth..).unwrap_or_default().to_vec();
    let hashed = |value: &[u8]| layout == Layout::V1 && value.len() > LONGEST_INLINE;
    if let [(key, value)] = entries {
        let partial = tail(key);
        match hashed(value) {
            true => put_head(&mut out, 0b0010_0000, 5, partial.len()),
            false => put_head(&mut out, 0b0100_0000, 6, partial.len()),
        }
        put_nibbles(&mut out, &partial);
        put_value(&mut out, value, hashed(value));
        return out;
    }
    let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else { return vec![0] };
    let shared = first.iter().zip(last).skip(depth).take_while(|(a, b)| a == b).count();
    let end = depth + shared;
    let partial = first.get(depth..end).unwrap_or_default();
    // The shortest key stands first: it is the one that may end here.
    let (value, children) = match entries.split_first() {
        Some(((key, value), rest)) if key.len() == end => (Some(*value), rest),
        _ => (None, entries),
    };
    match value {
        None => put_head(&mut out, 0b1000_0000, 6, partial.len()),
        Some(value) if hashed(value) => put_head(&mut out, 0b0001_0000, 4, partial.len()),
        Some(_) => put_head(&mut out, 0b1100_0000, 6, partial.len()),
    }
    put_nibbles(&mut out, partial);
    let branch = |nibble: u8| -> Vec<Entry<'_>> {
        children.iter().filter(|(key, _)| key.get(end) == Some(&nibble)).cloned().collect()
    };
    let branches: Vec<Vec<Entry<'_>>> = (0..16).map(branch).collect();
    let bitmap = branches.iter().enumerate().filter(|(_, b)| !b.is_empty()).fold(0u16, |map, (i, _)| map | 1 << i);
    out.extend(bitmap.to_le_bytes());
    if let Some(value) = value {
        put_value(&mut out, value, hashed(value));
    }
    for branch in branches.iter().filter(|b| !b.is_empty()) {
        let child = node(branch, end + 1, layout);
        match child.len() < 32 {
            true => put_prefixed(&mut out, &child),
            false => put_prefixed(&mut out, blake2_256(&child).as_slice()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::Blake2Hasher;
    use sp_trie::{LayoutV0, LayoutV1, TrieConfiguration};

    #[test]
    fn roots_as_the_reference_has_them() {
        for count in [0usize, 1, 2, 3, 15, 16, 17, 63, 64, 65, 70, 300] {
            for len in [1usize, 10, 31, 32, 33, 200] {
                let list: Vec<Vec<u8>> = (0..count).map(|i| vec![i as u8; len + i % 3]).collect();
                let v0 = LayoutV0::<Blake2Hasher>::ordered_trie_root(list.clone());
                let v1 = LayoutV1::<Blake2Hasher>::ordered_trie_root(list.clone());
                assert_eq!(root_of(&list, Layout::V0).0, v0.0, "{count} of {len}, layout 0");
                assert_eq!(root_of(&list, Layout::V1).0, v1.0, "{count} of {len}, layout 1");
                assert!(has_root(&list, &B256::new(v1.0)));
            }
        }
    }

    #[test]
    fn another_order_has_another_root() {
        let list = vec![vec![1, 2, 3], vec![4, 5, 6]];
        let root = root_of(&list, Layout::V1);
        assert!(has_root(&list, &root));
        assert!(!has_root(&[list[1].clone(), list[0].clone()], &root));
        assert!(!has_root(&list[..1], &root));
    }
}
