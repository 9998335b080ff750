//! The `lupu` command.

mod args;
mod commands;
mod context;
mod failure;
mod input;
mod output;

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
        Command::Init(args) => block_on(commands::init::run(args, &context)),
        Command::Config(command) => command.run(&context),
        Command::Key(command) => command.run(&context),
        Command::Completions(args) => commands::completions::run(args),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
