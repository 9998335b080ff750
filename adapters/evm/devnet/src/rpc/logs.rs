//! `eth_getLogs`.

use alloy::eips::BlockNumberOrTag;
use alloy::rpc::types::{Filter, FilterBlockOption, Log};
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;

use super::{Node, error, json as answer, method, one, types};
use crate::block::Block;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_getLogs", |node, params| answer(select(node, &one(&params)?)?))
}

/// The logs a filter asks for, over its own range.
pub(super) fn select(node: &Node, filter: &Filter) -> Result<Vec<Log>, ErrorObjectOwned> {
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = node.block(hash.into()).ok_or_else(|| error::server("unknown block"))?;
            Ok(matching(&block, filter))
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let head = node.head_number();
            let resolve = |number: Option<BlockNumberOrTag>| match number.unwrap_or_default() {
                BlockNumberOrTag::Number(number) => number,
                BlockNumberOrTag::Earliest => 0,
                _ => head,
            };
            let (from, to) = (resolve(from_block), resolve(to_block));
            if from > to {
                return Err(error::params("invalid block range params"));
            }
            let limit = node.chain.config().max_log_range;
            if limit > 0 && to - from >= limit {
                return Err(ErrorObjectOwned::owned(
                    -32_005,
                    "Requested range exceeds maximum range limit",
                    None::<()>,
                ));
            }
            Ok(in_range(node, filter, from, to.min(head)))
        }
    }
}

/// The logs of blocks `from` to `to`, both included, that a filter's addresses and topics match.
pub(super) fn in_range(node: &Node, filter: &Filter, from: u64, to: u64) -> Vec<Log> {
    if from > to {
        return Vec::new();
    }
    let blocks = node.chain.blocks(from, to);
    blocks.iter().flat_map(|block| matching(block, filter)).collect()
}

/// The logs of one block that a filter's addresses and topics match.
pub(super) fn matching(block: &Block, filter: &Filter) -> Vec<Log> {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return Vec::new();
    }
    let logs = (0..block.receipts.len()).flat_map(|index| types::logs(block, index));
    logs.filter(|log| filter.matches(&log.inner)).collect()
}
