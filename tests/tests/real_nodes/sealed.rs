//! A node's blocks under QBFT seals.
//!
//! No QBFT node can be had from the package registries, and the adapter believes no block that
//! validators did not seal. So test validators seal what a real node produces: this endpoint passes
//! everything through, but shows each block with QBFT's extraData, mixHash, difficulty, nonce and
//! proposer, and with the hashes that follow. State, storage, transactions, logs, errors and proofs
//! stay the node's own.

use crate::process::post;
use alloy::{
    primitives::{B256, Bytes, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use axum::{Json, Router, extract::State, routing};
use lupu_evm::{Kind, raw_header};
use lupu_qbft::Header;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use tokio::{sync::Mutex, task::JoinHandle};

const MIX_HASH: &str = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";

/// The sealing endpoint of a node; gone when dropped.
pub struct Sealed {
    pub url: String,
    task: JoinHandle<()>,
}

struct Chain {
    node: String,
    validators: Vec<PrivateKeySigner>,
    /// Sealed blocks from number 0 on.
    blocks: Mutex<Blocks>,
}

#[derive(Default)]
struct Blocks {
    /// The node's hash and the fields that are shown instead of its own.
    list: Vec<(String, Value)>,
    /// The node's hash to the sealed one.
    hashes: HashMap<String, String>,
}

impl Sealed {
    pub async fn start(node: &str) -> Self {
        let mut validators: Vec<PrivateKeySigner> = (1..=4u8)
            .map(|i| PrivateKeySigner::from_bytes(&keccak256([b"lupu real node validator".as_slice(), &[i]].concat())))
            .collect::<Result<_, _>>()
            .unwrap();
        validators.sort_by_key(|v| v.address());
        let chain = Arc::new(Chain { node: node.into(), validators, blocks: Mutex::default() });
        let app = Router::new().route("/", routing::post(answer)).with_state(chain);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { url, task }
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(chain): State<Arc<Chain>>, Json(request): Json<Value>) -> Json<Value> {
    let Some(mut answer) = post(&chain.node, &request).await else {
        return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32603, "message": "no answer"}}));
    };
    let newest = newest_number(&answer);
    let mut blocks = chain.blocks.lock().await;
    chain.seal_up_to(&mut blocks, newest).await;
    show(&mut answer, &blocks);
    Json(answer)
}

/// The highest block that an answer speaks of.
fn newest_number(answer: &Value) -> Option<usize> {
    let here = ["number", "blockNumber"].into_iter().filter_map(|field| {
        let text = answer.get(field)?.as_str()?.strip_prefix("0x")?;
        usize::from_str_radix(text, 16).ok()
    });
    let below = match answer {
        Value::Array(list) => list.iter().filter_map(newest_number).max(),
        Value::Object(map) => map.values().filter_map(newest_number).max(),
        _ => None,
    };
    here.max().max(below)
}

/// Replaces what the node shows of its blocks.
fn show(value: &mut Value, blocks: &Blocks) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|v| show(v, blocks)),
        Value::Object(map) => {
            let is_block = map.contains_key("parentHash") && map.contains_key("extraData");
            let own = map.get("hash").and_then(Value::as_str).map(str::to_owned);
            for field in map.values_mut() {
                show(field, blocks);
            }
            let sealed = blocks.list.iter().find(|(hash, _)| is_block && Some(hash) == own.as_ref());
            if let Some((_, Value::Object(fields))) = sealed {
                map.extend(fields.clone());
            }
        }
        Value::String(text) => {
            if let Some(sealed) = blocks.hashes.get(text) {
                *text = sealed.clone();
            }
        }
        _ => {}
    }
}

impl Chain {
    async fn seal_up_to(&self, blocks: &mut Blocks, newest: Option<usize>) {
        let Some(newest) = newest else { return };
        while blocks.list.len() <= newest {
            let number = format!("0x{:x}", blocks.list.len());
            let request =
                json!({"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": [number, false]});
            let block = post(&self.node, &request).await.map(|mut answer| answer["result"].take());
            let Some(block) = block.filter(Value::is_object) else { return };
            let parent = blocks.list.last().map(|(_, fields)| fields["hash"].clone());
            let own = block["hash"].as_str().unwrap_or_default().to_owned();
            let fields = self.seal(block, parent);
            let hash = fields["hash"].as_str().unwrap_or_default().to_owned();
            blocks.hashes.insert(own.clone(), hash);
            blocks.list.push((own, fields));
        }
    }

    /// The fields of a block that differ once it is sealed.
    fn seal(&self, mut block: Value, parent: Option<Value>) -> Value {
        let mut fields = json!({
            "parentHash": parent.unwrap_or_else(|| json!(B256::ZERO)),
            "miner": self.validators[0].address(),
            "difficulty": "0x1",
            "mixHash": MIX_HASH,
            "nonce": "0x0000000000000000",
            "extraData": self.extra(&[]),
        });
        merge(&mut block, &fields);
        let raw = raw_header::rebuild(&block).unwrap();
        let header = Header::decode(Kind::Qbft, &raw).unwrap();
        let digest = header.commit_digest();
        let seals: Vec<Vec<u8>> = self.validators.iter().map(|v| seal(v, digest)).collect();
        fields["extraData"] = json!(self.extra(&seals));
        fields["hash"] = json!(header.block_hash());
        fields
    }

    /// RLP[vanity, validators, no vote, round 0, seals].
    fn extra(&self, seals: &[Vec<u8>]) -> Bytes {
        let addresses: Vec<Vec<u8>> = self.validators.iter().map(|v| v.address().to_vec()).collect();
        let body = [string(&[0; 32]), strings(&addresses), vec![0xc0, 0x80], strings(seals)].concat();
        list(&body).into()
    }
}

fn merge(block: &mut Value, fields: &Value) {
    if let (Some(block), Some(fields)) = (block.as_object_mut(), fields.as_object()) {
        block.extend(fields.clone());
    }
}

fn seal(validator: &PrivateKeySigner, digest: B256) -> Vec<u8> {
    let signature = validator.sign_hash_sync(&digest).unwrap();
    let mut seal = signature.as_bytes().to_vec();
    seal[64] -= 27;
    seal
}

fn head(base: u8, len: usize) -> Vec<u8> {
    match len {
        0..=55 => vec![base + len as u8],
        56..=255 => vec![base + 56, len as u8],
        _ => vec![base + 57, (len >> 8) as u8, len as u8],
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&head(0x80, bytes.len())[..], bytes].concat()
}

fn list(body: &[u8]) -> Vec<u8> {
    [&head(0xc0, body.len())[..], body].concat()
}

fn strings(items: &[Vec<u8>]) -> Vec<u8> {
    list(&items.iter().flat_map(|i| string(i)).collect::<Vec<u8>>())
}
