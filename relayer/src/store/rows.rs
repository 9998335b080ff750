//! What the store's rows look like outside it.

use super::{StoreError, uint};
use crate::packet::State;
use alloy_primitives::B256;
use lupu_standard::{Acknowledgement, ChainId, ClientId, Height, Packet};
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};

/// One direction of a route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Lane {
    /// Its number in the store.
    #[serde(skip)]
    pub id: i64,
    /// Where packets are sent.
    pub source_chain: ChainId,
    /// The client there that stands for the destination.
    pub source_client: ClientId,
    /// Where they are received.
    pub destination_chain: ChainId,
    /// The client there that stands for the source.
    pub destination_client: ClientId,
}

/// A block and transaction in which something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// The block.
    pub height: Height,
    /// The transaction.
    pub transaction: B256,
    /// When the relayer saw it, milliseconds since 1970.
    pub seen_at: i64,
}

/// A packet as the store knows it.
#[derive(Clone, Debug, Serialize)]
pub struct PacketRow {
    /// Its number in the store.
    #[serde(skip)]
    pub id: i64,
    /// Its direction.
    pub lane: Lane,
    /// The packet.
    pub packet: Packet,
    /// Where it is.
    pub state: State,
    /// First height, on the chain that proves it, at which the next step can be proven.
    pub ready_height: Height,
    /// When the next step is tried again, milliseconds since 1970.
    pub next_try_at: i64,
    /// Failed tries of the present step.
    pub attempts: u32,
    /// Why the last try failed, or what it waits for.
    pub reason: Option<String>,
    /// What the destination wrote.
    pub acknowledgement: Option<Acknowledgement>,
    /// Sent on the source.
    pub sent: Option<Stamp>,
    /// Its receiving transaction was journalled here, milliseconds since 1970.
    pub receiving_at: Option<i64>,
    /// Received on the destination.
    pub received: Option<Stamp>,
    /// Its acknowledging or timing-out transaction was journalled here, milliseconds since 1970.
    pub settling_at: Option<i64>,
    /// Acknowledged or timed out on the source.
    pub settled: Option<Stamp>,
    /// This packet's share of the gas of our receiving transaction.
    pub receive_gas: Option<u64>,
    /// This packet's share of the gas of our settling transaction.
    pub settle_gas: Option<u64>,
    /// This packet's share of the proof that we used to receive it, in bytes.
    pub receive_proof_bytes: Option<u64>,
    /// This packet's share of the proof that we used to settle it, in bytes.
    pub settle_proof_bytes: Option<u64>,
}

/// A packet that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PacketChange {
    /// Its number in the store.
    #[serde(skip)]
    pub id: i64,
    /// Its direction.
    pub lane: Lane,
    /// Its sequence.
    pub sequence: u64,
    /// Where it is now.
    pub state: State,
    /// Why, where there is something to say.
    pub reason: Option<String>,
}

/// One move of a packet.
#[derive(Clone, Debug, Serialize)]
pub struct TransitionRow {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// From this state
    pub from: String,
    /// by this event
    pub event: String,
    /// to this state.
    pub to: String,
    /// Why.
    pub reason: Option<String>,
}

pub(super) const PACKET_COLUMNS: &str = "p.id, p.packet, p.state, p.ready_height, p.next_try_at, p.attempts, p.reason, \
    p.acknowledgement, p.sent_height, p.sent_tx, p.sent_at, p.receiving_at, p.received_height, p.received_tx, \
    p.received_at, p.settling_at, p.settled_height, p.settled_tx, p.settled_at, p.receive_gas, p.settle_gas, \
    p.receive_proof_bytes, p.settle_proof_bytes, l.id AS lane_id, l.source_chain, l.source_client, \
    l.destination_chain, l.destination_client";

pub(super) fn lane(row: &SqliteRow) -> Result<Lane, StoreError> {
    Ok(Lane {
        id: row.try_get("lane_id")?,
        source_chain: chain(row.try_get("source_chain")?)?,
        source_client: client(row.try_get("source_client")?)?,
        destination_chain: chain(row.try_get("destination_chain")?)?,
        destination_client: client(row.try_get("destination_client")?)?,
    })
}

pub(super) fn chain(text: String) -> Result<ChainId, StoreError> {
    ChainId::new(text).map_err(|e| StoreError::data("chain", e))
}

pub(super) fn client(text: String) -> Result<ClientId, StoreError> {
    ClientId::new(text).map_err(|e| StoreError::data("client", e))
}

pub(super) fn state(text: &str) -> Result<State, StoreError> {
    text.parse().map_err(|e| StoreError::data("packet state", e))
}

pub(super) fn packet_json(packet: &Packet) -> Result<String, StoreError> {
    serde_json::to_string(packet).map_err(|e| StoreError::data("packet", e))
}

pub(super) fn packet(text: &str) -> Result<Packet, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::data("packet", e))
}

pub(super) fn acknowledgement_json(ack: &Acknowledgement) -> Result<String, StoreError> {
    serde_json::to_string(ack).map_err(|e| StoreError::data("acknowledgement", e))
}

pub(super) fn acknowledgement(text: Option<String>) -> Result<Option<Acknowledgement>, StoreError> {
    text.map(|t| serde_json::from_str(&t).map_err(|e| StoreError::data("acknowledgement", e))).transpose()
}

pub(super) fn hash(bytes: &[u8]) -> Result<B256, StoreError> {
    B256::try_from(bytes).map_err(|e| StoreError::data("hash", e))
}

fn stamp(height: Option<i64>, transaction: Option<Vec<u8>>, seen_at: Option<i64>) -> Result<Option<Stamp>, StoreError> {
    let Some(height) = height else { return Ok(None) };
    Ok(Some(Stamp {
        height: Height(uint("height", height)?),
        transaction: transaction.map(|t| hash(&t)).transpose()?.unwrap_or_default(),
        seen_at: seen_at.unwrap_or_default(),
    }))
}

fn optional(what: &'static str, n: Option<i64>) -> Result<Option<u64>, StoreError> {
    n.map(|n| uint(what, n)).transpose()
}

pub(super) fn packet_row(row: &SqliteRow) -> Result<PacketRow, StoreError> {
    Ok(PacketRow {
        id: row.try_get("id")?,
        lane: lane(row)?,
        packet: packet(row.try_get::<&str, _>("packet")?)?,
        state: state(row.try_get::<&str, _>("state")?)?,
        ready_height: Height(uint("height", row.try_get("ready_height")?)?),
        next_try_at: row.try_get("next_try_at")?,
        attempts: row.try_get("attempts")?,
        reason: row.try_get("reason")?,
        acknowledgement: acknowledgement(row.try_get("acknowledgement")?)?,
        sent: stamp(row.try_get("sent_height")?, row.try_get("sent_tx")?, row.try_get("sent_at")?)?,
        receiving_at: row.try_get("receiving_at")?,
        received: stamp(row.try_get("received_height")?, row.try_get("received_tx")?, row.try_get("received_at")?)?,
        settling_at: row.try_get("settling_at")?,
        settled: stamp(row.try_get("settled_height")?, row.try_get("settled_tx")?, row.try_get("settled_at")?)?,
        receive_gas: optional("gas", row.try_get("receive_gas")?)?,
        settle_gas: optional("gas", row.try_get("settle_gas")?)?,
        receive_proof_bytes: optional("proof size", row.try_get("receive_proof_bytes")?)?,
        settle_proof_bytes: optional("proof size", row.try_get("settle_proof_bytes")?)?,
    })
}
