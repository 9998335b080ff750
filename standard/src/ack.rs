//! Acknowledgements (ICS-04 v2).

use alloc::vec::Vec;
use alloy_primitives::{Bytes, b256, B256};
use serde::{Deserialize, Serialize};

/// sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT"): what a failed receive writes, in place of all app acknowledgements.
pub const UNIVERSAL_ERROR: B256 = b256!("4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab");

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
}
