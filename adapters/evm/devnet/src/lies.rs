//! The usual lies of a node, for [`Fault::Edit`]: answers that look right and are not.
//!
//! They change answers, not what subscriptions push. A header that was lied about keeps its `hash`
//! field: only who rebuilds and hashes it finds out.

use std::sync::Arc;

use alloy::consensus::Header;
use alloy::primitives::{B256, Bytes, U64};
use serde_json::{Map, Value, json};

use crate::faults::Fault;
use crate::fork::Fork;

/// Methods that answer with a block or a header.
pub const HEADER_METHODS: &[&str] = &[
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getHeaderByNumber",
    "eth_getHeaderByHash",
    "debug_getRawHeader",
];

/// Methods that answer with logs, or with receipts that hold logs.
pub const LOG_METHODS: &[&str] =
    &["eth_getLogs", "eth_getFilterLogs", "eth_getFilterChanges", "eth_getTransactionReceipt", "eth_getBlockReceipts"];

/// Changes every header that goes out, as JSON and as raw RLP.
pub fn header(change: impl Fn(&mut Header) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| {
        if method == "debug_getRawHeader" {
            edit_raw(result, &change);
        } else if HEADER_METHODS.contains(&method) {
            edit_block(result, &change);
        }
    }))
}

/// Another state root: all its bits flipped.
pub fn state_root() -> Fault {
    header(|header| header.state_root = !header.state_root)
}

/// A timestamp that is this many seconds later.
pub fn timestamp(later: u64) -> Fault {
    header(move |header| header.timestamp = header.timestamp.saturating_add(later))
}

/// Another block at the fork's height: its header and its hash, as JSON and as raw RLP. The lie is
/// consistent as long as nobody asks for proofs; a fork with too few seals shows a light client at
/// work, one with a quorum shows misbehaviour.
pub fn forked(fork: &Fork) -> Fault {
    let (header, hash) = (fork.header.clone(), fork.hash);
    Fault::Edit(Arc::new(move |method, _, result| {
        let number = header.number;
        if method == "debug_getRawHeader" {
            edit_raw(result, &|shown: &mut Header| {
                if shown.number == number {
                    *shown = header.clone();
                }
            });
        } else if HEADER_METHODS.contains(&method) && result["number"] == json!(U64::from(number)) {
            edit_block(result, &|shown: &mut Header| *shown = header.clone());
            result["hash"] = json!(hash);
        }
    }))
}

/// One bit of the seals flipped.
pub fn seal() -> Fault {
    header(|header| {
        let mut extra = header.extra_data.to_vec();
        let middle = extra.len().saturating_sub(40);
        if let Some(byte) = extra.get_mut(middle) {
            *byte ^= 1;
        }
        header.extra_data = extra.into();
    })
}

/// The last node of every proof changed in one bit.
pub fn altered_proof_node() -> Fault {
    proofs(|nodes| {
        if let Some(last) = nodes.last_mut() {
            *last = flipped(last);
        }
    })
}

/// The last node of every proof left out.
pub fn missing_proof_node() -> Fault {
    proofs(|nodes| {
        nodes.pop();
    })
}

/// One more node at the end of every proof.
pub fn extra_proof_node() -> Fault {
    proofs(|nodes| nodes.push(json!("0xc22080")))
}

/// The values beside the proofs changed, the proofs left right.
pub fn proof_values() -> Fault {
    Fault::Edit(Arc::new(|method, _, result| {
        let slots = result.get_mut("storageProof").and_then(Value::as_array_mut);
        if let (true, Some(slots)) = (method == "eth_getProof", slots) {
            slots.iter_mut().for_each(|slot| slot["value"] = json!("0x29a"));
        }
    }))
}

/// No logs at all.
pub fn no_logs() -> Fault {
    logs(Vec::clear)
}

/// The first log of every answer left out.
pub fn missing_log() -> Fault {
    logs(|logs| {
        if !logs.is_empty() {
            logs.remove(0);
        }
    })
}

/// One bit in the data of every log flipped.
pub fn altered_logs() -> Fault {
    logs(|logs| {
        for log in logs {
            if let Some(data) = log.get_mut("data") {
                *data = flipped(data);
            }
        }
    })
}

/// A log that never was, like the last one but for a topic and its place.
pub fn invented_log() -> Fault {
    logs(|logs| {
        let Some(mut log) = logs.last().cloned() else { return };
        if let Some(topic) = log["topics"].as_array_mut().and_then(|topics| topics.last_mut()) {
            *topic = flipped(topic);
        }
        if let Some(data) = log.get_mut("data") {
            *data = flipped(data);
        }
        log["logIndex"] = json!("0xffff");
        log["transactionHash"] = json!(B256::repeat_byte(0xfa));
        logs.push(log);
    })
}

fn proofs(change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| {
        if method != "eth_getProof" {
            return;
        }
        if let Some(nodes) = result.get_mut("accountProof").and_then(Value::as_array_mut) {
            change(nodes);
        }
        for slot in result.get_mut("storageProof").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(nodes) = slot.get_mut("proof").and_then(Value::as_array_mut) {
                change(nodes);
            }
        }
    }))
}

fn logs(change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| match method {
        "eth_getLogs" | "eth_getFilterLogs" | "eth_getFilterChanges" => {
            if let Some(logs) = result.as_array_mut().filter(|logs| !logs.iter().any(Value::is_string)) {
                change(logs);
            }
        }
        "eth_getTransactionReceipt" => receipt(result, &change),
        "eth_getBlockReceipts" => {
            for one in result.as_array_mut().into_iter().flatten() {
                receipt(one, &change);
            }
        }
        _ => {}
    }))
}

fn receipt(receipt: &mut Value, change: &impl Fn(&mut Vec<Value>)) {
    if let Some(logs) = receipt.get_mut("logs").and_then(Value::as_array_mut) {
        change(logs);
    }
}

/// The same hex string with the lowest bit of its last byte flipped.
fn flipped(value: &Value) -> Value {
    let Some(mut bytes) = value.as_str().and_then(|text| text.parse::<Bytes>().ok()) else {
        return value.clone();
    };
    let mut changed = bytes.to_vec();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    bytes = changed.into();
    json!(bytes)
}

fn edit_raw(result: &mut Value, change: &impl Fn(&mut Header)) {
    let raw = result.as_str().and_then(|text| text.parse::<Bytes>().ok());
    let header = raw.and_then(|raw| alloy::rlp::decode_exact::<Header>(&raw[..]).ok());
    if let Some(mut header) = header {
        change(&mut header);
        *result = json!(Bytes::from(alloy::rlp::encode(&header)));
    }
}

fn edit_block(result: &mut Value, change: &impl Fn(&mut Header)) {
    let Ok(mut header) = serde_json::from_value::<Header>(result.clone()) else { return };
    change(&mut header);
    let fields = serde_json::to_value(&header).ok();
    let fields = fields.as_ref().and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    if let Some(block) = result.as_object_mut() {
        block.extend(fields);
    }
}
