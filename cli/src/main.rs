//! The `lupu` command.

mod account;
mod amount;
mod args;
mod commands;
mod context;
mod duration;
mod failure;
mod host;
mod input;
mod known;
mod ledger;
mod links;
mod output;
mod shutdown;

use args::{Cli, Command};
use clap::Parser;
use context::Context;
use failure::Failure;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { failure::OK });
        }
    };
    let out = Output::new(cli.json, cli.verbose > 0, cli.color);
    match run(&cli, out) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            out.fail(&failure);
            failure.exit()
        }
    }
}

fn run(cli: &Cli, out: Output) -> Result<u8, Failure> {
    let context = Context { config_path: cli.config.clone(), password_file: cli.password_file.clone(), out };
    match &cli.command {
        Command::Inspect(command) => command.run(&out),
        Command::Proof(command) => command.run(&context),
        Command::Config(command) => command.run(&context),
        Command::Key(command) => command.run(&context),
        Command::Completions(args) => commands::completions::run(args),
        chain => block_on(on_chains(chain, cli.verbose, &context)),
    }
}

/// The commands that talk to chains or to the store.
async fn on_chains(command: &Command, verbosity: u8, context: &Context) -> Result<u8, Failure> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => commands::demo::run(args, context).await,
        #[cfg(feature = "demo")]
        Command::Devnet(args) => commands::devnet::run(args, context).await,
        Command::Init(args) => commands::init::run(args, context).await,
        Command::Deploy(args) => commands::deploy::run(args, context).await,
        Command::Client(command) => command.run(context).await,
        Command::Start(args) => commands::start::run(args, verbosity, context).await,
        Command::Status(args) => commands::status::run(args, context).await,
        Command::Transfer(args) => commands::transfer::run(args, context).await,
        Command::Message(args) => commands::message::run(args, context).await,
        Command::Packet(command) => command.run(context).await,
        Command::Token(command) => command.run(context).await,
        Command::Inspect(_) | Command::Config(_) | Command::Key(_) | Command::Proof(_) | Command::Completions(_) => {
            Ok(failure::OK)
        }
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
