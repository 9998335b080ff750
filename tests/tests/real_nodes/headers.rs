//! Headers and storage proofs as real nodes show them, of every hardfork.

use crate::{
    end::{endpoints, keys},
    process::{Node, Software},
};
use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use lupu_ethereum_state::Account;
use lupu_evm::{Wallet, endpoints::CallError, proofs, raw_header};
use serde_json::{Value, json};

/// Every header that a node makes is rebuilt from its JSON, byte for byte. Not anvil's block 0:
/// before Cancun it hashes blob fields that the fork does not have.
async fn rebuilt(software: Software, hardforks: &[&str]) {
    for hardfork in hardforks {
        let node = Node::start(software, hardfork, 1002).await;
        let keys = keys();
        let wallet = Wallet::connect(endpoints("bank", &node.url), 1002, keys[0].clone(), None).await.unwrap();
        for _ in 0..3 {
            wallet.send(Some(Address::repeat_byte(0xaa)), Bytes::new(), "nothing").await.unwrap();
        }
        node.rpc("evm_mine", json!([])).await;
        let mut parent = Value::Null;
        let first = u64::from(software == Software::Anvil);
        for number in first..=4 {
            let block = node.rpc("eth_getBlockByNumber", json!([format!("0x{number:x}"), false])).await;
            let raw = raw_header::rebuild(&block).unwrap();
            assert_eq!(json!(keccak256(raw)), block["hash"], "{software:?} {hardfork} block {number}: {block}");
            assert!(number == first || block["parentHash"] == parent);
            parent = block["hash"].clone();
        }
        println!("{software:?} {hardfork}: headers {first} to 4 rebuilt");
    }
}

const HARDFORKS: [&str; 6] = ["berlin", "london", "merge", "shanghai", "cancun", "prague"];

#[tokio::test(flavor = "multi_thread")]
async fn anvil_headers_are_rebuilt() {
    rebuilt(Software::Anvil, &HARDFORKS.map(|f| if f == "merge" { "paris" } else { f })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hardhat_headers_are_rebuilt() {
    rebuilt(Software::Hardhat, &HARDFORKS).await;
}

/// Init code of a contract that reads its slot 0 and stops.
const READER: [u8; 13] = [0x63, 0x60, 0x00, 0x54, 0x00, 0x60, 0x00, 0x52, 0x60, 0x04, 0x60, 0x1c, 0xf3];

/// The proof of a slot that a transaction only read.
async fn read_only_slot(software: Software) -> Result<B256, CallError> {
    let node = Node::start(software, "berlin", 1002).await;
    let endpoints = endpoints("bank", &node.url);
    let wallet = Wallet::connect(endpoints.clone(), 1002, keys()[0].clone(), None).await.unwrap();
    let reader = wallet.create(READER.into(), "a reader").await.unwrap();
    let block = wallet.send(Some(reader), Bytes::new(), "a read").await.unwrap().block;
    let proof = node.rpc("eth_getProof", json!([reader, [B256::ZERO], format!("0x{block:x}")])).await;
    let root: B256 = serde_json::from_value(proof["storageHash"].clone()).unwrap();
    let value: U256 = serde_json::from_value(proof["storageProof"][0]["value"].clone()).unwrap();
    assert_eq!(value, U256::ZERO, "the node says that the slot is empty");
    proofs::slot(&endpoints, reader, B256::ZERO, root, block).await
}

/// anvil keeps a leaf of zero where a slot was only read: no Ethereum state has one, and a proof
/// that shows one is refused by name, neither taken for presence nor for absence.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_of_zero_are_refused() {
    let refused = read_only_slot(Software::Anvil).await.unwrap_err();
    let CallError::Lied(why) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("storage proof") && why.contains("zero"), "{why}");
    println!("anvil: {why}");
    assert_eq!(read_only_slot(Software::Hardhat).await, Ok(B256::ZERO));
}

/// An account that does not exist, one without code, and a contract.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_proven() {
    for software in [Software::Anvil, Software::Hardhat] {
        let node = Node::start(software, "prague", 1002).await;
        let endpoints = endpoints("bank", &node.url);
        let wallet = Wallet::connect(endpoints, 1002, keys()[0].clone(), None).await.unwrap();
        let contract = wallet.create(READER.into(), "a reader").await.unwrap();
        let block = node.latest().await;
        let root: B256 = serde_json::from_value(block["stateRoot"].clone()).unwrap();
        for (address, nonce) in [(contract, Some(1)), (wallet.address(), Some(1)), (Address::repeat_byte(0xee), None)] {
            let proof = node.rpc("eth_getProof", json!([address, [], block["number"]])).await;
            let nodes: Vec<Bytes> = serde_json::from_value(proof["accountProof"].clone()).unwrap();
            let set: lupu_ethereum_state::NodeSet = nodes.into_iter().collect();
            let leaf = set.verify(&root, &lupu_ethereum_state::account_key(&address)).unwrap();
            let account = leaf.map(|leaf| Account::decode(&leaf).unwrap());
            assert_eq!(account.map(|a| a.nonce), nonce, "{software:?} {address}");
        }
    }
}
