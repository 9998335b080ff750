//! What every light client is. A light client holds a client state and, per height, the hash of a
//! consensus state; it accepts updates by proof alone and answers membership questions.
//!
//! No I/O and no clock: the caller passes `now` and the stored hashes. The same implementation
//! runs in the relayer, in a pallet and in an inspector.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::{string::String, vec::Vec};
use alloy_primitives::B256;
use core::fmt;
use lupu_standard::{Height, TimestampSecs};

/// Whether a client may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Updates and proofs are accepted.
    Active,
    /// The newest consensus state is older than the trusting period. Only governance can go on from here.
    Expired,
    /// Misbehaviour was proven. Only governance can go on from here.
    Frozen,
}

/// What an accepted client message did. The numbers are those of the EVM interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateResult {
    /// A new consensus state was stored.
    Update = 0,
    /// The message conflicts with what is stored: the client is frozen.
    Misbehaviour = 1,
    /// The consensus state was known already.
    NoOp = 2,
}

/// What is claimed to be stored under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This 32-byte value, not zero.
    Present(B256),
    /// Nothing.
    Absent,
}

/// A check that failed. `check` is the stable name used in vectors and by every verifier;
/// `detail` says with which values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The name of the check, for example `TooFewSeals`.
    pub check: &'static str,
    /// What was expected and what was found.
    pub detail: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.detail)
    }
}

impl core::error::Error for Rejection {}

/// A light client of one chain: its state, and what it accepts.
///
/// Messages and proofs are bytes in the client type's own canonical encoding
/// (`docs/wire-formats.md`), the same bytes that the on-chain verifier of that type takes.
pub trait LightClient: Send + Sync {
    /// The type's name, for example `qbft`.
    fn client_type(&self) -> &'static str;
    /// Newest height with a consensus state.
    fn latest_height(&self) -> Height;
    /// Block time at the newest height.
    fn latest_timestamp(&self) -> TimestampSecs;
    /// Seconds after which an unrefreshed client expires.
    fn trusting_period(&self) -> u64;
    /// Active, Expired or Frozen at `now`.
    fn status(&self, now: TimestampSecs) -> Status;
    /// The client state in the type's encoding, as the on-chain client returns it.
    fn state_bytes(&self) -> Vec<u8>;
    /// Hash of the consensus state at a height, if one is stored.
    fn consensus_hash(&self, height: Height) -> Option<B256>;
    /// Verifies an update and, if it is good, stores what it proves.
    fn update(&mut self, message: &[u8], now: TimestampSecs) -> Result<UpdateResult, Rejection>;
    /// Verifies evidence and, if it is good, freezes the client.
    fn misbehaviour(&mut self, evidence: &[u8], now: TimestampSecs) -> Result<(), Rejection>;
    /// Verifies claims about many raw paths at a height with one proof; all of it stands or falls
    /// together. Returns the block time at that height.
    fn verify(
        &self,
        height: Height,
        claims: &[(Vec<u8>, Claim)],
        proof: &[u8],
        now: TimestampSecs,
    ) -> Result<TimestampSecs, Rejection>;
}
