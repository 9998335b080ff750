//! `cargo xtask conformance`: the suite of attacks, run against every verifier.

use crate::run;
use anyhow::Result;
use clap::Args;

#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Options of the program; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Runs the program with the options given.
pub fn run(o: &Options) -> Result<()> {
    let mut words = vec!["cargo", "run", "--quiet", "--release", "-p", "lupu-conformance", "--"];
    words.extend(o.options.iter().map(String::as_str));
    let status = run::command(".", &words).status()?;
    if !status.success() {
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(())
}

/// All cases of all files.
pub fn check() -> Result<()> {
    run::run(".", &["cargo", "run", "--quiet", "--release", "-p", "lupu-conformance"])
}
