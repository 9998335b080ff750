//! `lupu inspect packet`.

use crate::failure::{Failure, OK};
use crate::input;
use crate::output::Output;
use lupu_standard::commitment::{commit_packet, hash_payload};
use lupu_standard::{B256, Packet, Path, evm::path_slot, json};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect packet packet.json
  lupu inspect packet - --json < packet.json

The file: {\"sequence\":1,\"source_client\":\"client-0\",\"destination_client\":\"client-1\",
\"timeout_timestamp\":1735689600,\"payloads\":[{\"source_port\":\"transfer\",\"destination_port\":\"transfer\",
\"version\":\"ics20-1\",\"encoding\":\"application/json\",\"value\":\"0x7b7d\"}]}";

/// Options of `inspect packet`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// JSON file with the packet; `-` reads standard input.
    #[arg(value_name = "FILE|-")]
    file: String,
}

/// Something for each of the three paths of a packet.
#[derive(Serialize)]
struct Three<T> {
    commitment: T,
    receipt: T,
    acknowledgement: T,
}

impl<T> Three<T> {
    fn of(packet: &Packet, get: impl Fn(&Path) -> T) -> Self {
        Self {
            commitment: get(&Path::commitment(packet)),
            receipt: get(&Path::receipt(packet)),
            acknowledgement: get(&Path::acknowledgement(packet)),
        }
    }
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    commitment: B256,
    payload_hashes: Vec<B256>,
    paths: Three<String>,
    evm_slots: Three<B256>,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let document = input::read(&args.file)?;
    let packet = json::decode_packet(&document).map_err(|e| Failure::usage(format!("{}: {e}", args.file)))?;
    let report = Report {
        commitment: commit_packet(&packet),
        payload_hashes: packet.payloads.iter().map(hash_payload).collect(),
        paths: Three::of(&packet, |path| format!("0x{}", hex::encode(path.to_bytes()))),
        evm_slots: Three::of(&packet, path_slot),
    };
    out.print(&report, |out| text(&packet, &report, out))?;
    Ok(OK)
}

fn text(packet: &Packet, report: &Report, out: &Output) -> String {
    let mut pairs = vec![
        ("packet", format!("{} from {} to {}", packet.sequence, packet.source_client, packet.destination_client)),
        ("times out", format!("{} (UNIX seconds)", packet.timeout_timestamp)),
        ("commitment", report.commitment.to_string()),
    ];
    for (payload, hash) in packet.payloads.iter().zip(&report.payload_hashes) {
        pairs.push((
            "payload",
            format!(
                "{} → {}, {}, {}, {} bytes\n{hash}",
                payload.source_port,
                payload.destination_port,
                payload.version,
                payload.encoding,
                payload.value.len()
            ),
        ));
    }
    let place = |path: &str, slot: &B256| format!("path {path}\nslot {slot}");
    pairs.push(("commitment at", place(&report.paths.commitment, &report.evm_slots.commitment)));
    pairs.push(("receipt at", place(&report.paths.receipt, &report.evm_slots.receipt)));
    pairs.push(("acknowledgement at", place(&report.paths.acknowledgement, &report.evm_slots.acknowledgement)));
    out.pairs(&pairs)
}
