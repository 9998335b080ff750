//! Bad nodes: each fault does what it says, on the node it was given to and on no other.

mod common;

use std::time::{Duration, Instant};

use codec::Decode;
use common::{ask, beefy_is_valid, bytes, grandpa_is_valid, hex0x, item, on_demand, rpc, rpc_at};
use lupu_substrate_devnet::faults::{Fault, rate_limit};
use lupu_substrate_devnet::{Devnet, lies};
use serde_json::{Value, json};
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use subxt::rpcs::{RpcClient, client::rpc_params};

#[tokio::test]
async fn errors_delays_and_statuses() {
    let devnet = Devnet::builder().on_demand().nodes(2).start().await.unwrap();
    devnet.node(0).inject_times(&["system_chain"], rate_limit(), 1);
    assert_eq!(rpc(&devnet, "system_chain", json!([])).await["error"]["code"], -32_999);
    assert_eq!(rpc(&devnet, "system_chain", json!([])).await["result"], "devnet");
    devnet.node(0).inject_for(&["system_chain"], Fault::Delay(Duration::from_millis(300)));
    let asked = Instant::now();
    ask(&devnet, "system_chain", json!([])).await;
    assert!(asked.elapsed() >= Duration::from_millis(300));
    devnet.node(0).inject(Fault::Hang);
    let hung = tokio::time::timeout(Duration::from_millis(300), rpc(&devnet, "system_name", json!([]))).await;
    assert!(hung.is_err());
    assert_eq!(rpc_at(&devnet.http_url(1), "system_chain", json!([])).await["result"], "devnet");
    devnet.node(0).clear();
    assert_eq!(rpc(&devnet, "system_chain", json!([])).await["result"], "devnet");
}

#[tokio::test]
async fn a_node_that_lags_knows_nothing_above() {
    let devnet = Devnet::builder().on_demand().nodes(2).start().await.unwrap();
    let head = devnet.mine_many(5).await;
    devnet.node(1).freeze_head(3);
    let late = devnet.http_url(1);
    let header = rpc_at(&late, "chain_getHeader", json!([])).await;
    assert_eq!(header["result"]["number"], "0x3");
    assert_eq!(rpc_at(&late, "chain_getHeader", json!([head.hash])).await["result"], Value::Null);
    assert_eq!(rpc_at(&late, "archive_v1_finalizedHeight", json!([])).await["result"], 3);
    assert_eq!(ask(&devnet, "archive_v1_finalizedHeight", json!([])).await, 5);
}

#[tokio::test]
async fn proofs_that_lie_do_not_hold() {
    let devnet = on_demand("lies").await;
    let block = devnet.mine_many(4).await;
    let key = item("Timestamp", "Now");
    let check = async || {
        let answer = ask(&devnet, "state_getReadProof", json!([[hex0x(&key)], block.hash])).await;
        let nodes: Vec<_> = answer["proof"].as_array().unwrap().iter().map(bytes).collect();
        let count = nodes.len();
        let proof = sp_trie::StorageProof::new(nodes);
        let root = block.header.state_root;
        let read = sp_state_machine::read_proof_check::<BlakeTwo256, _>(root, proof, [&key]);
        (count, read.is_ok_and(|values| values.values().all(Option::is_some)))
    };
    let (honest, holds) = check().await;
    assert!(holds);
    for lie in [lies::altered_proof_node(), lies::missing_proof_node()] {
        let id = devnet.node(0).inject(lie);
        assert!(!check().await.1);
        assert!(devnet.node(0).remove(id));
    }
    devnet.node(0).inject(lies::extra_proof_node());
    assert_eq!(check().await, (honest + 1, true));
    devnet.node(0).clear();
    assert_eq!(check().await, (honest, true));
}

#[tokio::test]
async fn mmr_proofs_that_lie_do_not_hold() {
    let devnet = on_demand("mmr").await;
    devnet.mine_many(9).await;
    let root = devnet.head().mmr_root().unwrap();
    let holds = async || {
        let proof = ask(&devnet, "mmr_generateProof", json!([[6], 9])).await;
        rpc(&devnet, "mmr_verifyProofStateless", json!([root, proof])).await["result"] == json!(true)
    };
    assert!(holds().await);
    for lie in [lies::altered_mmr_item(), lies::altered_mmr_leaf(), lies::wrong_mmr_leaf_index()] {
        let id = devnet.node(0).inject(lie);
        assert!(!holds().await);
        devnet.node(0).remove(id);
    }
    assert!(holds().await);
}

#[tokio::test]
async fn headers_that_lie_have_another_hash() {
    let devnet = on_demand("headers").await;
    let block = devnet.mine().await;
    devnet.node(0).inject(lies::state_root());
    let header = ask(&devnet, "chain_getHeader", json!([block.hash])).await;
    assert_eq!(header["stateRoot"], json!(H256::repeat_byte(0xab)));
    let raw = bytes(&ask(&devnet, "archive_v1_header", json!([block.hash])).await);
    assert_ne!(sp_crypto_hashing::blake2_256(&raw), block.hash.0);
    let shown = ask(&devnet, "chain_getBlock", json!([block.hash])).await;
    assert_eq!(shown["block"]["header"]["stateRoot"], json!(H256::repeat_byte(0xab)));
}

#[tokio::test]
async fn justifications_that_lie_do_not_verify() {
    let devnet = on_demand("justifications").await;
    let client = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let subscribe = async |name: &str, end: &str| client.subscribe::<Value>(name, rpc_params![], end).await.unwrap();
    let mut grandpa = subscribe("grandpa_subscribeJustifications", "grandpa_unsubscribeJustifications").await;
    let mut beefy = subscribe("beefy_subscribeJustifications", "beefy_unsubscribeJustifications").await;
    devnet.node(0).inject(lies::justifications());
    devnet.mine().await;
    assert!(grandpa_is_valid(&devnet, 1, &bytes(&grandpa.next().await.unwrap().unwrap())).is_err());
    assert!(beefy_is_valid(&devnet, 1, &bytes(&beefy.next().await.unwrap().unwrap())).is_err());
    let block = ask(&devnet, "chain_getBlock", json!([])).await;
    for one in block["justifications"].as_array().unwrap() {
        let proof: Vec<u8> = serde_json::from_value(one[1].clone()).unwrap();
        assert!(grandpa_is_valid(&devnet, 1, &proof).is_err() && beefy_is_valid(&devnet, 1, &proof).is_err());
    }
    devnet.node(0).clear();
    devnet.mine().await;
    grandpa_is_valid(&devnet, 2, &bytes(&grandpa.next().await.unwrap().unwrap())).unwrap();
    beefy_is_valid(&devnet, 2, &bytes(&beefy.next().await.unwrap().unwrap())).unwrap();
}

#[tokio::test]
async fn events_can_be_kept_back() {
    let devnet = on_demand("events").await;
    devnet.mine().await;
    let key = hex0x(&item("System", "Events"));
    let honest = bytes(&ask(&devnet, "state_getStorage", json!([key])).await);
    assert!(<codec::Compact<u32>>::decode(&mut &honest[..]).unwrap().0 > 0);
    devnet.node(0).inject(lies::no_events());
    assert_eq!(bytes(&ask(&devnet, "state_getStorage", json!([key])).await), [0]);
    let number = hex0x(&item("System", "Number"));
    assert_eq!(bytes(&ask(&devnet, "state_getStorage", json!([number])).await), [1, 0, 0, 0]);
    let client = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let mut found = client
        .subscribe::<Value>(
            "archive_v1_storage",
            rpc_params![devnet.head().hash, [json!({ "key": key, "type": "value" })]],
            "archive_v1_stopStorage",
        )
        .await
        .unwrap();
    assert_eq!(found.next().await.unwrap().unwrap()["value"], "0x00");
}

#[tokio::test]
async fn connections_can_be_cut() {
    let devnet = on_demand("cut").await;
    let client = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    client.request::<Value>("system_chain", rpc_params![]).await.unwrap();
    devnet.node(0).drop_connections();
    assert!(client.request::<Value>("system_chain", rpc_params![]).await.is_err());
    let again = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    again.request::<Value>("system_chain", rpc_params![]).await.unwrap();
}
