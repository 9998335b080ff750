//! A block as the chain keeps it, and as each node shows it.

use std::sync::Arc;

use alloy::consensus::{Header, ReceiptEnvelope};
use alloy::primitives::{Address, B256};

use crate::config::Kind;
use crate::header::{Extra, Form};
use crate::keys::Seal;
use crate::mempool::SignedTx;

/// A sealed block with its transactions and receipts.
#[derive(Debug)]
pub struct Block {
    /// The block's hash: seals are not part of it.
    pub hash: B256,
    /// How it was sealed.
    pub kind: Kind,
    /// All fields but `extraData`.
    pub header: Header,
    /// The consensus part, without seals.
    pub extra: Extra,
    /// One seal per validator, in the order of `extra.validators`. No node shows all of them.
    pub seals: Vec<Seal>,
    /// What was executed, in order.
    pub transactions: Vec<Arc<SignedTx>>,
    /// What became of it.
    pub receipts: Vec<StoredReceipt>,
}

/// A receipt with what JSON-RPC wants beside the consensus fields.
#[derive(Debug)]
pub struct StoredReceipt {
    /// The consensus receipt.
    pub envelope: ReceiptEnvelope,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// The address a creation would have, whether it succeeded or not.
    pub contract_address: Option<Address>,
    /// Index in the block of its first log.
    pub first_log: u64,
    /// What it paid, in wei per gas.
    pub effective_gas_price: u128,
}

impl StoredReceipt {
    /// The logs.
    pub fn logs(&self) -> &[alloy::primitives::Log] {
        self.envelope.logs()
    }
}

impl Block {
    /// Height.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// The seals that node `node` happened to collect: exactly a quorum, another one per node and
    /// height, in no order that a reader could rely on.
    pub fn seals_at(&self, node: usize, count: usize) -> Vec<Seal> {
        let n = self.seals.len();
        let start = node.wrapping_add(usize::try_from(self.header.number).unwrap_or_default());
        (0..count.min(n)).filter_map(|k| self.seals.get((start.wrapping_add(k)) % n).copied()).collect()
    }

    /// The header with these seals in its `extraData`.
    pub fn header_with(&self, seals: Vec<Seal>) -> Header {
        let extra = Extra { seals, ..self.extra.clone() };
        let mut header = self.header.clone();
        header.extra_data = extra.encode(self.kind, Form::Full);
        header
    }
}
