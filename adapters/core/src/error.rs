//! What can go wrong while talking to a chain, by what the caller should do about it.

use std::time::Duration;

/// What kind of failure it is: decides whether and when the engine tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No endpoint answered, or too late. Try again soon, on another endpoint.
    Unavailable,
    /// An endpoint asked for patience.
    RateLimited,
    /// An endpoint answered something that a proof, a hash or another endpoint contradicts.
    Lied,
    /// The node no longer (or not yet) has the state or block asked for.
    Pruned,
    /// The chain refuses the transaction: its own reason is in the message.
    Rejected,
    /// The nonce is taken: another process uses the same key, or the transaction was mined already.
    NonceTaken,
    /// The account cannot pay.
    Funds,
    /// Replacing needs a higher fee.
    Underpriced,
    /// Our own light client does not accept it. Nothing was submitted.
    Unproven,
    /// The configuration does not fit the chain.
    Misconfigured,
    /// What was asked for does not exist.
    NotFound,
}

/// A failure of an adapter call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{chain}: {message}")]
pub struct AdapterError {
    /// The chain's name in the configuration.
    pub chain: String,
    /// What kind of failure.
    pub kind: ErrorKind,
    /// One line for a person: what failed, with which values, decoded from the chain's own errors.
    pub message: String,
    /// How long to wait, if the other side said so.
    pub retry_after: Option<Duration>,
}

impl AdapterError {
    /// A failure of the given kind.
    pub fn new(chain: impl ToString, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { chain: chain.to_string(), kind, message: message.into(), retry_after: None }
    }
}
