//! Packets and payloads (ICS-04 v2).

use crate::{ClientId, PortId, Sequence, TimestampSecs};
use alloc::{string::String, vec::Vec};
use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

/// What one application sends to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// Port of the sending application.
    pub source_port: PortId,
    /// Port of the receiving application.
    pub destination_port: PortId,
    /// Version of the application protocol, for example `ics20-1`.
    pub version: String,
    /// Encoding of `value`, a media type.
    pub encoding: String,
    /// The encoded message.
    pub value: Bytes,
}

/// A packet on its way from a client's chain to its counterparty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packet {
    /// Counted from 1 for each source client.
    pub sequence: Sequence,
    /// The client on the source chain that stands for the destination.
    pub source_client: ClientId,
    /// The client on the destination chain that stands for the source.
    pub destination_client: ClientId,
    /// From this second on, in the destination's block time, the packet can no longer be received.
    pub timeout_timestamp: TimestampSecs,
    /// At least one; EVM hosts take exactly one.
    pub payloads: Vec<Payload>,
}
