//! The usual lies of a node, each a [`Fault`] to inject. They change what one node says; the chain
//! stays as it is.

use std::sync::Arc;

use codec::{Decode, Encode};
use lupu_substrate_runtime::Header;
use serde_json::{Value, json};
use sp_core::H256;
use sp_mmr_primitives::{EncodableOpaqueLeaf, LeafProof};

use crate::faults::Fault;

/// Changes every header, wherever it is shown: as JSON, inside a block, as SCALE. The hash that goes
/// with it stays what it was.
pub fn header(change: impl Fn(&mut Header) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| match method {
        "chain_getHeader" | "chain_subscribeNewHeads" | "chain_subscribeAllHeads" | "chain_subscribeFinalizedHeads" => {
            json_header(result, &change)
        }
        "chain_getBlock" => {
            if let Some(shown) = result.pointer_mut("/block/header") {
                json_header(shown, &change);
            }
        }
        "archive_v1_header" | "chainHead_v1_header" => {
            let decoded = bytes(result).and_then(|bytes| Header::decode(&mut &bytes[..]).ok());
            if let Some(mut header) = decoded {
                change(&mut header);
                *result = hex(&header.encode());
            }
        }
        _ => {}
    }))
}

/// Another state root in every header.
pub fn state_root() -> Fault {
    header(|header| header.state_root = H256::repeat_byte(0xab))
}

/// One bit of every GRANDPA justification and BEEFY commitment flipped, in its last signature;
/// subscriptions and `chain_getBlock` alike.
pub fn justifications() -> Fault {
    Fault::Edit(Arc::new(|method, _, result| match method {
        "grandpa_subscribeJustifications" | "beefy_subscribeJustifications" => {
            if let Some(mut proof) = bytes(result) {
                // The justification ends in an empty ancestry; the commitment in a signature.
                let place = proof.len().saturating_sub(40);
                proof[place..].iter_mut().take(1).for_each(|byte| *byte ^= 1);
                *result = hex(&proof);
            }
        }
        "chain_getBlock" => {
            for one in result["justifications"].as_array_mut().into_iter().flatten() {
                let proof = one.get_mut(1).and_then(Value::as_array_mut);
                if let Some(byte) = proof.and_then(|proof| proof.iter_mut().rev().nth(39)) {
                    *byte = json!(byte.as_u64().unwrap_or_default() ^ 1);
                }
            }
        }
        _ => {}
    }))
}

/// The last node of every read proof changed in one bit.
pub fn altered_proof_node() -> Fault {
    read_proofs(|nodes| {
        if let Some(last) = nodes.last_mut() {
            *last = flipped(last);
        }
    })
}

/// The last node of every read proof left out.
pub fn missing_proof_node() -> Fault {
    read_proofs(|nodes| {
        nodes.pop();
    })
}

/// One more node at the end of every read proof.
pub fn extra_proof_node() -> Fault {
    read_proofs(|nodes| nodes.push(json!("0x4000")))
}

/// The last item of every MMR proof changed in one bit.
pub fn altered_mmr_item() -> Fault {
    mmr(|_, proof| {
        if let Some(last) = proof.items.last_mut() {
            last.0[31] ^= 1;
        }
    })
}

/// One bit of every MMR leaf's parent hash flipped.
pub fn altered_mmr_leaf() -> Fault {
    mmr(|leaves, _| {
        leaves.iter_mut().for_each(|leaf| {
            if let Some(byte) = leaf.0.get_mut(5) {
                *byte ^= 1;
            }
        })
    })
}

/// Every MMR proof about the leaf before the one asked for.
pub fn wrong_mmr_leaf_index() -> Fault {
    mmr(|_, proof| proof.leaf_indices.iter_mut().for_each(|index| *index = index.saturating_sub(1)))
}

/// No events in any block: `System.Events` reads as the empty list, by whatever method.
pub fn no_events() -> Fault {
    storage("System", "Events", Some(vec![0]))
}

/// Another value (`None`: none at all) for one storage item, by whatever method of reading. Proofs
/// stay right.
pub fn storage(pallet: &str, item: &str, value: Option<Vec<u8>>) -> Fault {
    let prefix =
        [sp_crypto_hashing::twox_128(pallet.as_bytes()), sp_crypto_hashing::twox_128(item.as_bytes())].concat();
    let key = format!("0x{}", hex::encode(prefix));
    let value = value.map(|value| hex(&value));
    Fault::Edit(Arc::new(move |method, params, result| match method {
        "state_getStorage" | "state_getStorageAt" if params[0].as_str() == Some(&key) => {
            *result = value.clone().unwrap_or(Value::Null);
        }
        "archive_v1_storage" => replace(result, &key, value.as_ref()),
        "chainHead_v1_follow" => {
            for found in result["items"].as_array_mut().into_iter().flatten() {
                replace(found, &key, value.as_ref());
            }
        }
        "state_queryStorageAt" | "state_queryStorage" | "state_subscribeStorage" => {
            let sets = if result.is_array() { result.as_array_mut() } else { None };
            match sets {
                Some(sets) => sets.iter_mut().for_each(|set| change_set(set, &key, value.as_ref())),
                None => change_set(result, &key, value.as_ref()),
            }
        }
        _ => {}
    }))
}

/// The block's extrinsics left out.
pub fn empty_blocks() -> Fault {
    Fault::Edit(Arc::new(|method, _, result| match method {
        "archive_v1_body" => *result = json!([]),
        "chain_getBlock" => {
            if let Some(extrinsics) = result.pointer_mut("/block/extrinsics") {
                *extrinsics = json!([]);
            }
        }
        _ => {}
    }))
}

/// Another genesis hash.
pub fn genesis_hash(hash: H256) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| {
        if matches!(method, "chainSpec_v1_genesisHash" | "archive_v1_genesisHash") {
            *result = json!(hash);
        }
    }))
}

fn replace(found: &mut Value, key: &str, value: Option<&Value>) {
    if found["key"].as_str() == Some(key) {
        found["value"] = value.cloned().unwrap_or(Value::Null);
    }
}

fn change_set(set: &mut Value, key: &str, value: Option<&Value>) {
    for change in set["changes"].as_array_mut().into_iter().flatten() {
        if change[0].as_str() == Some(key) {
            change[1] = value.cloned().unwrap_or(Value::Null);
        }
    }
}

fn read_proofs(change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| {
        let nodes = result.get_mut("proof").and_then(Value::as_array_mut);
        if let (true, Some(nodes)) = (method == "state_getReadProof", nodes) {
            change(nodes);
        }
    }))
}

fn mmr(change: impl Fn(&mut [EncodableOpaqueLeaf], &mut LeafProof<H256>) + Send + Sync + 'static) -> Fault {
    Fault::Edit(Arc::new(move |method, _, result| {
        if method != "mmr_generateProof" {
            return;
        }
        let leaves = result.get("leaves").and_then(bytes);
        let proof = result.get("proof").and_then(bytes);
        let leaves = leaves.and_then(|bytes| <Vec<EncodableOpaqueLeaf>>::decode(&mut &bytes[..]).ok());
        let proof = proof.and_then(|bytes| LeafProof::decode(&mut &bytes[..]).ok());
        if let (Some(mut leaves), Some(mut proof)) = (leaves, proof) {
            change(&mut leaves, &mut proof);
            result["leaves"] = hex(&leaves.encode());
            result["proof"] = hex(&proof.encode());
        }
    }))
}

fn json_header(shown: &mut Value, change: &impl Fn(&mut Header)) {
    if let Ok(mut header) = serde_json::from_value::<Header>(shown.clone()) {
        change(&mut header);
        *shown = json!(header);
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?.strip_prefix("0x")?).ok()
}

fn hex(bytes: &[u8]) -> Value {
    json!(format!("0x{}", hex::encode(bytes)))
}

/// The same hex string with the lowest bit of its last byte flipped.
fn flipped(value: &Value) -> Value {
    let Some(mut changed) = bytes(value) else { return value.clone() };
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    hex(&changed)
}
