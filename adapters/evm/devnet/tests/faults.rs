//! A node that misbehaves, and is honest again when told.

mod common;

use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, U256, keccak256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder, RootProvider, WsConnect};
use alloy::rpc::types::Filter;
use alloy_trie::proof::verify_proof;
use common::*;
use futures::StreamExt;
use lupu_evm_devnet::faults::{Fault, rate_limit};
use lupu_evm_devnet::{Devnet, lies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SOON: Duration = Duration::from_secs(5);

/// A chain of two nodes with one contract, slot 1 set and logged in block 2.
async fn two_nodes() -> (Devnet, [DynProvider; 2], Address) {
    let devnet = manual().nodes(2).start().await.unwrap();
    let wallet = provider(&devnet, 1);
    let contract = deploy(&devnet, &wallet, STORE).await;
    send(&devnet, &wallet, call(contract, store_call(1, 5))).await;
    let providers = [reader(&devnet, 0), reader(&devnet, 1)];
    (devnet, providers, contract)
}

#[tokio::test]
async fn silent_slow_and_failing_nodes() {
    let (devnet, [bad, good], _) = two_nodes().await;
    let node = devnet.node(0);

    node.inject_for(&["eth_blockNumber"], Fault::Hang);
    let hung = tokio::time::timeout(Duration::from_millis(300), bad.get_block_number()).await;
    assert!(hung.is_err());
    assert_eq!(bad.get_chain_id().await.unwrap(), 1337, "other methods answer");
    assert_eq!(good.get_block_number().await.unwrap(), 2, "other nodes answer");
    node.clear();
    assert_eq!(bad.get_block_number().await.unwrap(), 2);

    let slow = node.inject(Fault::Delay(Duration::from_millis(300)));
    let start = Instant::now();
    bad.get_block_number().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(node.remove(slow));
    assert!(!node.remove(slow));

    node.inject_times(&[], Fault::Http(500), 2);
    for _ in 0..2 {
        let error = bad.get_block_number().await.unwrap_err();
        assert!(error.to_string().contains("500"), "{error}");
    }
    assert_eq!(bad.get_block_number().await.unwrap(), 2, "used up");

    node.inject(rate_limit());
    let error = bad.get_block_number().await.unwrap_err();
    assert_eq!(error.as_error_resp().unwrap().code, -32_005);
    node.clear();

    node.inject_times(&["eth_blockNumber"], Fault::Drop, 1);
    let error = bad.get_block_number().await.unwrap_err();
    assert!(error.as_error_resp().is_none(), "{error}");
    assert_eq!(bad.get_block_number().await.unwrap(), 2);
    devnet.shutdown().await;
}

#[tokio::test]
async fn dropped_connections_end_and_clients_come_back() {
    let devnet = manual().start().await.unwrap();
    let ws: RootProvider = ProviderBuilder::default().connect_ws(WsConnect::new(devnet.ws_url(0))).await.unwrap();
    let mut heads = ws.subscribe_blocks().await.unwrap().into_stream();
    devnet.mine().await;
    assert_eq!(tokio::time::timeout(SOON, heads.next()).await.unwrap().unwrap().number, 1);

    let address = devnet.http_url(0).trim_start_matches("http://").to_owned();
    let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
    // Answered once, so that the node knows the connection.
    idle.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let mut answer = [0u8; 4096];
    assert!(idle.read(&mut answer).await.unwrap() > 0);
    devnet.node(0).drop_connections();
    let end = tokio::time::timeout(SOON, idle.read(&mut answer)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)));

    // The subscriber connects again and hears of later blocks.
    for _ in 0..50 {
        devnet.mine().await;
        if let Ok(head) = tokio::time::timeout(Duration::from_millis(100), heads.next()).await {
            assert!(head.unwrap().number > 1);
            return;
        }
    }
    panic!("not connected again");
}

#[tokio::test]
async fn a_stale_head_stands_still_everywhere() {
    let (devnet, [bad, good], contract) = two_nodes().await;
    devnet.node(0).freeze_head(1);
    devnet.mine().await;
    assert_eq!(bad.get_block_number().await.unwrap(), 1);
    assert_eq!(good.get_block_number().await.unwrap(), 3);
    assert!(bad.get_block_by_number(2.into()).await.unwrap().is_none());
    let latest = bad.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
    assert_eq!(latest.header.number, 1);
    assert_eq!(bad.get_storage_at(contract, U256::from(1)).await.unwrap(), U256::ZERO);
    assert!(bad.get_logs(&Filter::new().from_block(0)).await.unwrap().is_empty());
    let receipt = devnet.chain().block(2).unwrap().transactions[0].hash;
    assert!(bad.get_transaction_receipt(receipt).await.unwrap().is_none());
    devnet.node(0).unfreeze_head();
    assert_eq!(bad.get_block_number().await.unwrap(), 3);
    assert!(bad.get_transaction_receipt(receipt).await.unwrap().is_some());
}

#[tokio::test]
async fn lies_about_headers() {
    let (devnet, [bad, good], _) = two_nodes().await;
    let truth = good.get_block_by_number(2.into()).await.unwrap().unwrap().header;
    devnet.node(0).inject(lies::state_root());
    devnet.node(0).inject(lies::timestamp(60));
    let lie = bad.get_block_by_number(2.into()).await.unwrap().unwrap().header;
    assert_eq!(lie.hash, truth.hash);
    assert_eq!(lie.inner.state_root, !truth.inner.state_root);
    assert_eq!(lie.inner.timestamp, truth.inner.timestamp + 60);
    let raw: alloy::primitives::Bytes = bad.raw_request("debug_getRawHeader".into(), ("0x2",)).await.unwrap();
    let raw: alloy::consensus::Header = alloy::rlp::decode_exact(&raw[..]).unwrap();
    assert_eq!(raw.state_root, !truth.inner.state_root);
    assert_eq!(raw.timestamp, truth.inner.timestamp + 60);
    devnet.node(0).clear();
    let honest = bad.get_block_by_number(2.into()).await.unwrap().unwrap().header;
    assert_eq!(honest.inner.state_root, truth.inner.state_root);
}

#[tokio::test]
async fn a_node_can_show_a_fork() {
    let (devnet, [bad, good], _) = two_nodes().await;
    let fork = devnet.fork_header(1).unwrap();
    devnet.node(0).inject(lies::forked(&fork));
    let shown = bad.get_block_by_number(1.into()).await.unwrap().unwrap().header;
    assert_eq!((shown.hash, shown.inner), (fork.hash, fork.header));
    let raw: alloy::primitives::Bytes = bad.raw_request("debug_getRawHeader".into(), ("0x1",)).await.unwrap();
    assert_eq!(raw, fork.raw);
    for height in [0, 2] {
        let truth = good.get_block_by_number(height.into()).await.unwrap().unwrap();
        let shown = bad.get_block_by_number(height.into()).await.unwrap().unwrap();
        assert_eq!((shown.header.hash, shown.header.state_root), (truth.header.hash, truth.header.state_root));
    }
}

#[tokio::test]
async fn lies_about_proofs() {
    let (devnet, [bad, _], contract) = two_nodes().await;
    let root = devnet.head().header.state_root;
    let key = alloy_trie::Nibbles::unpack(keccak256(contract));
    let slot = [U256::from(1).into()];
    let verified = |proof: &alloy::rpc::types::EIP1186AccountProofResponse| {
        let account = alloy_trie::TrieAccount {
            nonce: proof.nonce,
            balance: proof.balance,
            storage_root: proof.storage_hash,
            code_hash: proof.code_hash,
        };
        let slot = &proof.storage_proof[0];
        let path = alloy_trie::Nibbles::unpack(keccak256(slot.key.as_b256()));
        let value = Some(alloy::rlp::encode(slot.value));
        verify_proof(root, key, Some(alloy::rlp::encode(account)), &proof.account_proof).is_ok()
            && verify_proof(proof.storage_hash, path, value, &slot.proof).is_ok()
    };
    assert!(verified(&bad.get_proof(contract, slot.to_vec()).await.unwrap()));
    let all = [lies::altered_proof_node(), lies::missing_proof_node(), lies::proof_values()];
    for lie in all {
        devnet.node(0).inject(lie);
        assert!(!verified(&bad.get_proof(contract, slot.to_vec()).await.unwrap()));
        devnet.node(0).clear();
    }
    let honest = bad.get_proof(contract, slot.to_vec()).await.unwrap();
    devnet.node(0).inject(lies::extra_proof_node());
    let padded = bad.get_proof(contract, slot.to_vec()).await.unwrap();
    assert_eq!(padded.account_proof.len(), honest.account_proof.len() + 1);
}

#[tokio::test]
async fn lies_about_logs() {
    let (devnet, [bad, good], _) = two_nodes().await;
    let filter = Filter::new().from_block(0);
    let truth = good.get_logs(&filter).await.unwrap();
    assert_eq!(truth.len(), 1);
    let hash = truth[0].transaction_hash.unwrap();
    for lie in [lies::no_logs(), lies::missing_log()] {
        devnet.node(0).inject(lie);
        assert!(bad.get_logs(&filter).await.unwrap().is_empty());
        let receipt = bad.get_transaction_receipt(hash).await.unwrap().unwrap();
        assert!(receipt.inner.logs().is_empty());
        devnet.node(0).clear();
    }
    devnet.node(0).inject_for(&["eth_getLogs"], lies::altered_logs());
    let altered = bad.get_logs(&filter).await.unwrap();
    assert_eq!(altered[0].topics(), truth[0].topics());
    assert_ne!(altered[0].data().data, truth[0].data().data);
    let receipt = bad.get_transaction_receipt(hash).await.unwrap().unwrap();
    assert_eq!(receipt.inner.logs()[0].data(), truth[0].data());
    devnet.node(0).clear();
    devnet.node(0).inject(lies::invented_log());
    let invented = bad.get_logs(&filter).await.unwrap();
    assert_eq!(invented.len(), 2);
    assert_ne!(invented[1].topics(), truth[0].topics());
}

#[tokio::test]
async fn batches_suffer_too() {
    let (devnet, [bad, _], _) = two_nodes().await;
    devnet.node(0).inject_for(&["eth_blockNumber"], rate_limit());
    let mut batch = alloy::rpc::client::BatchRequest::new(bad.client());
    let number = batch.add_call::<_, String>("eth_blockNumber", &()).unwrap();
    let chain = batch.add_call::<_, String>("eth_chainId", &()).unwrap();
    batch.send().await.unwrap();
    assert!(number.await.is_err());
    assert_eq!(chain.await.unwrap(), "0x539");
}
