//! The pool, execution and gas, over JSON-RPC.

mod common;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy::eips::eip2718::Encodable2718;
use alloy::eips::eip2930::{AccessList, AccessListItem};
use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::{DynProvider, Provider};
use alloy::rpc::types::TransactionRequest;
use alloy::rpc::types::state::{AccountOverride, StateOverride};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use common::*;
use lupu_evm_devnet::{Devnet, Hardfork};

const TO: Address = Address::repeat_byte(0xaa);

fn legacy(nonce: u64, gas_price: u128) -> TxLegacy {
    TxLegacy {
        chain_id: Some(1337),
        nonce,
        gas_price,
        gas_limit: 21_000,
        to: TxKind::Call(TO),
        value: U256::from(1),
        input: Bytes::new(),
    }
}

fn sign<T: SignableTransaction<alloy::primitives::Signature>>(signer: &PrivateKeySigner, tx: T) -> Vec<u8>
where
    TxEnvelope: From<alloy::consensus::Signed<T>>,
{
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
}

async fn submit(provider: &DynProvider, raw: &[u8]) -> Result<B256, String> {
    match provider.send_raw_transaction(raw).await {
        Ok(pending) => Ok(*pending.tx_hash()),
        Err(error) => Err(error.to_string()),
    }
}

async fn refused(provider: &DynProvider, raw: &[u8], words: &str) {
    let error = submit(provider, raw).await.unwrap_err();
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn the_pool_speaks_like_geth() {
    let devnet = manual().start().await.unwrap();
    let (provider, signer) = (reader(&devnet, 0), signer(&devnet, 0));
    let first = sign(&signer, legacy(0, 0));
    submit(&provider, &first).await.unwrap();
    refused(&provider, &first, "already known").await;
    let mut other = legacy(0, 0);
    other.value = U256::from(2);
    refused(&provider, &sign(&signer, other), "replacement transaction underpriced").await;
    // From a price of zero any rise replaces; from then on ten per cent.
    let raised = submit(&provider, &sign(&signer, legacy(0, 100))).await.unwrap();
    refused(&provider, &sign(&signer, legacy(0, 109)), "replacement transaction underpriced").await;
    let winner = submit(&provider, &sign(&signer, legacy(0, 110))).await.unwrap();
    assert!(provider.get_transaction_by_hash(raised).await.unwrap().is_none());
    // A gap waits; the pending count stops before it.
    let third = submit(&provider, &sign(&signer, legacy(2, 0))).await.unwrap();
    let address = signer.address();
    assert_eq!(provider.get_transaction_count(address).pending().await.unwrap(), 1);
    let status: serde_json::Value = provider.raw_request("txpool_status".into(), ()).await.unwrap();
    assert_eq!(status, serde_json::json!({ "pending": "0x1", "queued": "0x1" }));
    assert_eq!(devnet.mine().await.transactions.len(), 1);
    assert!(provider.get_transaction_receipt(winner).await.unwrap().is_some());
    assert!(provider.get_transaction_receipt(third).await.unwrap().is_none());
    assert!(provider.get_transaction_by_hash(third).await.unwrap().unwrap().block_hash.is_none());
    submit(&provider, &sign(&signer, legacy(1, 0))).await.unwrap();
    assert_eq!(provider.get_transaction_count(address).pending().await.unwrap(), 3);
    assert_eq!(devnet.mine().await.transactions.len(), 2);
    refused(&provider, &sign(&signer, legacy(1, 0)), "already known").await;
    refused(&provider, &sign(&signer, legacy(1, 5)), "nonce too low: next nonce 3, tx nonce 1").await;

    let stranger = PrivateKeySigner::random();
    refused(&provider, &sign(&stranger, legacy(0, 1)), "insufficient funds for gas * price + value").await;
    let free = TxLegacy { value: U256::ZERO, ..legacy(0, 0) };
    submit(&provider, &sign(&stranger, free)).await.unwrap();
    assert!(devnet.mine().await.receipts[0].envelope.status());
    let starved = TxLegacy { gas_limit: 20_999, ..legacy(3, 0) };
    refused(&provider, &sign(&signer, starved), "intrinsic gas too low").await;
    let greedy = TxLegacy { gas_limit: 60_000_001, ..legacy(3, 0) };
    refused(&provider, &sign(&signer, greedy), "exceeds block gas limit").await;
    let unprotected = TxLegacy { chain_id: None, ..legacy(3, 0) };
    refused(&provider, &sign(&signer, unprotected), "replay-protected").await;
    let dynamic = TxEip1559 { chain_id: 1337, nonce: 3, gas_limit: 21_000, to: TO.into(), ..Default::default() };
    refused(&provider, &sign(&signer, dynamic), "transaction type not supported").await;
    refused(&provider, &[1, 2, 3], "").await;
}

#[tokio::test]
async fn every_type_of_transaction_its_fork_allows() {
    let devnet = manual().hardfork(Hardfork::London).base_fee(7).start().await.unwrap();
    let (provider, signer) = (reader(&devnet, 0), signer(&devnet, 0));
    let listed = TxEip2930 {
        chain_id: 1337,
        nonce: 0,
        gas_price: 9,
        gas_limit: 40_000,
        to: TO.into(),
        access_list: AccessList(vec![AccessListItem { address: TO, storage_keys: vec![B256::ZERO] }]),
        ..Default::default()
    };
    let dynamic = TxEip1559 {
        chain_id: 1337,
        nonce: 1,
        gas_limit: 21_000,
        max_fee_per_gas: 20,
        max_priority_fee_per_gas: 2,
        to: TO.into(),
        ..Default::default()
    };
    let too_cheap = TxEip1559 { max_fee_per_gas: 6, max_priority_fee_per_gas: 0, ..dynamic.clone() };
    refused(&provider, &sign(&signer, too_cheap), "max fee per gas less than block base fee").await;
    submit(&provider, &sign(&signer, listed)).await.unwrap();
    let hash = submit(&provider, &sign(&signer, dynamic)).await.unwrap();
    let block = devnet.mine().await;
    assert_eq!(block.transactions.len(), 2);
    assert_eq!(block.receipts[0].gas_used, 21_000 + 2_400 + 1_900);
    assert_eq!(block.header.base_fee_per_gas, Some(7));
    let receipt = provider.get_transaction_receipt(hash).await.unwrap().unwrap();
    assert_eq!(receipt.effective_gas_price, 9);
    // The tip went to the proposer, the base fee nowhere.
    let tip = provider.get_balance(block.header.beneficiary).await.unwrap();
    assert_eq!(tip, U256::from(2 * (25_300 + 21_000)));
    let history = provider.get_fee_history(2, Default::default(), &[50.0]).await.unwrap();
    assert_eq!(history.base_fee_per_gas, vec![7; 3]);
}

#[tokio::test]
async fn calls_tell_why_they_revert() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, REVERT).await;
    // Error("no"), a custom error, nothing at all.
    let mut named = alloy::primitives::hex!("08c379a0").to_vec();
    named.extend(B256::from(U256::from(32)));
    named.extend(B256::from(U256::from(2)));
    named.extend(B256::right_padding_from(b"no"));
    for (data, words) in [(named, "execution reverted: no"), (vec![0xde, 0xad, 0xbe, 0xef], "execution reverted")] {
        for error in [
            provider.call(call(contract, data.clone().into())).await.unwrap_err(),
            provider.estimate_gas(call(contract, data.clone().into())).await.map(|_| Bytes::new()).unwrap_err(),
        ] {
            let payload = error.as_error_resp().unwrap();
            assert_eq!((payload.code, &payload.message[..]), (3, words));
            assert_eq!(payload.as_revert_data().unwrap()[..], data);
        }
    }
    // The same call in a transaction fails on chain and costs gas.
    let request = call(contract, vec![1].into()).with_gas_limit(50_000);
    assert!(!send(&devnet, &provider, request).await.status());
}

#[tokio::test]
async fn overrides_reach_calls_and_nothing_else() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    // Returns sload(0): PUSH0 does not exist in Berlin.
    let code = alloy::primitives::hex!("60005460005260206000f3");
    let mut overrides = StateOverride::default();
    let slot = (B256::ZERO, B256::from(U256::from(77)));
    let changed = AccountOverride {
        code: Some(code.to_vec().into()),
        state_diff: Some([slot].into_iter().collect()),
        ..Default::default()
    };
    overrides.insert(TO, changed);
    let result = provider.call(call(TO, Bytes::new())).overrides(overrides).await.unwrap();
    assert_eq!(U256::from_be_slice(&result), U256::from(77));
    assert!(provider.get_code_at(TO).await.unwrap().is_empty());
}

/// Without call data: calls itself with one byte and all its gas, reverts if that fails. With call
/// data: sets ten slots. Since 1/64 stays behind, it needs more gas than it uses.
fn nested() -> Vec<u8> {
    let mut code = alloy::primitives::hex!(
        "36601c57" // if calldatasize goto 0x1c
        "60006000600160006000305af1" // call(gas, this, 0, 0, 1, 0, 0)
        "601a57" // if success goto 0x1a
        "60006000fd" // revert
        "fe5b00" // 0x1a: stop
        "5b" // 0x1c
    )
    .to_vec();
    (1..=10).for_each(|slot| code.extend([0x60, 1, 0x60, slot, 0x55]));
    code
}

#[tokio::test]
async fn estimates_suffice_and_one_percent_less_does_not() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    let store = deploy(&devnet, &provider, STORE).await;
    let from = signer(&devnet, 0).address();
    assert_eq!(provider.estimate_gas(TransactionRequest::default().with_from(from).with_to(TO)).await.unwrap(), 21_000);
    for slot in 1..=5 {
        send(&devnet, &provider, call(store, store_call(slot, 1))).await;
    }
    // Setting, overwriting, and clearing: the last earns a refund that comes only afterwards.
    for (slot, value) in [(9, 9), (1, 2), (2, 0)] {
        let request = call(store, store_call(slot, value)).with_from(from);
        let gas = provider.estimate_gas(request.clone()).await.unwrap();
        let tight = request.clone().with_gas_limit(gas - gas / 40).with_gas_price(0);
        let receipt = send(&devnet, &provider, tight).await;
        assert!(!receipt.status(), "slot {slot}: {gas} is too generous");
        let enough = request.with_gas_limit(gas).with_gas_price(0);
        let receipt = send(&devnet, &provider, enough).await;
        assert!(receipt.status(), "slot {slot}: {gas} is not enough");
        assert!(receipt.gas_used <= gas);
    }
    let nested = deploy(&devnet, &provider, &nested()).await;
    let request = call(nested, Bytes::new()).with_from(from).with_gas_price(0);
    let gas = provider.estimate_gas(request.clone()).await.unwrap();
    // Spent and not a bit more: the inner call runs dry.
    let used = 21_000 + 10 * 22_106;
    assert!(gas > used, "{gas}");
    assert!(!send(&devnet, &provider, request.clone().with_gas_limit(used + 2_600)).await.status());
    assert!(send(&devnet, &provider, request.with_gas_limit(gas)).await.status());
    let error = provider.estimate_gas(call(store, store_call(50, 1)).with_gas_limit(30_000)).await.unwrap_err();
    assert!(error.to_string().contains("gas required exceeds allowance (30000)"), "{error}");
}

#[tokio::test]
async fn a_censor_keeps_transactions_out_for_a_while() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    let target = Address::repeat_byte(0xbb);
    devnet.censor(move |tx| {
        use alloy::consensus::Transaction;
        tx.tx.to() == Some(target)
    });
    let signed = signer(&devnet, 1);
    let held = sign(&signed, TxLegacy { to: target.into(), ..legacy(0, 0) });
    let hash = submit(&provider, &held).await.unwrap();
    let request = TransactionRequest::default().with_to(TO).with_value(U256::from(1));
    assert!(send(&devnet, &provider, request).await.status());
    assert!(provider.get_transaction_receipt(hash).await.unwrap().is_none());
    devnet.uncensor();
    devnet.mine().await;
    assert!(provider.get_transaction_receipt(hash).await.unwrap().is_some());
}

#[tokio::test]
async fn precompiles_answer() {
    let devnet: Devnet = manual().start().await.unwrap();
    let provider = reader(&devnet, 0);
    let at = |byte: u8| Address::with_last_byte(byte);
    // EIP-152, test vector 5: BLAKE2b of "abc", 12 rounds.
    let mut input = alloy::primitives::hex!(
        "0000000c48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
        "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b616263"
    )
    .to_vec();
    input.resize(4 + 64 + 128, 0);
    input.push(3);
    input.resize(4 + 64 + 128 + 16, 0);
    input.push(1);
    let hash = provider.call(call(at(9), input.clone().into())).await.unwrap();
    assert_eq!(hash[..4], alloy::primitives::hex!("ba80a53f"));
    // 3 ** 5 mod 100 by modexp.
    input = [1u64, 1, 1].iter().flat_map(|n| B256::from(U256::from(*n)).0).collect();
    input.extend([3, 5, 100]);
    assert_eq!(provider.call(call(at(5), input.into())).await.unwrap()[..], [43]);
    let signer = signer(&devnet, 0);
    let digest = B256::repeat_byte(7);
    let signature = signer.sign_hash_sync(&digest).unwrap().as_bytes();
    let input = [digest, B256::with_last_byte(signature[64])].concat();
    let input = [&input[..], &signature[..64]].concat();
    let recovered = provider.call(call(at(1), input.into())).await.unwrap();
    assert_eq!(recovered[12..], signer.address()[..]);
}
