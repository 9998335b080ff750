//! The command line: one command that writes a chain specification, and the usual options of a
//! Substrate node to run on it.

use clap::{Args, Parser, Subcommand};
use sc_cli::{RunCmd, SubstrateCli};
use sc_service::ChainSpec;
use std::path::PathBuf;

/// A node of a consortium chain.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunCmd,
}

#[derive(Subcommand)]
pub enum Command {
    /// Write the raw specification of a development chain to the standard output.
    ChainSpec(ChainSpecOptions),
}

/// What a development chain begins with.
#[derive(Args)]
pub struct ChainSpecOptions {
    /// The runtime's WASM.
    #[arg(long)]
    pub wasm: PathBuf,
    /// The consortium's name: chains with other names have other genesis hashes.
    #[arg(long, default_value = "development")]
    pub name: String,
    /// One of the runtime's genesis presets, `devN` with N validators.
    #[arg(long, default_value = "dev4")]
    pub preset: String,
    /// Blocks in a session, at least 2.
    #[arg(long, default_value_t = 10)]
    pub session_length: u32,
    /// Milliseconds in a slot.
    #[arg(long, default_value_t = 1000)]
    pub slot_millis: u64,
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Lupu Substrate node".into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "the Lupu project".into()
    }

    fn support_url() -> String {
        "adapters/substrate/node/README.md".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, path: &str) -> Result<Box<dyn ChainSpec>, String> {
        if path.is_empty() {
            return Err("--chain names the file of a chain specification; `chain-spec` writes one".into());
        }
        Ok(Box::new(crate::chain_spec::Spec::from_json_file(PathBuf::from(path))?))
    }
}
