//! IBC messages as calls of the router, and what the router answers.

use crate::abi::{
    CounterpartyInfo, Height as AbiHeight, IRouter, MsgAckPackets, MsgRecvPackets, MsgTimeoutPackets,
    Packet as AbiPacket, PacketResult, Payload as AbiPayload,
};
use alloy::{
    primitives::{B256, Bytes, keccak256},
    sol_types::{SolCall, SolInterface},
};
use lupu_adapter::{Message, Outcome};
use lupu_standard::{ClientId, Height, IdentifierError, Packet, Payload, PortId, Sequence, TimestampSecs};
use std::collections::BTreeMap;

/// A packet for the router.
pub fn to_abi(packet: &Packet) -> AbiPacket {
    AbiPacket {
        sequence: packet.sequence.get(),
        sourceClient: packet.source_client.as_str().into(),
        destClient: packet.destination_client.as_str().into(),
        timeoutTimestamp: packet.timeout_timestamp.0,
        payloads: packet.payloads.iter().map(payload_to_abi).collect(),
    }
}

fn payload_to_abi(payload: &Payload) -> AbiPayload {
    AbiPayload {
        sourcePort: payload.source_port.as_str().into(),
        destPort: payload.destination_port.as_str().into(),
        version: payload.version.clone(),
        encoding: payload.encoding.clone(),
        value: payload.value.clone(),
    }
}

/// A packet from the router's events.
pub fn from_abi(packet: AbiPacket) -> Result<Packet, IdentifierError> {
    let payload = |p: AbiPayload| {
        Ok(Payload {
            source_port: PortId::new(p.sourcePort)?,
            destination_port: PortId::new(p.destPort)?,
            version: p.version,
            encoding: p.encoding,
            value: p.value,
        })
    };
    Ok(Packet {
        sequence: Sequence::new(packet.sequence)?,
        source_client: ClientId::new(packet.sourceClient)?,
        destination_client: ClientId::new(packet.destClient)?,
        timeout_timestamp: TimestampSecs(packet.timeoutTimestamp),
        payloads: packet.payloads.into_iter().map(payload).collect::<Result<_, _>>()?,
    })
}

fn height_to_abi(height: Height) -> AbiHeight {
    AbiHeight { revisionNumber: 0, revisionHeight: height.0 }
}

/// One message as a call of the router.
pub fn call(message: &Message) -> Bytes {
    let calldata = match message {
        Message::UpdateClient { client, message } => {
            IRouter::updateClientCall { clientId: client.to_string(), updateMsg: message.clone().into() }.abi_encode()
        }
        Message::Misbehaviour { client, evidence } => {
            IRouter::submitMisbehaviourCall { clientId: client.to_string(), misbehaviourMsg: evidence.clone().into() }
                .abi_encode()
        }
        Message::Receive { packets, proof, height, .. } => IRouter::recvPacketsCall {
            msg_: MsgRecvPackets {
                packets: packets.iter().map(to_abi).collect(),
                proof: proof.clone().into(),
                proofHeight: height_to_abi(*height),
            },
        }
        .abi_encode(),
        Message::Acknowledge { packets, proof, height, .. } => IRouter::ackPacketsCall {
            msg_: MsgAckPackets {
                packets: packets.iter().map(|(packet, _)| to_abi(packet)).collect(),
                acknowledgements: packets.iter().map(|(_, ack)| ack.0.clone()).collect(),
                proof: proof.clone().into(),
                proofHeight: height_to_abi(*height),
            },
        }
        .abi_encode(),
        Message::Timeout { packets, proof, height, .. } => IRouter::timeoutPacketsCall {
            msg_: MsgTimeoutPackets {
                packets: packets.iter().map(to_abi).collect(),
                proof: proof.clone().into(),
                proofHeight: height_to_abi(*height),
            },
        }
        .abi_encode(),
    };
    calldata.into()
}

/// All messages as one call: `multicall(bytes[])`.
pub fn multicall(messages: &[Message]) -> Bytes {
    IRouter::multicallCall { data: messages.iter().map(call).collect() }.abi_encode().into()
}

/// An outcome of the router; `None` for a number that this version does not know.
pub fn outcome(result: PacketResult) -> Option<Outcome> {
    Outcome::from_u8(result as u8)
}

/// What `multicall` returned: per message, per packet.
pub fn outcomes(messages: &[Message], returned: &[u8]) -> Result<Vec<Vec<Outcome>>, String> {
    let results =
        IRouter::multicallCall::abi_decode_returns(returned).map_err(|e| format!("multicall returned: {e}"))?;
    if results.len() != messages.len() {
        return Err(format!("multicall returned {} results for {} messages", results.len(), messages.len()));
    }
    messages.iter().zip(&results).map(|(message, result)| message_outcomes(message, result)).collect()
}

fn message_outcomes(message: &Message, result: &[u8]) -> Result<Vec<Outcome>, String> {
    let decoded = match message {
        Message::UpdateClient { .. } | Message::Misbehaviour { .. } => return Ok(Vec::new()),
        Message::Receive { .. } => IRouter::recvPacketsCall::abi_decode_returns(result),
        Message::Acknowledge { .. } => IRouter::ackPacketsCall::abi_decode_returns(result),
        Message::Timeout { .. } => IRouter::timeoutPacketsCall::abi_decode_returns(result),
    };
    let decoded = decoded.map_err(|e| format!("the router returned no outcomes: {e}"))?;
    if decoded.len() != message.packets() {
        return Err(format!("the router returned {} outcomes for {} packets", decoded.len(), message.packets()));
    }
    let known = decoded.into_iter().map(outcome).collect::<Option<_>>();
    known.ok_or_else(|| "the router returned an unknown outcome".into())
}

/// The clients that a `multicall` of ours names, by the hash that its events show.
pub fn clients_of(calldata: &[u8]) -> BTreeMap<B256, String> {
    let Ok(multicall) = IRouter::multicallCall::abi_decode(calldata) else { return BTreeMap::new() };
    let mut names = Vec::new();
    for part in &multicall.data {
        match IRouter::IRouterCalls::abi_decode(part) {
            Ok(IRouter::IRouterCalls::recvPackets(call)) => {
                names.extend(call.msg_.packets.into_iter().map(|p| p.destClient));
            }
            Ok(IRouter::IRouterCalls::ackPackets(call)) => {
                names.extend(call.msg_.packets.into_iter().map(|p| p.sourceClient));
            }
            Ok(IRouter::IRouterCalls::timeoutPackets(call)) => {
                names.extend(call.msg_.packets.into_iter().map(|p| p.sourceClient));
            }
            _ => {}
        }
    }
    names.into_iter().map(|name| (keccak256(&name), name)).collect()
}

/// A counterparty for `addClient`: EVM stores under the path itself, so the prefix is one empty element.
pub fn counterparty(client: &ClientId, prefix: &[Vec<u8>]) -> CounterpartyInfo {
    CounterpartyInfo {
        clientId: client.to_string(),
        merklePrefix: prefix.iter().map(|p| Bytes::copy_from_slice(p)).collect(),
    }
}
