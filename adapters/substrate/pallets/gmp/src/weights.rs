//! Weights of the message pallet, what the calls themselves use aside.
//!
//! The numbers of [`StorageWeight`] are not of the benchmark command line: storage accesses are
//! counted, computation is estimated, for callbacks above what a native build without optimization
//! takes. A production runtime runs the benchmarks of `benchmarking.rs` on its own machines
//! and puts what they say in the place of these.

use frame_support::{
    traits::Get,
    weights::{RuntimeDbWeight, Weight},
};

/// What the pallet's work costs; all are worst cases.
pub trait WeightInfo {
    /// The call `send_call`, with `bytes` in receiver, salt, payload and memo together. What the host does is in it.
    fn send_call(bytes: u32) -> Weight;
    /// Receiving, without the call that is made.
    fn receive() -> Weight;
    /// Telling what became of a call.
    fn settle() -> Weight;
}

/// Weights for any node, by its database: see the head of this file.
pub struct StorageWeight<Db>(core::marker::PhantomData<Db>);

/// Most bytes of one trie proof of a storage item.
const PROOF: u64 = 3_000;

impl<Db: Get<RuntimeDbWeight>> StorageWeight<Db> {
    fn of(picoseconds: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(picoseconds, reads.saturating_mul(PROOF))
            .saturating_add(Db::get().reads_writes(reads, writes))
    }
}

impl<Db: Get<RuntimeDbWeight>> WeightInfo for StorageWeight<Db> {
    /// Reads, all of the host: pause, clock, client, sequence. Writes: sequence, commitment.
    fn send_call(bytes: u32) -> Weight {
        Self::of(1_000_000_000, 4, 2).saturating_add(Weight::from_parts(10_000, 0).saturating_mul(bytes.into()))
    }

    /// No storage but the call's own.
    fn receive() -> Weight {
        Self::of(3_000_000_000, 0, 0)
    }

    /// No storage.
    fn settle() -> Weight {
        Self::of(3_000_000_000, 0, 0)
    }
}
