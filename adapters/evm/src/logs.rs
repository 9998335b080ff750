//! The router's logs: packet events, and what a transaction did to each packet.

use crate::{
    abi::{IRouter, Packet},
    json::{FieldError, address_at, data_at, hash_at, number_at},
    messages::{from_abi, outcome},
};
use alloy::{
    primitives::{Address, B256, LogData, U256, keccak256},
    sol_types::SolEvent,
};
use lupu_adapter::{Outcome, PacketEvent, PacketEventKind, transaction::PacketOutcome};
use lupu_standard::{Acknowledgement, Height};
use serde_json::Value;
use std::collections::BTreeMap;

/// A log as a node shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Topics and data.
    pub data: LogData,
    /// Block number.
    pub block: u64,
    /// Block hash.
    pub block_hash: B256,
    /// Position in the block.
    pub index: u64,
    /// The transaction.
    pub transaction: B256,
}

/// Decodes a log of JSON-RPC; a removed or pending one is refused.
pub(crate) fn decode(value: &Value) -> Result<Log, FieldError> {
    if value.get("removed").and_then(Value::as_bool) == Some(true) {
        return Err(FieldError { field: "removed", reason: "true" });
    }
    let topics: Vec<B256> = crate::json::data_list(value, "topics")?
        .iter()
        .map(|t| B256::try_from(t.as_ref()).map_err(|_| FieldError { field: "topics", reason: "not 32 bytes" }))
        .collect::<Result<_, _>>()?;
    let data = LogData::new(topics, data_at(value, "data")?);
    Ok(Log {
        address: address_at(value, "address")?,
        data: data.ok_or(FieldError { field: "topics", reason: "more than 4" })?,
        block: number_at(value, "blockNumber")?,
        block_hash: hash_at(value, "blockHash")?,
        index: number_at(value, "logIndex")?,
        transaction: hash_at(value, "transactionHash")?,
    })
}

/// Topics of the events that tell of packets.
pub(crate) const PACKET_TOPICS: [B256; 4] = [
    IRouter::SendPacket::SIGNATURE_HASH,
    IRouter::WriteAcknowledgement::SIGNATURE_HASH,
    IRouter::AckPacket::SIGNATURE_HASH,
    IRouter::TimeoutPacket::SIGNATURE_HASH,
];

/// Decodes an event from its one canonical encoding.
pub(crate) fn event<E: SolEvent>(log: &Log) -> Result<E, String> {
    let event = E::decode_log_data(&log.data).map_err(|e| format!("event is malformed: {e}"))?;
    if event.encode_log_data() == log.data { Ok(event) } else { Err("event is not canonically encoded".into()) }
}

/// A packet event whose indexed fields do not fit its data, or that is not decodable.
fn check_index(indexed: B256, sequence: U256, client: &str, found: u64) -> Result<(), String> {
    if indexed != keccak256(client) {
        return Err(format!("the indexed client is not {client}"));
    }
    if sequence != U256::from(found) {
        return Err(format!("the indexed sequence is {sequence}, the packet's {found}"));
    }
    Ok(())
}

/// Why a log gives no packet event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventError {
    /// No router emits such a log: the node made it up.
    Contradiction(String),
    /// Its identifiers break the standard's rules: nobody can relay it.
    Unusable(String),
}

/// The packet event of a log; `None` for other events.
pub(crate) fn packet_event(log: &Log) -> Result<Option<PacketEvent>, EventError> {
    let Some((kind, packet)) = packet_in(log).map_err(EventError::Contradiction)? else { return Ok(None) };
    let packet = from_abi(packet).map_err(|e| EventError::Unusable(format!("packet: {e}")))?;
    Ok(Some(PacketEvent { kind, packet, height: Height(log.block), transaction: log.transaction }))
}

fn packet_in(log: &Log) -> Result<Option<(PacketEventKind, Packet)>, String> {
    let Some(topic) = log.data.topics().first() else { return Ok(None) };
    Ok(Some(match *topic {
        IRouter::SendPacket::SIGNATURE_HASH => {
            let e = event::<IRouter::SendPacket>(log)?;
            check_index(e.clientId, e.sequence, &e.packet.sourceClient, e.packet.sequence)?;
            (PacketEventKind::Sent, e.packet)
        }
        IRouter::WriteAcknowledgement::SIGNATURE_HASH => {
            let e = event::<IRouter::WriteAcknowledgement>(log)?;
            check_index(e.clientId, e.sequence, &e.packet.destClient, e.packet.sequence)?;
            (PacketEventKind::Received(Acknowledgement(e.acknowledgements)), e.packet)
        }
        IRouter::AckPacket::SIGNATURE_HASH => {
            let e = event::<IRouter::AckPacket>(log)?;
            check_index(e.clientId, e.sequence, &e.packet.sourceClient, e.packet.sequence)?;
            (PacketEventKind::Acknowledged(Acknowledgement(vec![e.acknowledgement])), e.packet)
        }
        IRouter::TimeoutPacket::SIGNATURE_HASH => {
            let e = event::<IRouter::TimeoutPacket>(log)?;
            check_index(e.clientId, e.sequence, &e.packet.sourceClient, e.packet.sequence)?;
            (PacketEventKind::TimedOut, e.packet)
        }
        _ => return Ok(None),
    }))
}

/// What a transaction did to each packet, from its logs. `clients` gives names to the hashes in
/// `PacketOutcome`.
pub(crate) fn outcomes(logs: &[Log], router: Address, clients: &BTreeMap<B256, String>) -> Vec<PacketOutcome> {
    let mut out = Vec::new();
    for log in logs.iter().filter(|l| l.address == router) {
        if let Ok(e) = event::<IRouter::PacketOutcome>(log) {
            let client = clients.get(&e.clientId).cloned().unwrap_or_else(|| e.clientId.to_string());
            if let (Some(outcome), Ok(sequence)) = (outcome(e.outcome), u64::try_from(e.sequence)) {
                out.push(PacketOutcome { client, sequence, outcome });
            }
            continue;
        }
        let Ok(Some(event)) = packet_event(log) else { continue };
        let (client, outcome) = match event.kind {
            PacketEventKind::Received(_) => (event.packet.destination_client, Outcome::Received),
            PacketEventKind::Acknowledged(_) => (event.packet.source_client, Outcome::Acknowledged),
            PacketEventKind::TimedOut => (event.packet.source_client, Outcome::TimedOut),
            PacketEventKind::Sent => continue,
        };
        out.push(PacketOutcome { client: client.to_string(), sequence: event.packet.sequence.get(), outcome });
    }
    out
}

/// Sorts logs as the chain has them and refuses doubles.
pub(crate) fn in_order(mut logs: Vec<Log>) -> Result<Vec<Log>, String> {
    logs.sort_by_key(|l| (l.block, l.index));
    let double = logs.iter().zip(logs.iter().skip(1)).find(|(a, b)| (a.block, a.index) == (b.block, b.index));
    match double {
        Some((log, _)) => Err(format!("log {} of block {} twice", log.index, log.block)),
        None => Ok(logs),
    }
}
