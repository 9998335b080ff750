//! `lupu inspect header`.

use crate::failure::{Failure, NEGATIVE, OK};
use crate::input;
use crate::output::Output;
use alloy::primitives::{Address, B256};
use lupu_qbft::{Header, K256, Kind, quorum};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect header --kind qbft 0xf90…
  lupu inspect header --kind ibft2 header.rlp --json
  cast rpc debug_getRawHeader latest | tr -d '\"' | lupu inspect header --kind qbft -

A file holds the raw RLP, as bytes or as hex with 0x.
Seals that do not count are named on standard error.
Exit code 0: enough seals of distinct listed validators; 1: not enough; 2: not a header.";

/// Options of `inspect header`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How the block is sealed.
    #[arg(long, value_name = "qbft|ibft2", value_parser = kind)]
    kind: Kind,
    /// The raw header: a file, hex with 0x, or `-` for standard input.
    #[arg(value_name = "FILE|0xHEX|-")]
    header: String,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::from_name(name).ok_or_else(|| "allowed: qbft, ibft2".into())
}

#[derive(Serialize)]
struct Quorum {
    required: usize,
    present: usize,
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    number: u64,
    hash: B256,
    commit_digest: B256,
    round: u32,
    timestamp: u64,
    state_root: B256,
    #[serde(serialize_with = "lower_case")]
    validators: Vec<Address>,
    #[serde(serialize_with = "lower_case")]
    signers: Vec<Address>,
    quorum: Quorum,
}

fn lower_case<S: serde::Serializer>(addresses: &[Address], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(|a| format!("{a:#x}")))
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let raw = input::bytes("header", &args.header)?;
    let header = Header::decode(args.kind, &raw).map_err(|e| Failure::usage(format!("header: {e}")))?;
    let (signers, mut findings) = signers(&header);
    let report = Report {
        number: header.number().0,
        hash: header.block_hash(),
        commit_digest: header.commit_digest(),
        round: header.round(),
        timestamp: header.timestamp().0,
        state_root: header.state_root(),
        validators: header.validators().to_vec(),
        quorum: Quorum { required: quorum(header.validators().len()), present: signers.len() },
        signers,
    };
    let mut verdict = OK;
    let mut bad = |finding: String| {
        verdict = NEGATIVE;
        findings.push(finding);
    };
    if header.validators().is_empty() {
        bad("the header lists no validators".into());
    }
    if !header.validators().is_sorted_by(|a, b| a < b) {
        bad("the validators are not in strictly ascending order".into());
    }
    if report.quorum.present < report.quorum.required {
        bad(format!("{} validators sealed, {} are needed", report.quorum.present, report.quorum.required));
    }
    out.print(&report, |out| text(&header, &report, out))?;
    for finding in &findings {
        out.warn(finding);
    }
    Ok(verdict)
}

/// Distinct listed validators that sealed, in the seals' order, and the seals that do not count.
fn signers(header: &Header) -> (Vec<Address>, Vec<String>) {
    let (mut signers, mut findings) = (Vec::new(), Vec::new());
    for (i, recovered) in header.recover_seals(&K256).into_iter().enumerate() {
        match recovered {
            Err(error) => findings.push(format!("seal {i} {error}")),
            Ok(signer) if !header.validators().contains(&signer) => {
                findings.push(format!("seal {i} is by {signer:#x}, which the header does not list"));
            }
            Ok(signer) if signers.contains(&signer) => {
                findings.push(format!("seal {i} is by {signer:#x}, which sealed already"))
            }
            Ok(signer) => signers.push(signer),
        }
    }
    (signers, findings)
}

fn text(header: &Header, report: &Report, out: &Output) -> String {
    let validators = report.validators.iter().map(|v| {
        let mark = if report.signers.contains(v) { out.good("sealed") } else { out.dim("did not seal") };
        format!("{v:#x}  {mark}")
    });
    let verdict = format!(
        "{} of {} validators sealed, {} needed",
        report.quorum.present,
        report.validators.len(),
        report.quorum.required
    );
    let good = report.quorum.present >= report.quorum.required && !report.validators.is_empty();
    let mut pairs = vec![
        ("block", format!("{}, {} header of {} fields", report.number, header.kind().name(), header.fields())),
        ("hash", report.hash.to_string()),
        ("parent", header.parent_hash().to_string()),
        ("seals sign", report.commit_digest.to_string()),
        ("round", report.round.to_string()),
        ("time", format!("{} (UNIX seconds)", report.timestamp)),
        ("state root", report.state_root.to_string()),
        ("proposer", format!("{:#x}", header.coinbase())),
        ("validators", validators.collect::<Vec<_>>().join("\n")),
        ("seals", if good { out.good(&verdict) } else { out.bad(&verdict) }),
    ];
    if let Some(vote) = header.vote() {
        let what = if vote.add { "in" } else { "out" };
        pairs.push(("vote", format!("{:#x} {what}", vote.recipient)));
    }
    out.pairs(&pairs)
}
