//! Headers, justifications and bodies as nodes show them: decoded, hashed, not yet believed.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::{FieldError, at, bytes, bytes_list, bytes_or_list, hash, number, to_hex},
    rpc::Call,
};
use alloy_primitives::{B256, Bytes};
use codec::Decode;
use lupu_substrate_state::{Header, blake2_256, scale::put_compact};
use serde_json::{Value, json};
use std::sync::Arc;

/// GRANDPA's engine id, of justifications and digest items.
pub const GRANDPA_ENGINE: [u8; 4] = *b"FRNK";
/// BEEFY's.
pub const BEEFY_ENGINE: [u8; 4] = *b"BEEF";

/// A header with its bytes and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawHeader {
    /// SCALE.
    pub raw: Bytes,
    /// BLAKE2b-256 of the bytes.
    pub hash: B256,
    /// Decoded.
    pub header: Header,
}

impl RawHeader {
    /// From SCALE bytes.
    pub fn decode(raw: Vec<u8>) -> Result<Self, String> {
        let header = Header::decode(&raw).map_err(|e| e.to_string())?;
        Ok(Self { hash: blake2_256(&raw), raw: raw.into(), header })
    }

    /// Block number.
    pub fn height(&self) -> u64 {
        u64::from(self.header.number)
    }
}

/// A block's body and the justifications that a node keeps for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Extrinsics, SCALE.
    pub extrinsics: Vec<Vec<u8>>,
    /// Engine id and bytes of each.
    pub justifications: Vec<([u8; 4], Vec<u8>)>,
}

impl Block {
    /// The justification of an engine.
    pub fn justification(&self, engine: [u8; 4]) -> Option<&[u8]> {
        self.justifications.iter().find(|(id, _)| *id == engine).map(|(_, bytes)| bytes.as_slice())
    }
}

fn lied(e: FieldError) -> Bad {
    Bad::Lied(e.to_string())
}

/// Rebuilds a header from JSON, byte for byte.
pub(crate) fn rebuild(value: &Value) -> Result<RawHeader, Bad> {
    let field = |what| at(value, what);
    let read = || -> Result<Vec<u8>, FieldError> {
        let mut raw = Vec::with_capacity(256);
        raw.extend(hash(field("parentHash")?, "parentHash")?);
        put_compact(&mut raw, number(field("number")?, "number")?);
        raw.extend(hash(field("stateRoot")?, "stateRoot")?);
        raw.extend(hash(field("extrinsicsRoot")?, "extrinsicsRoot")?);
        let logs = bytes_list(at(field("digest")?, "logs")?, "logs")?;
        put_compact(&mut raw, logs.len() as u64);
        raw.extend(logs.concat());
        Ok(raw)
    };
    RawHeader::decode(read().map_err(lied)?).map_err(|e| Bad::Lied(format!("header: {e}")))
}

/// What nodes show of blocks.
#[derive(Clone)]
pub struct Source {
    pub(crate) endpoints: Arc<Endpoints>,
}

impl Source {
    /// Of these endpoints.
    pub fn new(endpoints: Arc<Endpoints>) -> Self {
        Self { endpoints }
    }

    /// The header with this hash: it is the right one whoever shows it.
    pub async fn header(&self, wanted: B256) -> Result<RawHeader, CallError> {
        self.endpoints.ask("chain_getHeader", json!([to_hex(wanted.as_slice())]), |v| with_hash(&v, wanted)).await
    }

    /// The headers with these hashes, many at once.
    pub async fn headers(&self, wanted: &[B256]) -> Result<Vec<RawHeader>, CallError> {
        let call = |h: &B256| Call::new("chain_getHeader", json!([to_hex(h.as_slice())]));
        let calls: Vec<Call> = wanted.iter().map(call).collect();
        let check = |values: Vec<Value>| values.iter().zip(wanted).map(|(v, h)| with_hash(v, *h)).collect();
        self.endpoints.ask_many(&calls, check).await
    }

    /// The hashes that a node gives for these heights. Not to be believed: fork or lie, whoever
    /// uses them must link the headers.
    pub async fn hashes(&self, heights: &[u64]) -> Result<Vec<B256>, CallError> {
        if heights.is_empty() {
            return Ok(Vec::new());
        }
        let check = |v: Value| {
            let list = v.as_array().ok_or_else(|| Bad::Lied("block hashes: not a list".into()))?;
            if list.len() != heights.len() {
                return Err(Bad::Lied(format!("{} hashes of {} blocks", list.len(), heights.len())));
            }
            let one = |(v, h): (&Value, &u64)| match v {
                Value::Null => Err(Bad::Missing(format!("block {h} is not there"))),
                v => hash(v, "block hash").map_err(lied),
            };
            list.iter().zip(heights).map(one).collect()
        };
        self.endpoints.ask("chain_getBlockHash", json!([heights]), check).await
    }

    /// The hash that a node gives for a height.
    pub async fn hash_at(&self, height: u64) -> Result<B256, CallError> {
        let found = self.hashes(&[height]).await?;
        found.first().copied().ok_or_else(|| CallError::Missing(format!("block {height} is not there")))
    }

    /// What every endpoint that is up calls final: endpoint and hash. Fails if none says anything.
    pub async fn finalized(&self) -> Result<Vec<(usize, B256)>, CallError> {
        let read = |v: Value| hash(&v, "finalized head").map_err(lied);
        let mut failure = CallError::Unavailable("no endpoint answered".into());
        let mut found = Vec::new();
        for (endpoint, answer) in self.endpoints.ask_all("chain_getFinalizedHead", json!([]), read).await {
            match answer {
                Ok(hash) => found.push((endpoint, hash)),
                Err(error) => failure = error,
            }
        }
        if found.is_empty() { Err(failure) } else { Ok(found) }
    }

    /// Body and justifications of a block. The body is checked by whoever uses it.
    pub async fn block(&self, wanted: B256) -> Result<Block, CallError> {
        self.endpoints.ask("chain_getBlock", json!([to_hex(wanted.as_slice())]), |v| block(&v, wanted)).await
    }

    /// A justification that an engine made for a block, from any endpoint that keeps it and that
    /// `accept`s.
    pub async fn justification<T>(
        &self,
        wanted: B256,
        engine: [u8; 4],
        accept: impl Fn(&[u8]) -> Result<T, Bad>,
    ) -> Result<T, CallError> {
        let check = |v: Value| {
            let block = block(&v, wanted)?;
            let found = block.justification(engine);
            accept(found.ok_or_else(|| Bad::Missing(format!("no justification is kept for block {wanted}")))?)
        };
        self.endpoints.ask("chain_getBlock", json!([to_hex(wanted.as_slice())]), check).await
    }

    /// What every endpoint that is up shows as the justification that an engine made for a block.
    pub async fn justifications<T>(
        &self,
        wanted: B256,
        engine: [u8; 4],
        accept: impl Fn(&[u8]) -> Result<T, Bad>,
    ) -> Vec<Result<T, CallError>> {
        let check = |v: Value| {
            let block = block(&v, wanted)?;
            let found = block.justification(engine);
            accept(found.ok_or_else(|| Bad::Missing(format!("no justification is kept for block {wanted}")))?)
        };
        let params = json!([to_hex(wanted.as_slice())]);
        let answers = self.endpoints.ask_all("chain_getBlock", params, check).await;
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// A justification for the last block of the authority set that finalizes `height`, or for the
    /// newest if that set still stands: `grandpa_proveFinality`.
    pub async fn finality_proof<T>(
        &self,
        height: u64,
        accept: impl Fn(&[u8]) -> Result<T, Bad>,
    ) -> Result<T, CallError> {
        let check = |v: Value| {
            if v.is_null() {
                return Err(Bad::Missing(format!("no proof of finality for block {height}")));
            }
            let proof = bytes(&v, "finality proof").map_err(lied)?;
            // The block's hash, the justification, headers that nobody needs.
            let mut rest = proof.get(32..).ok_or_else(|| Bad::Lied("finality proof: too short".into()))?;
            let justification = Vec::<u8>::decode(&mut rest);
            accept(&justification.map_err(|e| Bad::Lied(format!("finality proof: {e}")))?)
        };
        self.endpoints.ask("grandpa_proveFinality", json!([height]), check).await
    }
}

fn with_hash(value: &Value, wanted: B256) -> Result<RawHeader, Bad> {
    if value.is_null() {
        return Err(Bad::Missing(format!("header {wanted} is not there")));
    }
    let header = rebuild(value)?;
    if header.hash == wanted {
        return Ok(header);
    }
    Err(Bad::Lied(format!("asked for header {wanted}, what is shown hashes to {}", header.hash)))
}

fn block(value: &Value, wanted: B256) -> Result<Block, Bad> {
    if value.is_null() {
        return Err(Bad::Missing(format!("block {wanted} is not there")));
    }
    let inner = at(value, "block").map_err(lied)?;
    with_hash(at(inner, "header").map_err(lied)?, wanted)?;
    let extrinsics = bytes_list(at(inner, "extrinsics").map_err(lied)?, "extrinsics").map_err(lied)?;
    let mut justifications = Vec::new();
    for one in value.get("justifications").and_then(Value::as_array).into_iter().flatten() {
        let part = |i: usize, what| bytes_or_list(one.get(i).unwrap_or(&Value::Null), what).map_err(lied);
        let engine = part(0, "engine")?;
        let engine = <[u8; 4]>::try_from(engine.as_slice()).map_err(|_| Bad::Lied("engine: not 4 bytes".into()))?;
        justifications.push((engine, part(1, "justification")?));
    }
    Ok(Block { extrinsics, justifications })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_substrate_state::DigestItem;

    fn header() -> Header {
        Header {
            parent_hash: B256::repeat_byte(1),
            number: 70_000,
            state_root: B256::repeat_byte(2),
            extrinsics_root: B256::repeat_byte(3),
            digest: vec![
                DigestItem::PreRuntime(*b"aura", vec![1; 8]),
                DigestItem::Consensus(BEEFY_ENGINE, vec![3; 33]),
                DigestItem::RuntimeEnvironmentUpdated,
                DigestItem::Seal(*b"aura", vec![9; 64]),
            ],
        }
    }

    fn shown() -> Value {
        json!({
            "parentHash": to_hex(&[1; 32]), "number": "0x11170",
            "stateRoot": to_hex(&[2; 32]), "extrinsicsRoot": to_hex(&[3; 32]),
            "digest": {"logs": [
                format!("0x066175726120{}", "01".repeat(8)),
                format!("0x044245454684{}", "03".repeat(33)),
                "0x08",
                format!("0x05617572610101{}", "09".repeat(64)),
            ]},
        })
    }

    #[test]
    fn a_header_is_rebuilt_byte_for_byte() {
        let rebuilt = rebuild(&shown()).unwrap();
        assert_eq!(rebuilt.header, header());
        assert_eq!(rebuilt.raw.as_ref(), header().encode());
        assert_eq!((rebuilt.hash, rebuilt.height()), (header().hash(), 70_000));
        assert_eq!(with_hash(&shown(), rebuilt.hash).unwrap(), rebuilt);
    }

    #[test]
    fn another_header_than_asked_for_is_a_lie() {
        let wanted = header().hash();
        for (field, value) in [
            ("stateRoot", json!(to_hex(&[4; 32]))),
            ("number", json!("0x11171")),
            ("digest", json!({"logs": []})),
            ("digest", json!({"logs": ["0x07"]})),
            ("parentHash", json!("0x01")),
        ] {
            let mut lie = shown();
            lie[field] = value;
            assert!(matches!(with_hash(&lie, wanted), Err(Bad::Lied(_))), "{field}");
        }
        assert!(matches!(with_hash(&Value::Null, wanted), Err(Bad::Missing(_))));
    }

    #[test]
    fn justifications_are_read_in_both_forms() {
        let shown = json!({
            "block": {"header": shown(), "extrinsics": ["0x0401"]},
            "justifications": [[[70, 82, 78, 75], [1, 2]], ["0x42454546", "0x03"]],
        });
        let block = block(&shown, header().hash()).unwrap();
        assert_eq!(block.justification(GRANDPA_ENGINE), Some([1, 2].as_slice()));
        assert_eq!(block.justification(BEEFY_ENGINE), Some([3].as_slice()));
        assert_eq!(block.justification(*b"none"), None);
        assert_eq!(block.extrinsics, [vec![4, 1]]);
    }
}
