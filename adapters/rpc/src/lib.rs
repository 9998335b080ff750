//! Several nodes of one chain as one source of answers. Every adapter whose nodes speak JSON-RPC
//! asks them through [`Endpoints`]; what it brings itself is a [`Transport`].

mod answer;
mod endpoints;
mod health;
mod transport;

pub use answer::{Bad, CallError, more_telling};
pub use endpoints::{EndpointStatus, Endpoints, RpcCount};
pub use transport::{Answer, Call, ErrorObject, Failure, Transport};
