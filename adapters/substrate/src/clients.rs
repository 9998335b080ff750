//! The light clients that a chain hosts, and the preimages of what they store.

use crate::{
    chain::SubstrateChain,
    endpoints::{Bad, CallError},
    events::Happened,
    follower::PALLET,
    json::{bytes, to_hex},
    rpc::Call,
    runtime::Runtime,
    source::RawHeader,
    wire::{StoredClient, client_id},
};
use alloy_primitives::{B256, keccak256};
use lupu_adapter::{AdapterError, BoundClient, ErrorKind};
use lupu_light_client::{LightClient, Status};
use lupu_standard::{ClientId, Height, Path, TimestampSecs};
use lupu_substrate_state::{commitment_key, commitment_prefix, pallet_prefix};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use subxt::ext::{scale_decode::DecodeAsType, scale_value::Value as ScaleValue};

/// What a client state says, whatever its type.
struct Tracked {
    height: Height,
    timestamp: TimestampSecs,
    status: Status,
}

/// Reads a client state of one of the types that the pallet hosts.
fn tracked(client_type: &str, state: &[u8], now: TimestampSecs) -> Result<Tracked, String> {
    let of = |client: &dyn LightClient| Tracked {
        height: client.latest_height(),
        timestamp: client.latest_timestamp(),
        status: client.status(now),
    };
    match client_type {
        lupu_qbft::CLIENT_TYPE => {
            let state = lupu_qbft::ClientState::decode(state).map_err(|e| e.to_string())?;
            Ok(of(&lupu_qbft::QbftClient::from_snapshot(state, [])))
        }
        lupu_grandpa::CLIENT_TYPE => {
            let state = lupu_grandpa::ClientState::decode(state).map_err(|e| e.to_string())?;
            Ok(of(&lupu_grandpa::GrandpaClient::from_snapshot(state, [])))
        }
        other => Err(format!("of unknown type {other}")),
    }
}

impl SubstrateChain {
    /// A value in the state of the newest block, not proven.
    async fn newest(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CallError> {
        self.endpoints.ask("state_getStorage", json!([to_hex(key)]), |v| optional(&v)).await
    }

    /// A storage item in the state of the newest block, not proven; `None` where nothing is stored.
    pub async fn read<T: DecodeAsType>(
        &self,
        pallet: &str,
        item: &str,
        keys: Vec<ScaleValue>,
    ) -> Result<Option<T>, AdapterError> {
        let runtime = self.runtime().await?;
        let key = runtime.storage_key(pallet, item, keys).map_err(|e| self.codec(e))?;
        let Some(value) = self.newest(&key).await.map_err(|e| self.fail(e))? else { return Ok(None) };
        runtime.storage_value(pallet, item, &value).map(Some).map_err(|e| self.codec(e))
    }

    fn consensus_key(&self, runtime: &Runtime, states: &[u8], height: u64) -> Result<Vec<u8>, AdapterError> {
        let keys = vec![ScaleValue::from_bytes(states), ScaleValue::u128(height.into())];
        runtime.storage_key(PALLET, "ConsensusStates", keys).map_err(|e| self.codec(e))
    }

    pub(crate) async fn stored_client(&self, id: &ClientId) -> Result<Option<StoredClient>, AdapterError> {
        self.read(PALLET, "Clients", vec![ScaleValue::from_bytes(id.as_str())]).await
    }

    /// A client's own state as it is stored, bound or not; `None` if it was never created.
    pub async fn client_state(&self, id: &ClientId) -> Result<Option<Vec<u8>>, AdapterError> {
        Ok(self.stored_client(id).await?.map(|stored| stored.state))
    }

    /// A client that is bound; one that is only created counts as none.
    pub(crate) async fn bound_client(&self, id: &ClientId) -> Result<Option<BoundClient>, AdapterError> {
        let Some(stored) = self.stored_client(id).await? else { return Ok(None) };
        let Some(counterparty) = stored.counterparty else { return Ok(None) };
        let wrong = |what: String| self.error(ErrorKind::Misconfigured, format!("client {id}: {what}"));
        let client_type = String::from_utf8(stored.client_type).map_err(|_| wrong("its type is not text".into()))?;
        let now = self.follower.head().await?.timestamp;
        let tracked = tracked(&client_type, &stored.state, now).map_err(wrong)?;
        Ok(Some(BoundClient {
            id: id.clone(),
            client_type,
            counterparty: client_id(counterparty.client).map_err(|e| wrong(format!("counterparty: {e}")))?,
            merkle_prefix: counterparty.prefix,
            state: stored.state,
            status: tracked.status,
            latest_height: tracked.height,
            latest_timestamp: tracked.timestamp,
            location: format!("{PALLET}.Clients[{id}]"),
        }))
    }

    /// The preimage of a stored consensus state, from the pallet's events.
    pub(crate) async fn preimage(&self, id: &ClientId, height: Height) -> Result<Option<Vec<u8>>, AdapterError> {
        let known = {
            let preimages = self.preimages.lock().unwrap_or_else(PoisonError::into_inner);
            preimages.get(&(id.clone(), height.0)).cloned()
        };
        if known.is_some() {
            return Ok(known);
        }
        let Some(stored) = self.stored_client(id).await? else { return Ok(None) };
        let runtime = self.runtime().await?;
        let key = self.consensus_key(&runtime, &stored.states, height.0)?;
        let Some(hash) = self.newest(&key).await.map_err(|e| self.fail(e))? else { return Ok(None) };
        let hash = B256::try_from(hash.as_slice()).map_err(|_| {
            self.error(ErrorKind::Misconfigured, format!("client {id} stores {} bytes for a hash", hash.len()))
        })?;
        if hash.is_zero() {
            return Ok(None);
        }
        let header = self.stored_first(&key, id, height).await?;
        let runtime = self.runtime_after(header.header.parent_hash).await?;
        for event in self.block_events(&header, &runtime).await? {
            let Happened::ClientUpdated { client, height: at, consensus_state } = event.happened else { continue };
            let its = client == id.as_str().as_bytes() || client == stored.states;
            if its && at == height.0 && keccak256(&consensus_state) == hash {
                self.remember_preimage(id, height.0, consensus_state.clone());
                return Ok(Some(consensus_state));
            }
        }
        Err(self.missing_in(&header, &format!("event with the preimage of {hash} of client {id}")))
    }

    /// The first final block in whose state a key is, by halving: what is stored stays.
    async fn stored_first(&self, key: &[u8], id: &ClientId, height: Height) -> Result<Arc<RawHeader>, AdapterError> {
        let head = self.headers.advance().await?;
        let lowest = self.headers.anchor().height();
        let pruned = || {
            let message = format!(
                "client {id} stored its state of height {height} before the oldest state that a node keeps, \
                 or before the anchor: add an archive endpoint"
            );
            self.error(ErrorKind::Pruned, message)
        };
        if !self.has(&head, key).await? {
            let message = format!("client {id}'s state of height {height} is not final yet");
            return Err(self.error(ErrorKind::NotFound, message));
        }
        // Steps back from the head, each twice as far: what is asked for was mostly stored a moment ago.
        let (mut with, mut step) = (head, 1u64);
        let mut without = None;
        while without.is_none() && with.height() > lowest {
            let below = self.headers.header(with.height().saturating_sub(step).max(lowest)).await?;
            match self.has(&below, key).await {
                Ok(true) => with = below,
                Ok(false) => without = Some(below.height()),
                Err(error) if error.kind == ErrorKind::Pruned && step > 1 => step = 1,
                Err(error) if error.kind == ErrorKind::Pruned => return Err(pruned()),
                Err(error) => return Err(error),
            }
            step = step.saturating_mul(2);
        }
        let Some(mut without) = without else { return Err(pruned()) };
        while with.height().saturating_sub(without) > 1 {
            let middle = without + (with.height() - without) / 2;
            let header = self.headers.header(middle).await?;
            if self.has(&header, key).await? { with = header } else { without = middle }
        }
        Ok(with)
    }

    /// Whether a key is in the state of a final block. Not proven: the event that follows from it is.
    async fn has(&self, header: &RawHeader, key: &[u8]) -> Result<bool, AdapterError> {
        let params = json!([to_hex(key), to_hex(header.hash.as_slice())]);
        let found = self.endpoints.ask("state_getStorage", params, |v| optional(&v)).await;
        Ok(found.map_err(|e| self.fail(e))?.is_some())
    }

    /// Whether the pallet stores anything under each path, at the newest block.
    pub(crate) async fn stored(&self, paths: &[Path]) -> Result<Vec<bool>, AdapterError> {
        let prefix = commitment_prefix(&pallet_prefix(PALLET));
        let call =
            |path: &Path| Call::new("state_getStorage", json!([to_hex(&commitment_key(&prefix, &path.to_bytes()))]));
        let calls: Vec<Call> = paths.iter().map(call).collect();
        let read = |answers: Vec<Value>| answers.iter().map(|v| Ok(optional(v)?.is_some())).collect();
        self.endpoints.ask_many(&calls, read).await.map_err(|e| self.fail(e))
    }
}

fn optional(value: &Value) -> Result<Option<Vec<u8>>, Bad> {
    if value.is_null() {
        return Ok(None);
    }
    bytes(value, "storage").map(Some).map_err(|e| Bad::Lied(e.to_string()))
}
