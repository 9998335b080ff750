//! `lupu inspect substrate-header`.

use crate::failure::{Failure, OK};
use crate::input;
use crate::output::Output;
use alloy::primitives::{B256, Bytes};
use lupu_substrate_state::{DigestItem, Header};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect substrate-header 0x… --json
  lupu inspect substrate-header header.scale

The header is SCALE, as it is hashed: parent, number, state root, extrinsics root, digest.
Exit code 0: a header; 2: not one.";

/// Options of `inspect substrate-header`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The header: a file, hex with 0x, or `-` for standard input.
    #[arg(value_name = "FILE|0xHEX|-")]
    header: String,
}

/// One item of the digest.
#[derive(Serialize)]
struct Item {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

impl From<&DigestItem> for Item {
    fn from(item: &DigestItem) -> Self {
        let engine = |kind, id: &[u8; 4], data: &[u8]| Self {
            kind,
            engine: Some(name(id)),
            data: Some(Bytes::copy_from_slice(data)),
        };
        match item {
            DigestItem::Other(data) => Self { kind: "other", engine: None, data: Some(data.clone().into()) },
            DigestItem::Consensus(id, data) => engine("consensus", id, data),
            DigestItem::Seal(id, data) => engine("seal", id, data),
            DigestItem::PreRuntime(id, data) => engine("pre_runtime", id, data),
            DigestItem::RuntimeEnvironmentUpdated => {
                Self { kind: "runtime_environment_updated", engine: None, data: None }
            }
        }
    }
}

/// An engine's id: its letters, or hex where it has others.
fn name(id: &[u8; 4]) -> String {
    match std::str::from_utf8(id) {
        Ok(text) if id.iter().all(u8::is_ascii_graphic) => text.into(),
        _ => alloy::hex::encode_prefixed(id),
    }
}

/// The JSON form: scripts depend on it.
#[derive(Serialize)]
struct Report {
    hash: B256,
    number: u32,
    parent_hash: B256,
    state_root: B256,
    extrinsics_root: B256,
    digest: Vec<Item>,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let raw = input::bytes("header", &args.header)?;
    let header = Header::decode(&raw).map_err(|e| Failure::usage(format!("header: {e}")))?;
    let report = Report {
        hash: header.hash(),
        number: header.number,
        parent_hash: header.parent_hash,
        state_root: header.state_root,
        extrinsics_root: header.extrinsics_root,
        digest: header.digest.iter().map(Item::from).collect(),
    };
    out.print(&report, |out| {
        let digest = report.digest.iter().map(|item| {
            let engine = item.engine.as_deref().unwrap_or("");
            let data = item.data.as_ref().map_or_else(String::new, ToString::to_string);
            format!("{} {engine} {}", item.kind, out.dim(&data))
        });
        out.pairs(&[
            ("block", report.number.to_string()),
            ("hash", report.hash.to_string()),
            ("parent", report.parent_hash.to_string()),
            ("state root", report.state_root.to_string()),
            ("extrinsics root", report.extrinsics_root.to_string()),
            ("digest", digest.collect::<Vec<_>>().join("\n")),
        ])
    })?;
    Ok(OK)
}
