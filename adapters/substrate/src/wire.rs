//! What the pallet takes and tells, by the names that its metadata has: encoded and decoded by
//! name, so that a runtime upgrade may move what it does not change.

use lupu_adapter::Message;
use lupu_standard::{Acknowledgement, ClientId, IdentifierError, Packet, Payload, PortId, Sequence, TimestampSecs};
use subxt::ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType};

/// A payload in calls and events.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType, EncodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct ScalePayload {
    source_port: Vec<u8>,
    dest_port: Vec<u8>,
    version: Vec<u8>,
    encoding: Vec<u8>,
    value: Vec<u8>,
}

/// A packet in calls and events.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType, EncodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct ScalePacket {
    sequence: u64,
    source_client: Vec<u8>,
    dest_client: Vec<u8>,
    timeout: u64,
    payloads: Vec<ScalePayload>,
}

/// Why a packet of the chain is none that could be relayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// An identifier breaks its rules.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// A text is not UTF-8.
    #[error("{0} is not UTF-8")]
    Text(&'static str),
}

fn text(what: &'static str, bytes: Vec<u8>) -> Result<String, PacketError> {
    String::from_utf8(bytes).map_err(|_| PacketError::Text(what))
}

/// A client id as the pallet writes it.
pub(crate) fn client_id(bytes: Vec<u8>) -> Result<ClientId, PacketError> {
    Ok(ClientId::new(text("client", bytes)?)?)
}

impl ScalePayload {
    fn read(self) -> Result<Payload, PacketError> {
        Ok(Payload {
            source_port: PortId::new(text("source port", self.source_port)?)?,
            destination_port: PortId::new(text("destination port", self.dest_port)?)?,
            version: text("version", self.version)?,
            encoding: text("encoding", self.encoding)?,
            value: self.value.into(),
        })
    }
}

impl From<&Payload> for ScalePayload {
    fn from(p: &Payload) -> Self {
        Self {
            source_port: p.source_port.as_str().into(),
            dest_port: p.destination_port.as_str().into(),
            version: p.version.as_str().into(),
            encoding: p.encoding.as_str().into(),
            value: p.value.to_vec(),
        }
    }
}

impl ScalePacket {
    /// As the standard has it.
    pub fn read(self) -> Result<Packet, PacketError> {
        Ok(Packet {
            sequence: Sequence::new(self.sequence)?,
            source_client: client_id(self.source_client)?,
            destination_client: client_id(self.dest_client)?,
            timeout_timestamp: TimestampSecs(self.timeout),
            payloads: self.payloads.into_iter().map(ScalePayload::read).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Packet> for ScalePacket {
    fn from(p: &Packet) -> Self {
        Self {
            sequence: p.sequence.get(),
            source_client: p.source_client.as_str().into(),
            dest_client: p.destination_client.as_str().into(),
            timeout: p.timeout_timestamp.0,
            payloads: p.payloads.iter().map(ScalePayload::from).collect(),
        }
    }
}

/// A weight: time in picoseconds, proof in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DecodeAsType, EncodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct Weight {
    /// Picoseconds.
    pub ref_time: u64,
    /// Bytes of storage proof.
    pub proof_size: u64,
}

/// One message of `Ibc.relay`.
#[derive(Clone, Debug, PartialEq, Eq, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub enum RelayMessage {
    /// A client update.
    UpdateClient {
        /// The client.
        client: Vec<u8>,
        /// In the client type's encoding.
        message: Vec<u8>,
    },
    /// Evidence against a client's chain.
    Misbehaviour {
        /// The client.
        client: Vec<u8>,
        /// In the client type's encoding.
        evidence: Vec<u8>,
    },
    /// Packets to receive.
    Receive {
        /// The packets.
        packets: Vec<ScalePacket>,
        /// One proof for all.
        proof: Vec<u8>,
        /// Height of the proof.
        height: u64,
    },
    /// Packets that were received.
    Acknowledge {
        /// The packets.
        packets: Vec<ScalePacket>,
        /// Of each packet, in order.
        acknowledgements: Vec<Vec<Vec<u8>>>,
        /// One proof for all.
        proof: Vec<u8>,
        /// Height of the proof.
        height: u64,
    },
    /// Packets that were not received in time.
    Timeout {
        /// The packets.
        packets: Vec<ScalePacket>,
        /// One proof for all.
        proof: Vec<u8>,
        /// Height of the proof.
        height: u64,
    },
}

fn scale_packets<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Vec<ScalePacket> {
    packets.into_iter().map(ScalePacket::from).collect()
}

impl From<&Message> for RelayMessage {
    fn from(message: &Message) -> Self {
        match message {
            Message::UpdateClient { client, message } => {
                Self::UpdateClient { client: client.as_str().into(), message: message.clone() }
            }
            Message::Misbehaviour { client, evidence } => {
                Self::Misbehaviour { client: client.as_str().into(), evidence: evidence.clone() }
            }
            Message::Receive { packets, proof, height, .. } => {
                Self::Receive { packets: scale_packets(packets), proof: proof.clone(), height: height.0 }
            }
            Message::Acknowledge { packets, proof, height, .. } => Self::Acknowledge {
                packets: scale_packets(packets.iter().map(|(packet, _)| packet)),
                acknowledgements: packets.iter().map(|(_, ack)| ack.0.iter().map(|a| a.to_vec()).collect()).collect(),
                proof: proof.clone(),
                height: height.0,
            },
            Message::Timeout { packets, proof, height, .. } => {
                Self::Timeout { packets: scale_packets(packets), proof: proof.clone(), height: height.0 }
            }
        }
    }
}

/// The arguments of `Ibc.relay`, also of the runtime's dry run of it.
#[derive(Clone, Debug, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct Relay {
    /// The messages, in order.
    pub messages: Vec<RelayMessage>,
    /// What all callbacks together may use.
    pub callback_weight: Weight,
}

impl Relay {
    /// A call that carries these messages.
    pub fn new(messages: &[Message], callback_weight: Weight) -> Self {
        Self { messages: messages.iter().map(RelayMessage::from).collect(), callback_weight }
    }
}

/// `PacketSent`, `PacketTimedOut`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct PacketOnly {
    pub(crate) packet: ScalePacket,
}

/// `PacketReceived`, `PacketAcknowledged`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct PacketAcknowledgements {
    pub(crate) packet: ScalePacket,
    pub(crate) acknowledgements: Vec<Vec<u8>>,
}

impl PacketAcknowledgements {
    pub(crate) fn split(self) -> (ScalePacket, Acknowledgement) {
        (self.packet, Acknowledgement(self.acknowledgements.into_iter().map(Into::into).collect()))
    }
}

/// `PacketOutcome`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct OutcomeEvent {
    pub(crate) client: Vec<u8>,
    pub(crate) sequence: u64,
    pub(crate) outcome: u8,
}

/// `ClientUpdated`.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ClientUpdated {
    pub(crate) client: Vec<u8>,
    pub(crate) height: u64,
    pub(crate) consensus_state: Vec<u8>,
}

/// A client as the pallet stores it; it may have more fields.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredClient {
    pub(crate) client_type: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) counterparty: Option<StoredCounterparty>,
    /// The id under which its consensus states are: its own, or after a migration the substitute's.
    pub(crate) states: Vec<u8>,
}

/// The other end of a bound client.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct StoredCounterparty {
    pub(crate) client: Vec<u8>,
    pub(crate) prefix: Vec<Vec<u8>>,
}
