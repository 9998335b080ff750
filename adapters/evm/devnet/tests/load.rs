//! Many transactions, many slots: fast enough for load tests on two cores.

mod common;

use std::time::{Duration, Instant};

use alloy::consensus::{SignableTransaction, TxEnvelope, TxLegacy};
use alloy::eips::eip2718::Encodable2718;
use alloy::network::TransactionBuilder;
use alloy::primitives::{B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use common::*;
use lupu_evm_devnet::{Devnet, PoolError, SignedTx};

/// Signs a transaction and puts it into the pool past JSON-RPC.
fn submit(devnet: &Devnet, signer: &PrivateKeySigner, tx: TxLegacy) -> Result<(), PoolError> {
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    let tx = SignedTx::recover(tx.into_signed(signature).into())?;
    devnet.chain().submit(tx).map(drop)
}

#[tokio::test]
async fn two_thousand_transactions_in_a_block_within_a_second() {
    let devnet = manual().block_gas_limit(1_000_000_000).start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    let signers: Vec<_> = (1..=5).map(|account| signer(&devnet, account)).collect();
    let start = Instant::now();
    for i in 0..2_000u64 {
        let tx = TxLegacy { to: contract.into(), input: store_call(i, i + 1), ..transfer(&devnet, i / 5) };
        submit(&devnet, &signers[(i % 5) as usize], tx).unwrap();
    }
    let submitted = start.elapsed();
    let start = Instant::now();
    let block = devnet.mine().await;
    let mined = start.elapsed();
    assert_eq!(block.transactions.len(), 2_000);
    assert!(block.receipts.iter().all(|receipt| receipt.envelope.status()));
    println!("2,000 stores: submitted in {submitted:?}, mined in {mined:?}");
    assert!(mined.as_secs() < 1, "{mined:?}");
}

#[tokio::test]
async fn a_thousand_transactions_arrive_over_http() {
    let devnet = manual().start().await.unwrap();
    let signers: Vec<_> = (1..=5).map(|account| signer(&devnet, account)).collect();
    let raw: Vec<_> = (0..1_000u64)
        .map(|i| {
            let tx = transfer(&devnet, i / 5);
            let signature = signers[(i % 5) as usize].sign_hash_sync(&tx.signature_hash()).unwrap();
            TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
        })
        .collect();
    let provider = reader(&devnet, 0);
    let start = Instant::now();
    for part in raw.chunks(50) {
        let sent = part.iter().map(|raw| provider.send_raw_transaction(raw));
        for sent in futures::future::join_all(sent).await {
            let _ = sent.unwrap();
        }
    }
    let elapsed = start.elapsed();
    println!("1,000 transactions over HTTP in {elapsed:?}");
    assert!(elapsed.as_secs() < 5, "{elapsed:?}");
    assert_eq!(devnet.mine().await.transactions.len(), 1_000);
}

fn transfer(devnet: &Devnet, nonce: u64) -> TxLegacy {
    TxLegacy {
        chain_id: Some(devnet.chain_id()),
        nonce,
        gas_price: 0,
        gas_limit: 60_000,
        to: alloy::primitives::Address::ZERO.into(),
        value: U256::ZERO,
        input: Bytes::new(),
    }
}

#[tokio::test]
async fn thirty_thousand_slots_slow_neither_blocks_nor_proofs() {
    let devnet = manual().block_gas_limit(1_000_000_000).start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, &filler()).await;
    for round in 0..6u64 {
        let input = store_call(1 + round * 5_000, 5_000);
        let request = call(contract, input).with_gas_limit(300_000_000).with_gas_price(0);
        assert!(send(&devnet, &provider, request).await.status());
    }
    assert_eq!(provider.get_storage_at(contract, U256::from(29_999)).await.unwrap(), U256::from(29_999));
    // The best of a few: what the chain needs, not what else the machine was doing.
    let keys: Vec<B256> = (0..100u64).map(|i| U256::from(1 + i * 299).into()).collect();
    let (mut mined, mut proven) = (Duration::MAX, Duration::MAX);
    for round in 0..5 {
        let request = call(contract, store_call(40_000 + round, 1)).with_gas_limit(100_000).with_gas_price(0);
        let _ = provider.send_transaction(request).await.unwrap();
        let start = Instant::now();
        assert_eq!(devnet.mine().await.transactions.len(), 1);
        mined = mined.min(start.elapsed());
        let start = Instant::now();
        let proof = provider.get_proof(contract, keys.clone()).await.unwrap();
        proven = proven.min(start.elapsed());
        assert_eq!(proof.storage_proof[99].value, U256::from(1 + 99 * 299));
    }
    println!("30,000 slots: a block in {mined:?}, a proof of 100 keys over HTTP in {proven:?}");
    assert!(mined.as_millis() < 20, "{mined:?}");
    assert!(proven.as_millis() < 50, "{proven:?}");
}

/// Sets slot x to x for `calldata[32]` slots from `calldata[0]` on.
fn filler() -> Vec<u8> {
    alloy::primitives::hex!(
        "600035" // x
        "80602035" // x, x, count
        "01" // x, end
        "5b" // 0x08
        "808214601a57" // if x == end goto 0x1a
        "90" // end, x
        "808055" // sstore(x, x)
        "600101" // end, x + 1
        "90" // x + 1, end
        "600856"
        "5b00" // 0x1a
    )
    .to_vec()
}
