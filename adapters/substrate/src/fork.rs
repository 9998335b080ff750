//! Two finalized blocks of which neither descends from the other.

use crate::header_chain::Justified;
use alloy_primitives::Bytes;
use std::sync::Arc;

/// A fork, as it was seen.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The lower block, or one of the same height.
    pub ours: Arc<Justified>,
    /// The higher.
    pub other: Arc<Justified>,
    /// Headers from the parent of the higher down to the height of the lower; empty where the
    /// heights are equal. The last is not the lower block.
    pub ancestry: Vec<Bytes>,
}
