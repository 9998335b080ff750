//! `lupu inspect grandpa`.

use super::authorities;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::input;
use crate::output::Output;
use alloy::primitives::B256;
use lupu_grandpa::{Justification, Zebra, check_votes};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect grandpa 0x1e00000000000000… --set-id 3 --authorities set.json --json
  lupu inspect grandpa justification.bin --set-id 0 --authorities set.json

The justification is SCALE, as grandpa_subscribeJustifications gives it.
The authorities are a JSON array in the set's order, of keys (32 bytes, weight 1) or {\"key\": …, \"weight\": …}.
Exit code 0: it finalizes its target; 1: it does not, with the failing check; 2: not a justification.";

/// Options of `inspect grandpa`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The justification: a file, hex with 0x, or `-` for standard input.
    #[arg(value_name = "FILE|0xHEX|-")]
    justification: String,
    /// Number of the authority set that votes.
    #[arg(long, value_name = "N")]
    set_id: u64,
    /// The authorities of that set.
    #[arg(long, value_name = "FILE")]
    authorities: String,
}

#[derive(Serialize)]
struct Target {
    hash: B256,
    number: u32,
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    round: u64,
    target: Target,
    signers: Vec<B256>,
    valid: bool,
    reason: Option<String>,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let raw = input::bytes("justification", &args.justification)?;
    let justification = Justification::decode(&raw).map_err(|e| Failure::usage(format!("justification: {e}")))?;
    let authorities = authorities::grandpa(&args.authorities)?;
    let verdict = check_votes(&justification, args.set_id, &authorities, &Zebra);
    let report = Report {
        round: justification.round,
        target: Target { hash: justification.target.hash, number: justification.target.number },
        signers: justification.voters(),
        valid: verdict.is_ok(),
        reason: verdict.as_ref().err().map(|e| format!("{}: {e}", e.name())),
    };
    out.print(&report, |out| {
        let needed = format!("weight {} of {} needed", authorities.threshold(), authorities.total_weight());
        let verdict = match &verdict {
            Ok(good) => out.good(&format!("final: weight {}, {needed}", good.weight)),
            Err(_) => out.bad(&format!("not final; {needed}")),
        };
        out.pairs(&[
            ("round", report.round.to_string()),
            ("target", format!("{} (block {})", report.target.hash, report.target.number)),
            ("authority set", args.set_id.to_string()),
            ("voters", report.signers.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
            ("verdict", verdict),
        ])
    })?;
    if let Some(reason) = &report.reason {
        out.warn(reason);
    }
    Ok(if report.valid { OK } else { NEGATIVE })
}
