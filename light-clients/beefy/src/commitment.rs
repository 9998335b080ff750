//! Commitments: what BEEFY authorities sign, in the SCALE encoding that they sign.

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use lupu_substrate_state::scale::{Reader, ScaleError, put_compact, put_prefixed};

/// Bytes that a commitment may have.
pub const MAX_COMMITMENT: usize = 1_024;
/// Payloads that a commitment may have.
pub const MAX_PAYLOADS: usize = 16;
/// Id of the payload that is the root of the Merkle mountain range.
pub const MMR_ROOT_ID: [u8; 2] = *b"mh";

/// Why bytes are not a commitment that a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// Longer than 1,024 bytes.
    #[error("commitment has more than 1024 bytes")]
    TooLong,
    /// Not its SCALE encoding.
    #[error("commitment: {0}")]
    Scale(#[from] ScaleError),
    /// No payload, or more than 16.
    #[error("commitment has {0} payloads, not 1 to 16")]
    PayloadCount(usize),
    /// Payload ids are not strictly ascending.
    #[error("payload {0} of the commitment is not in ascending order of the ids")]
    PayloadOrder(usize),
    /// No `mh` payload of 32 bytes.
    #[error("commitment has no `mh` payload of 32 bytes")]
    MmrRoot,
}

/// One payload of a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What it is.
    pub id: [u8; 2],
    /// Its bytes.
    pub data: Vec<u8>,
}

/// What authorities sign: payloads, of a block, as a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Payloads, by id.
    pub payloads: Vec<Payload>,
    /// The block that they are of.
    pub block_number: u32,
    /// Id of the set that signs.
    pub validator_set_id: u64,
}

impl Commitment {
    /// A commitment to a root of the Merkle mountain range, and to nothing else.
    pub fn new(mmr_root: B256, block_number: u32, validator_set_id: u64) -> Self {
        let payload = Payload { id: MMR_ROOT_ID, data: mmr_root.to_vec() };
        Self { payloads: [payload].into(), block_number, validator_set_id }
    }

    /// Decodes SCALE: payloads, block number, set id, nothing after. At most 1,024 bytes and 1 to
    /// 16 payloads, ids strictly ascending. Which payloads there are is for
    /// [`Commitment::mmr_root`].
    pub fn decode(data: &[u8]) -> Result<Self, CommitmentError> {
        let mut reader = Reader::new(data);
        let commitment = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(commitment)
    }

    /// Reads a commitment at the start of something longer.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CommitmentError> {
        let start = reader.position();
        let count = usize::try_from(reader.compact_u32()?).unwrap_or(usize::MAX);
        if !(1..=MAX_PAYLOADS).contains(&count) {
            return Err(CommitmentError::PayloadCount(count));
        }
        let mut payloads: Vec<Payload> = Vec::with_capacity(count);
        for index in 0..count {
            let id = reader.array()?;
            let data = reader.prefixed()?;
            if data.len() > MAX_COMMITMENT {
                return Err(CommitmentError::TooLong);
            }
            if payloads.last().is_some_and(|last| last.id >= id) {
                return Err(CommitmentError::PayloadOrder(index));
            }
            payloads.push(Payload { id, data: data.to_vec() });
        }
        let block_number = reader.u32()?;
        let validator_set_id = reader.u64()?;
        if reader.position().saturating_sub(start) > MAX_COMMITMENT {
            return Err(CommitmentError::TooLong);
        }
        Ok(Self { payloads, block_number, validator_set_id })
    }

    /// The SCALE encoding, which is what is hashed and signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_compact(&mut out, self.payloads.len() as u64);
        for payload in &self.payloads {
            out.extend_from_slice(&payload.id);
            put_prefixed(&mut out, &payload.data);
        }
        out.extend_from_slice(&self.block_number.to_le_bytes());
        out.extend_from_slice(&self.validator_set_id.to_le_bytes());
        out
    }

    /// keccak256 of the encoding: the digest of the signatures.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The root of the Merkle mountain range: the one `mh` payload, which must have 32 bytes.
    pub fn mmr_root(&self) -> Result<B256, CommitmentError> {
        let mut roots = self.payloads.iter().filter(|p| p.id == MMR_ROOT_ID);
        match (roots.next(), roots.next()) {
            (Some(one), None) => B256::try_from(one.data.as_slice()).map_err(|_| CommitmentError::MmrRoot),
            _ => Err(CommitmentError::MmrRoot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_root_is_48_bytes() {
        let commitment = Commitment::new(B256::repeat_byte(7), 5, 3);
        let mut by_hand = alloc::vec![0x04, 0x6d, 0x68, 0x80];
        by_hand.extend([7; 32]);
        by_hand.extend([5, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(by_hand.len(), 48);
        assert_eq!(commitment.encode(), by_hand);
        assert_eq!(Commitment::decode(&by_hand), Ok(commitment.clone()));
        assert_eq!(commitment.mmr_root(), Ok(B256::repeat_byte(7)));
    }
}
