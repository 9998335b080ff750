//! Account and storage proofs of Ethereum state: Merkle-Patricia tries with 32-byte keys.
//!
//! [`NodeSet`] holds the nodes that `eth_getProof` returns for many keys, each once. It packs them
//! into the bytes that a chain verifies ([`packed::verify`]), and answers questions itself.
//! The formats are those of `docs/wire-formats.md`, section 1.
//!
//! No I/O, no clock, `no_std`; no input makes it panic.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod account;
pub mod key;
pub mod node;
pub mod node_set;
pub mod packed;
pub mod rlp;
pub mod trace;

pub use account::{Account, ValueError, storage_value};
pub use key::{account_key, slot_key, sorted_order};
pub use node_set::{NodeSet, NodeSetError};
pub use packed::{ProofError, ProofErrorKind};

use alloy_primitives::{B256, b256};

/// Root of a trie without entries: keccak256 of the RLP empty string.
pub const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
