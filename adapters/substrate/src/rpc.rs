//! JSON-RPC over a WebSocket to one node: bounded time, connections made when needed, errors
//! sorted by what they mean.

use crate::endpoints::{CallError, Endpoints};
use futures::FutureExt;
use lupu_rpc::{Answer, ErrorObject, Transport};
use serde_json::Value;
use std::time::Duration;
use subxt::rpcs::{
    Error as RpcError,
    client::{RpcClient, RpcParams, RpcSubscription},
};
use tokio::{sync::Mutex, time::timeout};

pub use lupu_rpc::Call;

/// Why one endpoint gave no usable answer.
pub type Failure = lupu_rpc::Failure<NodeError>;

/// An error object of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeError {
    /// JSON-RPC error code.
    pub code: i64,
    /// The node's own words.
    pub message: String,
    /// What it adds, if anything.
    pub data: Option<String>,
}

impl NodeError {
    fn says(&self, words: &[&str]) -> bool {
        let text = self.text().to_lowercase();
        words.iter().any(|w| text.contains(w))
    }
    /// The node asks for patience.
    pub fn is_rate_limit(&self) -> bool {
        self.code == -32999 || self.says(&["rate limit", "too many requests", "limit exceeded"])
    }
    /// The transaction pool's verdict on an extrinsic: `author_*` error codes of the node.
    pub fn is_pool_verdict(&self) -> bool {
        (1010..=1020).contains(&self.code)
    }
}

impl ErrorObject for NodeError {
    // Message and addition.
    fn text(&self) -> String {
        match &self.data {
            Some(data) if !data.is_empty() => format!("{}: {data}", self.message),
            _ => self.message.clone(),
        }
    }
    fn is_final(&self) -> bool {
        self.is_pool_verdict()
    }
    fn is_pruned(&self) -> bool {
        self.says(&[
            "state already discarded",
            "unknownblock",
            "unknown block",
            "header was not found",
            "expect block number from id",
            "block not found",
            "not found in the database",
            "pruned",
        ])
    }
    fn is_no_method(&self) -> bool {
        self.code == -32601
            || self.says(&["method not found", "rpc call is unsafe", "exported method", "is not available"])
    }
    fn is_internal(&self) -> bool {
        !self.is_pruned() && self.code == -32603 && self.says(&["internal error"])
    }
}

fn failure(error: RpcError) -> Failure {
    match error {
        RpcError::User(e) => {
            let data = e.data.map(|raw| serde_json::from_str::<String>(raw.get()).unwrap_or(raw.get().to_string()));
            let error = NodeError { code: e.code.into(), message: e.message, data };
            if error.is_rate_limit() { Failure::RateLimited(None) } else { Failure::Node(error) }
        }
        RpcError::Deserialization(e) => Failure::Garbage(e.to_string()),
        RpcError::Decode(e) => Failure::Garbage(e.to_string()),
        RpcError::Client(e) => {
            // The innermost cause is the telling one.
            let mut cause: &dyn std::error::Error = e.as_ref();
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            Failure::Transport(cause.to_string())
        }
        other => Failure::Transport(other.to_string()),
    }
}

fn parameters(params: &Value) -> Result<RpcParams, Failure> {
    let mut out = RpcParams::new();
    for param in params.as_array().into_iter().flatten() {
        out.push(param).map_err(|e| Failure::Garbage(e.to_string()))?;
    }
    Ok(out)
}

/// Checks that a URL is one of a WebSocket.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("wss://").or_else(|| url.strip_prefix("ws://"));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(()),
        Some(_) => Err("no host".into()),
        None => Err("not a ws:// or wss:// address".into()),
    }
}

/// A connection to one node, made at the first request and made anew after it broke.
pub struct Socket {
    url: String,
    timeout: Duration,
    client: Mutex<Option<RpcClient>>,
}

impl Transport for Socket {
    type Error = NodeError;
    const NAME: &'static str = "endpoint";
    const BATCH: usize = 1;
    const AT_ONCE: usize = 32;
    const NAMES_WAIT: bool = false;

    fn open(url: &str, timeout: Duration) -> Result<Self, String> {
        check_url(url)?;
        Ok(Self { url: url.into(), timeout, client: Mutex::default() })
    }

    async fn call(&self, call: &Call) -> Answer<NodeError> {
        self.bounded(async {
            let params = parameters(&call.params)?;
            self.client().await?.request(call.method, params).await.map_err(failure)
        })
        .await
    }
}

impl Socket {
    async fn client(&self) -> Result<RpcClient, Failure> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        let client = RpcClient::from_insecure_url(&self.url).await.map_err(failure)?;
        *slot = Some(client.clone());
        Ok(client)
    }

    async fn forget(&self) {
        *self.client.lock().await = None;
    }

    async fn bounded<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let result = timeout(self.timeout, work).await.unwrap_or(Err(Failure::Timeout));
        // A socket that broke, or hangs, is of no more use.
        if matches!(result, Err(Failure::Transport(_) | Failure::Timeout)) {
            self.forget().await;
        }
        result
    }

    async fn subscribe(
        &self,
        subscribe: &'static str,
        unsubscribe: &'static str,
    ) -> Result<RpcSubscription<Value>, Failure> {
        self.bounded(async {
            self.client().await?.subscribe(subscribe, RpcParams::new(), unsubscribe).await.map_err(failure)
        })
        .await
    }
}

/// A subscription at the best endpoint that grants it; it ends when the connection breaks.
pub(crate) async fn subscribe(
    endpoints: &Endpoints,
    subscribe: &'static str,
    unsubscribe: &'static str,
) -> Result<RpcSubscription<Value>, CallError> {
    endpoints.granted(subscribe, |socket| socket.subscribe(subscribe, unsubscribe).boxed()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(code: i64, message: &str, data: Option<&str>) -> NodeError {
        NodeError { code, message: message.into(), data: data.map(Into::into) }
    }

    #[test]
    fn errors_are_sorted_by_their_words() {
        let discarded = "Client error: UnknownBlock: State already discarded for 0x01";
        assert!(node(4003, discarded, None).is_pruned());
        assert!(node(-32601, "Method not found", None).is_no_method());
        assert!(node(-32601, "RPC call is unsafe to be called externally", None).is_no_method());
        assert!(node(1010, "Invalid Transaction", Some("Transaction is outdated")).is_pool_verdict());
        assert!(!node(-32603, "UnknownBlock: internal error", None).is_internal());
        assert_eq!(node(1014, "Priority is too low", Some("(1 vs 2)")).text(), "Priority is too low: (1 vs 2)");
    }

    #[test]
    fn only_web_sockets() {
        assert_eq!(check_url("ws://127.0.0.1:9944"), Ok(()));
        assert_eq!(check_url("wss://node.example/x"), Ok(()));
        assert!(check_url("http://127.0.0.1:9944").is_err());
        assert!(check_url("ws://").is_err());
    }
}
