//! Logs, filters, subscriptions and the small methods that tools ask for first.

mod common;

use std::time::Duration;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::providers::{Provider, ProviderBuilder, RootProvider, WsConnect};
use alloy::rpc::types::Filter;
use common::*;
use futures::StreamExt;
use lupu_evm_devnet::Devnet;
use serde_json::{Value, json};

async fn ask(devnet: &Devnet, method: &'static str, params: Value) -> Value {
    reader(devnet, 0).raw_request(method.into(), params).await.unwrap()
}

/// A chain with a contract that logged slots 1 to 5, one per block from block 2 on.
async fn logged() -> (Devnet, alloy::providers::DynProvider, Address) {
    let devnet = manual().max_log_range(100).start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    for slot in 1..=5 {
        send(&devnet, &provider, call(contract, store_call(slot, 10 + slot))).await;
    }
    (devnet, provider, contract)
}

fn topic(n: u64) -> B256 {
    U256::from(n).into()
}

#[tokio::test]
async fn logs_by_range_address_topic_and_hash() {
    let (devnet, provider, contract) = logged().await;
    let all = Filter::new().from_block(0).address(contract);
    let logs = provider.get_logs(&all).await.unwrap();
    assert_eq!(logs.len(), 5);
    assert_eq!(logs[2].block_number, Some(4));
    assert_eq!(logs[2].topics(), [topic(1), topic(3)]);
    let some = all.clone().from_block(3).to_block(4);
    assert_eq!(provider.get_logs(&some).await.unwrap().len(), 2);
    let by_topic = all.clone().event_signature(topic(1)).topic1(vec![topic(2), topic(5)]);
    assert_eq!(provider.get_logs(&by_topic).await.unwrap().len(), 2);
    let other = Filter::new().from_block(0).event_signature(topic(2));
    assert!(provider.get_logs(&other).await.unwrap().is_empty());
    let nobody = Filter::new().from_block(0).address(Address::ZERO);
    assert!(provider.get_logs(&nobody).await.unwrap().is_empty());
    let hash = devnet.head().hash;
    assert_eq!(provider.get_logs(&Filter::new().at_block_hash(hash)).await.unwrap().len(), 1);
    let unknown = Filter::new().at_block_hash(B256::ZERO);
    assert!(provider.get_logs(&unknown).await.unwrap_err().to_string().contains("unknown block"));
    let wide = Filter::new().from_block(0).to_block(100);
    assert!(provider.get_logs(&wide).await.unwrap_err().to_string().contains("range"));
    let backwards = Filter::new().from_block(3).to_block(1);
    assert!(provider.get_logs(&backwards).await.unwrap_err().to_string().contains("invalid block range"));
    // A range that ends beyond the head ends at the head.
    assert_eq!(provider.get_logs(&Filter::new().from_block(5).to_block(50)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn filters_report_each_change_once() {
    let (devnet, provider, contract) = logged().await;
    let logs = provider.new_filter(&Filter::new().from_block(0).address(contract)).await.unwrap();
    let blocks = provider.new_block_filter().await.unwrap();
    let pending = provider.new_pending_transactions_filter(false).await.unwrap();
    assert_eq!(provider.get_filter_logs(logs).await.unwrap().len(), 5);
    let receipt = send(&devnet, &provider, call(contract, store_call(6, 6))).await;
    devnet.mine().await;
    let changes = provider.get_filter_changes::<alloy::rpc::types::Log>(logs).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].transaction_hash, Some(receipt.transaction_hash));
    let changes = provider.get_filter_changes::<B256>(blocks).await.unwrap();
    assert_eq!(changes, [receipt.block_hash.unwrap(), devnet.head().hash]);
    let changes = provider.get_filter_changes::<B256>(pending).await.unwrap();
    assert_eq!(changes, [receipt.transaction_hash]);
    for filter in [logs, blocks, pending] {
        assert!(provider.get_filter_changes::<Value>(filter).await.unwrap().is_empty());
        assert!(provider.uninstall_filter(filter).await.unwrap());
        assert!(!provider.uninstall_filter(filter).await.unwrap());
        let gone = provider.get_filter_changes::<Value>(filter).await.unwrap_err();
        assert!(gone.to_string().contains("filter not found"));
    }
}

#[tokio::test]
async fn subscriptions_push_heads_logs_and_transactions() {
    let (devnet, provider, contract) = logged().await;
    let ws: RootProvider = ProviderBuilder::default().connect_ws(WsConnect::new(devnet.ws_url(0))).await.unwrap();
    let mut heads = ws.subscribe_blocks().await.unwrap().into_stream();
    let filter = Filter::new().address(contract).topic1(topic(8));
    let mut logs = ws.subscribe_logs(&filter).await.unwrap().into_stream();
    let mut pending = ws.subscribe_pending_transactions().await.unwrap().into_stream();
    send(&devnet, &provider, call(contract, store_call(7, 1))).await;
    let receipt = send(&devnet, &provider, call(contract, store_call(8, 1))).await;
    let soon = Duration::from_secs(5);
    for number in 7..=8 {
        let head: alloy::rpc::types::Header = tokio::time::timeout(soon, heads.next()).await.unwrap().unwrap();
        assert_eq!(head.number, number);
        assert_eq!(head.hash, devnet.chain().block(number).unwrap().hash);
    }
    let log = tokio::time::timeout(soon, logs.next()).await.unwrap().unwrap();
    assert_eq!(log.transaction_hash, Some(receipt.transaction_hash));
    pending.next().await.unwrap();
    assert_eq!(pending.next().await.unwrap(), receipt.transaction_hash);
    // HTTP and WebSocket share a port; subscribing over HTTP is refused in words.
    assert!(devnet.ws_url(0).ends_with(devnet.http_url(0).trim_start_matches("http://")));
    let refused: Result<Value, _> = reader(&devnet, 0).raw_request("eth_subscribe".into(), ("newHeads",)).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn blocks_and_transactions_by_every_name() {
    let (devnet, provider, _) = logged().await;
    let head = devnet.head();
    for tag in [
        BlockNumberOrTag::Latest,
        BlockNumberOrTag::Safe,
        BlockNumberOrTag::Finalized,
        BlockNumberOrTag::Pending,
        head.number().into(),
    ] {
        let block = provider.get_block_by_number(tag).await.unwrap().unwrap();
        assert_eq!(block.header.hash, head.hash, "{tag}");
    }
    let by_hash = provider.get_block_by_hash(head.hash).full().await.unwrap().unwrap();
    let tx = by_hash.transactions.as_transactions().unwrap()[0].clone();
    assert_eq!(tx.inner.signer(), devnet.dev_accounts()[0].address);
    let hash = head.transactions[0].hash;
    assert_eq!(provider.get_transaction_by_hash(hash).await.unwrap().unwrap(), tx);
    assert_eq!(provider.get_transaction_by_block_hash_and_index(head.hash, 0).await.unwrap().unwrap(), tx);
    let number = BlockNumberOrTag::from(head.number());
    assert_eq!(provider.get_transaction_by_block_number_and_index(number, 0).await.unwrap().unwrap(), tx);
    assert!(provider.get_transaction_by_block_number_and_index(number, 1).await.unwrap().is_none());
    assert_eq!(provider.get_block_transaction_count_by_hash(head.hash).await.unwrap(), Some(1));
    assert_eq!(provider.get_uncle_count(BlockId::latest()).await.unwrap(), 0);
    assert!(provider.get_block_by_number(99.into()).await.unwrap().is_none());
    assert!(provider.get_transaction_receipt(B256::ZERO).await.unwrap().is_none());
    let raw = ask(&devnet, "debug_getRawBlock", json!(["latest"])).await;
    let raw: alloy::primitives::Bytes = serde_json::from_value(raw).unwrap();
    let block: alloy::consensus::Block<alloy::consensus::TxEnvelope> = alloy::rlp::decode_exact(&raw[..]).unwrap();
    assert_eq!(block.body.transactions.len(), 1);
    assert_eq!(*block.body.transactions[0].tx_hash(), hash);
}

#[tokio::test]
async fn the_small_methods() {
    let devnet = Devnet::builder().on_demand().chain_id(77).nodes(3).start().await.unwrap();
    let expected = [
        ("eth_chainId", json!([]), json!("0x4d")),
        ("net_version", json!([]), json!("77")),
        ("net_listening", json!([]), json!(true)),
        ("net_peerCount", json!([]), json!("0x2")),
        ("eth_blockNumber", json!([]), json!("0x0")),
        ("eth_syncing", json!([]), json!(false)),
        ("eth_accounts", json!([]), json!([])),
        ("eth_gasPrice", json!([]), json!("0x0")),
        ("eth_maxPriorityFeePerGas", json!([]), json!("0x0")),
        ("web3_sha3", json!(["0x61"]), json!(keccak256("a"))),
        ("txpool_status", json!([]), json!({ "pending": "0x0", "queued": "0x0" })),
        ("eth_getUncleCountByBlockNumber", json!(["latest"]), json!("0x0")),
        ("eth_getBlockTransactionCountByNumber", json!(["0x0"]), json!("0x0")),
        ("eth_getStorageAt", json!([Address::ZERO, "0x0", "latest"]), json!(B256::ZERO)),
        // Short keys are taken as numbers.
        ("eth_getCode", json!([Address::ZERO, "latest"]), json!("0x")),
    ];
    for (method, params, answer) in expected {
        assert_eq!(ask(&devnet, method, params).await, answer, "{method}");
    }
    let proof = ask(&devnet, "eth_getProof", json!([Address::ZERO, ["0x1"], "latest"])).await;
    assert_eq!(proof["storageProof"][0]["key"], "0x1");
    let block = ask(&devnet, "eth_getBlockByNumber", json!(["0x0", false])).await;
    assert_eq!(block["hash"], json!(devnet.head().hash));
    let unknown: Result<Value, _> = reader(&devnet, 0).raw_request("eth_nothing".into(), ()).await;
    assert_eq!(unknown.unwrap_err().as_error_resp().unwrap().code, -32601);
    let wrong: Result<Value, _> = reader(&devnet, 0).raw_request("eth_getBalance".into(), ("0x12",)).await;
    assert_eq!(wrong.unwrap_err().as_error_resp().unwrap().code, -32602);
}
