//! The command line.

use crate::commands::{
    client, completions, config, deploy, init, inspect, key, message, packet, proof, start, status, token, transfer,
};
#[cfg(feature = "demo")]
use crate::commands::{demo, devnet};
use crate::output::ColorChoice;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
From nothing to a route between two chains that are already there:
  lupu init --chain harbour=http://HOST:8545 --chain bank=http://HOST:9545
  lupu key add harbour-relayer && lupu key add bank-relayer
  lupu deploy --chain harbour && lupu deploy --chain bank
  lupu client create --on harbour --of bank && lupu client create --on bank --of harbour
  lupu client bind harbour.qbft-bank && lupu client bind bank.qbft-harbour
  lupu start
A Substrate chain is given by its ws:// endpoints, and needs no `lupu deploy`: its runtime has the pallets.

Exit codes: 0 success; 1 something failed, or what was looked at is not good;
2 wrong input, arguments or configuration.";

/// Carries messages and assets between chains that verify each other with light clients.
#[derive(Debug, Parser)]
#[command(name = "lupu", version, after_help = AFTER_HELP, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, short, global = true, env = "LUPU_CONFIG", value_name = "FILE", default_value = "lupu.toml")]
    pub config: PathBuf,
    /// Print one JSON document, for scripts.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour. NO_COLOR is honoured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// File whose first line is the keystore's password.
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Say more: causes of errors; twice: debug logs.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play the whole story on three embedded chains.
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    /// Run an embedded chain to try things on.
    #[cfg(feature = "demo")]
    Devnet(devnet::Args),
    /// Write a commented configuration.
    Init(init::Args),
    /// Add and list signing keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Deploy the contracts on a chain.
    Deploy(deploy::Args),
    /// Create, bind, list and update light clients.
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Run the relayer.
    Start(start::Args),
    /// Show chains, clients and packets at a glance.
    Status(status::Args),
    /// Send tokens to another chain.
    Transfer(transfer::Args),
    /// Call a contract or a runtime on another chain.
    Message(message::Args),
    /// Show tokens and vouchers; make one to try things with.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// List packets, show one, try one again.
    #[command(subcommand)]
    Packet(packet::PacketCommand),
    /// Look at a packet, an acknowledgement or a header, without any chain.
    #[command(subcommand)]
    Inspect(inspect::Inspect),
    /// Verify, read and compare portable proofs, without any chain.
    #[command(subcommand)]
    Proof(proof::ProofCommand),
    /// Print a shell completion script.
    Completions(completions::Args),
}
