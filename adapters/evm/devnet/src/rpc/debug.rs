//! Raw bytes: `debug_getRaw*`.

use alloy::consensus::Header;
use alloy::eips::BlockId;
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{B256, Bytes};
use alloy::rlp::{Encodable, Header as RlpHeader};
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;

use super::{Node, error, json as answer, method, one};
use crate::block::Block;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    let block = |node: &Node, id: BlockId| node.block(id).ok_or_else(error::unknown_block);
    method(module, "debug_getRawHeader", move |node, params| {
        let block = block(node, one(&params)?)?;
        answer(Bytes::from(alloy::rlp::encode(node.header(&block))))
    })?;
    method(module, "debug_getRawBlock", move |node, params| {
        answer(Bytes::from(raw_block(&*block(node, one(&params)?)?, node)))
    })?;
    method(module, "debug_getRawReceipts", move |node, params| {
        let block = block(node, one(&params)?)?;
        let raw = block.receipts.iter().map(|receipt| receipt.envelope.encoded_2718());
        answer(raw.map(Bytes::from).collect::<Vec<_>>())
    })?;
    method(module, "debug_getRawTransaction", |node, params| {
        let hash = one::<B256>(&params)?;
        let found = node.chain.transaction(&hash);
        let tx = found.and_then(|(block, index)| block.transactions.get(index).cloned());
        answer(tx.map(|tx| Bytes::from(tx.tx.encoded_2718())))
    })
}

/// The block's RLP: header, transactions, ommers and, from Shanghai on, withdrawals.
pub(super) fn raw_block(block: &Block, node: &Node) -> Vec<u8> {
    let header: Header = node.header(block);
    let mut payload = alloy::rlp::encode(&header);
    let mut transactions = Vec::new();
    block.transactions.iter().for_each(|tx| tx.tx.encode(&mut transactions));
    RlpHeader { list: true, payload_length: transactions.len() }.encode(&mut payload);
    payload.extend_from_slice(&transactions);
    payload.push(0xc0);
    if header.withdrawals_root.is_some() {
        payload.push(0xc0);
    }
    let mut out = Vec::with_capacity(payload.len() + 5);
    RlpHeader { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend_from_slice(&payload);
    out
}
