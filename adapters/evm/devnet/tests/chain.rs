//! Blocks, state and proofs as a stranger's client sees them.

mod common;

use alloy::consensus::{BlockHeader, proofs};
use alloy::eips::BlockNumberOrTag;
use alloy::eips::eip2718::Encodable2718;
use alloy::network::{NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, B256, Bloom, Bytes, U256, keccak256};
use alloy::providers::Provider;
use alloy::rpc::types::{EIP1186AccountProofResponse, TransactionRequest};
use alloy_trie::proof::verify_proof;
use alloy_trie::{Nibbles, TrieAccount};
use common::*;
use lupu_evm_devnet::Devnet;

fn check_proof(root: B256, proof: &EIP1186AccountProofResponse, exists: bool) {
    let account = TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    };
    let key = Nibbles::unpack(keccak256(proof.address));
    let value = exists.then(|| alloy::rlp::encode(account));
    verify_proof(root, key, value, &proof.account_proof).unwrap();
    for slot in &proof.storage_proof {
        let key = Nibbles::unpack(keccak256(slot.key.as_b256()));
        let value = (!slot.value.is_zero()).then(|| alloy::rlp::encode(slot.value));
        verify_proof(proof.storage_hash, key, value, &slot.proof).unwrap();
    }
}

#[tokio::test]
async fn deploys_stores_proves_and_forgets() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    for slot in 1..=20 {
        let receipt = send(&devnet, &provider, call(contract, store_call(slot, slot * 7))).await;
        assert!(receipt.status());
    }
    let keys: Vec<B256> = (1..=25u64).map(|slot| U256::from(slot).into()).collect();
    let block = provider.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
    let proof = provider.get_proof(contract, keys.clone()).await.unwrap();
    assert_eq!(proof.storage_proof[4].value, U256::from(35));
    assert_eq!(proof.storage_proof[21].value, U256::ZERO);
    check_proof(block.header.state_root, &proof, true);

    // Deleted slots leave no leaf behind, and the old block still proves them present.
    let before = block.header.number;
    for slot in 1..=20 {
        send(&devnet, &provider, call(contract, store_call(slot, 0))).await;
    }
    let block = provider.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
    let proof = provider.get_proof(contract, keys.clone()).await.unwrap();
    assert!(proof.storage_proof.iter().all(|slot| slot.value.is_zero()));
    assert_eq!(proof.storage_hash, alloy_trie::EMPTY_ROOT_HASH);
    check_proof(block.header.state_root, &proof, true);
    let old = provider.get_proof(contract, keys).number(before).await.unwrap();
    let block = provider.get_block_by_number(before.into()).await.unwrap().unwrap();
    assert_eq!(old.storage_proof[4].value, U256::from(35));
    check_proof(block.header.state_root, &old, true);

    // An account that never was.
    let nobody = provider.get_proof(Address::repeat_byte(9), vec![]).number(before).await.unwrap();
    check_proof(block.header.state_root, &nobody, false);
}

#[tokio::test]
async fn roots_and_bloom_are_recomputable() {
    let devnet = manual().start().await.unwrap();
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    let nonce = provider.get_transaction_count(signer(&devnet, 0).address()).await.unwrap();
    for i in 0..150u64 {
        let request = call(contract, store_call(i % 11, i)).with_nonce(nonce + i);
        let request = request.with_gas_limit(100_000).with_gas_price(0);
        let _ = provider.send_transaction(request).await.unwrap();
    }
    devnet.mine().await;
    let block = provider.get_block_by_number(BlockNumberOrTag::Latest).full().await.unwrap().unwrap();
    let transactions = block.transactions.as_transactions().unwrap();
    assert_eq!(transactions.len(), 150);
    let transactions: Vec<_> = transactions.iter().map(|tx| tx.inner.inner().clone()).collect();
    assert_eq!(proofs::calculate_transaction_root(&transactions), block.header.transactions_root());
    let receipts = provider.get_block_receipts(block.header.number.into()).await.unwrap().unwrap();
    let envelopes: Vec<_> = receipts.iter().map(|receipt| receipt.inner.clone().into_primitives_receipt()).collect();
    assert_eq!(proofs::calculate_receipt_root(&envelopes), block.header.receipts_root());
    let bloom = envelopes.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
    assert_eq!(bloom, block.header.logs_bloom());
    let raw: Vec<Bytes> =
        provider.raw_request("debug_getRawReceipts".into(), (BlockNumberOrTag::Latest,)).await.unwrap();
    assert!(raw.iter().zip(&envelopes).all(|(raw, envelope)| raw[..] == envelope.encoded_2718()));
    // Log indices run through the block.
    let indices: Vec<_> = receipts.iter().flat_map(|r| r.inner.logs().iter().map(|l| l.log_index.unwrap())).collect();
    assert_eq!(indices, (0..150).collect::<Vec<_>>());
}

#[tokio::test]
async fn old_states_are_pruned_like_bonsai() {
    let devnet = manual().state_window(8).start().await.unwrap();
    let provider = provider(&devnet, 0);
    devnet.mine_many(20).await;
    let address = devnet.dev_accounts()[0].address;
    assert!(provider.get_proof(address, vec![]).number(13).await.is_ok());
    let error = provider.get_proof(address, vec![]).number(12).await.unwrap_err();
    assert!(error.to_string().contains("World state unavailable"), "{error}");
    let error = provider.get_balance(address).number(99).await.unwrap_err();
    assert!(error.to_string().contains("header not found"), "{error}");
}

#[tokio::test]
async fn two_chains_with_one_seed_share_validators_but_not_blocks() {
    let one = Devnet::builder().on_demand().chain_id(1).start().await.unwrap();
    let two = Devnet::builder().on_demand().chain_id(2).start().await.unwrap();
    assert_eq!(one.validators(), two.validators());
    let other = Devnet::builder().on_demand().seed(1).start().await.unwrap();
    assert_ne!(one.validators(), other.validators());
    let foreign = provider(&two, 0);
    let request = TransactionRequest::default()
        .with_to(Address::ZERO)
        .with_gas_limit(21_000)
        .with_gas_price(0)
        .with_nonce(0)
        .with_chain_id(1);
    // Signed for chain 1, sent to chain 2.
    let wallet = alloy::network::EthereumWallet::from(signer(&one, 0));
    let signed = request.build(&wallet).await.unwrap();
    let error = foreign.send_raw_transaction(&signed.encoded_2718()).await.unwrap_err();
    assert!(error.to_string().contains("invalid chain id for signer: have 1 want 2"), "{error}");
}
