//! `chainHead_v1_*`: following the chain with blocks pinned, and operations on pinned blocks.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params, SubscriptionId};
use serde::Deserialize;
use serde_json::{Value, json};
use sp_core::H256;
use sp_version::RuntimeVersion;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::archive::Query;
use super::subscribe::{Closed, Subscriber};
use super::{Bytes, Node, RpcResult, error, hex, method, one_opt, opt};
use crate::block::Block;

/// How many finalized blocks a follower is told of at first.
const FIRST_BLOCKS: u32 = 16;

/// The subscriptions of a node, by id.
#[derive(Default)]
pub(crate) struct Follows(Mutex<HashMap<String, Arc<Follow>>>);

/// One subscription.
struct Follow {
    with_runtime: bool,
    pinned: Mutex<HashSet<H256>>,
    operations: Mutex<u64>,
    results: UnboundedSender<Value>,
}

impl Follows {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Follow>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follow {
    fn pinned(&self) -> MutexGuard<'_, HashSet<H256>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for an operation, and the answer that says it has begun.
    fn begin(&self) -> (String, Value) {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        *operations += 1;
        let id = operations.to_string();
        let started = json!({ "result": "started", "operationId": id });
        (id, started)
    }

    fn tell(&self, message: Value) {
        // A follower that is gone needs no answer.
        let _ = self.results.send(message);
    }
}

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "chainHead_v1_follow",
        "chainHead_v1_followEvent",
        "chainHead_v1_unfollow",
        |params, pending, node, _| async move {
            let with_runtime = opt::<bool>(&params).ok().flatten().unwrap_or_default();
            // Subscribed before the answer goes out: a block in between is not lost.
            let mut events = node.chain.subscribe();
            let Some(subscriber) = Subscriber::accept(pending, &node, "chainHead_v1_follow").await else {
                return Closed;
            };
            let id = match subscriber.sink.subscription_id() {
                SubscriptionId::Num(number) => number.to_string(),
                SubscriptionId::Str(text) => text.into_owned(),
            };
            let (results, mut done) = unbounded_channel();
            let follow =
                Arc::new(Follow { with_runtime, pinned: Mutex::default(), operations: Mutex::new(0), results });
            node.follows.lock().insert(id.clone(), follow.clone());
            follow_chain(&node, &follow, &subscriber, &mut events, &mut done).await;
            node.follows.lock().remove(&id);
            Closed
        },
    )?;
    method(module, "chainHead_v1_header", |node, params| {
        let Some((_, block)) = pinned(node, &params)? else { return Ok(Value::Null) };
        Ok(json!(hex(block.encoded_header())))
    })?;
    method(module, "chainHead_v1_body", |node, params| {
        let Some((follow, block)) = pinned(node, &params)? else { return limit_reached() };
        let (id, started) = follow.begin();
        let body: Vec<_> = block.extrinsics.iter().map(hex).collect();
        follow.tell(json!({ "event": "operationBodyDone", "operationId": id, "value": body }));
        Ok(started)
    })?;
    method(module, "chainHead_v1_call", |node, params| {
        let Some((follow, block)) = pinned(node, &params)? else { return limit_reached() };
        let mut sequence = params.sequence();
        let (_, _, function, arguments): (Value, Value, String, Bytes) =
            (sequence.next()?, sequence.next()?, sequence.next()?, sequence.next()?);
        let (id, started) = follow.begin();
        follow.tell(match node.chain.call(&block, &function, &arguments.0) {
            Ok(output) => json!({ "event": "operationCallDone", "operationId": id, "output": hex(output) }),
            Err(failure) => {
                json!({ "event": "operationError", "operationId": id, "error": failure.to_string() })
            }
        });
        Ok(started)
    })?;
    method(module, "chainHead_v1_storage", |node, params| {
        let Some((follow, block)) = pinned(node, &params)? else { return limit_reached() };
        let mut sequence = params.sequence();
        let (_, _, queries): (Value, Value, Vec<Query>) = (sequence.next()?, sequence.next()?, sequence.next()?);
        let (id, started) = follow.begin();
        for query in queries {
            match query.answer(node, &block) {
                Ok(items) if items.is_empty() => {}
                Ok(items) => {
                    follow.tell(json!({ "event": "operationStorageItems", "operationId": id, "items": items }));
                }
                Err(failure) => {
                    let message = failure.message();
                    follow.tell(json!({ "event": "operationError", "operationId": id, "error": message }));
                    return Ok(started);
                }
            }
        }
        follow.tell(json!({ "event": "operationStorageDone", "operationId": id }));
        Ok(started)
    })?;
    method(module, "chainHead_v1_unpin", |node, params| {
        let (id, hashes) = one_opt::<String, OneOrMany>(&params)?;
        let Some(follow) = node.follows.lock().get(&id).cloned() else { return Ok(Value::Null) };
        let mut pinned = follow.pinned();
        for hash in hashes.map(OneOrMany::all).unwrap_or_default() {
            if !pinned.remove(&hash) {
                return Err(invalid_block());
            }
        }
        Ok(Value::Null)
    })?;
    // Operations are done before they are answered: nothing waits, nothing can be stopped.
    method(module, "chainHead_v1_continue", |_, _| Ok(Value::Null))?;
    method(module, "chainHead_v1_stopOperation", |_, _| Ok(Value::Null))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(H256),
    Many(Vec<H256>),
}

impl OneOrMany {
    fn all(self) -> Vec<H256> {
        match self {
            Self::One(hash) => vec![hash],
            Self::Many(hashes) => hashes,
        }
    }
}

fn limit_reached() -> RpcResult {
    Ok(json!({ "result": "limitReached" }))
}

fn invalid_block() -> ErrorObjectOwned {
    error::coded(-32_801, "Invalid block hash")
}

/// A subscription and a block that it has pinned.
type Pinned = (Arc<Follow>, Arc<Block>);

/// The subscription and the pinned block that a request names; `None` where there is no such
/// subscription.
fn pinned(node: &Node, params: &Params<'_>) -> Result<Option<Pinned>, ErrorObjectOwned> {
    let (id, hash) = one_opt::<String, H256>(params)?;
    let hash = hash.ok_or_else(|| error::params("a block hash is required"))?;
    let Some(follow) = node.follows.lock().get(&id).cloned() else { return Ok(None) };
    if !follow.pinned().contains(&hash) {
        return Err(invalid_block());
    }
    let block = node.chain.block_by_hash(&hash).ok_or_else(invalid_block)?;
    Ok(Some((follow, block)))
}

/// A runtime's version in the words of `chainHead_v1_follow`.
fn runtime(version: &RuntimeVersion) -> Value {
    let apis: serde_json::Map<String, Value> =
        version.apis.iter().map(|(id, number)| (hex(id), json!(number))).collect();
    json!({ "type": "valid", "spec": {
        "specName": version.spec_name,
        "implName": version.impl_name,
        "specVersion": version.spec_version,
        "implVersion": version.impl_version,
        "transactionVersion": version.transaction_version,
        "apis": apis,
    }})
}

async fn version(node: &Arc<Node>, block: Arc<Block>) -> Value {
    let node = node.clone();
    match tokio::task::spawn_blocking(move || node.version(&block)).await {
        Ok(Ok(version)) => runtime(&version),
        Ok(Err(failure)) => json!({ "type": "invalid", "error": failure.to_string() }),
        Err(failure) => json!({ "type": "invalid", "error": failure.to_string() }),
    }
}

async fn follow_chain(
    node: &Arc<Node>,
    follow: &Follow,
    subscriber: &Subscriber,
    events: &mut tokio::sync::broadcast::Receiver<crate::chain::Event>,
    done: &mut UnboundedReceiver<Value>,
) {
    let newest = node.finalized();
    let mut finalized = newest.number();
    let mut made = finalized;
    let first = finalized.saturating_sub(FIRST_BLOCKS - 1);
    let hashes: Vec<_> = (first..=finalized).filter_map(|number| Some(node.chain.block(number)?.hash)).collect();
    follow.pinned().extend(hashes.iter().copied());
    let mut initialized = json!({ "event": "initialized", "finalizedBlockHashes": hashes });
    if follow.with_runtime {
        initialized["finalizedBlockRuntime"] = version(node, newest).await;
    }
    if !subscriber.send(initialized).await {
        return;
    }
    loop {
        while let Some(block) = node.block_at(made + 1) {
            made += 1;
            follow.pinned().insert(block.hash);
            let new_runtime = match follow.with_runtime && block.upgrades_runtime() {
                true => version(node, block.clone()).await,
                false => Value::Null,
            };
            let new = json!({
                "event": "newBlock",
                "blockHash": block.hash,
                "parentBlockHash": block.header.parent_hash,
                "newRuntime": new_runtime,
            });
            let best = json!({ "event": "bestBlockChanged", "bestBlockHash": block.hash });
            if !subscriber.send(new).await || !subscriber.send(best).await {
                return;
            }
        }
        let newest = node.finalized_number().min(made);
        if newest > finalized {
            let hashes: Vec<_> =
                (finalized + 1..=newest).filter_map(|number| Some(node.chain.block(number)?.hash)).collect();
            finalized = newest;
            let message = json!({ "event": "finalized", "finalizedBlockHashes": hashes, "prunedBlockHashes": [] });
            if !subscriber.send(message).await {
                return;
            }
        }
        tokio::select! {
            event = subscriber.event(events) => if event.is_none() { return },
            result = done.recv() => {
                let Some(result) = result else { return };
                if !subscriber.send(result).await {
                    return;
                }
            }
        }
    }
}
