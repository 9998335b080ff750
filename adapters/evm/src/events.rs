//! Packet events from the router's logs, in ranges that nodes accept.

use crate::{
    chain::EvmChain,
    endpoints::{Bad, CallError, Endpoints},
    json::{hex_number, number},
    logs::{self, EventError, Log, PACKET_TOPICS},
    proofs,
    rpc::Call,
};
use alloy::primitives::{Address, B256};
use lupu_adapter::{AdapterError, PacketEvent, PacketEventKind};
use lupu_ethereum_state::{slot_key, storage_value};
use lupu_standard::{
    Path,
    commitment::{commit_acknowledgement, commit_packet},
    evm::path_slot,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

/// Logs of one contract.
pub(crate) struct Query {
    pub(crate) address: Address,
    /// Per position the topics that are accepted.
    pub(crate) topics: Vec<Vec<B256>>,
}

impl Query {
    fn call(&self, from: u64, to: u64) -> Call {
        let filter = json!({
            "address": self.address, "topics": self.topics,
            "fromBlock": hex_number(from), "toBlock": hex_number(to),
        });
        Call::new("eth_getLogs", json!([filter]))
    }

    /// The logs of an answer: each of this contract, of these topics, in these blocks.
    fn read(&self, answer: &Value, from: u64, to: u64) -> Result<Vec<Log>, Bad> {
        let lied = |why: String| Bad::Lied(format!("logs of {from} to {to}: {why}"));
        let list = answer.as_array().ok_or_else(|| lied("not a list".into()))?;
        let mut out = Vec::with_capacity(list.len());
        for value in list {
            let log = logs::decode(value).map_err(|e| lied(e.to_string()))?;
            let topics = log.data.topics();
            let wanted = self.topics.iter().enumerate().all(|(i, any)| topics.get(i).is_some_and(|t| any.contains(t)));
            if log.address != self.address || !(from..=to).contains(&log.block) || !wanted {
                return Err(lied(format!("log {} of block {} was not asked for", log.index, log.block)));
            }
            if let Err(EventError::Contradiction(why)) = logs::packet_event(&log) {
                return Err(lied(format!("log {} of block {}: {why}", log.index, log.block)));
            }
            out.push(log);
        }
        logs::in_order(out).map_err(lied)
    }

    /// From one endpoint that has block `to`: a node that lags would answer with too little.
    pub(crate) async fn ask(&self, endpoints: &Endpoints, from: u64, to: u64) -> Result<Vec<Log>, CallError> {
        let calls = [Call::new("eth_blockNumber", json!([])), self.call(from, to)];
        let check = |answers: Vec<Value>| {
            let [head, answer] = answers.as_slice() else { return Err(Bad::Lied("not two answers".into())) };
            let head = number(head, "block number").map_err(|e| Bad::Lied(e.to_string()))?;
            if head < to {
                return Err(Bad::Missing(format!("the endpoint is at block {head}, not yet at {to}")));
            }
            self.read(answer, from, to)
        };
        endpoints.ask_many(&calls, check).await
    }

    /// From every endpoint that is up, joined: what one leaves out another may show.
    async fn ask_all(&self, endpoints: &Endpoints, from: u64, to: u64) -> Result<Vec<Log>, CallError> {
        let Call { method, params } = self.call(from, to);
        let mut joined: Vec<Log> = Vec::new();
        let mut answered = false;
        let mut failure = CallError::Unavailable("no endpoint answered".into());
        for (_, answer) in endpoints.ask_all(method, params, |v| self.read(&v, from, to)).await {
            match answer {
                Ok(logs) => {
                    answered = true;
                    joined.extend(logs);
                }
                Err(error @ CallError::Node(_)) => return Err(error),
                Err(error) => failure = error,
            }
        }
        if !answered {
            return Err(failure);
        }
        joined.sort_by_key(|log| (log.block, log.index, log.transaction));
        joined.dedup();
        Ok(joined)
    }
}

impl EvmChain {
    pub(crate) async fn packet_events(&self, from: u64, to: u64) -> Result<Vec<PacketEvent>, AdapterError> {
        let query = Query { address: self.config.contracts.router, topics: vec![PACKET_TOPICS.to_vec()] };
        // What was asked for before was not complete: this time every endpoint is asked.
        let again = from <= self.scanned.fetch_max(to, Ordering::Relaxed) && self.endpoints.len() > 1;
        let mut events = Vec::new();
        let mut next = from;
        while next <= to {
            let range = self.log_range.load(Ordering::Relaxed).max(1);
            let last = next.saturating_add(range - 1).min(to);
            let answer = if again {
                query.ask_all(&self.endpoints, next, last).await
            } else {
                query.ask(&self.endpoints, next, last).await
            };
            let logs = match answer {
                Ok(logs) => logs,
                Err(CallError::Node(error)) if error.is_too_much() && last > next => {
                    let half = (last - next + 1).div_ceil(2);
                    tracing::debug!(chain = %self.config.id, "log ranges of {half} blocks from now on");
                    self.log_range.store(half, Ordering::Relaxed);
                    continue;
                }
                Err(error) => return Err(self.fail(error)),
            };
            let logs = if again { self.resolve(logs).await? } else { logs };
            self.collect(logs, &mut events);
            let Some(after) = last.checked_add(1) else { break };
            next = after;
        }
        Ok(events)
    }

    /// Where endpoints show different logs at one place of a block, the one that fits what is
    /// proven in state at the head; the first, if what it tells of is over and gone from state.
    async fn resolve(&self, logs: Vec<Log>) -> Result<Vec<Log>, AdapterError> {
        let place = |log: &Log| (log.block, log.index);
        let mut at: BTreeMap<(u64, u64), Vec<Log>> = BTreeMap::new();
        for log in logs {
            let here = at.entry(place(&log)).or_default();
            if !here.contains(&log) {
                here.push(log);
            }
        }
        let disputed: Vec<(B256, B256)> =
            at.values().filter(|here| here.len() > 1).flatten().filter_map(stored_claim).collect();
        let mut proven = BTreeSet::new();
        if !disputed.is_empty() {
            let head = self.headers.advance().await?.height();
            let root = self.router_at(head).await?.account.account.storage_root;
            let router = self.config.contracts.router;
            let slots: Vec<B256> = disputed.iter().map(|(slot, _)| *slot).collect();
            let nodes = proofs::storage(&self.endpoints, router, &slots, root, head).await.map_err(|e| self.fail(e))?;
            for (slot, value) in disputed {
                let found = nodes.verify(&root, &slot_key(&slot)).ok().flatten();
                if found.and_then(|leaf| storage_value(&leaf).ok()) == Some(value) {
                    proven.insert((slot, value));
                }
            }
        }
        let one = |here: Vec<Log>| {
            let fits = here.iter().position(|log| stored_claim(log).is_some_and(|claim| proven.contains(&claim)));
            here.into_iter().nth(fits.unwrap_or_default())
        };
        Ok(at.into_values().filter_map(one).collect())
    }

    /// A packet that breaks the standard's rules is left out and named.
    fn collect(&self, logs: Vec<Log>, events: &mut Vec<PacketEvent>) {
        for log in logs {
            match logs::packet_event(&log) {
                Ok(event) => events.extend(event),
                Err(EventError::Contradiction(why) | EventError::Unusable(why)) => {
                    tracing::warn!(chain = %self.config.id, block = log.block, log = log.index, "log left out: {why}");
                }
            }
        }
    }
}

/// What a log says is in state: slot and value.
fn stored_claim(log: &Log) -> Option<(B256, B256)> {
    let event = logs::packet_event(log).ok().flatten()?;
    match &event.kind {
        PacketEventKind::Sent => Some((path_slot(&Path::commitment(&event.packet)), commit_packet(&event.packet))),
        PacketEventKind::Received(ack) => {
            Some((path_slot(&Path::acknowledgement(&event.packet)), commit_acknowledgement(ack)))
        }
        PacketEventKind::Acknowledged(_) | PacketEventKind::TimedOut => None,
    }
}
