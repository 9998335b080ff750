//! `lupu proof convert`: the same content in the other form.

use super::files::{self, Document};
use crate::failure::{Failure, OK};
use crate::output::Output;
use lupu_standard::B256;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
A bundle and an anchor each have two forms with the same content and the same digest: JSON, to read, and CBOR, which is \
less than half as large. The extension of the file to be written says which.

Examples:
  lupu proof convert payment.json --output payment.cbor
  lupu proof convert harbour-anchor.cbor --output harbour-anchor.json

Exit codes: 0 written; 1 cannot be written; 2 malformed or cannot be read.";

/// Options of `proof convert`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A bundle or an anchor, JSON or CBOR.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file to write, ending in .json or .cbor. It must not exist.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    file: String,
    bytes: usize,
    digest: B256,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let to_cbor = match args.output.extension().and_then(|e| e.to_str()) {
        Some("cbor") => true,
        Some("json") => false,
        _ => return Err(Failure::usage(format!("{}: must end in .json or .cbor", args.output.display()))),
    };
    let document = files::one(&args.file, files::document(&args.file))?;
    let (content, digest) = match (&document, to_cbor) {
        (Document::Bundle(b), true) => (b.to_cbor(), b.digest()),
        (Document::Bundle(b), false) => (b.to_json().into_bytes(), b.digest()),
        (Document::Anchor(a), true) => (a.to_cbor(), a.digest()),
        (Document::Anchor(a), false) => (a.to_json().into_bytes(), a.digest()),
    };
    let name = args.output.display();
    let written = std::fs::File::create_new(&args.output).and_then(|mut f| std::io::Write::write_all(&mut f, &content));
    written.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::failed(format!("{name}: is there already; name another file")),
        _ => Failure::failed(format!("{name}: cannot be written: {e}")),
    })?;
    let report = Report { file: name.to_string(), bytes: content.len(), digest };
    out.print(&report, |_| format!("{}: {} bytes, digest {}", report.file, report.bytes, report.digest))?;
    Ok(OK)
}
