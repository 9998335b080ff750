//! `state_getReadProof`, believed only as far as the nodes hash to a verified state root.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::{at, bytes_list, hash, to_hex},
    rpc::Call,
    source::RawHeader,
};
use lupu_substrate_state::NodeSet;
use serde_json::{Value, json};

/// Keys in one `state_getReadProof`.
const KEYS: usize = 500;

/// The storage key of a plain value: both names hashed.
pub(crate) fn plain_key(pallet: &str, item: &str) -> Vec<u8> {
    use lupu_substrate_state::twox128;
    [twox128(pallet.as_bytes()), twox128(item.as_bytes())].concat()
}

fn check(value: &Value, header: &RawHeader, keys: &[&[u8]]) -> Result<NodeSet, Bad> {
    let height = header.height();
    let lied = |why: String| Bad::Lied(format!("proof of state at block {height}: {why}"));
    if value.is_null() {
        return Err(Bad::Pruned(format!("no state of block {height}")));
    }
    let nodes = bytes_list(at(value, "proof").map_err(|e| lied(e.to_string()))?, "proof");
    let nodes: NodeSet = nodes.map_err(|e| lied(e.to_string()))?.into_iter().collect();
    // Where the node says which block it means, it must be ours.
    if let Ok(block) = at(value, "at").and_then(|v| hash(v, "at"))
        && block != header.hash
    {
        return Err(lied(format!("it is of block {block}")));
    }
    nodes.subset(&header.header.state_root, keys).map_err(|e| lied(e.to_string()))
}

/// The nodes that prove `keys`, present or absent, in the state of a block whose header is verified.
pub async fn read(endpoints: &Endpoints, header: &RawHeader, keys: &[&[u8]]) -> Result<NodeSet, CallError> {
    let parts: Vec<&[&[u8]]> = keys.chunks(KEYS).collect();
    let call = |part: &&[&[u8]]| {
        let keys: Vec<String> = part.iter().map(|k| to_hex(k)).collect();
        Call::new("state_getReadProof", json!([keys, to_hex(header.hash.as_slice())]))
    };
    let calls: Vec<Call> = parts.iter().map(call).collect();
    let read = |answers: Vec<Value>| {
        let mut all = NodeSet::new();
        for (answer, part) in answers.iter().zip(&parts) {
            all.merge(check(answer, header, part)?);
        }
        Ok(all)
    };
    endpoints.ask_many(&calls, read).await
}

/// The values under some keys, proven; `None` where nothing is stored.
pub async fn values(
    endpoints: &Endpoints,
    header: &RawHeader,
    keys: &[&[u8]],
) -> Result<Vec<Option<Vec<u8>>>, CallError> {
    let nodes = read(endpoints, header, keys).await?;
    let one = |key: &&[u8]| {
        let found = nodes.get(&header.header.state_root, key).map_err(|e| CallError::Lied(e.to_string()))?;
        Ok(found.map(<[u8]>::to_vec))
    };
    keys.iter().map(one).collect()
}

/// The value under one key, proven.
pub async fn value(endpoints: &Endpoints, header: &RawHeader, key: &[u8]) -> Result<Option<Vec<u8>>, CallError> {
    Ok(values(endpoints, header, &[key]).await?.pop().flatten())
}
