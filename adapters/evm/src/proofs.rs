//! `eth_getProof`, believed only as far as the nodes hash to a verified state root.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::{data_list, hex_number},
    rpc::Call,
};
use alloy::primitives::{Address, B256};
use lupu_ethereum_state::{Account, NodeSet, account_key, slot_key, storage_value};
use lupu_qbft::Header;
use serde_json::{Value, json};

/// Keys in one `eth_getProof`.
const KEYS: usize = 500;

/// An account, with the nodes that prove it.
#[derive(Clone, Debug)]
pub struct ProvenAccount {
    /// The account.
    pub account: Account,
    /// Nodes of the state trie.
    pub nodes: NodeSet,
}

fn absent(value: &Value, height: u64) -> Result<(), Bad> {
    // Besu answers null where it no longer has the state.
    if value.is_null() { Err(Bad::Pruned(format!("no state of block {height}"))) } else { Ok(()) }
}

fn nodes_at(value: &Value, field: &'static str) -> Result<NodeSet, Bad> {
    Ok(data_list(value, field).map_err(|e| Bad::Lied(format!("proof: {e}")))?.into_iter().collect())
}

fn read_account(value: &Value, header: &Header, address: Address) -> Result<Option<ProvenAccount>, Bad> {
    absent(value, header.number().0)?;
    let nodes = nodes_at(value, "accountProof")?;
    let lied = |e: String| Bad::Lied(format!("account proof at block {}: {e}", header.number()));
    let key = account_key(&address);
    let Some(leaf) = nodes.verify(&header.state_root(), &key).map_err(|e| lied(e.to_string()))? else {
        return Ok(None);
    };
    let account = Account::decode(&leaf).map_err(|e| lied(e.to_string()))?;
    let nodes = nodes.subset(&header.state_root(), &[key]).map_err(|e| lied(e.to_string()))?;
    Ok(Some(ProvenAccount { account, nodes }))
}

/// An account in the state of a header; `None` if it is proven absent.
pub async fn account(
    endpoints: &Endpoints,
    header: &Header,
    address: Address,
) -> Result<Option<ProvenAccount>, CallError> {
    let params = json!([address, [], hex_number(header.number().0)]);
    endpoints.ask("eth_getProof", params, |v| read_account(&v, header, address)).await
}

/// [`account`] for one block of a fork: any endpoint may be the one that follows it.
pub async fn account_on_fork(endpoints: &Endpoints, header: &Header, address: Address) -> Option<ProvenAccount> {
    let hash = header.block_hash();
    for block in [json!({"blockHash": hash}), json!(hex_number(header.number().0))] {
        let read = |v: Value| {
            // The other branch's proof is no lie here.
            read_account(&v, header, address).map_err(|_| Bad::Missing("another branch".into()))
        };
        let answers = endpoints.ask_all("eth_getProof", json!([address, [], block]), read).await;
        if let Some(found) = answers.into_iter().find_map(|(_, a)| a.ok().flatten()) {
            return Some(found);
        }
    }
    None
}

/// The nodes that prove `slots` of an account, present or absent, in a storage root that was
/// proven at `height`.
pub async fn storage(
    endpoints: &Endpoints,
    address: Address,
    slots: &[B256],
    root: B256,
    height: u64,
) -> Result<NodeSet, CallError> {
    let parts: Vec<&[B256]> = slots.chunks(KEYS).collect();
    let call = |part: &&[B256]| Call::new("eth_getProof", json!([address, part, hex_number(height)]));
    let calls: Vec<Call> = parts.iter().map(call).collect();
    let check = |answers: Vec<Value>| {
        let mut all = NodeSet::new();
        for (answer, part) in answers.iter().zip(&parts) {
            absent(answer, height)?;
            let lied = |e: String| Bad::Lied(format!("storage proof at block {height}: {e}"));
            let list = answer.get("storageProof").and_then(Value::as_array);
            let list = list.ok_or_else(|| lied("field storageProof: not a list".into()))?;
            let mut nodes = NodeSet::new();
            for entry in list {
                nodes.extend(data_list(entry, "proof").map_err(|e| lied(e.to_string()))?);
            }
            for slot in *part {
                let value = nodes.verify(&root, &slot_key(slot)).map_err(|e| lied(e.to_string()))?;
                if let Some(value) = value {
                    storage_value(&value).map_err(|e| lied(format!("slot {slot}: {e}")))?;
                }
            }
            let keys: Vec<B256> = part.iter().map(slot_key).collect();
            let needed = nodes.subset(&root, &keys).map_err(|e| lied(e.to_string()))?;
            all.extend(needed.iter().map(|(_, node)| node.clone()));
        }
        Ok(all)
    };
    endpoints.ask_many(&calls, check).await
}

/// The word in one slot, proven; zero if absent.
pub async fn slot(
    endpoints: &Endpoints,
    address: Address,
    slot: B256,
    root: B256,
    height: u64,
) -> Result<B256, CallError> {
    let nodes = storage(endpoints, address, &[slot], root, height).await?;
    let value = nodes.verify(&root, &slot_key(&slot)).map_err(|e| CallError::Lied(e.to_string()))?;
    match value {
        None => Ok(B256::ZERO),
        Some(value) => storage_value(&value).map_err(|e| CallError::Lied(e.to_string())),
    }
}
