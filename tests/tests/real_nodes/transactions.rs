//! Sending to real nodes: nonces, replacement, and the words in which they refuse.

use crate::{
    end::{End, id, keys},
    process::{Node, Software},
    sealed::Sealed,
};
use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::Decodable2718,
    primitives::{Bytes, U256},
};
use lupu_adapter::{AccountId, Chain, ErrorKind, Message, SignedTransaction, TransactionStatus};
use lupu_evm::{fees::GasPrice, transactions::Unsigned};
use serde_json::json;

const GAS: u64 = 200_000;

/// Some transaction; what it asks for fails.
fn message(mark: u8) -> Message {
    Message::UpdateClient { client: id("bank.qbft-nobody"), message: vec![mark; 40] }
}

async fn signed(end: &End, account: &AccountId, nonce: u64, mark: u8) -> SignedTransaction {
    end.chain.sign(account, nonce, GAS, &[message(mark)]).await.unwrap()
}

async fn started(software: Software, hardfork: &str) -> (Node, Sealed, End) {
    let node = Node::start(software, hardfork, 1002).await;
    let sealed = Sealed::start(&node.url).await;
    let end = End::on_node("bank", &node, &sealed).await;
    (node, sealed, end)
}

async fn set_mining(node: &Node, on: bool) {
    node.rpc("evm_setAutomine", json!([on])).await;
}

async fn refusals(software: Software, hardfork: &str) {
    let (node, _sealed, end) = started(software, hardfork).await;
    let accounts = end.chain.accounts();
    let (account, poor) = (&accounts[0], &accounts[2]);

    // The reason of a simulated failure is decoded.
    let refused = end.chain.simulate(account, &[message(1)]).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected, "{refused}");
    assert!(refused.message.contains("UnknownClient(clientId: \"bank.qbft-nobody\")"), "{refused}");

    // Mined at once; its nonce is taken then.
    assert_eq!(end.chain.next_nonce(account).await.unwrap(), 0);
    set_mining(&node, false).await;
    let first = signed(&end, account, 0, 1).await;
    end.chain.broadcast(&first).await.unwrap();
    end.chain.broadcast(&first).await.unwrap();
    assert_eq!(end.chain.next_nonce(account).await.unwrap(), 1, "pending transactions count");
    assert!(matches!(end.chain.transaction(&first).await.unwrap(), TransactionStatus::Pending));

    // The same nonce at the same price.
    let rival = signed(&end, account, 0, 2).await;
    let refused = end.chain.broadcast(&rival).await.unwrap_err();
    println!("{software:?} {hardfork}, same nonce and price: {refused}");
    assert_eq!(refused.kind, ErrorKind::Underpriced, "{refused}");
    // The adapter's own replacement is enough.
    let replacement = end.chain.replace(&first).await.unwrap();
    assert_ne!(replacement.hash, first.hash);
    end.chain.broadcast(&replacement).await.unwrap();
    set_mining(&node, true).await;
    node.rpc("evm_mine", json!([])).await;
    let included = end.included(&replacement).await;
    assert!(!included.success);
    let reason = included.reason.unwrap_or_default();
    assert!(reason.contains("UnknownClient(clientId: \"bank.qbft-nobody\")"), "{reason}");
    assert!(included.fee_paid > 0 && included.gas_used > 21_000);
    assert!(matches!(end.chain.transaction(&first).await.unwrap(), TransactionStatus::Superseded));
    let refused = end.chain.broadcast(&rival).await.unwrap_err();
    println!("{software:?} {hardfork}, nonce used: {refused}");
    assert_eq!(refused.kind, ErrorKind::NonceTaken, "{refused}");

    let unpaid = signed(&end, poor, 0, 3).await;
    let refused = end.chain.broadcast(&unpaid).await.unwrap_err();
    println!("{software:?} {hardfork}, no money: {refused}");
    assert_eq!(refused.kind, ErrorKind::Funds, "{refused}");
    assert_eq!(end.chain.balance(poor).await.unwrap(), Some(0));

    if hardfork != "berlin" {
        below_base_fee(&end, account).await;
    }

    // A transaction that nobody sent.
    let never = signed(&end, account, 9, 4).await;
    assert!(matches!(end.chain.transaction(&never).await.unwrap(), TransactionStatus::Unknown));
    price(&first, hardfork);
}

/// An offer under the base fee asks for a higher price, and is no final refusal.
async fn below_base_fee(end: &End, account: &AccountId) {
    let unsigned = Unsigned {
        chain_id: 1002,
        nonce: end.chain.next_nonce(account).await.unwrap(),
        gas_limit: GAS,
        price: GasPrice::Dynamic { max_fee: 1, priority: 0 },
        to: Some(end.contracts.router),
        value: U256::ZERO,
        input: Bytes::new(),
    };
    let (hash, raw) = unsigned.sign(&keys()[1]).unwrap();
    let cheap = SignedTransaction { hash, account: account.clone(), nonce: unsigned.nonce, raw };
    let refused = end.chain.broadcast(&cheap).await.unwrap_err();
    println!("below the base fee: {refused}");
    assert_eq!(refused.kind, ErrorKind::Underpriced, "{refused}");
}

/// Legacy before London, dynamic from then on.
fn price(transaction: &SignedTransaction, hardfork: &str) {
    let envelope = TxEnvelope::decode_2718_exact(&transaction.raw).unwrap();
    assert_eq!(envelope.is_legacy(), hardfork == "berlin");
    assert_eq!(envelope.is_eip1559(), hardfork != "berlin");
    assert!(envelope.max_fee_per_gas() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn anvil_berlin_refuses_in_words_that_are_understood() {
    refusals(Software::Anvil, "berlin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anvil_prague_refuses_in_words_that_are_understood() {
    refusals(Software::Anvil, "prague").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hardhat_berlin_refuses_in_words_that_are_understood() {
    refusals(Software::Hardhat, "berlin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hardhat_prague_refuses_in_words_that_are_understood() {
    refusals(Software::Hardhat, "prague").await;
}
