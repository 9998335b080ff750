//! Store paths (ICS-24 v2): `client ‖ kind ‖ u64be(sequence)`.

use crate::{ClientId, Packet, Sequence};
use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};

/// What is stored under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PathKind {
    /// Packet commitment, on the source chain.
    Commitment = 1,
    /// Packet receipt, on the destination chain.
    Receipt = 2,
    /// Acknowledgement commitment, on the destination chain.
    Acknowledgement = 3,
}

/// The path of one commitment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// Source client for commitments, destination client for receipts and acknowledgements.
    pub client: ClientId,
    /// What is stored there.
    pub kind: PathKind,
    /// The packet's sequence.
    pub sequence: Sequence,
}

impl Path {
    /// Where the source chain keeps the packet's commitment.
    pub fn commitment(packet: &Packet) -> Self {
        Self { client: packet.source_client.clone(), kind: PathKind::Commitment, sequence: packet.sequence }
    }
    /// Where the destination chain keeps the packet's receipt.
    pub fn receipt(packet: &Packet) -> Self {
        Self { client: packet.destination_client.clone(), kind: PathKind::Receipt, sequence: packet.sequence }
    }
    /// Where the destination chain keeps the packet's acknowledgement commitment.
    pub fn acknowledgement(packet: &Packet) -> Self {
        Self { client: packet.destination_client.clone(), kind: PathKind::Acknowledgement, sequence: packet.sequence }
    }
    /// The raw path: client id, kind, sequence as 8 big-endian bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.client.as_str().len() + 9);
        out.extend_from_slice(self.client.as_str().as_bytes());
        out.push(self.kind as u8);
        out.extend_from_slice(&self.sequence.get().to_be_bytes());
        out
    }
    /// keccak256 of the raw path: the key of the commitments mapping of an EVM router.
    pub fn keccak(&self) -> B256 {
        keccak256(self.to_bytes())
    }
}
