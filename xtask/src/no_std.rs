//! The crates that run inside a chain are built for a target without the standard library.

use crate::{
    run::finish,
    wasm::{TARGET, Toolchain},
};
use anyhow::Result;

const CRATES: &[&str] = &[
    "lupu-standard",
    "lupu-light-client",
    "lupu-ethereum-state",
    "lupu-substrate-state",
    "lupu-qbft",
    "lupu-beefy",
    "lupu-grandpa",
    "lupu-proof",
];

/// Builds each `no_std` crate alone for the target.
pub fn check() -> Result<()> {
    let toolchain = Toolchain::find(false)?;
    for name in CRATES {
        let words = ["build", "--release", "--no-default-features", "--target", TARGET, "-p", name];
        finish(toolchain.cargo(&words, ""), &format!("cargo {}", words.join(" ")))?;
    }
    Ok(())
}
