//! Foundry's `cast`, as it comes, against the embedded chain with the contracts on it.

use crate::{
    end::{End, id},
    process::{packages, rpc},
};
use alloy::primitives::{B256, Bytes, U256, keccak256};
use lupu_ethereum_state::{Account, NodeSet, account_key, slot_key, storage_value};
use lupu_evm_devnet::{Devnet, Hardfork};
use lupu_qbft::{Header, Kind};
use lupu_standard::evm::previous_sequence_slot;
use serde_json::{Value, json};
use std::time::Duration;

/// Runs cast and returns what it prints.
async fn cast(devnet: &Devnet, arguments: &[&str]) -> String {
    let run = tokio::process::Command::new(packages().join("@foundry-rs/cast-linux-amd64/bin/cast"))
        .args(arguments)
        .env("ETH_RPC_URL", devnet.http_url(0))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
    assert!(output.status.success(), "cast {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn cast_json(devnet: &Devnet, arguments: &[&str]) -> Value {
    serde_json::from_str(&cast(devnet, arguments).await).unwrap()
}

fn nodes(list: &Value) -> NodeSet {
    serde_json::from_value::<Vec<Bytes>>(list.clone()).unwrap().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cast_works_the_contracts() {
    for hardfork in [Hardfork::Berlin, Hardfork::Prague] {
        let devnet = Devnet::builder().hardfork(hardfork).chain_id(1001).block_time(Duration::from_millis(250));
        let devnet = devnet.start().await.unwrap();
        let end = End::on_devnet("harbour", &devnet).await;
        let own = id("harbour.qbft-bank");
        // A client of the chain itself is enough to send to.
        end.bind(&end, &own, &id("bank.qbft-harbour")).await;
        let token = end.token().await;
        let sent = end.transfer(&own, token, 7, end.wallet.address()).await;
        let router = end.contracts.router.to_string();

        let key = devnet.dev_accounts()[3].key.to_string();
        let mut send = vec!["send", "--json", "--private-key", &key];
        send.extend((hardfork == Hardfork::Berlin).then_some("--legacy"));
        send.extend(["0x00000000000000000000000000000000000000aa", "--value", "5"]);
        assert_eq!(cast_json(&devnet, &send).await["status"], "0x1");
        assert_eq!(cast(&devnet, &["balance", "0x00000000000000000000000000000000000000aa"]).await, "5");
        assert_eq!(cast(&devnet, &["chain-id"]).await, "1001");

        // The raw header: its hash is the block's, by the rule of QBFT, and its seals recover.
        let number = sent.block.to_string();
        let block = cast_json(&devnet, &["block", &number, "--json"]).await;
        let raw = cast_json(&devnet, &["rpc", "debug_getRawHeader", &format!("0x{:x}", sent.block)]).await;
        let raw: Bytes = serde_json::from_value(raw).unwrap();
        let header = Header::decode(Kind::Qbft, &raw).unwrap();
        assert_eq!(json!(header.block_hash()), block["hash"]);
        assert_eq!(json!(header.state_root()), block["stateRoot"]);

        let authority = cast(&devnet, &["call", &router, "authority()(address)"]).await;
        assert_eq!(authority, end.contracts.authority.to_string());
        let from = end.wallet.address().to_string();
        let approve = ["estimate", "--from", &from, &token.to_string(), "approve(address,uint256)", &router, "1"];
        let gas: u64 = cast(&devnet, &approve).await.parse().unwrap();
        assert!((25_000..80_000).contains(&gas), "{gas}");

        let topic =
            keccak256("SendPacket(string,uint256,(uint64,string,string,uint64,(string,string,string,string,bytes)[]))");
        let logs = ["logs", "--json", "--from-block", "0", "--address", &router, &topic.to_string()];
        let logs = cast_json(&devnet, &logs).await;
        assert_eq!(logs.as_array().map(Vec::len), Some(1), "{logs}");
        assert_eq!(logs[0]["topics"][1], json!(keccak256(own.as_str())));
        assert_eq!(logs[0]["transactionHash"], json!(sent.transaction));

        // The sequence counter, proven.
        let slot = previous_sequence_slot(&own);
        let proof = ["proof", &router, &slot.to_string(), "--block", &number];
        let proof = cast_json(&devnet, &proof).await;
        let leaf = nodes(&proof["accountProof"]).verify(&header.state_root(), &account_key(&end.contracts.router));
        let account = Account::decode(&leaf.unwrap().expect("the router")).unwrap();
        let word = nodes(&proof["storageProof"][0]["proof"]).verify(&account.storage_root, &slot_key(&slot)).unwrap();
        let word: B256 = storage_value(&word.expect("a word")).unwrap();
        assert_eq!(U256::from_be_bytes(word.0), U256::from(sent.sequence));

        let same =
            rpc(&devnet.http_url(0), "eth_getBlockByNumber", json!([format!("0x{:x}", sent.block), false])).await;
        assert_eq!(same.unwrap()["hash"], block["hash"]);
        devnet.shutdown().await;
    }
}
