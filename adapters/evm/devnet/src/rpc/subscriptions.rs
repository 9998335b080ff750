//! `eth_subscribe` over WebSocket.

use std::sync::Arc;

use alloy::rpc::types::Filter;
use jsonrpsee::core::server::{IntoSubscriptionCloseResponse, SubscriptionCloseResponse};
use jsonrpsee::core::to_json_raw_value;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionSink};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use super::{Node, error, logs, types};

pub(super) fn register(module: &mut RpcModule<Node>) -> Result<(), RegisterMethodError> {
    module
        .register_subscription(
            "eth_subscribe",
            "eth_subscription",
            "eth_unsubscribe",
            |params, pending, node, _| async move {
                let mut sequence = params.sequence();
                let request = sequence.next::<String>().and_then(|kind| Ok((kind, sequence.optional_next::<Value>()?)));
                match request.and_then(|(kind, option)| Topic::parse(&kind, option)) {
                    Ok(topic) => run(topic, pending, node).await,
                    Err(error) => pending.reject(error).await,
                }
                Closed
            },
        )
        .map(drop)
}

/// Nothing is said when a subscription ends.
struct Closed;

impl IntoSubscriptionCloseResponse for Closed {
    fn into_response(self) -> SubscriptionCloseResponse {
        SubscriptionCloseResponse::None
    }
}

enum Topic {
    NewHeads,
    Logs(Box<Filter>),
    Pending { full: bool },
    Syncing,
}

impl Topic {
    fn parse(kind: &str, option: Option<Value>) -> Result<Self, ErrorObjectOwned> {
        Ok(match kind {
            "newHeads" => Self::NewHeads,
            "logs" => {
                let filter = option.map(serde_json::from_value).transpose();
                let filter = filter.map_err(|e| error::params(e.to_string()))?;
                Self::Logs(Box::new(filter.unwrap_or_default()))
            }
            "newPendingTransactions" => {
                Self::Pending { full: option.and_then(|value| value.as_bool()).unwrap_or_default() }
            }
            "syncing" => Self::Syncing,
            other => return Err(error::params(format!("unknown subscription: {other}"))),
        })
    }
}

async fn run(topic: Topic, pending: PendingSubscriptionSink, node: Arc<Node>) {
    // Subscribed before the answer goes out: a block in between is not lost.
    let mut blocks = node.chain.subscribe_blocks();
    let mut transactions = node.chain.subscribe_pending();
    let Ok(sink) = pending.accept().await else { return };
    let mut next = node.head_number() + 1;
    loop {
        let alive = match &topic {
            Topic::Syncing => {
                sink.closed().await;
                false
            }
            Topic::Pending { full } => tokio::select! {
                () = sink.closed() => false,
                tx = transactions.recv() => match tx {
                    Ok(tx) if *full => {
                        send(&sink, &types::pending_transaction(&tx, node.chain.base_fee())).await
                    }
                    Ok(tx) => send(&sink, &tx.hash).await,
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => false,
                },
            },
            Topic::NewHeads | Topic::Logs(_) => tokio::select! {
                () = sink.closed() => false,
                block = blocks.recv() => match block {
                    // A lagging reader catches up from the chain itself.
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        catch_up(&topic, &sink, &node, &mut next).await
                    }
                    Err(RecvError::Closed) => false,
                },
            },
        };
        if !alive {
            return;
        }
    }
}

/// Sends what the blocks from `next` to the head hold for a topic.
async fn catch_up(topic: &Topic, sink: &SubscriptionSink, node: &Node, next: &mut u64) -> bool {
    let head = node.head_number();
    while *next <= head {
        let Some(block) = node.chain.block(*next) else { return true };
        *next += 1;
        match topic {
            Topic::NewHeads => {
                if !send(sink, &types::header(&block, node)).await {
                    return false;
                }
            }
            Topic::Logs(filter) => {
                for log in logs::matching(&block, filter) {
                    if !send(sink, &log).await {
                        return false;
                    }
                }
            }
            Topic::Pending { .. } | Topic::Syncing => {}
        }
    }
    true
}

async fn send(sink: &SubscriptionSink, message: &impl Serialize) -> bool {
    match to_json_raw_value(message) {
        Ok(message) => sink.send(message).await.is_ok(),
        Err(_) => false,
    }
}
