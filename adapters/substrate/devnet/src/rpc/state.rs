//! `state_*`.

use std::collections::BTreeMap;
use std::sync::Arc;

use codec::{Decode, Encode};
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use serde_json::{Value, json};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_state_machine::{Backend, IterArgs};

use super::subscribe::{Closed, Subscriber};
use super::{Bytes, Node, RpcResult, answer, error, hex, method, one, one_opt, opt};
use crate::block::Block;

/// Most keys a page holds, as in nodes.
const MAX_PAGE: u32 = 1_000;
/// Most keys a query or a subscription names.
const MAX_KEYS: usize = 4_096;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    for name in ["state_getStorage", "state_getStorageAt"] {
        method(module, name, |node, params| Ok(value(node, &params)?.map_or(Value::Null, |v| json!(hex(v)))))?;
    }
    for name in ["state_getStorageHash", "state_getStorageHashAt"] {
        method(module, name, |node, params| {
            Ok(value(node, &params)?.map_or(Value::Null, |v| json!(hex(blake2_256(&v)))))
        })?;
    }
    for name in ["state_getStorageSize", "state_getStorageSizeAt"] {
        method(module, name, |node, params| Ok(value(node, &params)?.map_or(Value::Null, |v| json!(v.len()))))?;
    }
    for name in ["state_getKeysPaged", "state_getKeysPagedAt"] {
        method(module, name, |node, params| {
            let mut sequence = params.sequence();
            let prefix = sequence.optional_next::<Bytes>()?.map(|bytes| bytes.0).unwrap_or_default();
            let count: u32 = sequence.next()?;
            let start: Option<Bytes> = sequence.optional_next()?;
            if count > MAX_PAGE {
                return Err(error::coded(
                    4_002,
                    format!("count exceeds maximum value. value: {count}, max: {MAX_PAGE}"),
                ));
            }
            let block = node.known(sequence.optional_next()?)?;
            let keys = keys(node, &block, &prefix, start.map(|bytes| bytes.0).as_deref(), Some(count as usize))?;
            answer(keys.iter().map(hex).collect::<Vec<_>>())
        })?;
    }
    method(module, "state_getKeys", |node, params| {
        let (prefix, at) = one_opt::<Bytes, H256>(&params)?;
        let keys = keys(node, &*node.known(at)?, &prefix.0, None, None)?;
        answer(keys.iter().map(hex).collect::<Vec<_>>())
    })?;
    method(module, "state_getMetadata", |node, params| {
        let block = node.known(opt(&params)?)?;
        let opaque = call(node, &block, "Metadata_metadata", &[])?;
        let metadata = <Vec<u8>>::decode(&mut &opaque[..]).map_err(|e| error::client(e.to_string()))?;
        Ok(json!(hex(metadata)))
    })?;
    for name in ["state_getRuntimeVersion", "chain_getRuntimeVersion"] {
        method(module, name, |node, params| {
            let block = node.known(opt(&params)?)?;
            answer(node.version(&block).map_err(|e| error::call(&e))?)
        })?;
    }
    for name in ["state_call", "state_callAt"] {
        method(module, name, |node, params| {
            let mut sequence = params.sequence();
            let (function, arguments): (String, Bytes) = (sequence.next()?, sequence.next()?);
            let block = node.known(sequence.optional_next()?)?;
            Ok(json!(hex(call(node, &block, &function, &arguments.0)?)))
        })?;
    }
    method(module, "state_getReadProof", |node, params| {
        let (keys, at) = one_opt::<Vec<Bytes>, H256>(&params)?;
        let block = node.known(at)?;
        let keys: Vec<_> = keys.into_iter().map(|key| key.0).collect();
        let proof = node.chain.read_proof(&block, &keys).map_err(|e| error::call(&e))?;
        Ok(json!({ "at": block.hash, "proof": proof.iter().map(hex).collect::<Vec<_>>() }))
    })?;
    method(module, "state_queryStorageAt", |node, params| {
        let (keys, at) = one_opt::<Vec<Bytes>, H256>(&params)?;
        let block = node.known(at)?;
        Ok(json!([changes_at(node, &block, &limited(keys)?)?]))
    })?;
    method(module, "state_queryStorage", |node, params| {
        let mut sequence = params.sequence();
        let (keys, from): (Vec<Bytes>, H256) = (sequence.next()?, sequence.next()?);
        query(node, &limited(keys)?, from, sequence.optional_next()?)
    })?;
    subscribe_version(module, "state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion")?;
    subscribe_version(module, "chain_subscribeRuntimeVersion", "chain_unsubscribeRuntimeVersion")?;
    module.register_subscription(
        "state_subscribeStorage",
        "state_storage",
        "state_unsubscribeStorage",
        |params, pending, node, _| async move {
            match one::<Vec<Bytes>>(&params).and_then(limited) {
                Ok(keys) => storage(pending, node, keys).await,
                Err(refusal) => pending.reject(refusal).await,
            }
            Closed
        },
    )?;
    Ok(())
}

fn limited(keys: Vec<Bytes>) -> Result<Vec<Vec<u8>>, ErrorObjectOwned> {
    if keys.len() > MAX_KEYS {
        return Err(error::params(format!("at most {MAX_KEYS} keys")));
    }
    Ok(keys.into_iter().map(|key| key.0).collect())
}

/// A runtime call on a block's state.
pub(super) fn call(node: &Node, block: &Block, function: &str, arguments: &[u8]) -> Result<Vec<u8>, ErrorObjectOwned> {
    node.chain.call(block, function, arguments).map_err(|e| error::call(&e))
}

/// A key's value in a block's state.
pub(super) fn read(node: &Node, block: &Block, key: &[u8]) -> Result<Option<Vec<u8>>, ErrorObjectOwned> {
    node.chain.storage(block, key).map_err(|e| error::call(&e))
}

fn value(node: &Node, params: &jsonrpsee::types::Params<'_>) -> Result<Option<Vec<u8>>, ErrorObjectOwned> {
    let (key, at) = one_opt::<Bytes, H256>(params)?;
    read(node, &*node.known(at)?, &key.0)
}

/// Keys with a prefix, after `start`, ascending.
pub(super) fn keys(
    node: &Node,
    block: &Block,
    prefix: &[u8],
    start: Option<&[u8]>,
    count: Option<usize>,
) -> Result<Vec<Vec<u8>>, ErrorObjectOwned> {
    let state = node.chain.world.state(block.header.state_root).map_err(|e| error::call(&e))?;
    let mut arguments = IterArgs::default();
    arguments.prefix = Some(prefix);
    arguments.start_at = start;
    arguments.start_at_exclusive = true;
    let found = state.keys(arguments).map_err(|e| error::client(e.to_string()))?;
    let found = found.take(count.unwrap_or(usize::MAX)).collect::<Result<Vec<_>, _>>();
    found.map_err(|e| error::client(e.to_string()))
}

fn change_set(block: &Block, changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) -> Value {
    let changes: Vec<_> = changes.into_iter().map(|(key, value)| json!([hex(key), value.map(hex)])).collect();
    json!({ "block": block.hash, "changes": changes })
}

/// The values of keys in a block's state.
fn changes_at(node: &Node, block: &Block, keys: &[Vec<u8>]) -> RpcResult {
    let values: Result<Vec<_>, _> =
        keys.iter().map(|key| Ok::<_, ErrorObjectOwned>((key.clone(), read(node, block, key)?))).collect();
    Ok(change_set(block, values?))
}

/// What a block has changed of keys.
fn changes_in(block: &Block, keys: &[Vec<u8>]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    block.changes.iter().filter(|(key, _)| keys.contains(key)).cloned().collect()
}

/// The values at the first block, and each change up to the last.
fn query(node: &Node, keys: &[Vec<u8>], from: H256, to: Option<H256>) -> RpcResult {
    let (from, to) = (node.known(Some(from))?, node.known(to)?);
    let mut sets = vec![changes_at(node, &from, keys)?];
    let mut known: BTreeMap<_, _> = BTreeMap::new();
    for number in from.number() + 1..=to.number() {
        let Some(block) = node.block_at(number) else { break };
        let mut changes = changes_in(&block, keys);
        changes.retain(|(key, value)| known.insert(key.clone(), value.clone()) != Some(value.clone()));
        if !changes.is_empty() {
            sets.push(change_set(&block, changes));
        }
    }
    Ok(json!(sets))
}

fn subscribe_version(
    module: &mut RpcModule<Node>,
    subscribe: &'static str,
    unsubscribe: &'static str,
) -> Result<(), RegisterMethodError> {
    module
        .register_subscription(subscribe, "state_runtimeVersion", unsubscribe, move |_, pending, node, _| async move {
            versions(pending, node, subscribe).await;
            Closed
        })
        .map(drop)
}

/// The version, and each that follows it.
async fn versions(pending: PendingSubscriptionSink, node: Arc<Node>, method: &'static str) {
    let mut events = node.chain.subscribe();
    let Some(subscriber) = Subscriber::accept(pending, &node, method).await else { return };
    let mut known = None;
    let mut next = node.head().number();
    loop {
        let head = node.head();
        let upgraded =
            (next..=head.number()).any(|number| node.block_at(number).is_some_and(|block| block.upgrades_runtime()));
        next = head.number() + 1;
        if known.is_none() || upgraded {
            let asked = {
                let node = node.clone();
                tokio::task::spawn_blocking(move || node.version(&head)).await
            };
            let Ok(Ok(version)) = asked else { return };
            if known.as_ref() != Some(&version.encode()) {
                known = Some(version.encode());
                if !subscriber.send(json!(version)).await {
                    return;
                }
            }
        }
        if subscriber.event(&mut events).await.is_none() {
            return;
        }
    }
}

/// The values of keys, and each change of them.
async fn storage(pending: PendingSubscriptionSink, node: Arc<Node>, keys: Vec<Vec<u8>>) {
    let mut events = node.chain.subscribe();
    let Some(subscriber) = Subscriber::accept(pending, &node, "state_subscribeStorage").await else { return };
    let head = node.head();
    let mut next = head.number() + 1;
    let first = {
        let (node, keys) = (node.clone(), keys.clone());
        tokio::task::spawn_blocking(move || changes_at(&node, &head, &keys)).await
    };
    let Ok(Ok(first)) = first else { return };
    if !subscriber.send(first).await {
        return;
    }
    loop {
        if subscriber.event(&mut events).await.is_none() {
            return;
        }
        while let Some(block) = node.block_at(next) {
            next += 1;
            let changes = changes_in(&block, &keys);
            if !changes.is_empty() && !subscriber.send(change_set(&block, changes)).await {
                return;
            }
        }
    }
}
