//! `lupu inspect beefy`.

use super::authorities;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::input;
use crate::output::Output;
use alloy::primitives::{Address, B256};
use lupu_beefy::relay::{Signer, Summary, inspect};
use lupu_beefy::{K256, SignedCommitment};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect beefy 0x01046d6880… --json
  lupu inspect beefy justification.bin --authorities set.json

The proof is a SCALE VersionedFinalityProof, as beefy_subscribeJustifications gives it.
The authorities are a JSON array in the set's order, of addresses (20 bytes) or public keys (33 bytes).
Without them it is said who signed, not whether these are the chain's authorities.
Signatures that do not count are named on standard error.
Exit code 0: enough signatures; 1: not enough, or no MMR root; 2: not a finality proof.";

/// Options of `inspect beefy`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The finality proof: a file, hex with 0x, or `-` for standard input.
    #[arg(value_name = "FILE|0xHEX|-")]
    proof: String,
    /// The authorities of the set that signs.
    #[arg(long, value_name = "FILE")]
    authorities: Option<String>,
}

#[derive(Serialize)]
struct Signatures {
    present: usize,
    of: usize,
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    block_number: u32,
    validator_set_id: u64,
    mmr_root: Option<B256>,
    commitment_hash: B256,
    signatures: Signatures,
    signers: Vec<String>,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let raw = input::bytes("proof", &args.proof)?;
    let signed = SignedCommitment::decode(&raw).map_err(|e| Failure::usage(format!("proof: {e}")))?;
    let known = args.authorities.as_deref().map(authorities::beefy).transpose()?;
    if let (Some(file), Some(list)) = (&args.authorities, &known)
        && list.len() != signed.signatures.len()
    {
        let (listed, of) = (list.len(), signed.signatures.len());
        return Err(Failure::usage(format!("{file}: lists {listed} authorities, the proof is of a set of {of}")));
    }
    let summary = inspect(&signed, known.as_deref(), &K256);
    let (signers, mut findings) = signers(&summary);
    let good = signers.len();
    let report = Report {
        block_number: summary.block_number,
        validator_set_id: summary.validator_set_id,
        mmr_root: summary.mmr_root,
        commitment_hash: summary.commitment_hash,
        signatures: Signatures { present: summary.present, of: summary.of },
        signers: signers.iter().map(|a| format!("{a:#x}")).collect(),
    };
    let mut verdict = OK;
    if summary.mmr_root.is_none() {
        verdict = NEGATIVE;
        findings.push("the commitment has no MMR root".into());
    }
    if good < summary.required {
        verdict = NEGATIVE;
        findings.push(format!("{good} good signatures, {} of {} are needed", summary.required, summary.of));
    }
    out.print(&report, |out| text(&report, &summary, good, out))?;
    for finding in &findings {
        out.warn(finding);
    }
    Ok(verdict)
}

/// Those whose signature counts, and why the others do not.
fn signers(summary: &Summary) -> (Vec<Address>, Vec<String>) {
    let (mut signers, mut findings) = (Vec::new(), Vec::new());
    for Signer { index, recovered, listed } in &summary.signers {
        match recovered {
            Err(error) => findings.push(format!("signature {index}: {error}")),
            Ok(signer) if *listed == Some(false) => {
                findings.push(format!("signature {index} is by {signer:#x}, which is not authority {index}"));
            }
            Ok(signer) => signers.push(*signer),
        }
    }
    (signers, findings)
}

fn text(report: &Report, summary: &Summary, good: usize, out: &Output) -> String {
    let verdict = format!("{good} good of {}, {} needed of {}", summary.present, summary.required, summary.of);
    let root = report.mmr_root.map_or_else(|| "none".into(), |root| root.to_string());
    let mut pairs = vec![
        ("block", report.block_number.to_string()),
        ("authority set", report.validator_set_id.to_string()),
        ("MMR root", root),
        ("signed hash", report.commitment_hash.to_string()),
        ("signers", report.signers.join("\n")),
        ("signatures", if good >= summary.required { out.good(&verdict) } else { out.bad(&verdict) }),
    ];
    if let Some(root) = summary.keyset_root {
        pairs.push(("keyset root", root.to_string()));
    }
    out.pairs(&pairs)
}
