//! Light client of EVM chains that run QBFT (Besu, GoQuorum) or IBFT 2.0 (Besu).
//!
//! It accepts a header when enough of the header's validators and enough of the trusted
//! validators have sealed it, and when the header's state holds the pinned router with the pinned
//! code: the account at that address proves which chain this is. Messages, checks and their order
//! are those of `docs/wire-formats.md`, section 2.
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod abi;
pub mod anchor;
pub mod client;
mod extra;
pub mod header;
pub mod membership;
pub mod quorum;
pub mod relay;
pub mod seal;
pub mod state;
pub mod verify;

pub use anchor::{AnchorError, AnchorParameters, initial_state};
pub use client::QbftClient;
pub use extra::Vote;
pub use header::{Header, HeaderError, Kind};
pub use membership::{MembershipError, check_membership, commitment_key, commitment_slot};
pub use quorum::{overlap_required, quorum};
pub use relay::{SealsError, join_seals, trim, update_message};
pub use seal::{K256, Recover, SealError};
pub use state::{
    ClientState, ClientStateError, ConsensusState, MalformedMessage, MembershipProof, Misbehaviour, Rules,
    UpdateMessage,
};
pub use verify::{Trusted, UpdateError, Verified, check_header, check_misbehaviour, check_update};

/// The client type's name.
pub const CLIENT_TYPE: &str = "qbft";
