//! `lupu devnet`: an embedded chain to try things on.

mod evm;
mod substrate;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  lupu devnet
  lupu devnet --name harbour --chain-id 1001 --port 8545
  lupu devnet --name bank --chain-id 2001 --port 9545 --hardfork cancun --block-time 500ms
  lupu devnet --fund 0x…                       gives an account a million ether in block 0
  lupu devnet substrate --name customs --port 9944
  lupu devnet substrate --help

One process plays all validators. Nothing is kept: the chain lives until Ctrl-C. Gas is free unless
--min-gas-price is set. The development accounts' keys follow from the seed: they are no secret.";

/// Options of `devnet`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Another family than EVM.
    #[command(subcommand)]
    family: Option<Family>,
    #[command(flatten)]
    evm: evm::Args,
}

/// Families other than EVM.
#[derive(Debug, Subcommand)]
enum Family {
    /// A Substrate chain: a FRAME runtime with the IBC pallets, finalized by GRANDPA and BEEFY.
    Substrate(substrate::Args),
}

/// Runs it, until Ctrl-C or SIGTERM.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.family {
        None => evm::run(&args.evm, context).await,
        Some(Family::Substrate(args)) => substrate::run(args, context).await,
    }
}
