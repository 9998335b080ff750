//! Merkle mountain ranges with keccak256, as `pallet-mmr` builds them: perfect trees ("peaks") of
//! falling height over the leaves, bagged from the right into one root.
//!
//! A proof of one leaf has a length that follows from its index and the number of leaves, and the
//! order of its items: the peaks left of the leaf's, the siblings in the leaf's own tree from the
//! bottom up, and one hash for all peaks right of it.

use crate::authorities::hash_pair;
use alloc::vec::Vec;
use alloy_primitives::B256;
use lupu_substrate_state::scale::{Reader, ScaleError, put_compact};

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MmrError {
    /// There is no such leaf.
    #[error("leaf {index} of {count} leaves")]
    NoSuchLeaf {
        /// Index asked for.
        index: u64,
        /// Leaves there are.
        count: u64,
    },
    /// Another number of items than index and count say.
    #[error("{found} items, {expected} are needed")]
    ItemCount {
        /// Items that index and count say.
        expected: usize,
        /// Items given.
        found: usize,
    },
    /// Items that are not whole hashes.
    #[error("items of {0} bytes are not whole hashes")]
    ItemWidth(usize),
    /// Another root.
    #[error("items lead to root {found}, not to {expected}")]
    Root {
        /// The root given.
        expected: B256,
        /// Where the items lead.
        found: B256,
    },
    /// The root is zero.
    #[error("root is zero")]
    ZeroRoot,
}

/// Where a leaf stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Peaks left of the leaf's.
    left: usize,
    /// Height of the leaf's tree, and so the number of siblings.
    height: u32,
    /// Index in the leaf's tree.
    within: u64,
    /// Whether there are peaks right of the leaf's.
    right: bool,
}

impl Place {
    fn of(index: u64, count: u64) -> Option<Self> {
        let (mut start, mut left) = (0u64, 0usize);
        for height in (0..64).rev() {
            let size = count & (1 << height);
            if size == 0 {
                continue;
            }
            let end = start.checked_add(size)?;
            if index < end {
                let within = index.checked_sub(start)?;
                return Some(Self { left, height, within, right: end < count });
            }
            start = end;
            left = left.saturating_add(1);
        }
        None
    }

    fn items(&self) -> usize {
        let siblings = usize::try_from(self.height).unwrap_or(usize::MAX);
        self.left.saturating_add(siblings).saturating_add(usize::from(self.right))
    }
}

/// Items that a proof of leaf `index` of `count` leaves has, or `None` if there is no such leaf.
pub fn proof_length(index: u64, count: u64) -> Option<usize> {
    Place::of(index, count).map(|place| place.items())
}

/// The root to which a leaf's hash and the items lead.
pub fn root_from(leaf: &B256, index: u64, count: u64, items: &[B256]) -> Result<B256, MmrError> {
    let place = Place::of(index, count).ok_or(MmrError::NoSuchLeaf { index, count })?;
    let wrong = MmrError::ItemCount { expected: place.items(), found: items.len() };
    if items.len() != place.items() {
        return Err(wrong);
    }
    let (left, rest) = items.split_at_checked(place.left).ok_or(wrong)?;
    let siblings = rest.len().saturating_sub(usize::from(place.right));
    let (siblings, right) = rest.split_at_checked(siblings).ok_or(wrong)?;
    let mut peak = *leaf;
    let mut within = place.within;
    for sibling in siblings {
        peak = if within & 1 == 1 { hash_pair(sibling, &peak) } else { hash_pair(&peak, sibling) };
        within >>= 1;
    }
    let bagged = match right.first() {
        Some(right) => hash_pair(right, &peak),
        None => peak,
    };
    Ok(left.iter().rev().fold(bagged, |right, peak| hash_pair(&right, peak)))
}

/// What a hash is joined with on the way from a leaf to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// The other half of the leaf's own tree at this height.
    Sibling,
    /// All peaks right of the leaf's tree, bagged.
    RightPeaks,
    /// A peak left of the leaf's tree.
    LeftPeak,
}

/// One hash of a proof, and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// What the proof gives.
    pub with: With,
    /// The proof's hash.
    pub item: B256,
    /// Whether it comes first in the hash of both.
    pub first: bool,
    /// The hash of both.
    pub result: B256,
}

/// The way that [`root_from`] takes, hash by hash, for people to read. Empty where index, count
/// and items do not fit each other.
pub fn path(leaf: &B256, index: u64, count: u64, items: &[B256]) -> Vec<Joined> {
    let Some(place) = Place::of(index, count).filter(|place| place.items() == items.len()) else { return Vec::new() };
    let (left, rest) = items.split_at_checked(place.left).unwrap_or_default();
    let (mut at, mut within, siblings) = (*leaf, place.within, rest.len().saturating_sub(usize::from(place.right)));
    let mut path = Vec::new();
    let mut join = |with, item: &B256, first: bool| {
        at = if first { hash_pair(item, &at) } else { hash_pair(&at, item) };
        path.push(Joined { with, item: *item, first, result: at });
    };
    for (nth, item) in rest.iter().enumerate() {
        if nth < siblings {
            join(With::Sibling, item, within & 1 == 1);
            within >>= 1;
        } else {
            join(With::RightPeaks, item, true);
        }
    }
    for item in left.iter().rev() {
        join(With::LeftPeak, item, false);
    }
    path
}

/// Verifies that `leaf`, a leaf's hash, is the one at `index` of `count` under `root`, which must
/// not be zero.
pub fn verify(root: &B256, leaf: &B256, index: u64, count: u64, items: &[B256]) -> Result<(), MmrError> {
    let found = root_from(leaf, index, count, items)?;
    if root.is_zero() {
        return Err(MmrError::ZeroRoot);
    }
    if found != *root {
        return Err(MmrError::Root { expected: *root, found });
    }
    Ok(())
}

/// 32-byte hashes joined, apart.
pub fn split_items(joined: &[u8]) -> Result<Vec<B256>, MmrError> {
    let whole = joined.chunks_exact(32);
    if !whole.remainder().is_empty() {
        return Err(MmrError::ItemWidth(joined.len()));
    }
    Ok(whole.map(B256::from_slice).collect())
}

/// 32-byte hashes, joined.
pub fn join_items(items: &[B256]) -> Vec<u8> {
    items.iter().flat_map(|item| item.0).collect()
}

/// The peaks over these leaves, from the left.
fn peaks(mut leaves: &[B256]) -> Vec<B256> {
    let mut peaks = Vec::new();
    while !leaves.is_empty() {
        let size = 1 << leaves.len().ilog2();
        let Some((tree, rest)) = leaves.split_at_checked(size) else { break };
        peaks.push(tree_root(tree.to_vec()));
        leaves = rest;
    }
    peaks
}

fn tree_root(mut row: Vec<B256>) -> B256 {
    while row.len() > 1 {
        row = row_above(&row);
    }
    row.first().copied().unwrap_or_default()
}

fn row_above(row: &[B256]) -> Vec<B256> {
    row.as_chunks().0.iter().map(|[left, right]| hash_pair(left, right)).collect()
}

fn bag(peaks: &[B256]) -> Option<B256> {
    let (last, others) = peaks.split_last()?;
    Some(others.iter().rev().fold(*last, |right, left| hash_pair(&right, left)))
}

/// The root over these leaves' hashes, or `None` if there are none.
pub fn root(leaves: &[B256]) -> Option<B256> {
    bag(&peaks(leaves))
}

/// The items that prove leaf `index` of these, or `None` if there is no such leaf. Hashes all of
/// them: for tests and for small chains.
pub fn prove(leaves: &[B256], index: u64) -> Option<Vec<B256>> {
    let place = Place::of(index, u64::try_from(leaves.len()).ok()?)?;
    let start = usize::try_from(index.checked_sub(place.within)?).ok()?;
    let (before, rest) = leaves.split_at_checked(start)?;
    let (tree, after) = rest.split_at_checked(1usize.checked_shl(place.height)?)?;
    let mut items = peaks(before);
    let mut row = tree.to_vec();
    let mut at = usize::try_from(place.within).ok()?;
    while row.len() > 1 {
        items.push(*row.get(at ^ 1)?);
        row = row_above(&row);
        at >>= 1;
    }
    items.extend(bag(&peaks(after)));
    Some(items)
}

/// A proof as `mmr_generateProof` returns it: `proof` is the SCALE encoding of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// Which leaves are proven.
    pub leaf_indices: Vec<u64>,
    /// How many leaves there are.
    pub leaf_count: u64,
    /// The items. For one leaf, in the order of this module.
    pub items: Vec<B256>,
}

impl LeafProof {
    /// Decodes SCALE; nothing may follow.
    pub fn decode(data: &[u8]) -> Result<Self, ScaleError> {
        let mut reader = Reader::new(data);
        let mut leaf_indices = Vec::new();
        for _ in 0..reader.compact_u32()? {
            leaf_indices.push(reader.u64()?);
        }
        let leaf_count = reader.u64()?;
        let mut items = Vec::new();
        for _ in 0..reader.compact_u32()? {
            items.push(B256::new(reader.array()?));
        }
        reader.finish()?;
        Ok(Self { leaf_indices, leaf_count, items })
    }

    /// The SCALE encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_compact(&mut out, self.leaf_indices.len() as u64);
        out.extend(self.leaf_indices.iter().flat_map(|index| index.to_le_bytes()));
        out.extend(self.leaf_count.to_le_bytes());
        put_compact(&mut out, self.items.len() as u64);
        out.extend(join_items(&self.items));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_by_hand() {
        // 11 leaves: peaks of 8, 2 and 1.
        assert_eq!(proof_length(0, 11), Some(3 + 1));
        assert_eq!(proof_length(9, 11), Some(1 + 1 + 1));
        assert_eq!(proof_length(10, 11), Some(2));
        assert_eq!(proof_length(11, 11), None);
        assert_eq!(proof_length(0, 1), Some(0));
        assert_eq!(proof_length(0, 0), None);
        assert_eq!(proof_length(u64::MAX - 1, u64::MAX), Some(63));
        assert_eq!(proof_length(0, u64::MAX), Some(63 + 1));
        assert_eq!(proof_length(u64::MAX, u64::MAX), None);
    }

    #[test]
    fn the_path_leads_where_the_root_is() {
        for count in 1..40u64 {
            for index in 0..count {
                let items: Vec<B256> = (0..proof_length(index, count).unwrap() as u8).map(B256::repeat_byte).collect();
                let leaf = B256::repeat_byte(0xaa);
                let path = path(&leaf, index, count, &items);
                assert_eq!(path.len(), items.len());
                let end = path.last().map_or(leaf, |joined| joined.result);
                assert_eq!(root_from(&leaf, index, count, &items), Ok(end), "{index} of {count}");
            }
        }
        assert!(path(&B256::ZERO, 3, 3, &[]).is_empty() && path(&B256::ZERO, 0, 2, &[]).is_empty());
    }

    #[test]
    fn no_leaves_no_root() {
        assert_eq!(root(&[]), None);
        assert_eq!(prove(&[], 0), None);
    }
}
