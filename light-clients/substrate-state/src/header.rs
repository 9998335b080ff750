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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::ScaleErrorKind;
    use alloc::vec;
    use codec::{Decode, Encode};
    use proptest::prelude::*;
    use sp_runtime::{generic, traits::BlakeTwo256, traits::Header as _};

    type Reference = generic::Header<u32, BlakeTwo256>;

    fn reference(header: &Header) -> Reference {
        let logs = header.digest.iter().cloned().map(|item| match item {
            DigestItem::Other(data) => generic::DigestItem::Other(data),
            DigestItem::Consensus(id, data) => generic::DigestItem::Consensus(id, data),
            DigestItem::Seal(id, data) => generic::DigestItem::Seal(id, data),
            DigestItem::PreRuntime(id, data) => generic::DigestItem::PreRuntime(id, data),
            DigestItem::RuntimeEnvironmentUpdated => generic::DigestItem::RuntimeEnvironmentUpdated,
        });
        Reference::new(
            header.number,
            header.extrinsics_root.0.into(),
            header.state_root.0.into(),
            header.parent_hash.0.into(),
            generic::Digest { logs: logs.collect() },
        )
    }

    fn sample() -> Header {
        Header {
            parent_hash: B256::repeat_byte(1),
            number: 0x4000,
            state_root: B256::repeat_byte(2),
            extrinsics_root: B256::repeat_byte(3),
            digest: vec![
                DigestItem::PreRuntime(*b"aura", vec![1; 8]),
                DigestItem::Consensus(*b"FRNK", vec![2; 41]),
                DigestItem::Other(vec![]),
                DigestItem::RuntimeEnvironmentUpdated,
                DigestItem::Seal(*b"aura", vec![3; 64]),
            ],
        }
    }

    #[test]
    fn edges() {
        let bytes = sample().encode();
        assert_eq!(Header::decode(&bytes), Ok(sample()));
        let longer = [&bytes[..], &[0]].concat();
        let trailing = ScaleError { at: bytes.len(), kind: ScaleErrorKind::Trailing(1) };
        assert_eq!(Header::decode(&longer), Err(trailing.into()));
        for end in 0..bytes.len() {
            assert!(Header::decode(&bytes[..end]).is_err());
        }
        for tag in [1, 2, 3, 7, 9, 255] {
            let mut header = Header { digest: vec![], ..sample() }.encode();
            *header.last_mut().unwrap() = 4;
            header.push(tag);
            assert_eq!(Header::decode(&header), Err(HeaderError::DigestTag { at: header.len() - 1, tag }));
        }
        for number in [0, 63, 64, 16_383, 16_384, (1 << 30) - 1, 1 << 30, u32::MAX] {
            let header = Header { number, ..sample() };
            assert_eq!(header.encode(), reference(&header).encode());
            assert_eq!(Header::decode(&header.encode()), Ok(header));
        }
    }

    fn item() -> impl Strategy<Value = DigestItem> {
        let data = || proptest::collection::vec(any::<u8>(), 0..80);
        prop_oneof![
            data().prop_map(DigestItem::Other),
            (any::<[u8; 4]>(), data()).prop_map(|(id, data)| DigestItem::Consensus(id, data)),
            (any::<[u8; 4]>(), data()).prop_map(|(id, data)| DigestItem::Seal(id, data)),
            (any::<[u8; 4]>(), data()).prop_map(|(id, data)| DigestItem::PreRuntime(id, data)),
            Just(DigestItem::RuntimeEnvironmentUpdated),
        ]
    }

    fn header() -> impl Strategy<Value = Header> {
        let number = prop_oneof![any::<u32>(), 0u32..70_000];
        let digest = proptest::collection::vec(item(), 0..6);
        (any::<[[u8; 32]; 3]>(), number, digest).prop_map(|([parent, state, extrinsics], number, digest)| Header {
            parent_hash: parent.into(),
            number,
            state_root: state.into(),
            extrinsics_root: extrinsics.into(),
            digest,
        })
    }

    proptest! {
        #[test]
        fn the_same_as_the_runtime(header in header()) {
            let reference = reference(&header);
            prop_assert_eq!(header.encode(), reference.encode());
            prop_assert_eq!(header.hash().0, reference.hash().0);
            prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
        }

        /// The crate reads what the runtime reads, except where it does not write the same again.
        #[test]
        fn changed_bytes_as_the_runtime_reads_them(
            header in header(),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0u8..3), 1..4),
        ) {
            let mut bytes = header.encode();
            for (at, byte, what) in changes {
                match what {
                    0 => { let at = at.index(bytes.len()); bytes[at] = byte; }
                    1 => { let at = at.index(bytes.len()); bytes.remove(at); }
                    _ => { let at = at.index(bytes.len() + 1); bytes.insert(at, byte); }
                }
            }
            let theirs = Reference::decode(&mut &bytes[..]).ok().filter(|h| h.encode() == bytes);
            let ours = Header::decode(&bytes).ok();
            prop_assert_eq!(ours.as_ref().map(reference), theirs);
            if let Some(ours) = ours {
                prop_assert_eq!(ours.encode(), bytes);
            }
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(header) = Header::decode(&bytes) {
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
