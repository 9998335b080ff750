//! Proof files out of what the store has kept, or straight from nodes.
//!
//! [`Exporter`] is told about packets and hands back bundles, each read back and verified as anyone
//! else would. What a bundle says is proven by the light client that the counterparty has of the
//! chain concerned; it begins at an [anchor](Anchors): the client as this relayer first saw it.

mod anchors;
mod build;
mod exporter;
mod made;
mod nodes;
mod options;
mod pool;
mod wanted;

pub use anchors::{Anchors, Route, fresh};
pub use exporter::Exporter;
pub use made::{Entry, Made, Missing};
pub use nodes::Nodes;
pub use options::{Format, Options, Source};
pub use wanted::{Wanted, possible, refusal};

use crate::{setup::SetupError, store::StoreError};

/// Why nothing more can be exported. What one packet lacks is a [`Missing`].
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration, or the first contact with a chain.
    #[error(transparent)]
    Setup(#[from] SetupError),
}
