//! Leaves of the Merkle mountain range: what every block commits to about its parent and about
//! the next authorities.

use crate::authorities::AuthoritySet;
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use lupu_substrate_state::scale::{Reader, ScaleError, put_compact, put_prefixed};

/// Bytes of a leaf without extra data.
pub const MIN_LEAF: usize = 81;
/// Bytes that a leaf may have.
pub const MAX_LEAF: usize = 1_024;

/// Why bytes are not a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Fewer than 81 bytes, or more than 1,024.
    #[error("leaf has {0} bytes, not 81 to 1024")]
    Length(usize),
    /// A version that may mean something else.
    #[error("leaf has major version {0}, not 0")]
    Version(u8),
    /// A field.
    #[error("leaf: {0}")]
    Scale(#[from] ScaleError),
}

/// A leaf: of block `parent_number + 1`, about its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MmrLeaf {
    /// Major version in the top three bits, minor in the others.
    pub version: u8,
    /// The block that the leaf is about.
    pub parent_number: u32,
    /// Its hash, BLAKE2b-256 of the header.
    pub parent_hash: B256,
    /// The authorities of the next session.
    pub next: AuthoritySet,
    /// Whatever else the chain commits to, SCALE.
    pub extra: Vec<u8>,
}

impl MmrLeaf {
    /// Decodes SCALE, 81 to 1,024 bytes, without the opaque wrapping.
    pub fn decode(data: &[u8]) -> Result<Self, LeafError> {
        if !(MIN_LEAF..=MAX_LEAF).contains(&data.len()) {
            return Err(LeafError::Length(data.len()));
        }
        let mut reader = Reader::new(data);
        let version = reader.u8()?;
        if version >> 5 != 0 {
            return Err(LeafError::Version(version >> 5));
        }
        let (parent_number, parent_hash) = (reader.u32()?, B256::new(reader.array()?));
        let next = AuthoritySet { id: reader.u64()?, len: reader.u32()?, root: B256::new(reader.array()?) };
        let extra = reader.bytes(reader.left())?.to_vec();
        Ok(Self { version, parent_number, parent_hash, next, extra })
    }

    /// The SCALE encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::from([self.version]);
        out.extend(self.parent_number.to_le_bytes());
        out.extend(self.parent_hash);
        out.extend(self.next.id.to_le_bytes());
        out.extend(self.next.len.to_le_bytes());
        out.extend(self.next.root);
        out.extend(&self.extra);
        out
    }

    /// keccak256 of the encoding: the leaf's node in the Merkle mountain range.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// The leaves in what `mmr_generateProof` returns as `leaves`: SCALE of a list of opaque leaves,
/// each wrapped in a length of its own.
pub fn unwrap_leaves(data: &[u8]) -> Result<Vec<Vec<u8>>, ScaleError> {
    let mut reader = Reader::new(data);
    let count = reader.compact_u32()?;
    let mut leaves = Vec::new();
    for _ in 0..count {
        leaves.push(reader.prefixed()?.to_vec());
    }
    reader.finish()?;
    Ok(leaves)
}

/// Wraps leaves as a node does.
pub fn wrap_leaves<T: AsRef<[u8]>>(leaves: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    put_compact(&mut out, leaves.len() as u64);
    for leaf in leaves {
        put_prefixed(&mut out, leaf.as_ref());
    }
    out
}
