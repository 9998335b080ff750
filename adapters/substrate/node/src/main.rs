//! A node of a consortium chain: it authors blocks with Aura, finalizes them with GRANDPA, and signs
//! the roots of a Merkle mountain range over them with BEEFY. The runtime is not in it: a chain
//! specification carries the WASM.
//!
//! A tool for tests. `cargo xtask e2e` builds it and runs the relayer against four of it.

mod chain_spec;
mod cli;
mod rpc;
mod service;

use clap::Parser;
use cli::{Cli, Command};
use sc_cli::SubstrateCli;

fn main() -> sc_cli::Result<()> {
    let cli = Cli::parse();
    match &cli.command {
        Some(Command::ChainSpec(options)) => {
            let spec = chain_spec::build(options).map_err(sc_cli::Error::Input)?;
            println!("{spec}");
            Ok(())
        }
        None => {
            let runner = cli.create_runner(&cli.run)?;
            runner
                .run_node_until_exit(|config| async move { service::start(config).await.map_err(sc_cli::Error::from) })
        }
    }
}
