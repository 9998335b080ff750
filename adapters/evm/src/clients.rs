//! The light clients that a chain hosts, and the preimages of what they store.

use crate::{
    abi::{CounterpartyInfo, ILightClient, IRouter},
    chain::EvmChain,
    endpoints::{Bad, CallError},
    errors,
    events::Query,
    hosted::client_from_state,
    json::{data, number},
    logs,
    rpc::Call,
};
use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol_types::{SolCall, SolEvent, SolValue},
};
use lupu_adapter::{AdapterError, BoundClient, ErrorKind};
use lupu_standard::{ClientId, Height, Path};
use serde_json::{Value, json};
use std::sync::PoisonError;

/// Preimages kept in memory.
const PREIMAGES: usize = 256;
/// Paths in one read of the router.
const PATHS: usize = 200;

fn lied(e: impl ToString) -> Bad {
    Bad::Lied(e.to_string())
}

impl EvmChain {
    /// Where a bound client lives, and its counterparty.
    pub(crate) async fn binding(&self, id: &ClientId) -> Result<Option<(Address, CounterpartyInfo)>, AdapterError> {
        let router = self.config.contracts.router;
        let client = IRouter::getClientCall { clientId: id.to_string() }.abi_encode();
        let counterparty = IRouter::getCounterpartyCall { clientId: id.to_string() }.abi_encode();
        let input = IRouter::multicallCall { data: vec![client.into(), counterparty.into()] }.abi_encode();
        let read = |v: Value| {
            let returned = data(&v, "result").map_err(lied)?;
            let results = IRouter::multicallCall::abi_decode_returns(&returned).map_err(lied)?;
            let [client, counterparty] = results.as_slice() else { return Err(lied("not two results")) };
            let client = IRouter::getClientCall::abi_decode_returns(client).map_err(lied)?;
            Ok((client, IRouter::getCounterpartyCall::abi_decode_returns(counterparty).map_err(lied)?))
        };
        let params = json!([{"to": router, "data": Bytes::from(input)}, "latest"]);
        match self.endpoints.ask("eth_call", params, read).await {
            Ok(found) => Ok(Some(found)),
            Err(CallError::Node(error)) if error.data.as_deref().and_then(errors::name) == Some("UnknownClient") => {
                Ok(None)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    pub(crate) async fn bound_client(&self, id: &ClientId) -> Result<Option<BoundClient>, AdapterError> {
        let Some((location, info)) = self.binding(id).await? else { return Ok(None) };
        let head = self.follower.head().await?;
        let call = ILightClient::getClientStateCall {}.abi_encode();
        let returned = self.view(location, call.into()).await.map_err(|e| self.fail(e))?;
        let wrong = |what: String| self.error(ErrorKind::Misconfigured, format!("client {id} at {location}: {what}"));
        let state = ILightClient::getClientStateCall::abi_decode_returns(&returned);
        let state = state.map_err(|e| wrong(format!("no client state: {e}")))?;
        let client = client_from_state(&state).map_err(&wrong)?;
        let counterparty = ClientId::new(info.clientId).map_err(|e| wrong(format!("counterparty: {e}")))?;
        Ok(Some(BoundClient {
            id: id.clone(),
            client_type: client.client_type().into(),
            counterparty,
            merkle_prefix: info.merklePrefix.iter().map(|p| p.to_vec()).collect(),
            state: state.to_vec(),
            status: client.status(head.timestamp),
            latest_height: client.latest_height(),
            latest_timestamp: client.latest_timestamp(),
            location: location.to_string(),
        }))
    }

    /// The preimage of a stored consensus state, from the light client's events.
    pub(crate) async fn preimage(&self, id: &ClientId, height: Height) -> Result<Option<Vec<u8>>, AdapterError> {
        let key = (id.clone(), height.0);
        let known = self.preimages.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some((location, _)) = self.binding(id).await? else { return Ok(None) };
        let Some(preimage) = self.preimage_at(location, height).await? else { return Ok(None) };
        let mut preimages = self.preimages.lock().unwrap_or_else(PoisonError::into_inner);
        preimages.insert(key, preimage.clone());
        while preimages.len() > PREIMAGES {
            preimages.pop_first();
        }
        Ok(Some(preimage))
    }

    /// [`lupu_adapter::Chain::consensus_state`] of a client by its address, bound or not.
    pub async fn preimage_at(&self, location: Address, height: Height) -> Result<Option<Vec<u8>>, AdapterError> {
        let input: Bytes = ILightClient::getConsensusStateHashCall { height: height.0 }.abi_encode().into();
        let calls = [
            Call::new("eth_call", json!([{"to": location, "data": input}, "latest"])),
            Call::new("eth_blockNumber", json!([])),
        ];
        let read = |answers: Vec<Value>| {
            let [hash, head] = answers.as_slice() else { return Err(lied("not two answers")) };
            let hash = B256::abi_decode(&data(hash, "result").map_err(lied)?).map_err(lied)?;
            Ok((hash, number(head, "block number").map_err(lied)?))
        };
        let (hash, head) = self.endpoints.ask_many(&calls, read).await.map_err(|e| self.fail(e))?;
        if hash.is_zero() {
            return Ok(None);
        }
        let query = Query {
            address: location,
            topics: vec![
                vec![ILightClient::ConsensusStateStored::SIGNATURE_HASH],
                vec![B256::from(alloy::primitives::U256::from(height.0))],
            ],
        };
        // Newest blocks first: what is asked for was mostly stored a moment ago.
        let mut ranges = vec![(self.config.contracts.deployed_at.min(head), head)];
        while let Some((from, to)) = ranges.pop() {
            match query.ask(&self.endpoints, from, to).await {
                Ok(found) => {
                    let stored = found.iter().filter_map(|log| {
                        logs::event::<ILightClient::ConsensusStateStored>(log).ok().map(|e| e.consensusState)
                    });
                    if let Some(preimage) = stored.into_iter().find(|p| keccak256(p) == hash) {
                        return Ok(Some(preimage.to_vec()));
                    }
                }
                Err(CallError::Node(error)) if error.is_too_much() && to > from => {
                    let middle = from + (to - from) / 2;
                    ranges.push((from, middle));
                    ranges.push((middle + 1, to));
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
        let message = format!("client {location} stores {hash} at height {height}, but no endpoint shows the event");
        Err(self.error(ErrorKind::Pruned, message))
    }

    /// Whether the router stores anything under each path, at the newest block.
    pub(crate) async fn stored(&self, paths: &[Path]) -> Result<Vec<bool>, AdapterError> {
        let mut out = Vec::with_capacity(paths.len());
        for part in paths.chunks(PATHS) {
            let reads = part.iter().map(|p| IRouter::getCommitmentCall { hashedPath: p.keccak() }.abi_encode().into());
            let input: Bytes = IRouter::multicallCall { data: reads.collect() }.abi_encode().into();
            let returned = self.view(self.config.contracts.router, input).await.map_err(|e| self.fail(e))?;
            let wrong = |e: String| self.error(ErrorKind::Lied, format!("getCommitment: {e}"));
            let words = IRouter::multicallCall::abi_decode_returns(&returned).map_err(|e| wrong(e.to_string()))?;
            if words.len() != part.len() {
                return Err(wrong(format!("{} answers to {} questions", words.len(), part.len())));
            }
            out.extend(words.iter().map(|word| word.iter().any(|b| *b != 0)));
        }
        Ok(out)
    }
}
