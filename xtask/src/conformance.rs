//! `cargo xtask conformance`: the suite of attacks, run against every verifier.

use crate::run;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// The whole workspace and a test beside the program: cargo then chooses the features that it chose
/// for `cargo xtask test`, and takes what that has compiled as it is.
const BUILD: &[&str] =
    &["cargo", "build", "--quiet", "--release", "--workspace", "--bin", "conformance", "--test", "suite"];

#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Options of the program; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Runs the program with the options given.
pub fn run(o: &Options) -> Result<()> {
    run::run(".", BUILD)?;
    let status = run::command(".", &[&program()]).args(&o.options).status()?;
    if !status.success() {
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(())
}

/// All cases of all files, by the program as it was built with everything else.
pub fn check() -> Result<()> {
    run::run(".", &[&program()])
}

/// Where cargo puts the program.
fn program() -> String {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| run::root().join("target"), PathBuf::from);
    target.join("release/conformance").to_string_lossy().into_owned()
}
