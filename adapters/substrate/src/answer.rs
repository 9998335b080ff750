//! What an answer that cannot be used means: for its endpoint, for the others, for the caller.

use crate::rpc::NodeError;
use lupu_adapter::{AdapterError, ErrorKind};

/// What a check says about an answer that it does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The endpoint has not got it, perhaps only not yet. No fault of its own.
    Missing(String),
    /// The endpoint no longer has the state.
    Pruned(String),
    /// A proof, a hash or the form contradicts it.
    Lied(String),
}

/// Why no endpoint gave a usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The chain's own refusal: asking another endpoint would not help.
    Node(NodeError),
    /// The answer that would matter is missing everywhere.
    Missing(String),
    /// The state or block is no longer, or not yet, there.
    Pruned(String),
    /// Every endpoint asks for patience.
    RateLimited,
    /// Every usable answer was contradicted.
    Lied(String),
    /// Nothing answered.
    Unavailable(String),
}

impl CallError {
    /// As the traits have it; a node's refusal in its own words.
    pub fn into_adapter(self, chain: &str) -> AdapterError {
        let (kind, message) = match self {
            Self::Node(error) => (ErrorKind::Rejected, error.text()),
            Self::Missing(what) => (ErrorKind::NotFound, what),
            Self::Pruned(what) => (ErrorKind::Pruned, what),
            Self::RateLimited => (ErrorKind::RateLimited, "every endpoint asks for patience".into()),
            Self::Lied(what) => (ErrorKind::Lied, what),
            Self::Unavailable(what) => (ErrorKind::Unavailable, what),
        };
        AdapterError::new(chain, kind, message)
    }
}

/// A failed attempt at one endpoint.
pub(crate) struct Attempt {
    pub(crate) error: CallError,
    /// Whether asking another endpoint is pointless.
    pub(crate) last: bool,
}

impl Attempt {
    pub(crate) fn next(error: CallError) -> Self {
        Self { error, last: false }
    }
}

/// What a node's error object means for the other endpoints.
pub(crate) fn sort_node_error(name: &str, method: &str, error: NodeError) -> Attempt {
    if error.is_pool_verdict() {
        return Attempt { error: CallError::Node(error), last: true };
    }
    if error.is_pruned() {
        return Attempt::next(CallError::Pruned(format!("{name}: {method}: {}", error.text())));
    }
    if error.is_no_method() {
        return Attempt::next(CallError::Missing(format!("{name} does not offer {method}")));
    }
    Attempt::next(CallError::Node(error))
}

/// Of two failures the one that says more about what to do.
pub(crate) fn more_telling(a: Option<CallError>, b: CallError) -> CallError {
    let weight = |e: &CallError| match e {
        CallError::Node(_) => 5,
        CallError::Lied(_) => 4,
        CallError::Pruned(_) => 3,
        CallError::Missing(_) => 2,
        CallError::RateLimited => 1,
        CallError::Unavailable(_) => 0,
    };
    match a {
        Some(a) if weight(&a) >= weight(&b) => a,
        _ => b,
    }
}
