//! Block headers, as Substrate chains encode and hash them.

use crate::{
    hash::blake2_256,
    scale::{Reader, ScaleError, put_compact, put_prefixed},
};
use alloc::vec::Vec;
use alloy_primitives::B256;

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not strict SCALE, a block number of 2³² or more, or bytes after the last digest item.
    #[error(transparent)]
    Scale(#[from] ScaleError),
    /// A digest item of an unknown kind.
    #[error("at byte {at}: no digest item has tag {tag}")]
    DigestTag {
        /// Byte offset in the header.
        at: usize,
        /// What stands there.
        tag: u8,
    },
}

/// An entry of a header's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigestItem {
    /// Tag 0: bytes of no set meaning.
    Other(Vec<u8>),
    /// Tag 4: from the runtime to the consensus engine of this id.
    Consensus([u8; 4], Vec<u8>),
    /// Tag 5: the author's seal.
    Seal([u8; 4], Vec<u8>),
    /// Tag 6: from the consensus engine to the runtime.
    PreRuntime([u8; 4], Vec<u8>),
    /// Tag 8: the runtime's code or heap pages were changed.
    RuntimeEnvironmentUpdated,
}

impl DigestItem {
    fn read(reader: &mut Reader<'_>) -> Result<Self, HeaderError> {
        let at = reader.position();
        Ok(match reader.u8()? {
            0 => Self::Other(reader.prefixed()?.to_vec()),
            4 => Self::Consensus(reader.array()?, reader.prefixed()?.to_vec()),
            5 => Self::Seal(reader.array()?, reader.prefixed()?.to_vec()),
            6 => Self::PreRuntime(reader.array()?, reader.prefixed()?.to_vec()),
            8 => Self::RuntimeEnvironmentUpdated,
            tag => return Err(HeaderError::DigestTag { at, tag }),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (tag, id, data) = match self {
            Self::Other(data) => {
                out.push(0);
                return put_prefixed(out, data);
            }
            Self::RuntimeEnvironmentUpdated => return out.push(8),
            Self::Consensus(id, data) => (4, id, data),
            Self::Seal(id, data) => (5, id, data),
            Self::PreRuntime(id, data) => (6, id, data),
        };
        out.push(tag);
        out.extend_from_slice(id);
        put_prefixed(out, data);
    }
}

/// A block header: number of 32 bits, hashes of BLAKE2b-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Hash of the parent's header.
    pub parent_hash: B256,
    /// Block number.
    pub number: u32,
    /// Root of the state trie after the block.
    pub state_root: B256,
    /// Root of the trie of extrinsics.
    pub extrinsics_root: B256,
    /// The digest's items, in their order.
    pub digest: Vec<DigestItem>,
}

impl Header {
    /// Decodes exactly `bytes`. There is one encoding of a header: [`Header::encode`] gives the
    /// same bytes again.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(bytes);
        let header = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(header)
    }

    /// Decodes a header that others follow.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, HeaderError> {
        let parent_hash = B256::new(reader.array()?);
        let number = reader.compact_u32()?;
        let state_root = B256::new(reader.array()?);
        let extrinsics_root = B256::new(reader.array()?);
        let mut digest = Vec::new();
        for _ in 0..reader.compact_u32()? {
            digest.push(DigestItem::read(reader)?);
        }
        Ok(Self { parent_hash, number, state_root, extrinsics_root, digest })
    }

    /// The bytes that [`Header::decode`] reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(self.parent_hash.as_slice());
        put_compact(&mut out, u64::from(self.number));
        out.extend_from_slice(self.state_root.as_slice());
        out.extend_from_slice(self.extrinsics_root.as_slice());
        put_compact(&mut out, self.digest.len() as u64);
        for item in &self.digest {
            item.write(&mut out);
        }
        out
    }

    /// The block's hash: BLAKE2b-256 of the encoding.
    pub fn hash(&self) -> B256 {
        blake2_256(&self.encode())
    }
}
