//! Packets as they travel in calls and events: SCALE, bounded when decoded.
//!
//! Bounds keep memory in hand and are wider than the rules, so that a packet against the rules
//! still has its own outcome in a batch.

use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, pallet_prelude::ConstU32};
use lupu_standard::{ClientId, Packet, PathKind, Payload, PortId, Sequence, TimestampSecs};
use scale_info::TypeInfo;
use sp_io::hashing::sha2_256;

/// Most bytes of an identifier: client or port.
pub const MAX_IDENTIFIER: u32 = 128;
/// Most bytes of a payload's version, and of its encoding.
pub const MAX_TEXT: u32 = 1_024;
/// Most bytes of a value that decodes. What may be received is less:
/// [`lupu_standard::rules::MAX_PAYLOAD_BYTES`].
pub const MAX_VALUE: u32 = 1_048_576;
/// Most payloads of a packet that decodes. What may be received is one.
pub const MAX_PAYLOADS: u32 = 8;
/// Most bytes of an acknowledgement of a counterparty.
pub const MAX_ACKNOWLEDGEMENT: u32 = 65_536;
/// Most packets in one batch.
pub const MAX_BATCH: u32 = 256;
/// Most bytes of a client message, of evidence and of a proof.
pub const MAX_MESSAGE: u32 = 4_194_304;
/// Most messages in one `relay` call.
pub const MAX_MESSAGES: u32 = 64;

/// A client or port identifier, not yet checked.
pub type IdentifierBytes = BoundedVec<u8, ConstU32<MAX_IDENTIFIER>>;
/// A client message, evidence or a proof.
pub type MessageBytes = BoundedVec<u8, ConstU32<MAX_MESSAGE>>;
/// The acknowledgements of one packet.
pub type ScaleAcknowledgements = BoundedVec<BoundedVec<u8, ConstU32<MAX_ACKNOWLEDGEMENT>>, ConstU32<MAX_PAYLOADS>>;
/// The packets of a batch.
pub type ScalePackets = BoundedVec<ScalePacket, ConstU32<MAX_BATCH>>;
/// The acknowledgements of a batch: a list for each packet.
pub type BatchAcknowledgements = BoundedVec<ScaleAcknowledgements, ConstU32<MAX_BATCH>>;

/// The mirror of [`Payload`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct ScalePayload {
    /// Port of the sending application.
    pub source_port: IdentifierBytes,
    /// Port of the receiving application.
    pub dest_port: IdentifierBytes,
    /// Version of the application protocol.
    pub version: BoundedVec<u8, ConstU32<MAX_TEXT>>,
    /// Encoding of `value`, a media type.
    pub encoding: BoundedVec<u8, ConstU32<MAX_TEXT>>,
    /// The encoded message.
    pub value: BoundedVec<u8, ConstU32<MAX_VALUE>>,
}

/// The mirror of [`Packet`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct ScalePacket {
    /// Counted from 1 for each source client.
    pub sequence: u64,
    /// The client on the source chain that stands for the destination.
    pub source_client: IdentifierBytes,
    /// The client on the destination chain that stands for the source.
    pub dest_client: IdentifierBytes,
    /// UNIX seconds from which on the packet can no longer be received.
    pub timeout: u64,
    /// What the applications say to each other.
    pub payloads: BoundedVec<ScalePayload, ConstU32<MAX_PAYLOADS>>,
}

/// A packet that is not one: an identifier that breaks its rules, a text that is not UTF-8,
/// sequence 0; or, on the way to the wire, a part longer than the bounds of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a packet: {0}")]
pub struct MalformedPacket(pub &'static str);

fn text(what: &'static str, bytes: &[u8]) -> Result<String, MalformedPacket> {
    core::str::from_utf8(bytes).map(String::from).map_err(|_| MalformedPacket(what))
}

fn bytes<const N: u32>(what: &'static str, b: &[u8]) -> Result<BoundedVec<u8, ConstU32<N>>, MalformedPacket> {
    BoundedVec::try_from(b.to_vec()).map_err(|_| MalformedPacket(what))
}

/// Reads a client identifier.
pub fn client_id(bytes: &[u8]) -> Result<ClientId, MalformedPacket> {
    ClientId::new(text("client", bytes)?).map_err(|_| MalformedPacket("client"))
}

/// A client identifier in its wire form. Identifiers are never longer than the bound.
pub fn client_bytes(id: &ClientId) -> IdentifierBytes {
    BoundedVec::truncate_from(id.as_str().as_bytes().to_vec())
}

fn port_id(what: &'static str, bytes: &[u8]) -> Result<PortId, MalformedPacket> {
    PortId::new(text(what, bytes)?).map_err(|_| MalformedPacket(what))
}

impl TryFrom<&ScalePayload> for Payload {
    type Error = MalformedPacket;
    fn try_from(p: &ScalePayload) -> Result<Self, MalformedPacket> {
        Ok(Self {
            source_port: port_id("source port", &p.source_port)?,
            destination_port: port_id("destination port", &p.dest_port)?,
            version: text("version", &p.version)?,
            encoding: text("encoding", &p.encoding)?,
            value: p.value.to_vec().into(),
        })
    }
}

impl TryFrom<&Payload> for ScalePayload {
    type Error = MalformedPacket;
    fn try_from(p: &Payload) -> Result<Self, MalformedPacket> {
        Ok(Self {
            source_port: bytes("source port", p.source_port.as_str().as_bytes())?,
            dest_port: bytes("destination port", p.destination_port.as_str().as_bytes())?,
            version: bytes("version", p.version.as_bytes())?,
            encoding: bytes("encoding", p.encoding.as_bytes())?,
            value: bytes("value", &p.value)?,
        })
    }
}

impl TryFrom<&ScalePacket> for Packet {
    type Error = MalformedPacket;
    fn try_from(p: &ScalePacket) -> Result<Self, MalformedPacket> {
        Ok(Self {
            sequence: Sequence::new(p.sequence).map_err(|_| MalformedPacket("sequence"))?,
            source_client: client_id(&p.source_client)?,
            destination_client: client_id(&p.dest_client)?,
            timeout_timestamp: TimestampSecs(p.timeout),
            payloads: p.payloads.iter().map(Payload::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<&Packet> for ScalePacket {
    type Error = MalformedPacket;
    fn try_from(p: &Packet) -> Result<Self, MalformedPacket> {
        let payloads: Vec<_> = p.payloads.iter().map(ScalePayload::try_from).collect::<Result<_, _>>()?;
        Ok(Self {
            sequence: p.sequence.get(),
            source_client: client_bytes(&p.source_client),
            dest_client: client_bytes(&p.destination_client),
            timeout: p.timeout_timestamp.0,
            payloads: BoundedVec::try_from(payloads).map_err(|_| MalformedPacket("payloads"))?,
        })
    }
}

/// The raw path `client ‖ kind ‖ sequence` of [`lupu_standard::Path`], also of a packet that the
/// rules refuse: its proof is asked for like any other's.
pub fn raw_path(client: &[u8], kind: PathKind, sequence: u64) -> Vec<u8> {
    let mut path = Vec::with_capacity(client.len().saturating_add(9));
    path.extend_from_slice(client);
    path.push(kind as u8);
    path.extend_from_slice(&sequence.to_be_bytes());
    path
}

/// Version byte of commitments.
const COMMITMENT_VERSION: u8 = 2;

impl ScalePacket {
    /// [`lupu_standard::commitment::commit_packet`], by the host's sha256.
    pub fn commitment(&self) -> [u8; 32] {
        let mut payloads = Vec::with_capacity(self.payloads.len().saturating_mul(32));
        for p in &self.payloads {
            let fields: [&[u8]; 5] = [&p.source_port, &p.dest_port, &p.version, &p.encoding, &p.value];
            payloads.extend_from_slice(&sha2_256(&fields.map(sha2_256).concat()));
        }
        let parts = [sha2_256(&self.dest_client), sha2_256(&self.timeout.to_be_bytes()), sha2_256(&payloads)];
        versioned(&parts)
    }
}

/// [`lupu_standard::commitment::commit_acknowledgement`], by the host's sha256.
pub fn commit_acknowledgements<A: AsRef<[u8]>>(acknowledgements: &[A]) -> [u8; 32] {
    let parts: Vec<_> = acknowledgements.iter().map(|a| sha2_256(a.as_ref())).collect();
    versioned(&parts)
}

fn versioned(parts: &[[u8; 32]]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(parts.len().saturating_mul(32).saturating_add(1));
    bytes.push(COMMITMENT_VERSION);
    bytes.extend(parts.iter().flatten());
    sha2_256(&bytes)
}

/// One message of a `relay` call.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub enum RelayMessage {
    /// A client update.
    UpdateClient {
        /// The client.
        client: IdentifierBytes,
        /// The message in the client type's encoding.
        message: MessageBytes,
    },
    /// Evidence against a client's chain.
    Misbehaviour {
        /// The client.
        client: IdentifierBytes,
        /// The evidence in the client type's encoding.
        evidence: MessageBytes,
    },
    /// Packets of one destination client to receive.
    Receive {
        /// The packets.
        packets: ScalePackets,
        /// One proof of all their commitments, in their order.
        proof: MessageBytes,
        /// Block number of the proof.
        height: u64,
    },
    /// Packets of one source client that were received.
    Acknowledge {
        /// The packets.
        packets: ScalePackets,
        /// The acknowledgements of each.
        acknowledgements: BatchAcknowledgements,
        /// One proof of all acknowledgement commitments, in their order.
        proof: MessageBytes,
        /// Block number of the proof.
        height: u64,
    },
    /// Packets of one source client that were not received in time.
    Timeout {
        /// The packets.
        packets: ScalePackets,
        /// One proof that all receipts are absent, in their order.
        proof: MessageBytes,
        /// Block number of the proof.
        height: u64,
    },
}
