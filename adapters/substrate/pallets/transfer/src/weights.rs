//! Weights of the transfer pallet.
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
    /// The call `transfer`, with `bytes` in the receiver and the memo together. What the host does is in it.
    fn transfer(bytes: u32) -> Weight;
    /// Receiving: a voucher with the longest trace is created and minted to a new account.
    fn receive() -> Weight;
    /// Giving back what did not arrive.
    fn refund() -> Weight;
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
    /// Reads: escrow account, escrow, asset, both balances and accounts, trace, supply; of the host pause, clock, client,
    /// sequence. Writes: those of them that change, and the commitment.
    fn transfer(bytes: u32) -> Weight {
        Self::of(1_000_000_000, 14, 11).saturating_add(Weight::from_parts(10_000, 0).saturating_mul(bytes.into()))
    }

    /// Reads: voucher, counter, 16 taken assets, the new one, its allocator, trace, supply, balance, account.
    fn receive() -> Weight {
        Self::of(3_000_000_000, 24, 8)
    }

    /// Reads and writes: voucher, asset, supply or escrow, both balances and accounts.
    fn refund() -> Weight {
        Self::of(3_000_000_000, 8, 7)
    }
}
