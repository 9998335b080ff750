//! The relayer: it carries IBC v2 packets, acknowledgements and timeouts between chains, and lets no
//! one be trusted on the way.
//!
//! [`Engine`] runs over any chains that implement the adapter's traits. [`store::Store`] keeps every
//! state and every signed transaction before its effect is attempted. [`api`] answers `/healthz` and
//! `/metrics`. [`proof`] makes proof files out of what the store has kept. [`config`] and [`keys`] are what the command line needs around them.

pub mod api;
pub mod config;
pub mod engine;
pub mod failpoints;
pub mod keys;
pub mod packet;
pub mod proof;
pub mod setup;
pub mod store;
pub mod submit;

pub use engine::{Backoff, Engine, EngineConfig, EngineError, EngineEvent, Route};
pub(crate) use failpoints::failpoint;
pub use store::Store;
