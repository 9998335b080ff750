//! `lupu proof anchor`: where trust in a chain begins.

use super::{make, show};
use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;

/// What to do with anchors.
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Write the anchor of a chain, as the relayer first saw it, or as it is now.
    Make(make::Args),
    /// Show an anchor's digest, and what it makes you trust.
    Show(show::ShowArgs),
    /// Compare two anchors: the same, or what changed?
    Compare(show::CompareArgs),
}

impl AnchorCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::Make(args) => make::run(args, context),
            Self::Show(args) => show::show(args, &context.out),
            Self::Compare(args) => show::compare(args, &context.out),
        }
    }
}
