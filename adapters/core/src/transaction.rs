//! Transactions, as the engine journals them: signed first, then written down, then broadcast.

use crate::Outcome;
use alloy_primitives::B256;
use lupu_standard::Height;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An account that signs for the relayer on one chain, in the chain's own notation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub String);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a transaction would do now.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Per message, per packet. Empty for client messages.
    pub outcomes: Vec<Vec<Outcome>>,
    /// Gas (or weight) limit to sign with.
    pub gas_limit: u64,
}

/// A signed transaction, complete: what is journalled is enough to broadcast it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Its hash.
    pub hash: B256,
    /// The account that signed.
    pub account: AccountId,
    /// The account's nonce it uses.
    pub nonce: u64,
    /// The signed bytes.
    pub raw: Vec<u8>,
}

/// A transaction in a finalized block.
#[derive(Clone, Debug)]
pub struct Included {
    /// The block.
    pub height: Height,
    /// Whether it did anything at all. If not, `outcomes` is empty and `reason` says why.
    pub success: bool,
    /// Gas (or weight) used.
    pub gas_used: u64,
    /// Fee paid, in the chain's smallest unit.
    pub fee_paid: u128,
    /// Per packet that the transaction touched: source client, destination client, sequence and what became of it.
    pub outcomes: Vec<PacketOutcome>,
    /// The chain's reason for a failure, decoded.
    pub reason: Option<String>,
}

/// What an included transaction did to one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketOutcome {
    /// The client on this chain.
    pub client: String,
    /// The packet's sequence.
    pub sequence: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Where a transaction is.
#[derive(Clone, Debug)]
pub enum TransactionStatus {
    /// The node knows it; not in a finalized block yet.
    Pending,
    /// In a finalized block.
    Included(Included),
    /// Its nonce was used by another transaction: it can never be included.
    Superseded,
    /// The node does not know it, and its nonce is still free: broadcast it again.
    Unknown,
}
