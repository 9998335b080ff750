//! IBC v2 as pure functions: packets, paths, commitments, acknowledgements, the rules of
//! send, receive, acknowledge and timeout, identifiers, and the payload codecs of ICS-20 and
//! ICS-27 GMP. No I/O, no clock, `no_std`.
//!
//! `SPEC.md` beside this crate names every rule; `vectors/` holds a case for each.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod abi;
pub mod ack;
mod base64;
pub mod commitment;
pub mod denom;
pub mod evm;
pub mod height;
pub mod ics20;
pub mod ics27;
pub mod identifier;
pub mod json;
pub mod packet;
pub mod path;
pub mod payload;
pub mod protobuf;
pub mod rules;

pub use ack::Acknowledgement;
pub use denom::Denom;
pub use height::{Height, TimestampSecs};
pub use identifier::{ChainId, ClientId, IdentifierError, PortId, Sequence};
pub use packet::{Packet, Payload};
pub use path::{Path, PathKind};
pub use payload::Encoding;

/// A 32-byte hash or commitment.
pub use alloy_primitives::B256;
