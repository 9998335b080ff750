//! What an answer that cannot be used means: for its endpoint, for the others, for the caller.

use crate::transport::ErrorObject;
use lupu_adapter::{AdapterError, ErrorKind};
use std::time::Duration;

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
pub enum CallError<E> {
    /// The chain's own refusal: asking another endpoint would not help.
    Node(E),
    /// The answer that would matter is missing everywhere.
    Missing(String),
    /// The state or block is no longer, or not yet, there.
    Pruned(String),
    /// Every endpoint asks for patience; for how long, if that is known.
    RateLimited(Option<Duration>),
    /// Every usable answer was contradicted.
    Lied(String),
    /// Nothing answered.
    Unavailable(String),
}

impl<E: ErrorObject> CallError<E> {
    /// As the traits have it; a node's refusal in words.
    pub fn into_adapter(self, chain: &str) -> AdapterError {
        let (kind, message, retry_after) = match self {
            Self::Node(error) => (ErrorKind::Rejected, error.explain(), None),
            Self::Missing(what) => (ErrorKind::NotFound, what, None),
            Self::Pruned(what) => (ErrorKind::Pruned, what, None),
            Self::RateLimited(wait) => (ErrorKind::RateLimited, "every endpoint asks for patience".into(), wait),
            Self::Lied(what) => (ErrorKind::Lied, what, None),
            Self::Unavailable(what) => (ErrorKind::Unavailable, what, None),
        };
        AdapterError { retry_after, ..AdapterError::new(chain, kind, message) }
    }
}

/// A failed attempt at one endpoint.
pub(crate) struct Attempt<E> {
    pub(crate) error: CallError<E>,
    /// Whether asking another endpoint is pointless.
    pub(crate) last: bool,
}

impl<E> Attempt<E> {
    pub(crate) fn next(error: CallError<E>) -> Self {
        Self { error, last: false }
    }
}

/// What a node's error object means for the other endpoints.
pub(crate) fn sort_node_error<E: ErrorObject>(name: &str, method: &str, error: E) -> Attempt<E> {
    if error.is_final() {
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
pub fn more_telling<E>(a: Option<CallError<E>>, b: CallError<E>) -> CallError<E> {
    let weight = |e: &CallError<E>| match e {
        CallError::Node(_) => 5,
        CallError::Lied(_) => 4,
        CallError::Pruned(_) => 3,
        CallError::Missing(_) => 2,
        CallError::RateLimited(_) => 1,
        CallError::Unavailable(_) => 0,
    };
    match a {
        Some(a) if weight(&a) >= weight(&b) => a,
        _ => b,
    }
}
