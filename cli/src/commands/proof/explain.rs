//! `lupu proof explain`: one step of a proof, with everything under it.

use super::files;
use super::inspect::{Trust, code};
use super::tree::{self, Step};
use crate::failure::Failure;
use crate::output::Output;
use std::path::PathBuf;

const EXAMPLES: &str = "\
The steps are numbered as `lupu proof inspect` prints them: 1 the anchor; 2 the updates, 2.1 the first of them, 2.1.4 \
its fourth part; 3 the statements; 4 what is left over; 5 how fresh it is. Without --step, the step that fails is \
explained, or, where none does, the steps are listed.

Examples:
  lupu proof explain payment.json --step 2.1
  lupu proof explain payment.json

Exit codes: 0 every check passed; 1 one failed; 2 malformed, cannot be read, or no such step; 3 the anchor is none of \
those named.";

/// Options of `proof explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The bundle, JSON or CBOR.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The step's number, for example 2.1.4.
    #[arg(long, value_name = "N")]
    step: Option<String>,
    #[command(flatten)]
    trust: Trust,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let bundle = files::one(&args.file, files::bundle(&args.file))?;
    let explanation = args.trust.explain(&bundle)?;
    let item = match &args.step {
        Some(number) => Some(explanation.step(number).ok_or_else(|| {
            let last = explanation.steps.len();
            Failure::usage(format!(
                "--step {number}: no such step; the first are 1 to {last}, `lupu proof inspect` shows all"
            ))
        })?),
        None => explanation.failed(),
    };
    match item {
        Some(item) => out.print(&Step::of(item), |out| tree::item_text(item, out))?,
        None if out.json => {
            out.print(&explanation.steps.iter().map(Step::line).collect::<Vec<_>>(), |_| String::new())?;
        }
        None => out.line(&tree::outline(&explanation, out))?,
    }
    Ok(code(&explanation))
}
