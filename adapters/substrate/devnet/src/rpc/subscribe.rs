//! What every subscription needs.

use std::sync::Arc;

use jsonrpsee::core::server::{IntoSubscriptionCloseResponse, SubscriptionCloseResponse};
use jsonrpsee::core::to_json_raw_value;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Node;
use crate::chain::Event;

/// Nothing is said when a subscription ends.
pub(super) struct Closed;

impl IntoSubscriptionCloseResponse for Closed {
    fn into_response(self) -> SubscriptionCloseResponse {
        SubscriptionCloseResponse::None
    }
}

/// A subscriber, and the name of the method by which it came.
pub(super) struct Subscriber {
    pub(super) sink: SubscriptionSink,
    node: Arc<Node>,
    method: &'static str,
}

impl Subscriber {
    /// Accepts a subscription; `None` if the other side is gone.
    pub(super) async fn accept(
        pending: PendingSubscriptionSink,
        node: &Arc<Node>,
        method: &'static str,
    ) -> Option<Self> {
        let sink = pending.accept().await.ok()?;
        Some(Self { sink, node: node.clone(), method })
    }

    /// Sends one notification, lies applied; says whether the other side is still there.
    pub(super) async fn send(&self, mut message: Value) -> bool {
        self.node.faults.edit(self.method, &mut message);
        match to_json_raw_value(&message) {
            Ok(message) => self.sink.send(message).await.is_ok(),
            Err(_) => false,
        }
    }

    /// Waits for something to happen on the chain; `None` when the other side is gone. A reader that
    /// lags gets [`Event::Made`] and catches up from the chain itself.
    pub(super) async fn event(&self, events: &mut Receiver<Event>) -> Option<Event> {
        tokio::select! {
            () = self.sink.closed() => None,
            event = events.recv() => match event {
                Ok(event) => Some(event),
                Err(RecvError::Lagged(_)) => Some(Event::Made),
                Err(RecvError::Closed) => None,
            },
        }
    }
}
