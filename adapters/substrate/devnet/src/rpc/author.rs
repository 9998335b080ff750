//! `author_*`, `transactionWatch_v1_*` and `transaction_v1_*`.

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::subscribe::{Closed, Subscriber};
use super::{Bytes, Node, answer, error, hex, method, one};
use crate::pool::{self, PoolError, TxStatus};

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    method(module, "author_submitExtrinsic", |node, params| {
        let bytes = one::<Bytes>(&params)?.0;
        let hash = pool::hash(&bytes);
        node.chain.submit(bytes).map_err(|e| error::pool(&e))?;
        answer(hash)
    })?;
    method(module, "author_pendingExtrinsics", |node, _| {
        answer(node.chain.pool().pending().iter().map(hex).collect::<Vec<_>>())
    })?;
    method(module, "transaction_v1_broadcast", |node, params| {
        let bytes = one::<Bytes>(&params)?.0;
        let hash = pool::hash(&bytes);
        // Whether it is valid is not told.
        Ok(match node.chain.submit(bytes) {
            Ok(_) | Err(PoolError::AlreadyImported) => json!(hash),
            Err(_) => json!(hash),
        })
    })?;
    method(module, "transaction_v1_stop", |_, params| one::<String>(&params).map(|_| Value::Null))?;
    watched(
        module,
        ["author_submitAndWatchExtrinsic", "author_extrinsicUpdate", "author_unwatchExtrinsic"],
        legacy,
        |refusal| Err(error::pool(refusal)),
    )?;
    watched(
        module,
        ["transactionWatch_v1_submitAndWatch", "transactionWatch_v1_watchEvent", "transactionWatch_v1_unwatch"],
        modern,
        |refusal| {
            let reason = refusal.data().unwrap_or_else(|| refusal.to_string());
            Ok(json!({ "event": "invalid", "error": reason }))
        },
    )
}

/// A status in the words of `author_*`.
fn legacy(status: &TxStatus) -> Option<Value> {
    Some(match status {
        TxStatus::Future => json!("future"),
        TxStatus::Ready => json!("ready"),
        TxStatus::InBlock(hash, _) => json!({ "inBlock": hash }),
        TxStatus::Finalized(hash, _) => json!({ "finalized": hash }),
        TxStatus::Usurped(hash) => json!({ "usurped": hash }),
        TxStatus::Invalid(_) => json!("invalid"),
    })
}

/// A status in the words of `transactionWatch_v1_*`; nothing for one that is not told.
fn modern(status: &TxStatus) -> Option<Value> {
    Some(match status {
        TxStatus::Future => return None,
        TxStatus::Ready => json!({ "event": "validated" }),
        TxStatus::InBlock(hash, index) => {
            json!({ "event": "bestChainBlockIncluded", "block": { "hash": hash, "index": index } })
        }
        TxStatus::Finalized(hash, index) => {
            json!({ "event": "finalized", "block": { "hash": hash, "index": index } })
        }
        TxStatus::Usurped(hash) => json!({ "event": "invalid", "error": format!("usurped by {hash:?}") }),
        TxStatus::Invalid(reason) => json!({ "event": "invalid", "error": reason }),
    })
}

fn watched(
    module: &mut RpcModule<Node>,
    [subscribe, notify, unsubscribe]: [&'static str; 3],
    words: fn(&TxStatus) -> Option<Value>,
    refused: fn(&PoolError) -> Result<Value, jsonrpsee::types::ErrorObjectOwned>,
) -> Result<(), RegisterMethodError> {
    module
        .register_subscription(subscribe, notify, unsubscribe, move |params, pending, node, _| async move {
            let bytes = match one::<Bytes>(&params) {
                Ok(bytes) => bytes.0,
                Err(refusal) => {
                    pending.reject(refusal).await;
                    return Closed;
                }
            };
            let submitted = {
                let node = node.clone();
                tokio::task::spawn_blocking(move || node.chain.submit(bytes)).await
            };
            let submitted = submitted.unwrap_or_else(|e| Err(PoolError::Runtime(e.to_string())));
            match submitted.map_err(|e| refused(&e)) {
                Ok(statuses) => watch(pending, node, subscribe, statuses, words).await,
                Err(Err(refusal)) => pending.reject(refusal).await,
                Err(Ok(only)) => {
                    if let Some(subscriber) = Subscriber::accept(pending, &node, subscribe).await {
                        subscriber.send(only).await;
                    }
                }
            }
            Closed
        })
        .map(drop)
}

async fn watch(
    pending: PendingSubscriptionSink,
    node: Arc<Node>,
    method: &'static str,
    mut statuses: UnboundedReceiver<TxStatus>,
    words: fn(&TxStatus) -> Option<Value>,
) {
    let Some(subscriber) = Subscriber::accept(pending, &node, method).await else { return };
    loop {
        let status = tokio::select! {
            () = subscriber.sink.closed() => return,
            status = statuses.recv() => status,
        };
        let Some(status) = status else { return };
        if let Some(message) = words(&status)
            && (!subscriber.send(message).await || status.is_last())
        {
            return;
        }
    }
}
