//! `cargo xtask page`: the verifier of proof bundles as one file that a browser opens.

use crate::{
    run::{self, Steps, finish, output, root},
    tools::{cache, may_install, node},
    wasm::{TARGET, Toolchain},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{fs, path::PathBuf};

/// The crate that is the module, and the profile that makes it small.
const CRATE: &str = "lupu-proof-ffi";
const PROFILE: &str = "page";
/// Where the page goes, from the checkout's root.
const PAGE: &str = "target/page/index.html";

#[derive(Args)]
pub struct Options {
    /// Then try the page in Chromium.
    #[arg(long)]
    test: bool,
    /// Install what is missing from the system's packages without asking.
    #[arg(long)]
    yes: bool,
}

/// Builds the page, and tries it where that is asked for.
pub fn run(o: &Options) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("page", || build(o.yes))?;
    if o.test {
        steps.step("page in a browser", || test(o.yes))?;
    }
    steps.print();
    Ok(())
}

/// Builds the page into `target/page`.
pub fn build(yes: bool) -> Result<()> {
    node()?;
    let wasm = module(yes)?;
    let page = root().join(PAGE);
    fs::create_dir_all(page.parent().context("a folder above")?)?;
    run::run(".", &["node", "proof/page/build.mjs", &wasm.to_string_lossy(), PAGE])
}

/// Opens the page in Chromium, drops files on it, and reads what it says.
pub fn test(yes: bool) -> Result<()> {
    if output(&["chromium", "--version"]).is_none() {
        if !may_install(yes) {
            bail!("Chromium is missing: install it, or let `cargo xtask page --test --yes` do it with apt-get");
        }
        run::run(".", &["apt-get", "update", "-q"])?;
        run::run(".", &["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"])?;
    }
    run::run(".", &["node", "proof/page/test.mjs", PAGE])
}

/// The verifier as a WebAssembly module.
fn module(yes: bool) -> Result<PathBuf> {
    let toolchain = Toolchain::find(yes)?;
    let target = cache().join(toolchain.folder());
    let words = ["rustc", "--profile", PROFILE, "-p", CRATE, "--lib", "--crate-type", "cdylib", "--target", TARGET];
    let mut c = toolchain.cargo(&words, "");
    c.env("CARGO_TARGET_DIR", &target);
    finish(c, &format!("cargo {}", words.join(" ")))?;
    Ok(target.join(TARGET).join(PROFILE).join("lupu_proof_ffi.wasm"))
}
