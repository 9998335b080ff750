//! `cargo xtask bench`: the measurements that docs/benchmarks.md records.

use crate::{contracts, run};
use anyhow::Result;
use clap::{Args, ValueEnum};

#[derive(Args)]
pub struct Options {
    /// What to measure; everything if left out.
    #[arg(value_enum)]
    what: Vec<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Gas of whole transactions, on anvil.
    Gas,
    /// The light clients in Rust against bare signature recovery.
    LightClient,
    /// Trie proofs of 1 to 1,000 keys; proof bundles against their floor.
    Proofs,
    /// The relayer: packets per second, latency, memory.
    Relayer,
}

/// Runs the benchmarks asked for.
pub fn run(o: &Options) -> Result<()> {
    let wanted = |k: Kind| o.what.is_empty() || o.what.contains(&k);
    if wanted(Kind::Gas) {
        contracts::script("gas")?;
    }
    if wanted(Kind::LightClient) {
        run::run(".", &["cargo", "bench", "-p", "lupu-qbft", "-p", "lupu-beefy", "-p", "lupu-grandpa"])?;
    }
    if wanted(Kind::Proofs) {
        run::run(
            ".",
            &["cargo", "bench", "-p", "lupu-ethereum-state", "-p", "lupu-substrate-state", "-p", "lupu-proof"],
        )?;
    }
    if wanted(Kind::Relayer) {
        run::run(".", &["cargo", "run", "--release", "-p", "lupu-tests", "--bin", "throughput"])?;
    }
    Ok(())
}
