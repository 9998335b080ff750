//! `lupu inspect acknowledgement`.

use crate::failure::{Failure, OK};
use crate::input;
use crate::output::Output;
use lupu_standard::commitment::commit_acknowledgement;
use lupu_standard::{Acknowledgement, B256};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect acknowledgement 0x7b22726573756c74223a2241513d3d227d
  lupu inspect acknowledgement 0xaa 0xbb --json       one for each payload, in order";

/// Options of `inspect acknowledgement`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What each application answered, in hex with 0x, in the payloads' order.
    #[arg(value_name = "0xHEX", required = true)]
    acknowledgements: Vec<String>,
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    commitment: B256,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let mut parts = Vec::with_capacity(args.acknowledgements.len());
    for (i, text) in args.acknowledgements.iter().enumerate() {
        let field = format!("acknowledgements[{i}]");
        let bytes = input::hex(&field, text)?;
        if bytes.is_empty() {
            return Err(Failure::usage(format!("{field}: byte 2: an acknowledgement is not empty")));
        }
        parts.push(bytes.into());
    }
    let acknowledgement = Acknowledgement(parts);
    let report = Report { commitment: commit_acknowledgement(&acknowledgement) };
    out.print(&report, |out| {
        let kind = if acknowledgement.is_error() {
            "the universal error: the receive failed and nothing happened".to_owned()
        } else {
            acknowledgement.0.iter().map(|a| readable(a)).collect::<Vec<_>>().join("\n")
        };
        out.pairs(&[("acknowledgement", kind), ("commitment", report.commitment.to_string())])
    })?;
    Ok(OK)
}

/// Printable text as text, anything else in hex.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control()) => text.to_owned(),
        _ => format!("0x{}", hex::encode(bytes)),
    }
}
