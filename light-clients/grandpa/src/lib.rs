//! Light client of Substrate chains by GRANDPA justifications.
//!
//! It accepts a header when authorities of the trusted set with more than two thirds of its weight
//! have signed precommits for it or for what descends from it, and when the header's state holds
//! the anchor that proves which chain this is, and when. It follows scheduled changes of the set,
//! each by the header that announces it. Messages, checks and their order are those of
//! `docs/wire-formats.md`, section 8.
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod abi;
mod ancestry;
pub mod anchor;
pub mod authorities;
pub mod change;
pub mod client;
pub mod finality;
pub mod justification;
pub mod membership;
pub mod relay;
pub mod signature;
pub mod state;
pub mod verify;

pub use anchor::{AnchorError, AnchorParameters, Finalized, initial_state};
pub use authorities::{Authority, AuthoritySet, AuthoritySetError};
pub use change::{ChangeError, scheduled_change};
pub use client::GrandpaClient;
pub use finality::{Finality, JustificationError, check_justification, check_votes};
pub use justification::{Ancestor, Justification, MalformedJustification, Target, Vote, vote_message};
pub use membership::{MembershipError, check_membership};
pub use relay::{UpdateParts, trim, update_message};
pub use signature::{VerifyEd25519, Zebra};
pub use state::{
    ClientState, ClientStateError, ConsensusState, MalformedMessage, MembershipProof, Misbehaviour, Rules,
    UpdateMessage,
};
pub use verify::{UpdateError, Verified, check_message, check_misbehaviour, check_update};

/// The client type's name.
pub const CLIENT_TYPE: &str = "grandpa";
