//! `cargo xtask e2e`: the relayer against real nodes, started on loopback.

use crate::{
    page,
    run::{self, Steps, command, finish, output},
    substrate_node, tools,
};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

/// The folder with the pinned npm packages of the nodes.
const NODES: &str = "tests/nodes";
/// The folder with polkadot.js.
const POLKADOT_JS: &str = "adapters/substrate/devnet/js";

#[derive(Args)]
pub struct Options {
    /// Install what is missing from the system's packages without asking.
    #[arg(long)]
    yes: bool,
    /// Only the nodes of one family.
    #[arg(long, value_enum)]
    only: Option<Family>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    /// anvil and Hardhat's node, from npm.
    Evm,
    /// Four validators of the node in adapters/substrate/node.
    Substrate,
}

/// Builds or installs the nodes and runs the tests that need them.
pub fn run(o: &Options) -> Result<()> {
    let wanted = |family| o.only.is_none_or(|only| only == family);
    let mut steps = Steps::default();
    steps.step("system packages", || system_packages(o.yes))?;
    if o.only.is_none() {
        steps.step("verifier's page in a browser", || page::build(o.yes).and_then(|()| page::test(o.yes)))?;
    }
    if wanted(Family::Evm) {
        steps.step("nodes from npm", || tools::npm_ci(NODES))?;
        steps.step("relayer against real EVM nodes", || test("real_nodes"))?;
    }
    if wanted(Family::Substrate) {
        steps.step("system packages for the Substrate node", || substrate_node::system_packages(o.yes))?;
        steps.step("Substrate node", substrate_node::build_node)?;
        steps.step("runtime as WASM", || substrate_node::build_runtimes(o.yes))?;
        steps.step("polkadot.js from npm", || tools::npm_ci(POLKADOT_JS))?;
        steps.step("relayer against real Substrate nodes", || test("substrate_node"))?;
    }
    steps.print();
    Ok(())
}

/// Runs one of the test binaries that need real nodes.
fn test(name: &str) -> Result<()> {
    // The whole workspace, so that what `cargo xtask test` has compiled is taken as it is.
    let features = "lupu-tests/real-nodes";
    let words = ["cargo", "test", "--release", "--workspace", "--features", features, "--test", name];
    let mut c = command(".", &words);
    c.args(["--", "--nocapture", "--test-threads=1"]);
    substrate_node::tell(&mut c);
    finish(c, &words.join(" "))
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
