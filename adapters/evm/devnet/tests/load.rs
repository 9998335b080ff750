//! Many transactions, many slots: fast enough for load tests on two cores.

mod common;

use std::time::Instant;

use alloy::network::TransactionBuilder;
use alloy::primitives::{B256, Bytes, U256};
use alloy::providers::Provider;
use common::*;
use lupu_evm_devnet::{Devnet, PoolError, SignedTx};

/// Signs a legacy transaction and puts it into the pool past JSON-RPC.
fn submit(
    devnet: &Devnet,
    account: usize,
    nonce: u64,
    gas: u64,
    to: alloy::primitives::Address,
    input: Bytes,
) -> Result<(), PoolError> {
    use alloy::consensus::{SignableTransaction, TxLegacy};
    use alloy::signers::SignerSync;
    let tx = TxLegacy {
        chain_id: Some(devnet.chain_id()),
        nonce,
        gas_price: 0,
        gas_limit: gas,
        to: to.into(),
        value: U256::ZERO,
        input,
    };
    let signature = signer(devnet, account).sign_hash_sync(&tx.signature_hash()).unwrap();
    let tx = SignedTx::recover(tx.into_signed(signature).into())?;
    devnet.chain().submit(tx).map(drop)
}

#[tokio::test]
async fn two_thousand_transactions_in_a_block_within_a_second() {
    let devnet = manual().block_gas_limit(1_000_000_000).start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    let start = Instant::now();
    for nonce in 0..2_000 {
        let (account, nonce) = ((1 + nonce % 5) as usize, nonce / 5);
        let slot = nonce * 10 + account as u64;
        submit(&devnet, account, nonce, 60_000, contract, store_call(slot, slot + 1)).unwrap();
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
    let request = call(contract, store_call(40_000, 1)).with_gas_limit(100_000).with_gas_price(0);
    let pending = provider.send_transaction(request).await.unwrap();
    let start = Instant::now();
    devnet.mine().await;
    let mined = start.elapsed();
    drop(pending);
    let keys: Vec<B256> = (0..100u64).map(|i| U256::from(1 + i * 299).into()).collect();
    let start = Instant::now();
    let proof = provider.get_proof(contract, keys.clone()).await.unwrap();
    let proven = start.elapsed();
    assert_eq!(proof.storage_proof[99].value, U256::from(1 + 99 * 299));
    println!("30,000 slots: a block in {mined:?}, a proof of 100 keys over HTTP in {proven:?}");
    assert!(mined.as_millis() < 50, "{mined:?}");
    assert!(proven.as_millis() < 100, "{proven:?}");
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
