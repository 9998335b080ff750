//! `lupu demo`: the whole story on three embedded chains.

use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use std::time::Duration;

const HELP: &str = "\
Examples:
  lupu demo
  lupu demo --json | jq .packets
  lupu demo --keep                     chains and relayer stay up until Ctrl-C, for you to try things

Starts the chains `harbour` and `bank` (EVM) and `customs` (Substrate) in this process, connects them
and plays the story: payments, documents, several hops, refusals, timeouts.
Exit code 0 only if every packet did what it must and nothing was made or lost.";

/// Options of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Leave chains and relayer up until Ctrl-C, and print how to reach them.
    #[arg(long)]
    keep: bool,
    /// Time between blocks, for example 1s or 500ms.
    #[arg(long, default_value = "1s", value_parser = crate::duration::parse)]
    block_time: Duration,
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    if args.block_time.is_zero() {
        return Err(Failure::usage("--block-time must be more than zero"));
    }
    let options = lupu_demo::Options {
        json: context.out.json,
        keep: args.keep,
        block_time: args.block_time,
        color: context.out.color(),
    };
    Ok(if lupu_demo::run(options).await? { OK } else { NEGATIVE })
}
