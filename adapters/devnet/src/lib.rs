//! What the embedded chains have in common: a JSON-RPC endpoint, over HTTP and WebSocket, and the
//! faults that strike it.

mod faults;
mod server;

pub use faults::{Edit, Fault, FaultId, NodeFaults};
pub use server::serve;
