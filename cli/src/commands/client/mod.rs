//! `lupu client`: light clients of one chain on another.

mod anchor;
mod bind;
mod create;
pub mod show;
mod update;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

/// Commands about light clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Show a block of a chain that trust could start from. Compare it with another member's.
    Anchor(anchor::Args),
    /// Deploy a light client of one chain on another. It carries nothing until it is bound.
    Create(create::Args),
    /// Register a light client and its counterparty at the router. Needs governance's key.
    Bind(bind::Args),
    /// Show every client: where, of what, active or not, how old.
    List,
    /// Show everything about one client.
    Show(show::Args),
    /// Bring a client to the newest block of the chain it tracks. `lupu start` does this by itself.
    Update(update::Args),
}

impl ClientCommand {
    /// Runs it.
    pub async fn run(&self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::Anchor(args) => anchor::run(args, context).await,
            Self::Create(args) => create::run(args, context).await,
            Self::Bind(args) => bind::run(args, context).await,
            Self::List => show::list(context).await,
            Self::Show(args) => show::run(args, context).await,
            Self::Update(args) => update::run(args, context).await,
        }
    }
}
