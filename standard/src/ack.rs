//! Acknowledgements (ICS-04 v2).

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, b256};
use serde::{Deserialize, Serialize};

/// sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT"): what a failed receive writes, in place of all app acknowledgements.
pub const UNIVERSAL_ERROR: B256 = b256!("4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab");

/// Why a list of acknowledgements is not one that a router may have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcknowledgementError {
    /// Neither the universal error alone nor one acknowledgement for each payload.
    #[error("{found} acknowledgements for {payloads} payloads")]
    Count {
        /// Acknowledgements found.
        found: usize,
        /// Payloads of the packet.
        payloads: usize,
    },
    /// An application's acknowledgement is empty.
    #[error("acknowledgement {index} is empty")]
    Empty {
        /// Its place in the list, from 0.
        index: usize,
    },
    /// The universal error among several acknowledgements: it stands alone or not at all.
    #[error("acknowledgement {index} is the universal error, which must stand alone")]
    MixedError {
        /// Its place in the list, from 0.
        index: usize,
    },
}

/// Whether a packet's applications took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every payload was taken; one acknowledgement each.
    Success,
    /// The universal error: nothing of the packet took effect.
    Failure,
}

/// The acknowledgements of a packet: one for each payload, or exactly the universal error.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Acknowledgement(pub Vec<Bytes>);

impl Acknowledgement {
    /// The acknowledgement of a failed receive.
    pub fn error() -> Self {
        Self(alloc::vec![Bytes::copy_from_slice(UNIVERSAL_ERROR.as_slice())])
    }
    /// Whether this is the universal error.
    pub fn is_error(&self) -> bool {
        matches!(self.0.as_slice(), [one] if one.as_ref() == UNIVERSAL_ERROR.as_slice())
    }
    /// Checks that this may acknowledge a packet of `payloads` payloads, and says which kind it
    /// is (ICS-04 v2): the universal error alone, or one acknowledgement for each payload, none
    /// empty and none the universal error.
    pub fn check(&self, payloads: usize) -> Result<Verdict, AcknowledgementError> {
        if self.is_error() {
            return Ok(Verdict::Failure);
        }
        if self.0.is_empty() || self.0.len() != payloads {
            return Err(AcknowledgementError::Count { found: self.0.len(), payloads });
        }
        for (index, one) in self.0.iter().enumerate() {
            if one.is_empty() {
                return Err(AcknowledgementError::Empty { index });
            }
            if one.as_ref() == UNIVERSAL_ERROR.as_slice() {
                return Err(AcknowledgementError::MixedError { index });
            }
        }
        Ok(Verdict::Success)
    }
}
