//! Packet events, as every family of chains has them.

use alloy_primitives::B256;
use lupu_standard::{Acknowledgement, Height, Packet};

/// What happened to a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketEventKind {
    /// Sent on this chain.
    Sent,
    /// Received on this chain, with this acknowledgement written.
    Received(Acknowledgement),
    /// Its acknowledgement arrived on this chain, where it was sent.
    Acknowledged(Acknowledgement),
    /// Its timeout was proven to this chain, where it was sent.
    TimedOut,
}

/// A packet event in a finalized block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketEvent {
    /// What happened.
    pub kind: PacketEventKind,
    /// To which packet.
    pub packet: Packet,
    /// In which block.
    pub height: Height,
    /// In which transaction.
    pub transaction: B256,
}
