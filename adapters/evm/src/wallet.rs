//! A person's account on a chain: sends one transaction at a time and waits for it.

use crate::{
    chain::check_chain_id,
    endpoints::{Bad, CallError, Endpoints},
    fees::offer,
    json::{address_at, data, hash_at, number, number_at, wide},
    logs::{self, Log},
    status::{balance, next_nonce, send},
    transactions::Unsigned,
};
use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use futures::future::BoxFuture;
use lupu_adapter::{AdapterError, ErrorKind};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a transaction may take to be included.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often its receipt is asked for.
const POLL: Duration = Duration::from_millis(200);

/// A transaction that was included and did what it should.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Its hash.
    pub hash: B256,
    /// Its block.
    pub block: u64,
    /// Gas used.
    pub gas_used: u64,
    /// The contract it created.
    pub created: Option<Address>,
    /// Its logs.
    pub logs: Vec<Log>,
}

/// An account that sends transactions, one after the other.
#[derive(Clone)]
pub struct Wallet {
    endpoints: Arc<Endpoints>,
    chain_id: u64,
    signer: PrivateKeySigner,
    gas_price: Option<u128>,
}

impl Wallet {
    /// An account on the chain of these endpoints. `gas_price` in wei; `None` asks the node.
    pub async fn connect(
        endpoints: Arc<Endpoints>,
        chain_id: u64,
        signer: PrivateKeySigner,
        gas_price: Option<u128>,
    ) -> Result<Self, AdapterError> {
        check_chain_id(&endpoints, chain_id).await?;
        Ok(Self { endpoints, chain_id, signer, gas_price })
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// EVM chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The endpoints.
    pub fn endpoints(&self) -> &Arc<Endpoints> {
        &self.endpoints
    }

    /// The account's balance in wei.
    pub async fn balance(&self) -> Result<u128, AdapterError> {
        balance(&self.endpoints, self.address()).await.map_err(|e| self.fail("balance", e))
    }

    /// Reads a contract at the newest block.
    pub async fn read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, AdapterError> {
        self.try_read(to, call).await.map_err(|e| self.fail(C::SIGNATURE, e))
    }

    pub(crate) async fn try_read<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, CallError> {
        let params = json!([{"to": to, "data": Bytes::from(call.abi_encode())}, "latest"]);
        let read = |v: Value| data(&v, "result").map_err(|e| Bad::Lied(e.to_string()));
        let returned = self.endpoints.ask("eth_call", params, read).await?;
        C::abi_decode_returns(&returned)
            .map_err(|e| CallError::Missing(format!("{to} does not answer {}: {e}", C::SIGNATURE)))
    }

    /// Whether a contract stands at an address.
    pub async fn has_code(&self, address: Address) -> Result<bool, AdapterError> {
        let read = |v: Value| data(&v, "code").map_err(|e| Bad::Lied(e.to_string()));
        let code = self.endpoints.ask("eth_getCode", json!([address, "latest"]), read).await;
        Ok(!code.map_err(|e| self.fail("eth_getCode", e))?.is_empty())
    }

    /// Seconds since 1970 by the chain's clock: the newest block's time.
    pub async fn time(&self) -> Result<u64, AdapterError> {
        let read = |v: Value| number_at(&v, "timestamp").map_err(|e| Bad::Lied(e.to_string()));
        self.endpoints
            .ask("eth_getBlockByNumber", json!(["latest", false]), read)
            .await
            .map_err(|e| self.fail("time", e))
    }

    /// Whether a call would succeed now; if not, the reason.
    pub async fn would_fail<C: SolCall>(&self, to: Address, call: &C) -> Result<Option<String>, AdapterError> {
        match self.estimate(Some(to), &call.abi_encode().into()).await {
            Ok(_) => Ok(None),
            Err(CallError::Node(error)) => Ok(Some(crate::errors::explain(&error))),
            Err(error) => Err(self.fail(C::SIGNATURE, error)),
        }
    }

    /// Calls a contract and waits until it is done.
    pub async fn call<C: SolCall>(&self, to: Address, call: C) -> Result<Receipt, AdapterError> {
        self.send(Some(to), call.abi_encode().into(), C::SIGNATURE).await
    }

    /// Creates a contract and waits until it stands.
    pub async fn create(&self, init_code: Bytes, what: &str) -> Result<Address, AdapterError> {
        let receipt = self.send(None, init_code, what).await?;
        let missing = || self.error(ErrorKind::Lied, format!("{what}: the receipt names no contract"));
        receipt.created.ok_or_else(missing)
    }

    /// Signs, sends, and waits for the receipt. A failure is told in words.
    pub fn send<'a>(
        &'a self,
        to: Option<Address>,
        input: Bytes,
        what: &'a str,
    ) -> BoxFuture<'a, Result<Receipt, AdapterError>> {
        Box::pin(self.settle(to, input, what))
    }

    async fn settle(&self, to: Option<Address>, input: Bytes, what: &str) -> Result<Receipt, AdapterError> {
        let gas = self.estimate(to, &input).await.map_err(|e| self.fail(what, e))?;
        let base_fee = self.base_fee().await.map_err(|e| self.fail(what, e))?;
        let price = offer(&self.endpoints, self.gas_price, base_fee).await.map_err(|e| self.fail(what, e))?;
        let unsigned = Unsigned {
            chain_id: self.chain_id,
            nonce: next_nonce(&self.endpoints, self.address()).await?,
            gas_limit: gas.saturating_add(gas / 4),
            price,
            to,
            value: U256::ZERO,
            input,
        };
        let (hash, raw) = unsigned.sign(&self.signer).map_err(|e| self.error(ErrorKind::Rejected, e.to_string()))?;
        send(&self.endpoints, hash, &raw).await?;
        let receipt = self.wait(hash, what).await?;
        tracing::debug!(chain = self.endpoints.chain(), %hash, gas = receipt.gas_used, "{what}");
        Ok(receipt)
    }

    async fn estimate(&self, to: Option<Address>, input: &Bytes) -> Result<u64, CallError> {
        let mut call = json!({"from": self.address(), "data": input});
        if let Some(to) = to {
            call["to"] = json!(to);
        }
        let read = |v: Value| number(&v, "gas").map_err(|e| Bad::Lied(e.to_string()));
        self.endpoints.ask("eth_estimateGas", json!([call]), read).await
    }

    async fn base_fee(&self) -> Result<Option<u128>, CallError> {
        let read = |v: Value| {
            let fee = v.get("baseFeePerGas").filter(|f| !f.is_null());
            fee.map(|f| wide(f, "baseFeePerGas")).transpose().map_err(|e| Bad::Lied(e.to_string()))
        };
        self.endpoints.ask("eth_getBlockByNumber", json!(["latest", false]), read).await
    }

    async fn wait(&self, hash: B256, what: &str) -> Result<Receipt, AdapterError> {
        let start = tokio::time::Instant::now();
        loop {
            match self.endpoints.ask("eth_getTransactionReceipt", json!([hash]), |v| read(&v, hash)).await {
                Ok((receipt, true)) => return Ok(receipt),
                Ok((receipt, false)) => {
                    let message = format!("{what}: transaction {hash} failed, {} gas used", receipt.gas_used);
                    return Err(self.error(ErrorKind::Rejected, message));
                }
                Err(CallError::Missing(_) | CallError::Unavailable(_) | CallError::RateLimited(_)) => {}
                Err(error) => return Err(self.fail(what, error)),
            }
            if start.elapsed() > PATIENCE {
                let message = format!("{what}: transaction {hash} is not included after {} s", PATIENCE.as_secs());
                return Err(self.error(ErrorKind::Unavailable, message));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> AdapterError {
        AdapterError::new(self.endpoints.chain(), kind, message)
    }

    pub(crate) fn fail(&self, what: &str, error: CallError) -> AdapterError {
        let mut error = error.into_adapter(self.endpoints.chain());
        error.message = format!("{what}: {}", error.message);
        error
    }
}

fn read(value: &Value, hash: B256) -> Result<(Receipt, bool), Bad> {
    if value.is_null() || value.get("blockNumber").is_none_or(Value::is_null) {
        return Err(Bad::Missing("no receipt yet".into()));
    }
    let lied = |e: crate::json::FieldError| Bad::Lied(format!("receipt: {e}"));
    if hash_at(value, "transactionHash").map_err(lied)? != hash {
        return Err(Bad::Lied("receipt of another transaction".into()));
    }
    let list = value.get("logs").and_then(Value::as_array);
    let list = list.ok_or_else(|| Bad::Lied("receipt: field logs: not a list".into()))?;
    let created = value.get("contractAddress").filter(|a| !a.is_null());
    let receipt = Receipt {
        hash,
        block: number_at(value, "blockNumber").map_err(lied)?,
        gas_used: number_at(value, "gasUsed").map_err(lied)?,
        created: created.map(|_| address_at(value, "contractAddress")).transpose().map_err(lied)?,
        logs: list.iter().map(logs::decode).collect::<Result<_, _>>().map_err(lied)?,
    };
    Ok((receipt, number_at(value, "status").map_err(lied)? == 1))
}
