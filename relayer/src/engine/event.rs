//! What the engine tells whoever listens: the demo, and programs that embed it.

use crate::store::{PacketChange, TransactionKind};
use alloy_primitives::B256;
use lupu_standard::{ChainId, ClientId, Height};
use serde::Serialize;

/// Something happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum EngineEvent {
    /// A packet moved.
    PacketChanged(PacketChange),
    /// A transaction was sent.
    TransactionSent {
        /// Where to.
        chain: ChainId,
        /// The client whose worker made it.
        client: ClientId,
        /// Its hash.
        hash: B256,
        /// What is in it.
        summary: String,
        /// How many packets it carries.
        packets: usize,
    },
    /// A transaction is in a finalized block.
    TransactionIncluded {
        /// Where.
        chain: ChainId,
        /// The client whose worker made it.
        client: ClientId,
        /// Its hash.
        hash: B256,
        /// Why it was made.
        kind: TransactionKind,
        /// The block.
        height: Height,
        /// Whether it did anything.
        success: bool,
        /// How many packets it carried.
        packets: usize,
        /// Gas used.
        gas_used: u64,
        /// Fee paid, smallest unit.
        fee_paid: u128,
    },
    /// A client knows a new height.
    ClientUpdated {
        /// The client's host.
        chain: ChainId,
        /// The client.
        client: ClientId,
        /// The height it now knows, on the chain it tracks.
        height: Height,
    },
    /// A person should know.
    Warning {
        /// Which chain, if one.
        chain: Option<ChainId>,
        /// Which client, if one.
        client: Option<ClientId>,
        /// What.
        message: String,
    },
}
