//! `lupu proof`: proofs as files, made here and checked anywhere. Checking needs no configuration,
//! no store, no network and no runtime.

mod anchor;
mod clock;
mod convert;
mod diff;
mod difference;
mod explain;
mod export;
mod files;
mod inspect;
mod make;
mod show;
mod tree;
mod verdict;
mod verify;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

/// What to do with proofs.
#[derive(Debug, Subcommand)]
pub enum ProofCommand {
    /// Verify bundles offline: are they true, on whose word, and if not, which check fails?
    Verify(verify::Args),
    /// Show a whole proof as a readable tree.
    Inspect(inspect::Args),
    /// Explain one step of a proof, or the one that fails.
    Explain(explain::Args),
    /// Tell what differs between two bundles, or two anchors.
    Diff(diff::Args),
    /// Write the same bundle or anchor in the other form: JSON, CBOR.
    Convert(convert::Args),
    /// Write bundles of packets, out of what the relayer has kept, or straight from nodes.
    Export(export::Args),
    /// Make, show and compare the anchors at which bundles begin.
    #[command(subcommand)]
    Anchor(anchor::AnchorCommand),
}

impl ProofCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<u8, Failure> {
        let out = &context.out;
        match self {
            Self::Verify(args) => verify::run(args, out),
            Self::Inspect(args) => inspect::run(args, out),
            Self::Explain(args) => explain::run(args, out),
            Self::Diff(args) => diff::run(args, out),
            Self::Convert(args) => convert::run(args, out),
            Self::Export(args) => export::run(args, context),
            Self::Anchor(command) => command.run(context),
        }
    }
}
