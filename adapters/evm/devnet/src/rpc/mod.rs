//! JSON-RPC over HTTP and WebSocket, as other people's tools expect it.

mod call;
mod debug;
mod eth;
mod filters;
pub(crate) use filters::Filters;
mod logs;
mod subscriptions;
mod types;

use std::sync::Arc;

use alloy::consensus::Header;
use alloy::eips::{BlockId, BlockNumberOrTag};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{RpcModule, server::RegisterMethodError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::block::Block;
use crate::chain::Chain;
use crate::faults::{NodeFaults, Seals};
use crate::header::{self, Extra};
use crate::state::State;

/// One endpoint: a view of the chain with its own seals, filters and faults.
pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) chain: Arc<Chain>,
    pub(crate) faults: Arc<NodeFaults>,
    pub(crate) filters: filters::Filters,
}

/// What a method returns.
pub(crate) type RpcResult = Result<Value, ErrorObjectOwned>;

/// Codes and words that clients look for.
pub(crate) mod error {
    use jsonrpsee::types::ErrorObjectOwned;

    /// A server error with a message, code -32000.
    pub(crate) fn server(message: impl Into<String>) -> ErrorObjectOwned {
        ErrorObjectOwned::owned(-32_000, message, None::<()>)
    }

    /// Wrong parameters, code -32602.
    pub(crate) fn params(message: impl Into<String>) -> ErrorObjectOwned {
        ErrorObjectOwned::owned(-32_602, message, None::<()>)
    }

    /// Besu's answer for a block outside the kept states.
    pub(crate) fn pruned() -> ErrorObjectOwned {
        server("World state unavailable")
    }

    /// A block that does not exist.
    pub(crate) fn unknown_block() -> ErrorObjectOwned {
        server("header not found")
    }
}

/// Serialises an answer.
pub(crate) fn json(value: impl Serialize) -> RpcResult {
    serde_json::to_value(value).map_err(|error| error::server(error.to_string()))
}

impl Node {
    /// The height this node pretends the chain has.
    pub(crate) fn head_number(&self) -> u64 {
        self.faults.head(self.chain.head().number())
    }

    /// The newest block this node shows.
    pub(crate) fn head(&self) -> Arc<Block> {
        let head = self.chain.head();
        let number = self.faults.head(head.number());
        if number == head.number() { head } else { self.chain.block(number).unwrap_or(head) }
    }

    /// A block by number or tag, as this node shows it. `safe`, `finalized` and `pending` are the
    /// newest: a sealed block is final.
    pub(crate) fn block_by_number(&self, number: BlockNumberOrTag) -> Option<Arc<Block>> {
        match number {
            BlockNumberOrTag::Earliest => self.chain.block(0),
            BlockNumberOrTag::Number(number) if number > self.head_number() => None,
            BlockNumberOrTag::Number(number) => self.chain.block(number),
            _ => Some(self.head()),
        }
    }

    /// A block by any identification.
    pub(crate) fn block(&self, id: BlockId) -> Option<Arc<Block>> {
        match id {
            BlockId::Number(number) => self.block_by_number(number),
            BlockId::Hash(hash) => {
                self.chain.block_by_hash(&hash.block_hash).filter(|block| block.number() <= self.head_number())
            }
        }
    }

    /// A header with the seals this node shows.
    pub(crate) fn header(&self, block: &Block) -> Header {
        let quorum = header::quorum(block.seals.len());
        let seals = match self.faults.seals() {
            Seals::Quorum => block.seals_at(self.index, quorum),
            Seals::Count(count) => block.seals_at(self.index, count),
            Seals::WrongRound => {
                let extra = Extra { round: block.extra.round.wrapping_add(1), ..block.extra.clone() };
                let mut seals = self.chain.sign(&block.header, &extra);
                seals.truncate(quorum);
                seals
            }
            Seals::Repeated => {
                let one = block.seals_at(self.index, 1);
                one.iter().cycle().take(quorum.min(one.len() * quorum)).copied().collect()
            }
        };
        block.header_with(seals)
    }

    /// A block with its state; an error when either is not there.
    pub(crate) fn state(&self, id: Option<BlockId>) -> Result<(Arc<Block>, State), ErrorObjectOwned> {
        let block = self.block(id.unwrap_or_default()).ok_or_else(error::unknown_block)?;
        let state = self.chain.state_at(block.number()).ok_or_else(error::pruned)?;
        Ok((block, state))
    }
}

/// The first parameter, required.
pub(crate) fn one<A: DeserializeOwned>(params: &Params<'_>) -> Result<A, ErrorObjectOwned> {
    params.sequence().next()
}

/// The first parameter required, the second optional.
pub(crate) fn one_opt<A: DeserializeOwned, B: DeserializeOwned>(
    params: &Params<'_>,
) -> Result<(A, Option<B>), ErrorObjectOwned> {
    let mut sequence = params.sequence();
    Ok((sequence.next()?, sequence.optional_next()?))
}

/// All methods of one node.
pub(crate) fn module(node: Arc<Node>) -> Result<RpcModule<Node>, RegisterMethodError> {
    let mut module = RpcModule::from_arc(node);
    eth::register(&mut module)?;
    call::register(&mut module)?;
    logs::register(&mut module)?;
    filters::register(&mut module)?;
    debug::register(&mut module)?;
    subscriptions::register(&mut module)?;
    Ok(module)
}

/// Registers a method that may take a while or wait for a lock.
pub(crate) fn method(
    module: &mut RpcModule<Node>,
    name: &'static str,
    f: impl Fn(&Node, Params<'_>) -> RpcResult + Clone + Send + Sync + 'static,
) -> Result<(), RegisterMethodError> {
    module.register_blocking_method(name, move |params, node, _| f(&node, params)).map(drop)
}
