//! Signed commitments as nodes serve them: `VersionedFinalityProof` of BEEFY, by
//! `beefy_subscribeJustifications` and as a block's justification.

use crate::commitment::{Commitment, CommitmentError};
use alloc::vec::Vec;
use lupu_substrate_state::scale::{Reader, ScaleError, put_compact, put_prefixed};

/// Authorities that a signed commitment may be of. More than a client takes: what a node says is
/// read before it is judged.
pub const MAX_SIGNERS: u32 = 4_096;
/// The version that is read.
pub const VERSION: u8 = 1;

/// Why bytes are not a signed commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinalityProofError {
    /// Another version.
    #[error("finality proof of version {0}, not 1")]
    Version(u8),
    /// The commitment.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
    /// What follows the commitment.
    #[error("finality proof: {0}")]
    Scale(#[from] ScaleError),
    /// More authorities than can be.
    #[error("finality proof of {0} authorities, at most 4096 are read")]
    TooManySigners(u32),
    /// The bitfield is not as long as the set, or has bits behind it.
    #[error("bitfield of {bytes} bytes does not fit {signers} authorities")]
    Bitfield {
        /// Bytes of the bitfield.
        bytes: usize,
        /// Authorities of the set.
        signers: u32,
    },
    /// The bitfield says another number of signatures than follow.
    #[error("{found} signatures follow, the bitfield says {expected}")]
    SignatureCount {
        /// Bits set.
        expected: usize,
        /// Signatures.
        found: usize,
    },
}

/// A commitment with what authorities signed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCommitment {
    /// What is signed.
    pub commitment: Commitment,
    /// Per authority, in the order of the set: `r ‖ s ‖ v`, 65 bytes, if it signed.
    pub signatures: Vec<Option<[u8; 65]>>,
}

impl SignedCommitment {
    /// Decodes a `VersionedFinalityProof`: the version `01`, the commitment, a bitfield of who
    /// signed (most significant bit first), their number, the signatures, nothing after.
    ///
    /// Writers pad the bitfield by 1 to 8 bits; one without a whole byte of padding is read too.
    pub fn decode(data: &[u8]) -> Result<Self, FinalityProofError> {
        let mut reader = Reader::new(data);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(FinalityProofError::Version(version));
        }
        let commitment = Commitment::read(&mut reader)?;
        let bitfield = reader.prefixed()?;
        let signers = reader.u32()?;
        if signers > MAX_SIGNERS {
            return Err(FinalityProofError::TooManySigners(signers));
        }
        let present = bits(bitfield, signers)?;
        let found = usize::try_from(reader.compact_u32()?).unwrap_or(usize::MAX);
        let expected = present.iter().filter(|bit| **bit).count();
        if found != expected {
            return Err(FinalityProofError::SignatureCount { expected, found });
        }
        let mut signatures = Vec::with_capacity(present.len());
        for bit in present {
            signatures.push(if bit { Some(reader.array()?) } else { None });
        }
        reader.finish()?;
        Ok(Self { commitment, signatures })
    }

    /// Encodes as a node does.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::from([VERSION]);
        out.extend(self.commitment.encode());
        let mut bitfield = alloc::vec![0u8; (self.signatures.len() / 8).saturating_add(1)];
        for (index, signature) in self.signatures.iter().enumerate() {
            if let (Some(byte), true) = (bitfield.get_mut(index / 8), signature.is_some()) {
                *byte |= 0x80 >> (index % 8);
            }
        }
        put_prefixed(&mut out, &bitfield);
        out.extend(u32::try_from(self.signatures.len()).unwrap_or(u32::MAX).to_le_bytes());
        put_compact(&mut out, self.present() as u64);
        out.extend(self.signatures.iter().flatten().flatten());
        out
    }

    /// How many signed.
    pub fn present(&self) -> usize {
        self.signatures.iter().flatten().count()
    }
}

/// Who signed: one bit an authority, and nothing but zeros behind the last.
fn bits(bitfield: &[u8], signers: u32) -> Result<Vec<bool>, FinalityProofError> {
    let wrong = FinalityProofError::Bitfield { bytes: bitfield.len(), signers };
    let count = usize::try_from(signers).map_err(|_| wrong)?;
    if bitfield.len() != count.div_ceil(8) && bitfield.len() != (count / 8).saturating_add(1) {
        return Err(wrong);
    }
    let mut bits: Vec<bool> =
        bitfield.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)).collect();
    if bits.iter().skip(count).any(|bit| *bit) {
        return Err(wrong);
    }
    bits.truncate(count);
    Ok(bits)
}
