//! What nodes are asked where nothing depends on the answer but what a person is shown, or what a
//! person then confirms.

use crate::{
    endpoints::{Bad, Endpoints},
    json::{bytes, hash, to_hex},
    proofs::plain_key,
};
use alloy_primitives::B256;
use lupu_adapter::{AdapterError, ErrorKind};
use serde_json::{Value, json};

/// An account's free native balance at the newest block, in the smallest unit, as a node tells it.
pub async fn native_balance(endpoints: &Endpoints, account: &[u8; 32]) -> Result<u128, AdapterError> {
    crate::status::free_balance(endpoints, account).await
}

/// The time of the newest block, UNIX seconds, as a node tells it; `None` where the runtime keeps none.
pub async fn clock(endpoints: &Endpoints) -> Result<Option<u64>, AdapterError> {
    let key = to_hex(&plain_key("Timestamp", "Now"));
    let read = |v: Value| {
        if v.is_null() {
            return Ok(None);
        }
        let now = bytes(&v, "timestamp").map_err(|e| Bad::Lied(e.to_string()))?;
        let millis = <[u8; 8]>::try_from(now.as_slice()).map_err(|_| Bad::Lied("timestamp: not 8 bytes".into()))?;
        Ok(Some(u64::from_le_bytes(millis) / 1_000))
    };
    let asked = endpoints.ask("state_getStorage", json!([key]), read).await;
    asked.map_err(|e| e.into_adapter(endpoints.chain()))
}

/// The hash of block 0 that every endpoint which answers agrees on.
pub async fn genesis(endpoints: &Endpoints) -> Result<B256, AdapterError> {
    let read = |v: Value| hash(&v, "genesis hash").map_err(|e| Bad::Missing(e.to_string()));
    let mut found = None;
    for (index, answer) in endpoints.ask_all("chain_getBlockHash", json!([0]), read).await {
        let hash = answer.map_err(|e| e.into_adapter(endpoints.chain()))?;
        match found {
            Some((first, other)) if other != hash => {
                let (first, second) = (endpoints.name(first), endpoints.name(index));
                let message = format!("{first} says block 0 is {other}, {second} says {hash}: two chains");
                return Err(AdapterError::new(endpoints.chain(), ErrorKind::Misconfigured, message));
            }
            _ => found = Some((index, hash)),
        }
    }
    let silent = || AdapterError::new(endpoints.chain(), ErrorKind::Unavailable, "no endpoint answered");
    found.map(|(_, hash)| hash).ok_or_else(silent)
}
