//! `lupu proof anchor show` and `compare`: what a person vouches for, as a person compares it.

use super::tree::{self, Step};
use super::{diff, difference, files};
use crate::failure::{Failure, OK};
use crate::output::Output;
use lupu_proof::explain::anchor_item;
use std::path::PathBuf;

const SHOW: &str = "\
An anchor is what you trust when you accept a proof: who could finalize blocks of a chain as of one block, and under \
which rules. Compare its digest with the one that the chain's operators publish, by another way than the one by which \
the file came to you: on the telephone, on paper, on their own site.

Examples:
  lupu proof anchor show harbour-anchor.json
  lupu proof anchor show payment.json

Exit codes: 0; 2 malformed, or cannot be read.";

const COMPARE: &str = "\
Tells whether two anchors are the same, and if not, what differs: rules, height, validators added and removed.

Examples:
  lupu proof anchor compare harbour-anchor-june.json harbour-anchor-july.json
  lupu proof anchor compare payment.json harbour-anchor.json

Exit codes: 0 the same; 1 different; 2 malformed, or cannot be read.";

/// Options of `proof anchor show`.
#[derive(Debug, clap::Args)]
#[command(after_help = SHOW)]
pub struct ShowArgs {
    /// An anchor, or a bundle, whose anchor is shown.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Options of `proof anchor compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPARE)]
pub struct CompareArgs {
    /// An anchor, or a bundle, whose anchor is compared.
    #[arg(value_name = "A")]
    first: PathBuf,
    /// Another.
    #[arg(value_name = "B")]
    second: PathBuf,
}

/// Shows an anchor.
pub fn show(args: &ShowArgs, out: &Output) -> Result<u8, Failure> {
    let anchor = files::one(&args.file, files::anchor_of(&args.file))?;
    let mut item = anchor_item(&anchor);
    item.checks.clear();
    out.print(&Step::line(&item), |out| tree::item_text(&item, out))?;
    Ok(OK)
}

/// Compares two anchors.
pub fn compare(args: &CompareArgs, out: &Output) -> Result<u8, Failure> {
    let read = |file: &PathBuf| files::one(file, files::anchor_of(file));
    let (a, b) = (read(&args.first)?, read(&args.second)?);
    diff::tell(&args.first, &args.second, (a.digest(), b.digest()), difference::anchors(&a, &b), out)
}
