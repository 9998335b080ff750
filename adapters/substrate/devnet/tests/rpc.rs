//! What other people's tools ask beside subxt's questions: JSON-RPC as nodes answer it.

mod common;

use codec::{Decode, Encode};
use common::{ask, beefy_is_valid, bytes, grandpa_is_valid, hash, hex0x, item, on_demand, rpc};
use lupu_substrate_devnet::runtime::{Header, RuntimeCall, UNIT};
use lupu_substrate_devnet::{Devnet, runtime::AccountId};
use serde_json::{Value, json};
use subxt::rpcs::{RpcClient, client::rpc_params};

fn transfer(devnet: &Devnet, to: usize) -> RuntimeCall {
    let dest = devnet.authorities()[to].account.clone().into();
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: UNIT })
}

/// A transaction with another nonce than the next one: those before it are signed and left out.
async fn with_nonce(devnet: &Devnet, who: &AccountId, ahead: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut earlier = Vec::new();
    for _ in 0..ahead {
        let signed = devnet.sign(who, transfer(devnet, 2)).unwrap();
        ask(devnet, "author_submitExtrinsic", json!([hex0x(&signed)])).await;
        earlier.push(signed);
    }
    (earlier, devnet.sign(who, transfer(devnet, 3)).unwrap())
}

/// The justifications that a node shows with a block, by engine.
async fn shown(devnet: &Devnet, number: u32) -> std::collections::BTreeMap<[u8; 4], Vec<u8>> {
    let block = devnet.chain().block(number).unwrap();
    let answer = ask(devnet, "chain_getBlock", json!([block.hash])).await;
    assert_eq!(answer["block"]["header"]["number"], json!(format!("{number:#x}")));
    serde_json::from_value::<Option<Vec<_>>>(answer["justifications"].clone()).unwrap().into_iter().flatten().collect()
}

#[tokio::test]
async fn blocks_carry_the_justifications_that_nodes_keep() {
    let devnet = Devnet::builder().name("justifications").on_demand().session_length(4).start().await.unwrap();
    let block = devnet.mine_many(9).await;
    let (grandpa, beefy) = (*b"FRNK", *b"BEEF");
    // The first that was finalized, and the last of a set. The set of block 0 stays for two sessions.
    for number in [1, 8] {
        let shown = shown(&devnet, number).await;
        grandpa_is_valid(&devnet, number, &shown[&grandpa]).unwrap();
        beefy_is_valid(&devnet, number, &shown[&beefy]).unwrap();
        assert_eq!(shown.len(), 2);
    }
    for number in [2, 7, 9] {
        assert!(devnet.chain().justification(number).is_some());
        let shown = shown(&devnet, number).await;
        beefy_is_valid(&devnet, number, &shown[&beefy]).unwrap();
        assert_eq!(shown.len(), 1);
    }
    let answer = ask(&devnet, "chain_getBlock", json!([block.hash])).await;
    assert_eq!(answer["block"]["header"]["parentHash"], json!(block.header.parent_hash));
    assert_eq!(hash(&ask(&devnet, "beefy_getFinalizedHead", json!([])).await), block.hash);
    assert_eq!(hash(&ask(&devnet, "chain_getFinalizedHead", json!([])).await), block.hash);
    let extrinsics: Vec<_> = answer["block"]["extrinsics"].as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(extrinsics, block.extrinsics);
    assert_eq!(ask(&devnet, "chain_getBlock", json!([block.header.state_root])).await, Value::Null);
    assert_eq!(hash(&ask(&devnet, "chain_getBlockHash", json!([0])).await), devnet.genesis_hash());
    assert_eq!(ask(&devnet, "chain_getBlockHash", json!([10])).await, Value::Null);
}

/// Where the authorities stay, one block in 512 keeps its votes.
#[tokio::test]
async fn votes_are_kept_now_and_then() {
    let devnet = Devnet::builder().on_demand().session_length(10_000).start().await.unwrap();
    devnet.mine_many(510).await;
    devnet.withhold_grandpa(true);
    devnet.mine_many(4).await;
    devnet.withhold_grandpa(false);
    devnet.mine_many(2).await;
    let kept: Vec<_> = (1..=516).filter(|n| devnet.chain().kept_justification(*n).is_some()).collect();
    // Blocks 511 to 513 were finalized with 514, which is the first from 512 on that was voted for.
    assert_eq!(kept, [1, 514]);
}

#[tokio::test]
async fn finality_is_proven_from_the_first_change_of_sets_on() {
    let devnet = Devnet::builder().on_demand().session_length(4).start().await.unwrap();
    devnet.mine_many(7).await;
    let refused = rpc(&devnet, "grandpa_proveFinality", json!([3])).await;
    assert_eq!(refused["error"]["code"], 4, "{refused}");
    devnet.mine_many(7).await;
    for (asked, proven) in [(3u32, 8u32), (8, 8), (10, 12), (13, 14)] {
        let proof = bytes(&ask(&devnet, "grandpa_proveFinality", json!([asked])).await);
        let (target, justification, unknown) = <([u8; 32], Vec<u8>, Vec<Header>)>::decode(&mut &proof[..]).unwrap();
        assert_eq!(target, devnet.chain().block(proven).unwrap().hash.0, "{asked}");
        grandpa_is_valid(&devnet, proven, &justification).unwrap();
        let numbers: Vec<_> = unknown.iter().map(|header| header.number).collect();
        assert_eq!(numbers, (asked + 1..=proven).collect::<Vec<_>>());
    }
    assert_eq!(rpc(&devnet, "grandpa_proveFinality", json!([99])).await["error"]["code"], 4);
}

#[tokio::test]
async fn justifications_are_told_as_they_come() {
    let devnet = Devnet::builder().on_demand().session_length(3).start().await.unwrap();
    let client = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let mut grandpa = client
        .subscribe::<Value>("grandpa_subscribeJustifications", rpc_params![], "grandpa_unsubscribeJustifications")
        .await
        .unwrap();
    let mut beefy = client
        .subscribe::<Value>("beefy_subscribeJustifications", rpc_params![], "beefy_unsubscribeJustifications")
        .await
        .unwrap();
    devnet.withhold_grandpa(true);
    devnet.mine_many(10).await;
    devnet.withhold_grandpa(false);
    for number in [6, 9, 10] {
        grandpa_is_valid(&devnet, number, &bytes(&grandpa.next().await.unwrap().unwrap())).unwrap();
    }
    for number in [3, 6, 9, 10] {
        beefy_is_valid(&devnet, number, &bytes(&beefy.next().await.unwrap().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn storage_changes_are_told_and_can_be_asked_for() {
    let devnet = on_demand("changes").await;
    let client = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let key = hex0x(&item("System", "Number"));
    let mut changes = client
        .subscribe::<Value>("state_subscribeStorage", rpc_params![[&key]], "state_unsubscribeStorage")
        .await
        .unwrap();
    let first = changes.next().await.unwrap().unwrap();
    assert_eq!(first["block"], json!(devnet.genesis_hash()));
    let mut blocks = vec![devnet.chain().block(0).unwrap()];
    for number in 1..=3u32 {
        blocks.push(devnet.mine().await);
        let change = changes.next().await.unwrap().unwrap();
        assert_eq!(change["changes"], json!([[key, hex0x(&number.encode())]]));
        assert_eq!(change["block"], json!(blocks[number as usize].hash));
    }
    let asked = ask(&devnet, "state_queryStorage", json!([[key], blocks[1].hash, blocks[3].hash])).await;
    let values: Vec<_> = asked.as_array().unwrap().iter().map(|set| bytes(&set["changes"][0][1])).collect();
    assert_eq!(values, [1u32, 2, 3].map(|number| number.encode()));
    let at = ask(&devnet, "state_queryStorageAt", json!([[key], blocks[2].hash])).await;
    assert_eq!(bytes(&at[0]["changes"][0][1]), 2u32.encode());
}

#[tokio::test]
async fn keys_come_in_pages() {
    let devnet = on_demand("pages").await;
    let prefix = hex0x(&item("System", "Account"));
    let all = ask(&devnet, "state_getKeys", json!([prefix])).await;
    let all = all.as_array().unwrap();
    assert!(all.len() >= 6, "{}", all.len());
    let mut paged: Vec<Value> = Vec::new();
    loop {
        let page = ask(&devnet, "state_getKeysPaged", json!([prefix, 4, paged.last()])).await;
        let page = page.as_array().unwrap();
        paged.extend(page.iter().cloned());
        if page.len() < 4 {
            break;
        }
    }
    assert_eq!(&paged, all);
    let refused = rpc(&devnet, "state_getKeysPaged", json!([prefix, 1001])).await;
    assert_eq!(refused["error"]["code"], 4002);
}

#[tokio::test]
async fn the_pool_keeps_the_order_of_nonces() {
    let devnet = on_demand("pool").await;
    let bob = devnet.authorities()[1].account.clone();
    // Four in a row; the last is sent first, to another chain's pool it would be the only one.
    let (earlier, last) = with_nonce(&devnet, &bob, 3).await;
    let fresh = on_demand("pool").await;
    let client = RpcClient::from_insecure_url(fresh.ws_url(0)).await.unwrap();
    let mut watched = client
        .subscribe::<Value>("author_submitAndWatchExtrinsic", rpc_params![hex0x(&last)], "author_unwatchExtrinsic")
        .await
        .unwrap();
    assert_eq!(watched.next().await.unwrap().unwrap(), json!("future"));
    assert_eq!(fresh.mine().await.extrinsics.len(), 1);
    for transaction in earlier.iter().rev() {
        ask(&fresh, "author_submitExtrinsic", json!([hex0x(transaction)])).await;
    }
    assert_eq!(watched.next().await.unwrap().unwrap(), json!("ready"));
    assert_eq!(ask(&fresh, "author_pendingExtrinsics", json!([])).await.as_array().unwrap().len(), 4);
    let block = fresh.mine().await;
    assert_eq!(block.extrinsics[1..4], earlier[..]);
    assert_eq!(block.extrinsics[4], last);
    assert_eq!(watched.next().await.unwrap().unwrap(), json!({ "inBlock": block.hash }));
    assert_eq!(watched.next().await.unwrap().unwrap(), json!({ "finalized": block.hash }));
    let again = rpc(&fresh, "author_submitExtrinsic", json!([hex0x(&last)])).await;
    assert_eq!((&again["error"]["code"], &again["error"]["data"]), (&json!(1010), &json!("Transaction is outdated")));
}

#[tokio::test]
async fn bad_transactions_are_refused_with_the_codes_of_nodes() {
    let devnet = on_demand("bad").await;
    let bob = devnet.authorities()[1].account.clone();
    let good = devnet.sign(&bob, transfer(&devnet, 2)).unwrap();
    let other = devnet.sign(&bob, transfer(&devnet, 3)).unwrap();
    let code = |answer: &Value| answer["error"]["code"].as_i64().unwrap_or_default();
    let submit = async |transaction: &[u8]| rpc(&devnet, "author_submitExtrinsic", json!([hex0x(transaction)])).await;
    let mut forged = good.clone();
    forged[60] ^= 1;
    assert_eq!(code(&submit(&forged).await), 1010);
    assert_eq!(code(&submit(&good[..good.len() - 1]).await), 1002);
    assert_eq!(code(&submit(&[]).await), 1002);
    assert_eq!(code(&submit(&[0xff; 40]).await), 1002);
    assert!(submit(&good).await["error"].is_null());
    assert_eq!(code(&submit(&good).await), 1013);
    assert_eq!(code(&submit(&other).await), 1014);
    assert_eq!(devnet.mine().await.extrinsics.len(), 2);
}

#[tokio::test]
async fn a_full_block_leaves_the_rest_for_the_next() {
    let devnet = Devnet::builder().on_demand().pool_limit(40).start().await.unwrap();
    let bob = devnet.authorities()[1].account.clone();
    let call = || RuntimeCall::System(frame_system::Call::remark { remark: vec![7; 400_000] });
    for _ in 0..12 {
        let transaction = devnet.sign(&bob, call()).unwrap();
        ask(&devnet, "author_submitExtrinsic", json!([hex0x(&transaction)])).await;
    }
    let (first, second) = (devnet.mine().await, devnet.mine().await);
    assert_eq!((first.extrinsics.len(), second.extrinsics.len()), (1 + 9, 1 + 3));
}

#[tokio::test]
async fn runtime_calls_that_fail_are_errors() {
    let devnet = on_demand("calls").await;
    let unknown = rpc(&devnet, "state_call", json!(["Nothing_here", "0x"])).await;
    assert_eq!(unknown["error"]["code"], 4003, "{unknown}");
    let broken = rpc(&devnet, "state_call", json!(["AccountNonceApi_account_nonce", "0x00"])).await;
    assert_eq!(broken["error"]["code"], 4003, "{broken}");
    let set = bytes(&ask(&devnet, "state_call", json!(["BeefyMmrApi_authority_set_proof", "0x"])).await);
    assert_eq!(set.len(), 8 + 4 + 32);
    let names = ask(&devnet, "rpc_methods", json!([])).await;
    assert!(names["methods"].as_array().unwrap().len() > 80);
    let missing = rpc(&devnet, "chain_nothing", json!([])).await;
    assert_eq!(missing["error"]["code"], -32601);
}

#[tokio::test]
async fn metadata_comes_in_every_version() {
    let devnet = on_demand("metadata").await;
    let plain = bytes(&ask(&devnet, "state_getMetadata", json!([])).await);
    assert_eq!(plain[..5], *b"meta\x0e");
    let versions = bytes(&ask(&devnet, "state_call", json!(["Metadata_metadata_versions", "0x"])).await);
    assert!(<Vec<u32>>::decode(&mut &versions[..]).unwrap().contains(&15));
}
