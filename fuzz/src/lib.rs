//! Fuzz targets as plain functions, one for each decoder and each verifier that takes bytes from
//! outside. libFuzzer runs them on nightly Rust (`fuzz_targets/`), the replay on stable
//! (`tests/replay.rs`). README.md says how to add one.

pub mod beefy;
pub mod bundle;
pub mod cached;
#[allow(missing_docs, reason = "fields say what they are")]
pub mod client;
pub mod edit;
pub mod ethereum_state;
pub mod grandpa;
pub mod input;
pub mod keys;
pub mod proof;
pub mod qbft;
#[allow(missing_docs, reason = "documented where they live")]
pub mod references;
pub mod standard;
pub mod substrate_state;
pub mod vectors;

use cap::Cap;
use std::alloc::System;

/// Counts what is allocated, so that a target cannot take memory out of proportion.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that one run may have allocated at a time, the vectors that it reads first included.
pub const MEMORY_LIMIT: usize = 64 << 20;

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the binary, and of the folder in `corpus/`.
    pub name: &'static str,
    /// Panics on an input that breaks one of the target's properties.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All targets.
        pub const TARGETS: &[Target] =
            &[$($(Target { name: stringify!($name), run: $module::$name }),+),+];
    };
}

targets! {
    standard: packet_json, ics20, ics27, acknowledgement, denom, identifier;
    ethereum_state: eth_rlp, eth_node, eth_packed, eth_account;
    substrate_state: sub_header, sub_node, sub_packed, sub_anchor, sub_membership;
    qbft: qbft_header, qbft_messages, qbft_update, qbft_misbehaviour, qbft_membership;
    beefy: beefy_commitment, beefy_finality_proof, beefy_leaf, beefy_mmr, beefy_messages, beefy_update, beefy_misbehaviour, beefy_membership, beefy_relay;
    grandpa: grandpa_justification, grandpa_change, grandpa_messages, grandpa_update, grandpa_misbehaviour, grandpa_membership;
    bundle: bundle_decode, bundle_verify;
}

impl Target {
    /// Runs the target on an input. An allocation above [`MEMORY_LIMIT`] aborts the process.
    pub fn check(&self, data: &[u8]) {
        let _ = MEMORY.set_limit(MEMORY.allocated().saturating_add(MEMORY_LIMIT));
        (self.run)(data);
        let _ = MEMORY.set_limit(usize::MAX);
    }
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|t| t.name == name)
}

/// Runs the target of this name on an input.
pub fn run(name: &str, data: &[u8]) {
    target(name).unwrap_or_else(|| panic!("no target {name}")).check(data);
}
