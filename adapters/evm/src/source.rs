//! Headers as nodes show them, decoded and hashed, not yet believed.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::{data, hash_at, hex_number, number_at},
    raw_header::rebuild,
    rpc::Call,
};
use alloy::primitives::{B256, keccak256};
use lupu_qbft::{Header, Kind};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Where headers come from.
#[derive(Clone)]
pub struct HeaderSource {
    pub(crate) endpoints: Arc<Endpoints>,
    kind: Kind,
    /// The JSON keys of the last block that hashed as it should: a block of the same shape that
    /// does not is a lie, one of another shape may be of a fork with new fields.
    shape: Arc<Mutex<Vec<String>>>,
}

/// A header as one endpoint shows it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which endpoint.
    pub endpoint: usize,
    /// Its header.
    pub header: Header,
}

/// What a block's JSON amounts to.
enum Block {
    Header(Box<Header>),
    /// The fields do not hash to the hash given: a field is unknown, or false.
    NotRebuilt {
        number: u64,
        why: String,
    },
}

impl HeaderSource {
    /// Headers of one kind of consensus.
    pub fn new(endpoints: Arc<Endpoints>, kind: Kind) -> Self {
        Self { endpoints, kind, shape: Arc::default() }
    }

    /// The header at a height, from the best endpoint that has it.
    pub async fn header(&self, height: u64) -> Result<Header, CallError> {
        let params = json!([hex_number(height), false]);
        let block = self.endpoints.ask("eth_getBlockByNumber", params, |v| self.at(&v, height)).await?;
        match block {
            Block::Header(header) => Ok(*header),
            Block::NotRebuilt { why, .. } => self.raw(height, why).await,
        }
    }

    /// The headers at several heights, in one message where the node allows.
    pub async fn headers(&self, heights: &[u64]) -> Result<Vec<Header>, CallError> {
        let call = |h: &u64| Call::new("eth_getBlockByNumber", json!([hex_number(*h), false]));
        let calls: Vec<Call> = heights.iter().map(call).collect();
        let check = |values: Vec<Value>| {
            let blocks = values.iter().zip(heights).map(|(v, h)| self.at(v, *h));
            blocks.collect::<Result<Vec<_>, _>>()
        };
        let mut headers = Vec::with_capacity(heights.len());
        for (block, height) in self.endpoints.ask_many(&calls, check).await?.into_iter().zip(heights) {
            headers.push(match block {
                Block::Header(header) => *header,
                Block::NotRebuilt { why, .. } => self.raw(*height, why).await?,
            });
        }
        Ok(headers)
    }

    /// The header at a height from every endpoint that is up: seals differ from node to node,
    /// and so may lies.
    pub async fn everywhere(&self, height: u64) -> Vec<Shown> {
        let params = json!([hex_number(height), false]);
        let answers = self.endpoints.ask_all("eth_getBlockByNumber", params, |v| self.at(&v, height)).await;
        let mut shown = self.shown(answers);
        if shown.is_empty() {
            let params = json!([hex_number(height)]);
            let raw = self.endpoints.ask_all("debug_getRawHeader", params, |v| self.decode_raw(&v, height)).await;
            shown = raw.into_iter().filter_map(|(endpoint, h)| Some(Shown { endpoint, header: h.ok()? })).collect();
        }
        shown
    }

    /// The newest header of every endpoint that is up. Fails if no endpoint shows any.
    pub async fn newest(&self) -> Result<Vec<Shown>, CallError> {
        let params = json!(["latest", false]);
        let answers = self.endpoints.ask_all("eth_getBlockByNumber", params, |v| self.block(&v)).await;
        let mut failure = None;
        let mut unknown = None;
        for (_, answer) in &answers {
            match answer {
                Err(error) => failure = Some(error.clone()),
                Ok(Block::NotRebuilt { number, why }) => unknown = Some((*number, why.clone())),
                Ok(Block::Header(_)) => {}
            }
        }
        let shown = self.shown(answers);
        if !shown.is_empty() {
            return Ok(shown);
        }
        match unknown {
            Some((number, why)) => Ok(vec![Shown { endpoint: 0, header: self.raw(number, why).await? }]),
            None => Err(failure.unwrap_or_else(|| CallError::Unavailable("no endpoint answered".into()))),
        }
    }

    fn shown(&self, answers: Vec<(usize, Result<Block, CallError>)>) -> Vec<Shown> {
        let header = |(endpoint, answer)| match answer {
            Ok(Block::Header(header)) => Some(Shown { endpoint, header: *header }),
            _ => None,
        };
        answers.into_iter().filter_map(header).collect()
    }

    /// The raw header, where the JSON does not give it.
    async fn raw(&self, height: u64, why: String) -> Result<Header, CallError> {
        let params = json!([hex_number(height)]);
        let raw = self.endpoints.ask("debug_getRawHeader", params, |v| self.decode_raw(&v, height)).await;
        raw.map_err(|error| match error {
            CallError::Missing(_) | CallError::Node(_) => CallError::Lied(format!(
                "header {height} cannot be rebuilt from its JSON ({why}), and no endpoint offers debug_getRawHeader"
            )),
            other => other,
        })
    }

    fn decode_raw(&self, value: &Value, height: u64) -> Result<Header, Bad> {
        if value.is_null() {
            return Err(Bad::Missing(format!("block {height} is not there")));
        }
        let raw = data(value, "header").map_err(|e| Bad::Lied(e.to_string()))?;
        let header = Header::decode(self.kind, &raw).map_err(|e| Bad::Lied(format!("header {height}: {e}")))?;
        same_number(header, height)
    }

    fn at(&self, value: &Value, height: u64) -> Result<Block, Bad> {
        if value.is_null() {
            return Err(Bad::Missing(format!("block {height} is not there")));
        }
        match self.block(value)? {
            Block::Header(header) => Ok(Block::Header(Box::new(same_number(*header, height)?))),
            other => Ok(other),
        }
    }

    fn block(&self, value: &Value) -> Result<Block, Bad> {
        if value.is_null() {
            return Err(Bad::Missing("no newest block".into()));
        }
        let lied = |e: crate::json::FieldError| Bad::Lied(format!("block: {e}"));
        let number = number_at(value, "number").map_err(lied)?;
        let claimed: B256 = hash_at(value, "hash").map_err(lied)?;
        let raw = rebuild(value).map_err(lied)?;
        let header = match Header::decode(self.kind, &raw) {
            Ok(header) => header,
            Err(e) => return Err(Bad::Lied(format!("header {number} is not one of {}: {e}", self.kind.name()))),
        };
        let hash = block_hash(&header);
        if hash == claimed {
            *self.shape.lock().unwrap_or_else(PoisonError::into_inner) = keys(value);
            return Ok(Block::Header(Box::new(header)));
        }
        let why = format!("it hashes to {hash}, the node says {claimed}");
        let known = self.shape.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == keys(value) {
            Err(Bad::Lied(format!("block {number}: {why}")))
        } else {
            Ok(Block::NotRebuilt { number, why })
        }
    }
}

fn keys(block: &Value) -> Vec<String> {
    block.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default()
}

/// The hash of a block. Block 0 was never sealed: its hash is that of the plain header (Besu writes
/// it so), which for IBFT 2.0 differs from the rule of the blocks after it.
pub fn block_hash(header: &Header) -> B256 {
    if header.number().0 == 0 { keccak256(header.encode()) } else { header.block_hash() }
}

fn same_number(header: Header, height: u64) -> Result<Header, Bad> {
    let number = header.number().0;
    if number == height { Ok(header) } else { Err(Bad::Lied(format!("asked for block {height}, got {number}"))) }
}
