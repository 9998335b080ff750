//! JSON-RPC over HTTP and WebSocket, as nodes serve it to other people's tools.

mod archive;
mod author;
mod chain;
mod chain_head;
mod consensus;
mod state;
mod subscribe;
mod system;

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sp_core::H256;
use sp_version::RuntimeVersion;

use crate::block::Block;
use crate::chain::Chain;
use crate::faults::NodeFaults;
use crate::world::CallError;

/// One endpoint: a view of the chain with its own subscriptions and faults.
pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) chain: Arc<Chain>,
    pub(crate) faults: Arc<NodeFaults>,
    pub(crate) follows: chain_head::Follows,
}

/// What a method returns.
pub(crate) type RpcResult = Result<Value, ErrorObjectOwned>;

/// Codes and words that clients look for.
pub(crate) mod error {
    use jsonrpsee::types::ErrorObjectOwned;

    use crate::pool::PoolError;
    use crate::world::CallError;

    /// An error with a code and a message.
    pub(crate) fn coded(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
        ErrorObjectOwned::owned(code, message, None::<()>)
    }

    /// Wrong parameters, code -32602.
    pub(crate) fn params(message: impl Into<String>) -> ErrorObjectOwned {
        coded(-32_602, message)
    }

    /// What nodes say when the database does not have a block or a state, code 4003.
    pub(crate) fn client(message: impl Into<String>) -> ErrorObjectOwned {
        coded(4_003, format!("Client error: {}", message.into()))
    }

    /// A block that does not exist.
    pub(crate) fn unknown_block() -> ErrorObjectOwned {
        client("UnknownBlock: Header was not found in the database")
    }

    /// A runtime call that failed.
    pub(crate) fn call(error: &CallError) -> ErrorObjectOwned {
        match error {
            CallError::Discarded(_) => client(format!("UnknownBlock: {error}")),
            _ => client(format!("Execution failed: {error}")),
        }
    }

    /// A transaction that the pool refuses.
    pub(crate) fn pool(error: &PoolError) -> ErrorObjectOwned {
        ErrorObjectOwned::owned(error.code(), error.to_string(), error.data())
    }
}

/// Bytes as `0x` and hex digits.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Bytes in a parameter.
#[derive(Debug, Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'de> serde::Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        hex::decode(digits).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Serialises an answer.
pub(crate) fn answer(value: impl Serialize) -> RpcResult {
    serde_json::to_value(value).map_err(|e| error::coded(-32_603, e.to_string()))
}

impl Node {
    pub(crate) fn new(index: usize, chain: Arc<Chain>, faults: Arc<NodeFaults>) -> Self {
        Self { index, chain, faults, follows: Default::default() }
    }

    /// The newest block this node shows.
    pub(crate) fn head(&self) -> Arc<Block> {
        let head = self.chain.head();
        let number = self.faults.head(head.number());
        if number == head.number() { head } else { self.chain.block(number).unwrap_or(head) }
    }

    /// The newest final height this node shows.
    pub(crate) fn finalized_number(&self) -> u32 {
        self.faults.head(self.chain.finalized())
    }

    /// The newest final block this node shows.
    pub(crate) fn finalized(&self) -> Arc<Block> {
        self.chain.block(self.finalized_number()).unwrap_or_else(|| self.chain.head())
    }

    /// A block by number, if this node shows it.
    pub(crate) fn block_at(&self, number: u32) -> Option<Arc<Block>> {
        self.chain.block(number).filter(|_| number <= self.head().number())
    }

    /// A block by hash, if this node shows it; the newest when none is named.
    pub(crate) fn block(&self, hash: Option<H256>) -> Option<Arc<Block>> {
        match hash {
            None => Some(self.head()),
            Some(hash) => {
                let head = self.head().number();
                self.chain.block_by_hash(&hash).filter(|block| block.number() <= head)
            }
        }
    }

    /// [`Self::block`], or the error of nodes.
    pub(crate) fn known(&self, hash: Option<H256>) -> Result<Arc<Block>, ErrorObjectOwned> {
        self.block(hash).ok_or_else(error::unknown_block)
    }

    /// The version of the runtime after a block.
    pub(crate) fn version(&self, block: &Block) -> Result<RuntimeVersion, CallError> {
        self.chain.world.ask(block.header.state_root, "Core_version", &())
    }
}

/// A header as clients want it.
pub(crate) fn header(block: &Block) -> Value {
    json!(block.header)
}

/// The first parameter, required.
pub(crate) fn one<A: DeserializeOwned>(params: &Params<'_>) -> Result<A, ErrorObjectOwned> {
    params.sequence().next()
}

/// The first parameter, optional.
pub(crate) fn opt<A: DeserializeOwned>(params: &Params<'_>) -> Result<Option<A>, ErrorObjectOwned> {
    params.sequence().optional_next()
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
    system::register(&mut module)?;
    chain::register(&mut module)?;
    state::register(&mut module)?;
    author::register(&mut module)?;
    consensus::register(&mut module)?;
    archive::register(&mut module)?;
    chain_head::register(&mut module)?;
    let mut names: Vec<String> = module.method_names().map(str::to_owned).collect();
    names.push("rpc_methods".to_owned());
    names.sort();
    module.register_method("rpc_methods", move |_, _, _| json!({ "methods": names }))?;
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
