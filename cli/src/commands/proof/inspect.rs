//! `lupu proof inspect`: the whole proof as a readable tree.

use super::verdict::{ANCHOR_UNKNOWN, FALSE, TRUE};
use super::{clock, files, tree};
use crate::failure::Failure;
use crate::output::Output;
use lupu_proof::Bundle;
use lupu_proof::explain::{Explanation, Status, explain};
use lupu_standard::TimestampSecs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Everything in the bundle is verified, as by `lupu proof verify`, and told step by step: the anchor, who sealed or voted \
and whether that is enough, how the set of validators changed on the way, the way through the tries with its nibbles and \
hashes, and the packet with its payload. A bundle that fails is told as well: what passed, what failed and why, and what \
was not reached. Without --anchor, whether the anchor is one to trust is left to you.

Examples:
  lupu proof inspect payment.json
  lupu proof inspect payment.cbor --anchor harbour-anchor.json --now now
  lupu proof inspect payment.json --html payment.html
  lupu proof inspect payment.json --json | jq '.steps[] | {number, title, status}'

Exit codes: 0 every check passed; 1 one failed; 2 malformed, or cannot be read; 3 the anchor is none of those named.";

/// Options of `proof inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The bundle, JSON or CBOR.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also write the proof as one self-contained page, to read in a browser or to print; a bundle that fails has one too.
    /// A page that is there already is written anew; any other file is left alone.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

/// What a bundle is measured by.
#[derive(Debug, clap::Args)]
pub struct Trust {
    /// An anchor that you trust: its file, or its digest. May be repeated.
    #[arg(long, value_name = "FILE|0xHASH")]
    anchor: Vec<String>,
    /// The newest block must still be within the trusting period at this time: now, UNIX seconds, or a UTC date such
    /// as 2026-11-29T17:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    now: Option<TimestampSecs>,
}

impl Trust {
    /// The explanation of a bundle.
    pub fn explain(&self, bundle: &Bundle) -> Result<Explanation, Failure> {
        let trusted = files::trusted(&self.anchor)?;
        let trusted = (!self.anchor.is_empty()).then_some(trusted.as_slice());
        Ok(explain(bundle, trusted, self.now))
    }
}

/// The exit code that an explanation gives.
pub fn code(explanation: &Explanation) -> u8 {
    if explanation.is_true {
        return TRUE;
    }
    match explanation.steps.split_first() {
        // The checks passed, as if the anchor were trusted: it is all that is wrong.
        Some((anchor, rest))
            if anchor.checks.iter().any(|c| c == "AnchorUnknown")
                && anchor.status == Status::Failed
                && rest.iter().all(|step| step.status == Status::Passed) =>
        {
            ANCHOR_UNKNOWN
        }
        _ => FALSE,
    }
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let bundle = files::one(&args.file, files::bundle(&args.file))?;
    let explanation = args.trust.explain(&bundle)?;
    if let Some(page) = &args.html {
        write_page(page, &lupu_proof::html::page(&bundle, &explanation))?;
    }
    out.print(&tree::Tree::of(&explanation), |out| tree::text(&explanation, out))?;
    Ok(code(&explanation))
}

/// Writes a page, over nothing but another page.
fn write_page(path: &Path, page: &str) -> Result<(), Failure> {
    const START: &str = "<!doctype html>";
    let cannot = |e: std::io::Error| Failure::usage(format!("cannot write {}: {e}", path.display()));
    let mut start = Vec::new();
    match std::fs::File::open(path).and_then(|file| file.take(START.len() as u64).read_to_end(&mut start)) {
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(cannot(e)),
        Ok(_) if start == START.as_bytes() => {}
        Ok(_) => {
            let path = path.display();
            return Err(Failure::usage(format!("{path} is there already and is no page; give --html another name")));
        }
    }
    std::fs::write(path, page).map_err(cannot)
}
