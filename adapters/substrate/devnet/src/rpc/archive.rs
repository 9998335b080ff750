//! `archive_v1_*`.

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use serde::Deserialize;
use serde_json::{Value, json};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_state_machine::Backend;

use super::subscribe::{Closed, Subscriber};
use super::{Bytes, Node, answer, error, hex, method, one, state};
use crate::block::Block;

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "archive_v1_finalizedHeight", |node, _| answer(node.finalized_number()))?;
    method(module, "archive_v1_hashByHeight", |node, params| {
        let height: u64 = one(&params)?;
        let block = u32::try_from(height).ok().and_then(|height| node.block_at(height));
        answer(block.map(|block| block.hash).into_iter().collect::<Vec<_>>())
    })?;
    method(module, "archive_v1_header", |node, params| {
        Ok(node.block(Some(one(&params)?)).map_or(Value::Null, |block| json!(hex(block.encoded_header()))))
    })?;
    method(module, "archive_v1_body", |node, params| {
        let block = node.block(Some(one(&params)?));
        Ok(block.map_or(Value::Null, |block| json!(block.extrinsics.iter().map(hex).collect::<Vec<_>>())))
    })?;
    method(module, "archive_v1_call", |node, params| {
        let mut sequence = params.sequence();
        let (hash, function, arguments): (H256, String, Bytes) = (sequence.next()?, sequence.next()?, sequence.next()?);
        let Some(block) = node.block(Some(hash)) else { return Ok(Value::Null) };
        Ok(match node.chain.call(&block, &function, &arguments.0) {
            Ok(value) => json!({ "success": true, "value": hex(value) }),
            Err(failure) => json!({ "success": false, "error": failure.to_string() }),
        })
    })?;
    module.register_subscription(
        "archive_v1_storage",
        "archive_v1_storageEvent",
        "archive_v1_stopStorage",
        |params, pending, node, _| async move {
            let mut sequence = params.sequence();
            let asked = sequence.next::<H256>().and_then(|hash| Ok((hash, sequence.next::<Vec<Query>>()?)));
            let child = sequence.optional_next::<Value>();
            match (asked, child) {
                (Ok((hash, queries)), Ok(None | Some(Value::Null))) => run(pending, node, hash, queries).await,
                (Ok(_), _) => pending.reject(error::params("there are no child tries here")).await,
                (Err(refusal), _) => pending.reject(refusal).await,
            }
            Closed
        },
    )?;
    Ok(())
}

/// One question about storage, of `archive_v1_storage` and `chainHead_v1_storage`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query {
    key: Bytes,
    #[serde(rename = "type")]
    kind: Kind,
    pagination_start_key: Option<Bytes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Value,
    Hash,
    ClosestDescendantMerkleValue,
    DescendantsValues,
    DescendantsHashes,
}

impl Query {
    /// What is found: objects with `key` and one more field.
    pub(super) fn answer(&self, node: &Node, block: &Block) -> Result<Vec<Value>, ErrorObjectOwned> {
        let key = &self.key.0;
        let value = |key: &[u8]| {
            let value = state::read(node, block, key)?;
            Ok::<_, ErrorObjectOwned>(value.map(|value| json!({ "key": hex(key), "value": hex(value) })))
        };
        let digest = |key: &[u8]| {
            let value = state::read(node, block, key)?;
            Ok::<_, ErrorObjectOwned>(value.map(|v| json!({ "key": hex(key), "hash": hex(blake2_256(&v)) })))
        };
        let start = self.pagination_start_key.as_ref().map(|start| start.0.as_slice());
        let below = || state::keys(node, block, key, start, None);
        match self.kind {
            Kind::Value => Ok(value(key)?.into_iter().collect()),
            Kind::Hash => Ok(digest(key)?.into_iter().collect()),
            Kind::DescendantsValues => below()?.iter().filter_map(|key| value(key).transpose()).collect(),
            Kind::DescendantsHashes => below()?.iter().filter_map(|key| digest(key).transpose()).collect(),
            Kind::ClosestDescendantMerkleValue => {
                let state = node.chain.world.state(block.header.state_root).map_err(|e| error::call(&e))?;
                let found = state.closest_merkle_value(key).map_err(|e| error::client(e.to_string()))?;
                Ok(found
                    .map(|found| match found {
                        sp_trie::MerkleValue::Node(bytes) => hex(bytes),
                        sp_trie::MerkleValue::Hash(hash) => hex(hash),
                    })
                    .map(|found| json!({ "key": hex(key), "closestDescendantMerkleValue": found }))
                    .into_iter()
                    .collect())
            }
        }
    }
}

async fn run(pending: PendingSubscriptionSink, node: Arc<Node>, hash: H256, queries: Vec<Query>) {
    let Some(subscriber) = Subscriber::accept(pending, &node, "archive_v1_storage").await else { return };
    for query in queries {
        let found = {
            let node = node.clone();
            tokio::task::spawn_blocking(move || query.answer(&node, &*node.known(Some(hash))?)).await
        };
        let found = found.unwrap_or_else(|e| Err(error::client(e.to_string())));
        let items = match found {
            Ok(items) => items,
            Err(failure) => {
                let message = json!({ "event": "storageError", "error": failure.message() });
                subscriber.send(message).await;
                return;
            }
        };
        for mut item in items {
            item["event"] = json!("storage");
            if !subscriber.send(item).await {
                return;
            }
        }
    }
    subscriber.send(json!({ "event": "storageDone" })).await;
}
