//! Stock subxt on the chain: its default backend, and each of its backends alone.

mod common;

use std::sync::Arc;
use std::time::Duration;

use lupu_substrate_devnet::Devnet;
use lupu_substrate_devnet::runtime::UNIT;
use subxt::backend::{ChainHeadBackend, LegacyBackend};
use subxt::dynamic::{self, At, Value};
use subxt::rpcs::RpcClient;
use subxt::{OnlineClient, SubstrateConfig};
use subxt_signer::sr25519::dev;

type Client = OnlineClient<SubstrateConfig>;

async fn quick(name: &str) -> Devnet {
    Devnet::builder().name(name).block_time(Duration::from_millis(250)).start().await.unwrap()
}

async fn free(client: &Client, account: [u8; 32]) -> u128 {
    let address = dynamic::storage::<([u8; 32],), Value>("System", "Account");
    let block = client.at_current_block().await.unwrap();
    let value = block.storage().fetch(address, (account,)).await.unwrap();
    value.decode().unwrap().at("data").at("free").and_then(|free| free.as_u128()).unwrap()
}

/// Connects, follows finality, reads, transfers, and hands the chain over to other validators.
async fn story(devnet: &Devnet, client: Client) {
    assert_eq!(client.genesis_hash().0, devnet.genesis_hash().0);

    let mut blocks = client.stream_blocks().await.unwrap();
    let mut last: Option<(u64, [u8; 32])> = None;
    let mut followed = 0;
    while followed < 3 {
        let block = blocks.next().await.unwrap().unwrap();
        let header = devnet.chain().block(block.number() as u32).unwrap();
        assert_eq!(block.hash().0, header.hash.0);
        if let Some((number, hash)) = last {
            assert_eq!(block.number(), number + 1);
            assert_eq!(block.header().parent_hash.0, hash);
        }
        last = Some((block.number(), block.hash().0));
        followed += 1;
    }

    let block = client.at_current_block().await.unwrap();
    let now = block.storage().fetch(dynamic::storage::<(), u64>("Timestamp", "Now"), ()).await.unwrap();
    assert!(now.decode().unwrap() > 1_700_000_000_000);
    let deposit = block.constants().entry(dynamic::constant::<u128>("Balances", "ExistentialDeposit"));
    assert_eq!(deposit.unwrap(), UNIT / 1000);
    let mut accounts = block
        .storage()
        .iter(dynamic::storage::<Vec<Value>, Value>("System", "Account"), Vec::<Value>::new())
        .await
        .unwrap();
    let mut count = 0;
    while let Some(account) = accounts.next().await {
        account.unwrap();
        count += 1;
    }
    assert!(count >= 6, "{count} accounts");

    let (alice, bob) = (dev::alice(), dev::bob());
    let before = free(&client, bob.public_key().0).await;
    let transfer =
        dynamic::transaction("Balances", "transfer_keep_alive", (bob.public_key().to_address::<()>(), 5 * UNIT));
    let mut transactions = client.transactions().await.unwrap();
    let events = transactions
        .sign_and_submit_then_watch_default(&transfer, &alice)
        .await
        .unwrap()
        .wait_for_finalized_success()
        .await
        .unwrap();
    let names: Vec<_> = events.iter().map(|event| event.unwrap()).map(|event| event.event_name().to_owned()).collect();
    assert!(names.iter().any(|name| name == "Transfer"), "{names:?}");
    assert_eq!(free(&client, bob.public_key().0).await, before + 5 * UNIT);

    let chosen = &devnet.authorities()[1..5];
    let members: Vec<_> = chosen.iter().map(|a| Value::from_bytes(<[u8; 32]>::from(a.account.clone()))).collect();
    let call = Value::unnamed_variant(
        "Validators",
        [Value::named_variant("set_validators", [("validators", Value::unnamed_composite(members))])],
    );
    let mut transactions = client.transactions().await.unwrap();
    transactions
        .sign_and_submit_then_watch_default(&dynamic::transaction("Sudo", "sudo", (call,)), &alice)
        .await
        .unwrap()
        .wait_for_finalized_success()
        .await
        .unwrap();
    for _ in 0..2 {
        devnet.end_session().await.unwrap();
    }
    let number = devnet.head().number() + 1;
    let set = devnet.chain().grandpa_set(number);
    let ids: Vec<_> = set.authorities.iter().map(|(id, _)| AsRef::<[u8]>::as_ref(id).to_vec()).collect();
    assert_eq!(ids, chosen.iter().map(|authority| authority.grandpa.to_vec()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_default_client_works() {
    let devnet = quick("default").await;
    let client = Client::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    story(&devnet, client).await;
}

#[tokio::test]
async fn the_legacy_backend_works() {
    let devnet = quick("legacy").await;
    let rpc = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let backend = LegacyBackend::builder().build(rpc);
    story(&devnet, Client::from_backend(Arc::new(backend)).await.unwrap()).await;
}

#[tokio::test]
async fn the_chain_head_backend_works() {
    let devnet = quick("chainhead").await;
    let rpc = RpcClient::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let backend = ChainHeadBackend::builder().build_with_background_driver(rpc);
    story(&devnet, Client::from_backend(Arc::new(backend)).await.unwrap()).await;
}

#[tokio::test]
async fn a_client_survives_an_upgrade() {
    let devnet = quick("upgrade").await;
    let client = Client::from_insecure_url(devnet.ws_url(0)).await.unwrap();
    let before = client.at_current_block().await.unwrap();
    let version = before.spec_version();
    devnet.upgrade().await.unwrap();
    devnet.mine().await;
    // The client hears of a block a moment after it is made.
    let mut after = client.at_current_block().await.unwrap();
    for _ in 0..100 {
        if after.spec_version() != version {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        after = client.at_current_block().await.unwrap();
    }
    assert_eq!(after.spec_version(), version + 1);
    let transfer =
        dynamic::transaction("Balances", "transfer_keep_alive", (dev::bob().public_key().to_address::<()>(), UNIT));
    let progress = after.transactions().sign_and_submit_then_watch_default(&transfer, &dev::charlie()).await;
    progress.unwrap().wait_for_finalized_success().await.unwrap();
}
