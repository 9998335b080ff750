//! The crates that run inside a chain are built for a target without the standard library.

use crate::{
    run::{command, finish, output, root, run},
    tools::{cache, may_install},
};
use anyhow::{Result, bail};

const TARGET: &str = "wasm32v1-none";
const CRATES: &[&str] = &["lupu-standard", "lupu-light-client", "lupu-ethereum-state", "lupu-qbft"];

/// Builds each `no_std` crate alone for the target.
pub fn check() -> Result<()> {
    if installed() || add_target() {
        for name in CRATES {
            run(".", &["cargo", "build", "--release", "--no-default-features", "--target", TARGET, "-p", name])?;
        }
        return Ok(());
    }
    if may_install(false) {
        return with_debian_sources();
    }
    bail!("the Rust target {TARGET} is missing: `rustup target add {TARGET}`")
}

fn installed() -> bool {
    output(&["rustc", "--print", "sysroot"])
        .is_some_and(|sysroot| std::path::Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Adds the target through rustup; it changes nothing but rustup's own toolchain.
fn add_target() -> bool {
    output(&["rustup", "--version"]).is_some() && run(".", &["rustup", "target", "add", TARGET]).is_ok() && installed()
}

/// Where rustup's server is out of reach, on Debian: the distribution's compiler and its sources of
/// the standard library, from which cargo builds core and alloc for the target.
fn with_debian_sources() -> Result<()> {
    run(".", &["apt-get", "update", "-q"])?;
    run(".", &["apt-get", "install", "-y", "-q", "--no-install-recommends", "rustc-web", "cargo-web", "rust-web-src"])?;
    for name in CRATES {
        let words = [
            "/usr/bin/cargo",
            "build",
            "--release",
            "--no-default-features",
            "-Zbuild-std=core,alloc",
            "--target",
            TARGET,
            "-p",
            name,
        ];
        let mut c = command(".", &words);
        c.env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", "/usr/bin/rustc")
            .env("CARGO_TARGET_DIR", cache().join("target-debian"))
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir(root());
        finish(c, &words.join(" "))?;
    }
    Ok(())
}
