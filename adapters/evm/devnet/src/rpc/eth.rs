//! Reading the chain and sending transactions: `eth_*`, `net_*`, `web3_*`, `txpool_*`.

use alloy::consensus::TxEnvelope;
use alloy::eips::eip2718::{Decodable2718, Encodable2718};
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy::rpc::types::FeeHistory;
use alloy::rpc::types::serde_helpers::JsonStorageKey;
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use serde_json::{Value, json};

use super::{Node, RpcResult, error, json as answer, method, one, one_opt, types};
use crate::mempool::SignedTx;

/// Most slots one `eth_getProof` answers.
const MAX_PROOF_KEYS: usize = 4_096;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    chain(module)?;
    blocks(module)?;
    transactions(module)?;
    accounts(module)?;
    fees(module)?;
    node(module)
}

fn chain(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_chainId", |node, _| answer(U64::from(node.chain.config().chain_id)))?;
    method(module, "eth_blockNumber", |node, _| answer(U64::from(node.head_number())))?;
    method(module, "eth_syncing", |_, _| Ok(Value::Bool(false)))?;
    method(module, "eth_accounts", |_, _| Ok(json!([])))?;
    method(module, "eth_mining", |_, _| Ok(Value::Bool(true)))?;
    method(module, "eth_coinbase", |node, _| answer(node.head().header.beneficiary))?;
    method(module, "eth_protocolVersion", |_, _| Ok(json!("0x44")))
}

fn blocks(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_getBlockByNumber", |node, params| {
        let (number, full) = one_opt::<BlockNumberOrTag, bool>(&params)?;
        let block = node.block_by_number(number);
        answer(block.map(|block| types::block(&block, node, full.unwrap_or_default())))
    })?;
    method(module, "eth_getBlockByHash", |node, params| {
        let (hash, full) = one_opt::<B256, bool>(&params)?;
        let block = node.block(hash.into());
        answer(block.map(|block| types::block(&block, node, full.unwrap_or_default())))
    })?;
    method(module, "eth_getHeaderByNumber", |node, params| {
        let block = node.block_by_number(one(&params)?);
        answer(block.map(|block| types::header(&block, node)))
    })?;
    method(module, "eth_getHeaderByHash", |node, params| {
        let block = node.block(one::<B256>(&params)?.into());
        answer(block.map(|block| types::header(&block, node)))
    })?;
    method(module, "eth_getBlockReceipts", |node, params| {
        let block = node.block(one(&params)?);
        answer(
            block.map(|block| (0..block.receipts.len()).filter_map(|i| types::receipt(&block, i)).collect::<Vec<_>>()),
        )
    })?;
    let count = |node: &Node, id: BlockId| answer(node.block(id).map(|block| U64::from(block.transactions.len())));
    method(module, "eth_getBlockTransactionCountByNumber", move |node, params| {
        count(node, one::<BlockNumberOrTag>(&params)?.into())
    })?;
    method(module, "eth_getBlockTransactionCountByHash", move |node, params| {
        count(node, one::<B256>(&params)?.into())
    })?;
    let uncles = |node: &Node, id: BlockId| answer(node.block(id).map(|_| U64::ZERO));
    method(module, "eth_getUncleCountByBlockNumber", move |node, params| {
        uncles(node, one::<BlockNumberOrTag>(&params)?.into())
    })?;
    method(module, "eth_getUncleCountByBlockHash", move |node, params| uncles(node, one::<B256>(&params)?.into()))?;
    for name in ["eth_getUncleByBlockNumberAndIndex", "eth_getUncleByBlockHashAndIndex"] {
        method(module, name, |_, _| Ok(Value::Null))?;
    }
    Ok(())
}

fn transactions(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_getTransactionByHash", |node, params| {
        let hash = one(&params)?;
        if let Some((block, index)) = mined(node, &hash) {
            return answer(types::transaction(&block, index));
        }
        let tx = node.chain.pool().get(&hash);
        answer(tx.map(|tx| types::pending_transaction(&tx, node.chain.base_fee())))
    })?;
    method(module, "eth_getRawTransactionByHash", |node, params| {
        let hash = one(&params)?;
        let tx = match mined(node, &hash) {
            Some((block, index)) => block.transactions.get(index).cloned(),
            None => node.chain.pool().get(&hash),
        };
        answer(tx.map(|tx| Bytes::from(tx.tx.encoded_2718())))
    })?;
    method(module, "eth_getTransactionReceipt", |node, params| {
        answer(mined(node, &one(&params)?).and_then(|(block, index)| types::receipt(&block, index)))
    })?;
    let by_index = |node: &Node, id: BlockId, index: Option<U64>| {
        let index = index.unwrap_or_default().to::<usize>();
        answer(node.block(id).and_then(|block| types::transaction(&block, index)))
    };
    method(module, "eth_getTransactionByBlockNumberAndIndex", move |node, params| {
        let (number, index) = one_opt::<BlockNumberOrTag, _>(&params)?;
        by_index(node, number.into(), index)
    })?;
    method(module, "eth_getTransactionByBlockHashAndIndex", move |node, params| {
        let (hash, index) = one_opt::<B256, _>(&params)?;
        by_index(node, hash.into(), index)
    })?;
    method(module, "eth_sendRawTransaction", |node, params| send(node, one(&params)?))
}

fn mined(node: &Node, hash: &B256) -> Option<(std::sync::Arc<crate::block::Block>, usize)> {
    node.chain.transaction(hash).filter(|(block, _)| block.number() <= node.head_number())
}

fn send(node: &Node, raw: Bytes) -> RpcResult {
    let tx = TxEnvelope::decode_2718_exact(&raw).map_err(|e| error::server(e.to_string()))?;
    let signed = SignedTx::recover(tx).map_err(|e| error::server(e.to_string()))?;
    node.chain.submit(signed).map_or_else(|e| Err(error::server(e.to_string())), answer)
}

fn accounts(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_getBalance", |node, params| {
        let (address, id) = one_opt::<Address, BlockId>(&params)?;
        let (_, state) = node.state(id)?;
        answer(state.account(&address).map_or(U256::ZERO, |account| account.balance))
    })?;
    method(module, "eth_getCode", |node, params| {
        let (address, id) = one_opt::<Address, BlockId>(&params)?;
        answer(node.state(id)?.1.code(&address))
    })?;
    method(module, "eth_getTransactionCount", |node, params| {
        let (address, id) = one_opt::<Address, BlockId>(&params)?;
        let (_, state) = node.state(id)?;
        let nonce = state.account(&address).map_or(0, |account| account.nonce);
        let nonce = match id {
            Some(BlockId::Number(BlockNumberOrTag::Pending)) => node.chain.pool().next_nonce(&address, nonce),
            _ => nonce,
        };
        answer(U64::from(nonce))
    })?;
    method(module, "eth_getStorageAt", |node, params| {
        let mut sequence = params.sequence();
        let (address, slot): (Address, JsonStorageKey) = (sequence.next()?, sequence.next()?);
        let (_, state) = node.state(sequence.optional_next()?)?;
        answer(B256::from(state.storage(&address, &slot.as_b256().into())))
    })?;
    method(module, "eth_getProof", |node, params| {
        let mut sequence = params.sequence();
        let (address, keys): (Address, Vec<JsonStorageKey>) = (sequence.next()?, sequence.next()?);
        if keys.len() > MAX_PROOF_KEYS {
            return Err(error::params(format!("too many keys: {}", keys.len())));
        }
        let (_, state) = node.state(sequence.optional_next()?)?;
        answer(state.proof(address, &keys))
    })
}

fn fees(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_gasPrice", |node, _| answer(U256::from(gas_price(node))))?;
    method(module, "eth_maxPriorityFeePerGas", |node, _| {
        let base = u128::from(node.chain.base_fee().unwrap_or_default());
        answer(U256::from(gas_price(node).saturating_sub(base)))
    })?;
    method(module, "eth_blobBaseFee", |_, _| Ok(json!("0x1")))?;
    method(module, "eth_feeHistory", |node, params| {
        let mut sequence = params.sequence();
        let count = sequence.next::<Value>()?;
        let newest = sequence.next::<BlockNumberOrTag>()?;
        let percentiles = sequence.optional_next::<Vec<f64>>()?;
        let count = match &count {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse::<U64>().ok().map(|count| count.to()),
            _ => None,
        };
        let count = count.ok_or_else(|| error::params("invalid block count"))?.clamp(1, 1_024);
        let newest = node.block_by_number(newest).ok_or_else(error::unknown_block)?.number();
        let oldest = (newest + 1).saturating_sub(count);
        let blocks = node.chain.blocks(oldest, newest);
        let base = u128::from(node.chain.base_fee().unwrap_or_default());
        answer(FeeHistory {
            base_fee_per_gas: vec![base; blocks.len() + 1],
            gas_used_ratio: blocks
                .iter()
                .map(|block| block.header.gas_used as f64 / block.header.gas_limit as f64)
                .collect(),
            oldest_block: oldest,
            reward: percentiles.map(|p| vec![vec![gas_price(node).saturating_sub(base); p.len()]; blocks.len()]),
            ..FeeHistory::default()
        })
    })
}

fn gas_price(node: &Node) -> u128 {
    let base = u128::from(node.chain.base_fee().unwrap_or_default());
    base.max(node.chain.config().min_gas_price)
}

fn node(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "net_version", |node, _| Ok(Value::String(node.chain.config().chain_id.to_string())))?;
    method(module, "net_listening", |_, _| Ok(Value::Bool(true)))?;
    method(module, "net_peerCount", |node, _| answer(U64::from(node.chain.config().nodes.saturating_sub(1))))?;
    method(module, "web3_clientVersion", |node, _| {
        let version = env!("CARGO_PKG_VERSION");
        Ok(Value::String(format!("lupu-devnet/v{version}/{}", node.chain.config().name)))
    })?;
    method(module, "web3_sha3", |_, params| answer(keccak256(one::<Bytes>(&params)?)))?;
    method(module, "txpool_status", |node, _| {
        let state = node.chain.head_state();
        let (pending, queued) = node.chain.pool().status(&state);
        Ok(json!({ "pending": U64::from(pending), "queued": U64::from(queued) }))
    })?;
    method(module, "txpool_content", |node, _| {
        let mut pending = serde_json::Map::new();
        let transactions = node.chain.pool().all();
        for tx in transactions {
            use alloy::consensus::Transaction as _;
            let by_nonce = pending.entry(tx.sender.to_checksum(None)).or_insert_with(|| json!({}));
            let shown = types::pending_transaction(&tx, node.chain.base_fee());
            by_nonce[tx.tx.nonce().to_string()] = answer(shown)?;
        }
        Ok(json!({ "pending": pending, "queued": {} }))
    })
}
