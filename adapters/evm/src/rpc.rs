//! JSON-RPC over HTTP to one node: bounded time, bounded answers, errors sorted by what they mean.

use crate::errors;
use alloy::transports::http::reqwest;
use lupu_rpc::{Answer, ErrorObject, Transport};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

pub use lupu_rpc::Call;

/// Why one endpoint gave no usable answer.
pub type Failure = lupu_rpc::Failure<NodeError>;

/// The largest answer read from a node, bytes.
const MAX_ANSWER: usize = 64 << 20;

/// An error object of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeError {
    /// JSON-RPC error code.
    pub code: i64,
    /// The node's own words.
    pub message: String,
    /// Revert data, if any.
    pub data: Option<Vec<u8>>,
}

impl NodeError {
    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|w| message.contains(w))
    }
    /// The range of a log query is too large for the node: ask for less.
    pub fn is_too_much(&self) -> bool {
        self.says(&[
            "block range",
            "range too large",
            "range is too",
            "exceeds maximum",
            "exceed maximum",
            "query returned more than",
            "too many results",
            "too many logs",
            "more than 10000",
            "response size",
            "requested range",
            "query timeout",
        ])
    }
    /// The node asks for patience.
    pub fn is_rate_limit(&self) -> bool {
        !self.is_too_much()
            && (self.code == -32005
                || self.code == 429
                || self.says(&["rate limit", "too many requests", "request limit", "request rate", "compute units"]))
    }
    /// The call ran and the chain refused it.
    pub fn is_revert(&self) -> bool {
        self.code == 3
            || self.data.is_some()
            || self.says(&[
                "revert",
                "out of gas",
                "invalid opcode",
                "stack underflow",
                "bad jump",
                "gas required exceeds",
            ])
    }
}

impl ErrorObject for NodeError {
    fn text(&self) -> String {
        self.message.clone()
    }
    fn explain(&self) -> String {
        errors::explain(self)
    }
    fn is_final(&self) -> bool {
        self.is_revert() || self.is_too_much()
    }
    // Bonsai window, pruned trie, still syncing.
    fn is_pruned(&self) -> bool {
        self.says(&[
            "missing trie node",
            "header not found",
            "world state unavailable",
            "worldstate not available",
            "world state not available",
            "state not available",
            "state is not available",
            "no state available",
            "state unavailable",
            "historical state",
            "blockoutofrange",
            "block out of range",
            "proof window",
            "unknown block",
            "block not found",
            "required historical state",
            "pruned",
        ])
    }
    fn is_no_method(&self) -> bool {
        self.code == -32601
            || self.code == -32604
            || self.says(&[
                "method not found",
                "does not exist/is not available",
                "method not enabled",
                "not supported",
            ])
    }
    fn is_internal(&self) -> bool {
        self.data.is_none()
            && !self.is_pruned()
            && (self.code == -32603 || self.says(&["internal error", "internal server error"]))
    }
}

#[derive(Deserialize)]
struct RawAnswer {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<RawError>,
}

#[derive(Deserialize)]
struct RawError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<Value>,
}

impl RawError {
    fn into_failure(self) -> Failure {
        let error =
            NodeError { code: self.code, message: self.message, data: self.data.as_ref().and_then(revert_data) };
        if error.is_rate_limit() && error.data.is_none() { Failure::RateLimited(None) } else { Failure::Node(error) }
    }
}

impl RawAnswer {
    fn into_result(self) -> Answer<NodeError> {
        match self.error {
            Some(error) => Err(error.into_failure()),
            // A missing `result` and a null one are the same to serde; null is a legal answer.
            None => Ok(self.result.unwrap_or(Value::Null)),
        }
    }
}

/// Revert data as geth and Besu (hex string), Hardhat (nested object) and Nethermind ("Reverted 0x…") give it.
fn revert_data(data: &Value) -> Option<Vec<u8>> {
    match data {
        Value::String(s) => {
            let s = s.trim();
            let hex_part = s.strip_prefix("Reverted ").unwrap_or(s).strip_prefix("0x")?;
            hex::decode(hex_part).ok().filter(|d| !d.is_empty())
        }
        Value::Object(o) => o.get("data").or_else(|| o.get("result")).and_then(revert_data),
        _ => None,
    }
}

/// A connection to one node.
#[derive(Debug)]
pub struct Http {
    url: reqwest::Url,
    client: reqwest::Client,
    timeout: Duration,
}

impl Transport for Http {
    type Error = NodeError;
    const NAME: &'static str = "RPC endpoint";
    const BATCH: usize = 50;
    const AT_ONCE: usize = 1;
    const NAMES_WAIT: bool = true;

    fn open(url: &str, timeout: Duration) -> Result<Self, String> {
        let url: reqwest::Url = url.parse().map_err(|e| format!("not an URL: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("scheme {} is not http or https", url.scheme()));
        }
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let mut builder =
            reqwest::Client::builder().connect_timeout(timeout).timeout(timeout).pool_max_idle_per_host(8);
        if local {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| e.to_string())?;
        Ok(Self { url, client, timeout })
    }

    async fn call(&self, call: &Call) -> Answer<NodeError> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": call.method, "params": call.params});
        let answer: RawAnswer = parse(&self.post(&body).await?)?;
        answer.into_result()
    }

    async fn batch(&self, calls: &[Call]) -> Result<Vec<Answer<NodeError>>, Failure> {
        let body: Vec<Value> = calls
            .iter()
            .enumerate()
            .map(|(id, c)| json!({"jsonrpc": "2.0", "id": id, "method": c.method, "params": c.params}))
            .collect();
        let bytes = self.post(&Value::Array(body)).await?;
        let answers: Vec<RawAnswer> = match parse(&bytes) {
            Ok(answers) => answers,
            Err(garbage) => {
                let single: RawAnswer = parse(&bytes).map_err(|_| garbage)?;
                return Err(match single.error {
                    Some(error) => error.into_failure(),
                    None => Failure::Garbage("one answer to a batch".into()),
                });
            }
        };
        let mut by_id: HashMap<u64, RawAnswer> =
            answers.into_iter().filter_map(|a| Some((a.id.as_u64()?, a))).collect();
        (0..calls.len() as u64)
            .map(|id| match by_id.remove(&id) {
                Some(answer) => Ok(answer.into_result()),
                None => Err(Failure::Garbage(format!("answer {id} of a batch of {} is missing", calls.len()))),
            })
            .collect()
    }
}

impl Http {
    async fn post(&self, body: &Value) -> Result<Vec<u8>, Failure> {
        tokio::time::timeout(self.timeout, self.post_unbounded(body)).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn post_unbounded(&self, body: &Value) -> Result<Vec<u8>, Failure> {
        let bytes = serde_json::to_vec(body).map_err(|e| Failure::Garbage(e.to_string()))?;
        let request = self.client.post(self.url.clone()).header("content-type", "application/json").body(bytes);
        let mut response = request.send().await.map_err(transport)?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.trim().parse().ok())
            .map(|secs: u64| Duration::from_secs(secs.min(3_600)));
        if status.as_u16() == 429 || (status.as_u16() == 503 && retry_after.is_some()) {
            return Err(Failure::RateLimited(retry_after));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if answer.len() + chunk.len() > MAX_ANSWER {
                return Err(Failure::Garbage(format!("the answer is longer than {MAX_ANSWER} bytes")));
            }
            answer.extend_from_slice(&chunk);
        }
        // Some nodes send JSON-RPC errors with a status other than 200.
        if !status.is_success() && !matches!(answer.first(), Some(b'{' | b'[')) {
            return Err(Failure::Transport(format!("HTTP {status}")));
        }
        Ok(answer)
    }
}

fn parse<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|e| Failure::Garbage(format!("not JSON-RPC: {e}")))
}

fn transport(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    // The innermost cause is the telling one: "connection refused", not "error sending request".
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Failure::Transport(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(code: i64, message: &str) -> NodeError {
        NodeError { code, message: message.into(), data: None }
    }

    #[test]
    fn errors_are_sorted_by_their_words() {
        assert!(node(-32000, "missing trie node ab (path )").is_pruned());
        assert!(node(-32000, "World state unavailable").is_pruned());
        assert!(node(-32005, "query returned more than 10000 results").is_too_much());
        assert!(!node(-32005, "query returned more than 10000 results").is_rate_limit());
        assert!(node(-32005, "Requested range exceeds maximum RPC range limit").is_too_much());
        assert!(node(-32005, "project ID request rate exceeded").is_rate_limit());
        assert!(node(-32601, "the method debug_getRawHeader does not exist/is not available").is_no_method());
        assert!(node(3, "execution reverted").is_revert());
        assert!(!node(-32000, "nonce too low").is_revert());
    }

    #[test]
    fn revert_data_is_found_in_every_dialect() {
        let want = Some(vec![8, 0xc3, 0x79, 0xa0]);
        assert_eq!(revert_data(&json!("0x08c379a0")), want);
        assert_eq!(revert_data(&json!("Reverted 0x08c379a0")), want);
        assert_eq!(revert_data(&json!({"data": "0x08c379a0", "message": "x"})), want);
        assert_eq!(revert_data(&json!({"data": {"data": "0x08c379a0"}})), want);
        assert_eq!(revert_data(&json!("0x")), None);
        assert_eq!(revert_data(&json!(7)), None);
    }
}
