//! `lupu proof diff`, and `lupu proof anchor compare`, which is the same of anchors alone.

use super::difference::{self, Difference};
use super::files::{self, Document};
use crate::failure::{Failure, NEGATIVE, OK};
use crate::output::Output;
use lupu_standard::B256;
use serde::Serialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Compares what two files say, not how they are written: a bundle in JSON and the same in CBOR are the same. Nothing is \
judged; whether either is true is for `lupu proof verify`.

Examples:
  lupu proof diff payment.json payment.cbor
  lupu proof diff harbour-anchor-june.json harbour-anchor-july.json --json

Exit codes: 0 the same content; 1 something differs; 2 malformed, cannot be read, or one is a bundle and the other an \
anchor.";

/// Options of `proof diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A bundle or an anchor, JSON or CBOR.
    #[arg(value_name = "A")]
    first: PathBuf,
    /// Another of the same kind.
    #[arg(value_name = "B")]
    second: PathBuf,
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    same: bool,
    first: B256,
    second: B256,
    differences: Vec<Difference>,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let read = |file: &Path| files::one(file, files::document(file));
    match (read(&args.first)?, read(&args.second)?) {
        (Document::Bundle(a), Document::Bundle(b)) => {
            tell(&args.first, &args.second, (a.digest(), b.digest()), difference::bundles(&a, &b), out)
        }
        (Document::Anchor(a), Document::Anchor(b)) => {
            tell(&args.first, &args.second, (a.digest(), b.digest()), difference::anchors(&a, &b), out)
        }
        _ => Err(Failure::usage(
            "one file is a bundle, the other an anchor; `lupu proof anchor compare` compares a bundle's anchor",
        )),
    }
}

/// Prints what differs. The digests decide whether anything does.
pub fn tell(
    first: &Path,
    second: &Path,
    digests: (B256, B256),
    differences: Vec<Difference>,
    out: &Output,
) -> Result<u8, Failure> {
    let same = digests.0 == digests.1;
    let report = Report { same, first: digests.0, second: digests.1, differences };
    out.print(&report, |out| text(&report, first, second, out))?;
    Ok(if same { OK } else { NEGATIVE })
}

fn text(report: &Report, first: &Path, second: &Path, out: &Output) -> String {
    if report.same {
        return format!("{}: both have digest {}", out.good("the same content"), report.first);
    }
    let digests = [
        ("A", format!("{} {}", report.first, first.display())),
        ("B", format!("{} {}", report.second, second.display())),
    ];
    let mut text = format!("{}\n{}", out.bad("different"), out.pairs(&digests));
    for Difference { what, first, second } in &report.differences {
        text.push_str(&format!("\n{}\n", out.bold(what)));
        for (name, value) in [("A", first), ("B", second)] {
            match value {
                Some(value) => text.push_str(&format!("  {name}  {value}\n")),
                None => text.push_str(&format!("  {name}  {}\n", out.dim("none"))),
            }
        }
    }
    text
}
