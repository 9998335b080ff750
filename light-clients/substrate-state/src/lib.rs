//! Substrate headers and state-trie proofs, many keys from one node set.
//!
//! [`NodeSet`] holds what `state_getReadProof` returns for many keys, each node and value once. It
//! packs them into the bytes that a chain verifies ([`verify()`]), and answers questions itself.
//! [`check_anchor`] reads the time and the chain's identity from proven state,
//! [`membership::check_membership`] what a chain has committed to. The formats are those of
//! `docs/wire-formats.md`, section 6.
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod anchor;
pub mod hash;
pub mod header;
pub mod key;
pub mod membership;
pub mod node;
pub mod node_set;
pub mod packed;
pub mod scale;
pub mod storage;
pub mod trace;

pub use anchor::{Anchor, AnchorError, check_anchor};
pub use hash::{blake2_256, twox128};
pub use header::{DigestItem, Header, HeaderError};
pub use key::proof_order;
pub use membership::{MembershipError, check_membership};
pub use node_set::{NodeSet, NodeSetError};
pub use packed::{ProofError, ProofErrorKind, verify};
pub use storage::{ANCHOR, COMMITMENTS, anchor_key, commitment_key, commitment_prefix, pallet_prefix};

use alloy_primitives::{B256, b256};

/// Root of a trie without entries: BLAKE2b-256 of the one byte `00`.
pub const EMPTY_ROOT: B256 = b256!("03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314");
