//! Light client of Substrate chains by BEEFY commitments.
//!
//! It accepts a block when more than two thirds of the trusted authorities, all of whose
//! signatures it checks, have signed a commitment to the chain's history; when that history holds
//! a leaf with the block's hash; and when the block's state holds the anchor that proves which
//! chain this is, and when. Messages, checks and their order are those of `docs/wire-formats.md`,
//! section 7.
//!
//! A commitment at block B proves the state of block B − 1: the leaf of a block is about its
//! parent. Older blocks are proven by their own leaves.
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod abi;
pub mod anchor;
pub mod authorities;
pub mod client;
pub mod commitment;
pub mod finality_proof;
pub mod leaf;
pub mod membership;
pub mod mmr;
pub mod relay;
pub mod signature;
pub mod state;
pub mod verify;

pub use anchor::{AnchorError, AnchorParameters, initial_state};
pub use authorities::{AuthoritySet, join_addresses, keyset_root, split_addresses, threshold};
pub use client::BeefyClient;
pub use commitment::{Commitment, CommitmentError, Payload};
pub use finality_proof::{FinalityProofError, SignedCommitment};
pub use leaf::{LeafError, MmrLeaf, unwrap_leaves, wrap_leaves};
pub use membership::check_membership;
pub use mmr::{LeafProof, MmrError};
pub use relay::{ProvenLeaf, RelayError, Signer, Summary, inspect, trim, update_message};
pub use signature::{K256, Recover, SignatureError};
pub use state::{
    ClientState, ClientStateError, ConsensusState, MalformedMessage, MembershipProof, Misbehaviour, Rules,
    UpdateMessage,
};
pub use verify::{UpdateError, Verified, check_misbehaviour, check_update};

/// The client type's name.
pub const CLIENT_TYPE: &str = "beefy";
