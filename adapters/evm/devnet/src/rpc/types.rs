//! Blocks, transactions, receipts and logs in their JSON-RPC shape.

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{ReceiptEnvelope, Transaction as _};
use alloy::eips::eip4895::Withdrawals;
use alloy::network::primitives::BlockTransactions;
use alloy::primitives::U256;
use alloy::rpc::types::{Block as RpcBlock, Header, Log, Transaction, TransactionReceipt};

use super::Node;
use crate::block::Block;
use crate::mempool::SignedTx;

/// A header as a node shows it, the hash by the BFT rule.
pub(crate) fn header(block: &Block, node: &Node) -> Header {
    Header {
        hash: block.hash,
        inner: node.header(block),
        total_difficulty: Some(U256::from(block.number() + 1)),
        size: None,
    }
}

/// A block with transactions in full or as hashes.
pub(crate) fn block(block: &Block, node: &Node, full: bool) -> RpcBlock {
    let transactions = if full {
        BlockTransactions::Full((0..block.transactions.len()).filter_map(|i| transaction(block, i)).collect())
    } else {
        BlockTransactions::Hashes(block.transactions.iter().map(|tx| tx.hash).collect())
    };
    let mut header = header(block, node);
    header.size = Some(U256::from(super::debug::raw_block(block, node).len()));
    RpcBlock {
        withdrawals: block.header.withdrawals_root.map(|_| Withdrawals::default()),
        header,
        uncles: Vec::new(),
        transactions,
    }
}

/// A transaction in a block.
pub(crate) fn transaction(block: &Block, index: usize) -> Option<Transaction> {
    let tx = block.transactions.get(index)?;
    Some(Transaction {
        inner: Recovered::new_unchecked(tx.tx.clone(), tx.sender),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(tx.tx.effective_gas_price(block.header.base_fee_per_gas)),
        block_timestamp: None,
    })
}

/// A transaction that waits.
pub(crate) fn pending_transaction(tx: &SignedTx, base_fee: Option<u64>) -> Transaction {
    Transaction {
        inner: Recovered::new_unchecked(tx.tx.clone(), tx.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: Some(tx.tx.effective_gas_price(base_fee)),
        block_timestamp: None,
    }
}

/// The logs of one transaction of a block.
pub(crate) fn logs(block: &Block, index: usize) -> Vec<Log> {
    let (Some(tx), Some(receipt)) = (block.transactions.get(index), block.receipts.get(index)) else {
        return Vec::new();
    };
    let numbered = receipt.logs().iter().zip(receipt.first_log..);
    numbered
        .map(|(log, log_index)| Log {
            inner: log.clone(),
            block_hash: Some(block.hash),
            block_number: Some(block.number()),
            block_timestamp: Some(block.header.timestamp),
            transaction_hash: Some(tx.hash),
            transaction_index: Some(index as u64),
            log_index: Some(log_index),
            removed: false,
        })
        .collect()
}

/// The receipt of one transaction of a block.
pub(crate) fn receipt(block: &Block, index: usize) -> Option<TransactionReceipt> {
    let (tx, receipt) = (block.transactions.get(index)?, block.receipts.get(index)?);
    let mut logs = logs(block, index).into_iter();
    let inner: ReceiptEnvelope<Log> = receipt.envelope.clone().map_logs(|_| logs.next().unwrap_or_default());
    Some(TransactionReceipt {
        inner,
        transaction_hash: tx.hash,
        transaction_index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        gas_used: receipt.gas_used,
        effective_gas_price: receipt.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: tx.sender,
        to: tx.tx.to(),
        contract_address: receipt.contract_address,
    })
}
