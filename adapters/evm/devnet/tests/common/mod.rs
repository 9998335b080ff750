//! What the tests share: a wallet over JSON-RPC and a few hand-assembled contracts.
#![allow(dead_code)]

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use lupu_evm_devnet::{Builder, Devnet};

/// A chain that only moves when told to.
pub fn manual() -> Builder {
    Devnet::builder().on_demand()
}

/// The signer of development account `index`.
pub fn signer(devnet: &Devnet, index: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&devnet.dev_accounts()[index].key).unwrap()
}

/// A provider for node `node` that signs with development account 0.
pub fn provider(devnet: &Devnet, node: usize) -> DynProvider {
    let wallet = EthereumWallet::from(signer(devnet, 0));
    ProviderBuilder::new().wallet(wallet).connect_http(devnet.http_url(node).parse().unwrap()).erased()
}

/// A provider without a wallet or any filling.
pub fn reader(devnet: &Devnet, node: usize) -> DynProvider {
    ProviderBuilder::default().connect_http(devnet.http_url(node).parse().unwrap()).erased()
}

/// Sends, mines one block, returns the receipt.
pub async fn send(devnet: &Devnet, provider: &DynProvider, request: TransactionRequest) -> TransactionReceipt {
    let pending = provider.send_transaction(request).await.unwrap();
    let hash = *pending.tx_hash();
    devnet.mine().await;
    provider.get_transaction_receipt(hash).await.unwrap().expect("mined")
}

/// Deploys runtime code, mines one block, returns the address.
pub async fn deploy(devnet: &Devnet, provider: &DynProvider, runtime: &[u8]) -> Address {
    let request = TransactionRequest::default().with_deploy_code(init_code(runtime));
    let receipt = send(devnet, provider, request).await;
    assert!(receipt.status(), "deployment failed");
    receipt.contract_address.unwrap()
}

/// Init code that returns `runtime`: PUSH2 len, DUP1, PUSH1 12, PUSH1 0, CODECOPY, PUSH1 0, RETURN.
pub fn init_code(runtime: &[u8]) -> Bytes {
    let len = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    let mut code = vec![0x61, len[0], len[1], 0x80, 0x60, 0x0c, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3];
    code.extend_from_slice(runtime);
    code.into()
}

/// `sstore(calldata[0], calldata[32])`, then `log2(data = the value, topics = 0x01, the key)`.
pub const STORE: &[u8] = &[
    0x60, 0x20, 0x35, 0x60, 0x00, 0x35, 0x55, // sstore(cd0, cd32)
    0x60, 0x20, 0x35, 0x60, 0x00, 0x52, // mstore(0, cd32)
    0x60, 0x00, 0x35, 0x60, 0x01, // topics: cd0, 1
    0x60, 0x20, 0x60, 0x00, 0xa2, // log2(0, 32, 1, cd0)
    0x00,
];

/// `revert(0, calldatasize)` with the call data as the reason.
pub const REVERT: &[u8] = &[0x36, 0x60, 0x00, 0x60, 0x00, 0x37, 0x36, 0x60, 0x00, 0xfd];

/// Call data of [`STORE`].
pub fn store_call(slot: u64, value: u64) -> Bytes {
    let slot = B256::from(U256::from(slot));
    let value = B256::from(U256::from(value));
    [slot, value].concat().into()
}

/// A call of a contract.
pub fn call(to: Address, input: Bytes) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_input(input)
}
