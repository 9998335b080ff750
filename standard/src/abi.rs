//! The canonical ABI rule: a message is accepted only if encoding it again gives the same bytes.
//!
//! The Solidity ABI has many encodings of one value (odd offsets, dirty padding, trailing bytes).
//! Accepting more than one would let two verifiers disagree about a message.

use alloc::string::{String, ToString};
use alloy_sol_types::{SolType, SolValue};

/// Why bytes are not the canonical ABI encoding of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbiError {
    /// They do not decode at all.
    #[error("ABI encoding: {0}")]
    Malformed(String),
    /// They decode, but the value's one canonical encoding is different.
    #[error("ABI encoding is not canonical: first difference at byte {at}")]
    NotCanonical {
        /// Offset of the first byte that differs (or the length of the shorter encoding).
        at: usize,
    },
}

/// Decodes `abi.encode(value)` of one value and refuses every encoding but the canonical one.
///
/// Strings that are not UTF-8 are refused as well, for they do not survive the round trip.
pub fn decode_canonical<T>(bytes: &[u8]) -> Result<T, AbiError>
where
    T: SolValue + From<<T::SolType as SolType>::RustType>,
{
    let value = T::abi_decode(bytes).map_err(|e| AbiError::Malformed(e.to_string()))?;
    let again = value.abi_encode();
    if again == bytes {
        return Ok(value);
    }
    let at = again.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(again.len().min(bytes.len()));
    Err(AbiError::NotCanonical { at })
}
