//! IBC v2 as pure functions: packets, paths, commitments, acknowledgements, the rules of
//! send, receive, acknowledge and timeout, identifiers, and the payload codecs of ICS-20 and
//! ICS-27 GMP. No I/O, no clock, `no_std`.
//!
//! `SPEC.md` beside this crate names every rule; `vectors/` holds a case for each.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod ack;
pub mod commitment;
pub mod height;
pub mod identifier;
pub mod packet;
pub mod path;

pub use ack::Acknowledgement;
pub use height::{Height, TimestampSecs};
pub use identifier::{ChainId, ClientId, IdentifierError, PortId, Sequence};
pub use packet::{Packet, Payload};
pub use path::{Path, PathKind};

/// A 32-byte hash or commitment.
pub use alloy_primitives::B256;
