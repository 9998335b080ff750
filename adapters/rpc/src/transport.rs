//! What a transport to a node offers, and what its failures mean.

use serde_json::Value;
use std::{fmt::Debug, future::Future, time::Duration};

/// One JSON-RPC request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method name.
    pub method: &'static str,
    /// Positional parameters, an array.
    pub params: Value,
}

impl Call {
    /// A request; `params` is an array.
    pub fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }
}

/// An error object of a node, read as the nodes of its chain family mean it.
pub trait ErrorObject: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The node's own words, in one line.
    fn text(&self) -> String;
    /// For a person: the decoded reason, if there is one.
    fn explain(&self) -> String {
        self.text()
    }
    /// The chain's own refusal: another node would say the same.
    fn is_final(&self) -> bool;
    /// The node does not have the block or state (pruned, or still syncing).
    fn is_pruned(&self) -> bool;
    /// The node does not offer the method.
    fn is_no_method(&self) -> bool;
    /// The node itself is in trouble.
    fn is_internal(&self) -> bool;
}

/// Why one endpoint gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// No answer in time.
    Timeout,
    /// Connection refused, dropped, TLS, HTTP status.
    Transport(String),
    /// The node asks for patience; for how long, if it says so.
    RateLimited(Option<Duration>),
    /// The answer is not JSON-RPC, too long, or not of the right shape.
    Garbage(String),
    /// The node answered with an error.
    Node(E),
}

/// What became of one request.
pub type Answer<E> = Result<Value, Failure<E>>;

/// A way to one node: bounded time, bounded answers, a connection made anew after it broke.
pub trait Transport: Sized + Send + Sync {
    /// The error objects of the nodes at the other end.
    type Error: ErrorObject;
    /// What an operator calls such an endpoint.
    const NAME: &'static str;
    /// Requests in one message, at most; 1 where there are no batches.
    const BATCH: usize;
    /// Messages on their way to the node at once.
    const AT_ONCE: usize;
    /// Whether an endpoint that is left alone is reported with the time that is left; nodes that
    /// never name one leave the wait to the caller.
    const NAMES_WAIT: bool;

    /// Checks the URL; nothing is sent yet.
    fn open(url: &str, timeout: Duration) -> Result<Self, String>;

    /// One request.
    fn call(&self, call: &Call) -> impl Future<Output = Answer<Self::Error>> + Send;

    /// At most [`Self::BATCH`] requests in one message; an answer for each, in their order.
    fn batch(
        &self,
        calls: &[Call],
    ) -> impl Future<Output = Result<Vec<Answer<Self::Error>>, Failure<Self::Error>>> + Send {
        async move {
            let mut answers = Vec::with_capacity(calls.len());
            for call in calls {
                answers.push(self.call(call).await);
            }
            Ok(answers)
        }
    }
}
