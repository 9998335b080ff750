//! The journal's types, and its rows as they are read.

use super::{NewProof, PacketChange, StoreError, rows, uint};
use crate::packet::Step;
use alloy_primitives::B256;
use lupu_adapter::{AccountId, SignedTransaction};
use lupu_standard::{ChainId, ClientId, Height};
use serde::{Serialize, Serializer};
use sqlx::{Row, sqlite::SqliteRow};

/// Why a transaction was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionKind {
    /// It carries packets.
    Packets,
    /// It keeps an idle client from expiring.
    Refresh,
    /// It carries evidence.
    Misbehaviour,
}

impl TransactionKind {
    /// The name in the store and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Refresh => "refresh",
            Self::Misbehaviour => "misbehaviour",
        }
    }
    fn read(name: &str) -> Result<Self, StoreError> {
        [Self::Packets, Self::Refresh, Self::Misbehaviour]
            .into_iter()
            .find(|k| k.name() == name)
            .ok_or_else(|| StoreError::data("transaction kind", name))
    }
}

impl Serialize for TransactionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Where a journalled transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionState {
    /// Signed and written down; perhaps sent.
    Signed,
    /// Sent to a node.
    Broadcast,
    /// In a finalized block.
    Included,
    /// Another transaction used its nonce.
    Superseded,
    /// The node refused it.
    Rejected,
}

impl TransactionState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Signed, Self::Broadcast, Self::Included, Self::Superseded, Self::Rejected];

    /// The name in the store and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Broadcast => "broadcast",
            Self::Included => "included",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }
    fn read(name: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| StoreError::data("transaction state", name))
    }
}

impl Serialize for TransactionState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A transaction to be written down.
pub struct NewTransaction<'a> {
    /// Where it goes.
    pub chain: &'a ChainId,
    /// The client whose worker made it.
    pub client: &'a ClientId,
    /// Why.
    pub kind: TransactionKind,
    /// Signed, complete.
    pub signed: &'a SignedTransaction,
    /// What is in it, for people.
    pub summary: &'a str,
    /// The height to which it updates the client.
    pub update_height: Option<Height>,
    /// What it does for which packets.
    pub packets: &'a [(i64, Step)],
    /// The proofs in it.
    pub proofs: &'a [NewProof],
}

/// An open transaction of the journal.
#[derive(Clone, Debug)]
pub struct JournalTransaction {
    /// The first of those that replaced each other.
    pub root: B256,
    /// The client whose worker made it.
    pub client: ClientId,
    /// Why.
    pub kind: TransactionKind,
    /// Signed, complete.
    pub signed: SignedTransaction,
    /// The height to which it updates the client.
    pub update_height: Option<Height>,
    /// When it was written down, milliseconds since 1970.
    pub created_at: i64,
}

/// What the end of a transaction changed.
#[derive(Debug, Default)]
pub struct Ended {
    /// Packets that moved back or aside. Those that moved on do so by their events.
    pub changes: Vec<PacketChange>,
    /// How many packets the transaction carried.
    pub packets: usize,
}

/// A transaction, for people.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionRow {
    /// Its hash.
    pub hash: B256,
    /// Where it went.
    pub chain: String,
    /// The client whose worker made it.
    pub client: String,
    /// Why.
    pub kind: TransactionKind,
    /// Who signed.
    pub account: String,
    /// The account's nonce.
    pub nonce: u64,
    /// Where it is.
    pub state: TransactionState,
    /// What is in it.
    pub summary: String,
    /// Bytes of proof in it, client updates included.
    pub proof_bytes: u64,
    /// The transaction that replaced it.
    pub replaced_by: Option<B256>,
    /// Written down, milliseconds since 1970.
    pub created_at: i64,
    /// First sent.
    pub broadcast_at: Option<i64>,
    /// Seen in a finalized block.
    pub included_at: Option<i64>,
    /// The block.
    pub height: Option<u64>,
    /// Whether it did anything.
    pub success: Option<bool>,
    /// Gas used.
    pub gas: Option<u64>,
    /// Fee paid, smallest unit, decimal.
    pub fee: Option<String>,
    /// The chain's or the node's reason for a failure.
    pub reason: Option<String>,
}
pub(super) fn journal_row(row: &SqliteRow) -> Result<JournalTransaction, StoreError> {
    let update: Option<i64> = row.try_get("update_height")?;
    Ok(JournalTransaction {
        root: rows::hash(row.try_get("root")?)?,
        client: rows::client(row.try_get("client")?)?,
        kind: TransactionKind::read(row.try_get("kind")?)?,
        signed: SignedTransaction {
            hash: rows::hash(row.try_get("hash")?)?,
            account: AccountId(row.try_get("account")?),
            nonce: uint("nonce", row.try_get("nonce")?)?,
            raw: row.try_get("raw")?,
        },
        update_height: update.map(|h| uint("height", h).map(Height)).transpose()?,
        created_at: row.try_get("created_at")?,
    })
}

pub(super) fn transaction_row(row: &SqliteRow) -> Result<TransactionRow, StoreError> {
    let replaced: Option<Vec<u8>> = row.try_get("replaced_by")?;
    let height: Option<i64> = row.try_get("height")?;
    let gas: Option<i64> = row.try_get("gas")?;
    Ok(TransactionRow {
        hash: rows::hash(row.try_get("hash")?)?,
        chain: row.try_get("chain")?,
        client: row.try_get("client")?,
        kind: TransactionKind::read(row.try_get("kind")?)?,
        account: row.try_get("account")?,
        nonce: uint("nonce", row.try_get("nonce")?)?,
        state: TransactionState::read(row.try_get("state")?)?,
        summary: row.try_get("summary")?,
        proof_bytes: uint("proof size", row.try_get("proof_bytes")?)?,
        replaced_by: replaced.map(|h| rows::hash(&h)).transpose()?,
        created_at: row.try_get("created_at")?,
        broadcast_at: row.try_get("broadcast_at")?,
        included_at: row.try_get("included_at")?,
        height: height.map(|h| uint("height", h)).transpose()?,
        success: row.try_get("success")?,
        gas: gas.map(|g| uint("gas", g)).transpose()?,
        fee: row.try_get("fee")?,
        reason: row.try_get("reason")?,
    })
}
