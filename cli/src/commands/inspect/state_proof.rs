//! `lupu inspect state-proof`.

use crate::failure::{Failure, OK};
use crate::input;
use crate::output::Output;
use alloy::primitives::{B256, Bytes};
use lupu_substrate_state::{NodeSet, NodeSetError};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  lupu inspect state-proof proof.json --root 0x… --key 0x… --json
  lupu inspect state-proof proof.json --root 0x… --key 0x… --key 0x…

The file is a JSON array of trie nodes (and values stored by their hash) in hex, in any order,
as `proof` of state_getReadProof. Nodes that no key needs are counted, not refused.
Exit code 0: the proof holds, present or absent; 1: it does not, with the failing check; 2: not such a file.";

/// Options of `inspect state-proof`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The proof: a file, or `-` for standard input.
    #[arg(value_name = "FILE|-")]
    proof: String,
    /// State root that the proof is of.
    #[arg(long, value_name = "0xHASH")]
    root: B256,
    /// Storage key; may be given several times.
    #[arg(long = "key", value_name = "0xHEX", required = true)]
    keys: Vec<String>,
}

/// What stands under one key.
#[derive(Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Bytes>,
    present: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Bytes>,
}

/// The JSON form: scripts depend on it. With one key its answer stands at the top.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    One {
        #[serde(flatten)]
        entry: Entry,
        unused_nodes: usize,
    },
    Many {
        keys: Vec<Entry>,
        unused_nodes: usize,
    },
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let nodes = read(&args.proof)?;
    let keys = args.keys.iter().map(|key| input::hex("--key", key)).collect::<Result<Vec<_>, _>>()?;
    let mut entries = Vec::with_capacity(keys.len());
    for key in &keys {
        let value = nodes.get(&args.root, key).map_err(refused)?;
        let value = value.map(Bytes::copy_from_slice);
        entries.push(Entry { key: Some(key.clone().into()), present: value.is_some(), value });
    }
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let unused_nodes = nodes.unused(&args.root, &keys).map_err(refused)?;
    let text = pairs(&entries, unused_nodes);
    let report = match (entries.pop(), entries.is_empty()) {
        (Some(entry), true) => Report::One { entry: Entry { key: None, ..entry }, unused_nodes },
        (last, _) => {
            entries.extend(last);
            Report::Many { keys: entries, unused_nodes }
        }
    };
    out.print(&report, |out| out.pairs(&text))?;
    Ok(OK)
}

fn refused(error: NodeSetError) -> Failure {
    Failure::failed(format!("{}: {error}", error.kind.name()))
}

fn read(source: &str) -> Result<NodeSet, Failure> {
    let bytes = input::read(source)?;
    let list: Vec<String> = serde_json::from_slice(&bytes)
        .map_err(|e| Failure::usage(format!("{source}: not a JSON array of trie nodes in hex: {e}")))?;
    let mut nodes = NodeSet::new();
    for (i, node) in list.iter().enumerate() {
        nodes.insert(input::hex(&format!("{source}: node {i}"), node)?);
    }
    Ok(nodes)
}

fn pairs(entries: &[Entry], unused: usize) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    for entry in entries {
        if let Some(key) = &entry.key {
            pairs.push(("key", key.to_string()));
        }
        let absent = || "absent, proven".to_string();
        pairs.push(("value", entry.value.as_ref().map_or_else(absent, ToString::to_string)));
    }
    pairs.push(("unused nodes", unused.to_string()));
    pairs
}
