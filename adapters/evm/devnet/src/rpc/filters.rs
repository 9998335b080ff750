//! Filters that are polled: `eth_newFilter` and its kin.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::{U64, U256};
use alloy::rpc::types::{Filter, FilterBlockOption};
use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;

use super::{Node, RpcResult, error, json as answer, logs, method, one};

/// Most filters one node keeps; the oldest goes first.
const MAX_FILTERS: usize = 4_096;

/// The filters of one node.
#[derive(Default)]
pub(crate) struct Filters {
    inner: Mutex<Installed>,
}

#[derive(Default)]
struct Installed {
    last_id: u64,
    by_id: HashMap<u64, State>,
}

enum State {
    /// The next block to report.
    Blocks(u64),
    /// The filter, and the next block to look into.
    Logs(Box<Filter>, u64),
    /// The next position in the pool's announcements.
    Pending(u64),
}

impl Filters {
    fn lock(&self) -> MutexGuard<'_, Installed> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn install(&self, state: State) -> RpcResult {
        let mut inner = self.lock();
        inner.last_id += 1;
        let id = inner.last_id;
        if inner.by_id.len() >= MAX_FILTERS
            && let Some(oldest) = inner.by_id.keys().min().copied()
        {
            inner.by_id.remove(&oldest);
        }
        inner.by_id.insert(id, state);
        answer(U64::from(id))
    }
}

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "eth_newBlockFilter", |node, _| node.filters.install(State::Blocks(node.head_number() + 1)))?;
    method(module, "eth_newFilter", |node, params| {
        let filter: Filter = one(&params)?;
        let next = node.head_number() + 1;
        node.filters.install(State::Logs(Box::new(filter), next))
    })?;
    method(module, "eth_newPendingTransactionFilter", |node, _| {
        let (_, position) = node.chain.pool().announced_since(u64::MAX);
        node.filters.install(State::Pending(position))
    })?;
    method(module, "eth_uninstallFilter", |node, params| {
        let id = one::<U256>(&params)?.saturating_to::<u64>();
        Ok(Value::Bool(node.filters.lock().by_id.remove(&id).is_some()))
    })?;
    method(module, "eth_getFilterChanges", |node, params| changes(node, one(&params)?))?;
    method(module, "eth_getFilterLogs", |node, params| {
        let id = one::<U256>(&params)?.saturating_to::<u64>();
        let filter = match node.filters.lock().by_id.get(&id) {
            Some(State::Logs(filter, _)) => filter.clone(),
            _ => return Err(not_found()),
        };
        answer(logs::select(node, &filter)?)
    })
}

fn changes(node: &Node, id: U256) -> RpcResult {
    let id = id.saturating_to::<u64>();
    let head = node.head_number();
    let mut inner = node.filters.lock();
    match inner.by_id.get_mut(&id).ok_or_else(not_found)? {
        State::Blocks(next) => {
            let from = std::mem::replace(next, head + 1);
            drop(inner);
            let blocks = if from > head { Vec::new() } else { node.chain.blocks(from, head) };
            answer(blocks.iter().map(|block| block.hash).collect::<Vec<_>>())
        }
        State::Logs(filter, next) => {
            let from = std::mem::replace(next, head + 1);
            let filter = filter.clone();
            drop(inner);
            let (low, high) = bounds(&filter);
            answer(logs::in_range(node, &filter, from.max(low), head.min(high)))
        }
        State::Pending(position) => {
            let (hashes, end) = node.chain.pool().announced_since(*position);
            *position = end;
            answer(hashes)
        }
    }
}

fn bounds(filter: &Filter) -> (u64, u64) {
    match filter.block_option {
        FilterBlockOption::Range { from_block, to_block } => (
            from_block.and_then(|block| block.as_number()).unwrap_or(0),
            to_block.and_then(|block| block.as_number()).unwrap_or(u64::MAX),
        ),
        FilterBlockOption::AtBlockHash(_) => (0, u64::MAX),
    }
}

fn not_found() -> ErrorObjectOwned {
    error::server("filter not found")
}
