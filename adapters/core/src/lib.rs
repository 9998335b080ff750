//! What a chain must offer so that the relayer can serve it.
//!
//! Two traits, apart because one chain can be proven in several ways:
//! [`Chain`] is what happens on a chain and how to act on it, [`Prover`] is why another chain
//! should believe it. An adapter implements both for one family of chains and knows no other adapter;
//! the engine knows only these traits.

pub mod chain;
pub mod error;
pub mod event;
pub mod message;
pub mod prover;
pub mod transaction;

pub use chain::{BoundClient, Chain, Head};
pub use error::{AdapterError, ErrorKind};
pub use event::{PacketEvent, PacketEventKind};
pub use message::{Message, Outcome};
pub use prover::{
    ClientParameters, ClientUpdate, InitialClient, Material, Prover, StateProof, TrustAnchor, TrustedState,
};
pub use transaction::{AccountId, Included, SignedTransaction, Simulation, TransactionStatus};
