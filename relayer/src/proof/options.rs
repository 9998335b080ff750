//! What to export, and how.

use super::Wanted;
use lupu_proof::Bundle;

/// Where proofs are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the relayer has kept; nobody is asked.
    Store,
    /// Straight from nodes, as far as they still have the state.
    Nodes,
    /// The store first, and nodes for what it does not have.
    Any,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people and their tools.
    Json,
    /// Half the size.
    Cbor,
}

impl Format {
    /// The file of a bundle.
    pub fn encode(self, bundle: &Bundle) -> Vec<u8> {
        match self {
            Self::Json => bundle.to_json().into_bytes(),
            Self::Cbor => bundle.to_cbor(),
        }
    }

    /// What such a file's name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
        }
    }
}

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which statements.
    pub wanted: Wanted,
    /// From where.
    pub source: Source,
    /// A bundle for each statement, instead of one for each chain.
    pub separate: bool,
    /// The form of the files.
    pub format: Format,
}
