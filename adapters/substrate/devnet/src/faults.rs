//! Ways in which a node can be bad, switched on and off while it runs.

pub use lupu_devnet::{Edit, Fault, FaultId, NodeFaults};

/// The rate limit of public endpoints.
pub fn rate_limit() -> Fault {
    Fault::Error { code: -32_999, message: "RPC rate limit exceeded".into() }
}
