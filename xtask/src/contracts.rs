//! The Solidity contracts: built by forge with the npm compiler, compared with what is committed, tested.

use crate::{run, tools};
use anyhow::Result;
use clap::{Args, Subcommand};

/// The Foundry project.
pub const FOLDER: &str = "adapters/evm/contracts";

/// Compiles the proof library behind calls, for the tests that compare it with the crate.
const PROOF_READER: &str = "tests/contracts/build.mjs";

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Compile and write artifacts/.
    Build,
    /// Compile and fail if artifacts/ differs from what is committed.
    Check,
    /// Run the forge tests.
    Test,
    /// Measure gas on anvil and write gas-report.md.
    Gas,
}

/// The `contracts` task.
pub fn run(o: &Options) -> Result<()> {
    match o.what {
        What::Build => {
            script("build")?;
            run::run(".", &["node", PROOF_READER])
        }
        What::Check => check(),
        What::Test => script("test"),
        What::Gas => script("gas"),
    }
}

/// Fails if what is committed is not what the sources compile to.
pub fn check() -> Result<()> {
    script("check")?;
    run::run(".", &["node", PROOF_READER, "--check"])
}

/// Runs one npm script of the contracts folder, with its packages installed.
pub fn script(name: &str) -> Result<()> {
    tools::npm_ci(FOLDER)?;
    run::run(FOLDER, &["npm", "run", "--silent", name])
}
