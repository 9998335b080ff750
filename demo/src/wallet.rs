//! A person's account on one chain: sends transactions and reads contracts.

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolEvent},
};
use anyhow::{Context, Result, bail};
use std::time::Duration;

/// An account and the node it talks to.
#[derive(Clone)]
pub struct Wallet {
    /// Its address.
    pub address: Address,
    provider: DynProvider,
    chain: String,
}

impl Wallet {
    /// An account on the chain whose node answers at `url`.
    pub fn new(chain: &str, url: &str, key: PrivateKeySigner) -> Result<Self> {
        let address = key.address();
        let provider = ProviderBuilder::new()
            .wallet(EthereumWallet::from(key))
            .connect_http(url.parse().with_context(|| format!("{chain}: {url} is no URL"))?);
        provider.client().set_poll_interval(Duration::from_millis(100));
        Ok(Self { address, provider: provider.erased(), chain: chain.to_owned() })
    }

    /// The node.
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    fn request(&self, input: Vec<u8>) -> TransactionRequest {
        TransactionRequest::default().with_from(self.address).with_input(input).with_gas_price(0)
    }

    async fn mined(&self, request: TransactionRequest, what: &str) -> Result<TransactionReceipt> {
        let context = || format!("{}: {what}", self.chain);
        let nonce = self.provider.get_transaction_count(self.address).pending().await.with_context(context)?;
        let request = request.with_nonce(nonce);
        let pending = self.provider.send_transaction(request).await.with_context(context)?;
        let receipt = pending.get_receipt().await.with_context(context)?;
        if !receipt.status() {
            bail!("{}: {what}: transaction {} failed", self.chain, receipt.transaction_hash);
        }
        Ok(receipt)
    }

    /// Calls a contract and waits until the transaction is in a block.
    pub async fn send<C: SolCall>(&self, to: Address, call: C) -> Result<TransactionReceipt> {
        self.mined(self.request(call.abi_encode()).with_to(to), C::SIGNATURE).await
    }

    /// Sends many calls at once, and waits until all are in blocks.
    pub async fn send_all<C: SolCall>(&self, to: Address, calls: Vec<C>) -> Result<Vec<TransactionReceipt>> {
        let mut nonce = self.provider.get_transaction_count(self.address).pending().await?;
        let gas = match calls.first() {
            Some(call) => self.provider.estimate_gas(self.request(call.abi_encode()).with_to(to)).await? * 2,
            None => return Ok(Vec::new()),
        };
        let mut pending = Vec::with_capacity(calls.len());
        for call in calls {
            let request = self.request(call.abi_encode()).with_to(to).with_nonce(nonce).with_gas_limit(gas);
            pending.push(self.provider.send_transaction(request).await.with_context(|| C::SIGNATURE)?);
            nonce += 1;
        }
        let mut receipts = Vec::with_capacity(pending.len());
        for transaction in pending {
            let receipt = transaction.get_receipt().await?;
            if !receipt.status() {
                bail!("{}: {}: transaction {} failed", self.chain, C::SIGNATURE, receipt.transaction_hash);
            }
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// Deploys a contract.
    pub async fn deploy(&self, init_code: Bytes) -> Result<Address> {
        let request = self.request(Vec::new()).with_deploy_code(init_code);
        let receipt = self.mined(request, "deployment").await?;
        receipt.contract_address.context("a deployment without an address")
    }

    /// Reads a contract at the newest block.
    pub async fn read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        let answer = self.provider.call(request).await.with_context(|| format!("{}: {}", self.chain, C::SIGNATURE))?;
        C::abi_decode_returns(&answer).with_context(|| format!("{}: answer of {}", self.chain, C::SIGNATURE))
    }
}

/// The sequence of the packet that a transaction sent.
pub fn sent_sequence(receipt: &TransactionReceipt) -> Result<u64> {
    let topic = crate::abi::RouterEvents::SendPacket::SIGNATURE_HASH;
    let log = receipt.inner.logs().iter().find(|log| log.topic0() == Some(&topic));
    let sequence = log.and_then(|log| log.topics().get(2)).context("the transaction sent no packet")?;
    Ok(U256::from_be_bytes(sequence.0).to::<u64>())
}
