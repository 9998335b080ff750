//! `chain_*`.

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use serde_json::{Value, json};
use sp_consensus_beefy::BEEFY_ENGINE_ID;
use sp_consensus_grandpa::GRANDPA_ENGINE_ID;

use super::subscribe::{Closed, Subscriber};
use super::{Node, RpcResult, answer, error, header, hex, method, opt};
use crate::block::Block;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "chain_getHeader", |node, params| {
        Ok(node.block(opt(&params)?).map_or(Value::Null, |block| header(&block)))
    })?;
    method(module, "chain_getBlock", |node, params| {
        Ok(node.block(opt(&params)?).map_or(Value::Null, |block| signed_block(node, &block)))
    })?;
    for name in ["chain_getBlockHash", "chain_getHead"] {
        method(module, name, |node, params| match opt::<Value>(&params)? {
            None | Some(Value::Null) => answer(node.head().hash),
            Some(Value::Array(numbers)) => {
                let hashes: Result<Vec<_>, _> = numbers.iter().map(|n| hash_at(node, n)).collect();
                answer(hashes?)
            }
            Some(number) => hash_at(node, &number),
        })?;
    }
    for name in ["chain_getFinalizedHead", "chain_getFinalisedHead"] {
        method(module, name, |node, _| answer(node.finalized().hash))?;
    }
    heads(module, ["chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"], Heads::New)?;
    heads(module, ["chain_subscribeNewHead", "chain_newHead", "chain_unsubscribeNewHead"], Heads::New)?;
    heads(module, ["chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"], Heads::New)?;
    let finalized = ["chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"];
    heads(module, finalized, Heads::Finalized)?;
    let finalised = ["chain_subscribeFinalisedHeads", "chain_finalizedHead", "chain_unsubscribeFinalisedHeads"];
    heads(module, finalised, Heads::Finalized)
}

/// A block number, as a number or in hex.
pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        _ => None,
    }
}

fn hash_at(node: &Node, value: &Value) -> RpcResult {
    let number = number(value).ok_or_else(|| error::params("not a block number"))?;
    Ok(node.block_at(number).map_or(Value::Null, |block| json!(block.hash)))
}

/// A block with the justifications that nodes keep of it.
fn signed_block(node: &Node, block: &Block) -> Value {
    let number = block.number();
    let shown = number <= node.finalized_number();
    let grandpa =
        node.chain.kept_justification(number).filter(|_| shown).map(|bytes| json!([GRANDPA_ENGINE_ID, bytes]));
    let beefy = node.chain.commitment(number).filter(|_| shown).map(|bytes| json!([BEEFY_ENGINE_ID, bytes]));
    let justifications: Vec<_> = grandpa.into_iter().chain(beefy).collect();
    let extrinsics: Vec<_> = block.extrinsics.iter().map(hex).collect();
    json!({
        "block": { "header": header(block), "extrinsics": extrinsics },
        "justifications": if justifications.is_empty() { Value::Null } else { json!(justifications) },
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Heads {
    New,
    Finalized,
}

impl Heads {
    fn newest(self, node: &Node) -> u32 {
        match self {
            Self::New => node.head().number(),
            Self::Finalized => node.finalized_number(),
        }
    }
}

fn heads(
    module: &mut RpcModule<Node>,
    [subscribe, notify, unsubscribe]: [&'static str; 3],
    kind: Heads,
) -> Result<(), RegisterMethodError> {
    let run = move |pending: PendingSubscriptionSink, node: Arc<Node>| async move {
        // Subscribed before the answer goes out: a block in between is not lost.
        let mut events = node.chain.subscribe();
        let Some(subscriber) = Subscriber::accept(pending, &node, subscribe).await else { return };
        // The newest at once, and then every one.
        let mut next = kind.newest(&node);
        loop {
            let newest = kind.newest(&node);
            while next <= newest {
                let Some(block) = node.chain.block(next) else { break };
                if !subscriber.send(header(&block)).await {
                    return;
                }
                next += 1;
            }
            if subscriber.event(&mut events).await.is_none() {
                return;
            }
        }
    };
    module
        .register_subscription(subscribe, notify, unsubscribe, move |_, pending, node, _| async move {
            run(pending, node).await;
            Closed
        })
        .map(drop)
}
