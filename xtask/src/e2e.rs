//! `cargo xtask e2e`: the relayer against real nodes, started on loopback.

use crate::{
    run::{self, Steps, output},
    tools,
};
use anyhow::{Result, bail};
use clap::Args;

/// The folder with the pinned npm packages of the nodes.
const NODES: &str = "tests/nodes";

#[derive(Args)]
pub struct Options {
    /// Install what is missing from the system's packages without asking.
    #[arg(long)]
    yes: bool,
}

/// Installs the nodes inside the checkout and runs the tests that need them.
pub fn run(o: &Options) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("system packages", || system_packages(o.yes))?;
    steps.step("nodes from npm", || tools::npm_ci(NODES))?;
    steps.step("relayer against real nodes", || {
        run::run(
            ".",
            &[
                "cargo",
                "test",
                "--release",
                "-p",
                "lupu-tests",
                "--features",
                "real-nodes",
                "--test",
                "real_nodes",
                "--",
                "--nocapture",
                "--test-threads=1",
            ],
        )
    })?;
    steps.print();
    Ok(())
}

fn system_packages(yes: bool) -> Result<()> {
    if output(&["node", "--version"]).is_some() && output(&["npm", "--version"]).is_some() {
        println!("needed from the system: Node.js and npm (found)");
        return Ok(());
    }
    if !tools::may_install(yes) {
        bail!(
            "needed from the system: Node.js 18 or newer and npm, missing here; install them, or let `cargo xtask e2e --yes` do it with apt-get"
        );
    }
    run::run(".", &["apt-get", "update", "-q"])?;
    run::run(".", &["apt-get", "install", "-y", "-q", "--no-install-recommends", "nodejs", "npm"])
}
