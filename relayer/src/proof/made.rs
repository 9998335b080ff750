//! What an export hands back: bundles, and what is missing with its reason.

use lupu_proof::{Kind, Report};
use lupu_standard::{ChainId, Height};
use serde::Serialize;

/// A statement in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The packet, as `chain/client/sequence`.
    pub packet: String,
    /// What is said about it.
    #[serde(serialize_with = "kind_name")]
    pub statement: Kind,
    /// At which height.
    pub height: Height,
}

/// A statement that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The packet, as `chain/client/sequence`.
    pub packet: String,
    /// What should have been said about it.
    #[serde(serialize_with = "kind_name")]
    pub statement: Kind,
    /// Why it cannot be proven.
    pub reason: String,
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// A bundle, verified.
#[derive(Clone, Debug)]
pub struct Made {
    /// The chain that it is about.
    pub tracks: ChainId,
    /// The type of client that proves it.
    pub client_type: String,
    /// The file.
    pub file: Vec<u8>,
    /// What verifying the file says.
    pub report: Report,
    /// What it says.
    pub entries: Vec<Entry>,
}
