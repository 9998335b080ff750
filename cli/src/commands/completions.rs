//! `lupu completions`: for the shell.

use crate::failure::{Failure, OK};
use clap::CommandFactory;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  lupu completions bash > ~/.local/share/bash-completion/completions/lupu\n  lupu completions zsh > ~/.zfunc/_lupu\n  lupu completions fish > ~/.config/fish/completions/lupu.fish"
)]
pub struct Args {
    /// Which shell.
    shell: Shell,
}

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::args::Cli::command(), "lupu", &mut script);
    match std::io::Write::write_all(&mut std::io::stdout().lock(), &script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(OK),
    }
}
