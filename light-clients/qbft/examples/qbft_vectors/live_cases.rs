//! Headers, account proofs and storage proofs of a live network, as updates and verify calls.

use crate::common::{
    path_key, reference,
    state_trie::reference::{items, only},
};
use alloy_primitives::{Address, B256, Bytes, hex, keccak256};
use lupu_ethereum_state::NodeSet;
use lupu_qbft::{ClientState, ConsensusState, Kind::Qbft, MembershipProof, Rules, UpdateMessage};
use lupu_standard::{Height, TimestampSecs};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Live {
    pub source: String,
    router: Address,
    router_code_hash: B256,
    trusted_height: u64,
    trusted_timestamp: u64,
    trusted_storage_root: B256,
    pub header: Bytes,
    account: Bytes,
    storage_root: B256,
    present_path: Bytes,
    present_value: B256,
    present_nodes: Bytes,
    absent_path: Bytes,
    absent_nodes: Bytes,
}

pub fn live() -> Live {
    serde_json::from_str(include_str!("live_besu.json")).unwrap()
}

/// The nodes of a proof that is an RLP list of them.
fn nodes(list: &[u8]) -> Vec<Bytes> {
    items(&only(list).unwrap().2).unwrap().into_iter().map(|i| i.1.into()).collect()
}

struct World {
    client: ClientState,
    trusted: ConsensusState,
    now: u64,
}

fn world(l: &Live) -> World {
    let header = reference::header(0, &l.header).unwrap();
    let joined: Vec<u8> = header.validators.iter().flat_map(|a| a.to_vec()).collect();
    let client = ClientState {
        kind: Qbft,
        chain_id: 1,
        router: l.router,
        router_code_hash: l.router_code_hash,
        rules: Rules::default(),
        latest_height: Height(l.trusted_height),
        latest_timestamp: TimestampSecs(l.trusted_timestamp),
        frozen: false,
    };
    let trusted = ConsensusState {
        timestamp: TimestampSecs(l.trusted_timestamp),
        storage_root: l.trusted_storage_root,
        validators_hash: keccak256(joined),
    };
    World { client, trusted, now: l.trusted_timestamp + 10 }
}

/// What follows from a header of this network.
fn consensus(l: &Live, raw: &[u8], storage_root: B256) -> ConsensusState {
    let h = reference::header(0, raw).unwrap();
    let validators_hash = world(l).trusted.validators_hash;
    ConsensusState { timestamp: TimestampSecs(h.timestamp), storage_root, validators_hash }
}

/// A raw header with its seals in ascending order of the signers.
fn seals_sorted(raw: &[u8]) -> Vec<u8> {
    let h = lupu_qbft::Header::decode(Qbft, raw).unwrap();
    lupu_qbft::join_seals(&[h], &lupu_qbft::K256).unwrap().encode()
}

pub fn updates() -> Vec<Value> {
    let l = live();
    let w = world(&l);
    let case = |name: &str, what: &str, raw: &[u8], account: &[u8], root: B256, expect: &str| {
        let h = reference::header(0, raw).unwrap();
        let set: NodeSet = nodes(account).into_iter().collect();
        let message = UpdateMessage {
            header: raw.to_vec().into(),
            trusted_height: Height(l.trusted_height),
            trusted: w.trusted,
            trusted_validators: Bytes::new(),
            account_proof: set.pack(&h.state_root, &[keccak256(l.router)]).unwrap().into(),
        };
        let good = expect == "Update";
        let state = if good { consensus(&l, raw, root).encode() } else { Vec::new() };
        json!({
            "name": name, "description": format!("{what}: {}", l.source),
            "client_state": hex::encode_prefixed(w.client.encode()),
            "stored": [{"height": l.trusted_height, "hash": w.trusted.hash()}],
            "now": w.now, "message": hex::encode_prefixed(message.encode()), "expect": expect,
            "height": if good { h.number } else { 0 },
            "consensus_state": hex::encode_prefixed(state),
            "block_hash": if good { h.hash } else { B256::ZERO },
        })
    };
    let mut out = Vec::new();
    let (raw, account, root) = (&l.header, &l.account, l.storage_root);
    let sorted = seals_sorted(raw);
    assert_ne!(sorted, raw.as_ref());
    out.push(case("live_besu", "seals sorted", &sorted, account, root, "Update"));
    let what = "seals as the node shows them";
    out.push(case("live_besu_as_sealed", what, raw, account, root, "SealsNotSorted"));
    out
}

pub fn membership() -> Vec<Value> {
    let l = live();
    let mut w = world(&l);
    let state = consensus(&l, &l.header, l.storage_root);
    w.client.latest_height = Height(35);
    w.client.latest_timestamp = state.timestamp;
    let mut set: NodeSet = nodes(&l.present_nodes).into_iter().collect();
    set.extend(nodes(&l.absent_nodes));
    let (present, absent) = ((l.present_path.clone(), l.present_value), (l.absent_path.clone(), B256::ZERO));
    let case = |name: &str, claims: &[(Bytes, B256)]| {
        let keys: Vec<B256> = claims.iter().map(|(p, _)| path_key(p)).collect();
        let packed = set.pack(&state.storage_root, &keys).unwrap();
        let proof = MembershipProof { consensus: state, nodes: packed.into() }.encode();
        let paths: Vec<&Bytes> = claims.iter().map(|(p, _)| p).collect();
        let values: Vec<B256> = claims.iter().map(|(_, v)| *v).collect();
        json!({
            "name": name, "description": l.source,
            "client_state": hex::encode_prefixed(w.client.encode()),
            "stored": [{"height": 35, "hash": state.hash()}],
            "now": w.now, "height": 35, "paths": paths, "values": values,
            "proof": hex::encode_prefixed(proof), "expect": "ok", "timestamp": state.timestamp,
        })
    };
    vec![
        case("live_besu_present", std::slice::from_ref(&present)),
        case("live_besu_absent", std::slice::from_ref(&absent)),
        case("live_besu_both", &[absent, present]),
    ]
}
