//! Sending transactions, and where they are.

use crate::{
    chain::EvmChain,
    endpoints::{Bad, CallError},
    json::{hash_at, number, number_at, wide},
    logs::{self, Log},
    messages::clients_of,
    proofs,
    rpc::Call,
    transactions::{Unsigned, refusal},
};
use alloy::primitives::{Address, B256, Bytes};
use lupu_adapter::{AccountId, AdapterError, ErrorKind, Included, SignedTransaction, TransactionStatus};
use lupu_standard::Height;
use serde_json::{Value, json};

struct Receipt {
    block: u64,
    block_hash: B256,
    success: bool,
    gas_used: u64,
    price: Option<u128>,
    logs: Vec<Log>,
    reason: Option<String>,
}

fn read_receipt(value: &Value) -> Result<Receipt, Bad> {
    if value.is_null() || value.get("blockNumber").is_none_or(Value::is_null) {
        return Err(Bad::Missing("no receipt".into()));
    }
    let lied = |e: crate::json::FieldError| Bad::Lied(format!("receipt: {e}"));
    let list = value.get("logs").and_then(Value::as_array);
    let list = list.ok_or_else(|| Bad::Lied("receipt: field logs: not a list".into()))?;
    let price = value.get("effectiveGasPrice").filter(|p| !p.is_null());
    let reason = crate::json::data_at(value, "revertReason").ok().filter(|r| !r.is_empty());
    Ok(Receipt {
        block: number_at(value, "blockNumber").map_err(lied)?,
        block_hash: hash_at(value, "blockHash").map_err(lied)?,
        success: number_at(value, "status").map_err(lied)? == 1,
        gas_used: number_at(value, "gasUsed").map_err(lied)?,
        price: price.map(|p| wide(p, "effectiveGasPrice")).transpose().map_err(lied)?,
        logs: list.iter().map(logs::decode).collect::<Result<_, _>>().map_err(lied)?,
        reason: reason.map(|r| crate::errors::describe(&r)),
    })
}

/// Of several refusals the one to act on.
fn weight(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::NonceTaken => 5,
        ErrorKind::Funds => 4,
        ErrorKind::Underpriced => 3,
        ErrorKind::Rejected => 2,
        ErrorKind::RateLimited => 1,
        _ => 0,
    }
}

impl EvmChain {
    /// Gives a signed transaction to every endpoint that is up; one that takes it is enough.
    pub(crate) async fn send(&self, hash: B256, raw: &[u8]) -> Result<(), AdapterError> {
        send(&self.endpoints, hash, raw).await
    }

    pub(crate) async fn nonce(&self, account: &AccountId) -> Result<u64, AdapterError> {
        let address = self.signer(account)?.address();
        next_nonce(&self.endpoints, address).await
    }

    pub(crate) async fn replacement(&self, transaction: &SignedTransaction) -> Result<SignedTransaction, AdapterError> {
        let signer = self.signer(&transaction.account)?;
        let unusable = || self.error(ErrorKind::Rejected, "the journalled transaction cannot be read");
        let mut unsigned = Unsigned::decode(&transaction.raw).ok_or_else(unusable)?;
        let raised = unsigned.price.raised();
        let offered = self.limits().await?.price;
        unsigned.price =
            if offered.most() > raised.most() && std::mem::discriminant(&offered) == std::mem::discriminant(&raised) {
                offered
            } else {
                raised
            };
        // Where gas is free a higher price is the same price: the same transaction again.
        let (hash, raw) = unsigned.sign(signer).map_err(|e| self.error(ErrorKind::Rejected, e.to_string()))?;
        Ok(SignedTransaction { hash, raw, account: transaction.account.clone(), nonce: transaction.nonce })
    }

    pub(crate) async fn status_of(&self, transaction: &SignedTransaction) -> Result<TransactionStatus, AdapterError> {
        match self.receipt(transaction.hash, 0).await {
            Ok(receipt) => return self.included(transaction, receipt).await,
            Err(CallError::Missing(_)) => {}
            Err(error) => return Err(self.fail(error)),
        }
        // The nonce is proven first: a node that has the block that used it, and yet no receipt
        // of this transaction, tells that it was another one.
        let head = self.headers.advance().await?;
        let address = self.address(&transaction.account)?;
        let account = proofs::account(&self.endpoints, &head.header, address).await.map_err(|e| self.fail(e))?;
        if account.is_some_and(|a| a.account.nonce > transaction.nonce) {
            return match self.receipt(transaction.hash, head.height()).await {
                Ok(receipt) => self.included(transaction, receipt).await,
                Err(CallError::Missing(_)) => Ok(TransactionStatus::Superseded),
                Err(error) => Err(self.fail(error)),
            };
        }
        let read = |v: Value| if v.is_null() { Err(Bad::Missing("unknown".into())) } else { Ok(()) };
        match self.endpoints.ask("eth_getTransactionByHash", json!([transaction.hash]), read).await {
            Ok(()) => Ok(TransactionStatus::Pending),
            Err(CallError::Missing(_)) => Ok(TransactionStatus::Unknown),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The receipt, from an endpoint that has block `at_least`.
    async fn receipt(&self, hash: B256, at_least: u64) -> Result<Receipt, CallError> {
        let get = Call::new("eth_getTransactionReceipt", json!([hash]));
        if at_least == 0 {
            return self.endpoints.ask(get.method, get.params, |v| read_receipt(&v)).await;
        }
        let calls = [Call::new("eth_blockNumber", json!([])), get];
        let read = |answers: Vec<Value>| {
            let [head, receipt] = answers.as_slice() else { return Err(Bad::Lied("not two answers".into())) };
            match number(head, "block number") {
                Ok(head) if head >= at_least => read_receipt(receipt).map(Some).or_else(|bad| match bad {
                    Bad::Missing(_) => Ok(None),
                    bad => Err(bad),
                }),
                // Behind: what it does not know says nothing.
                Ok(head) => Err(Bad::Pruned(format!("the endpoint is at block {head}, not yet at {at_least}"))),
                Err(e) => Err(Bad::Lied(e.to_string())),
            }
        };
        let found = self.endpoints.ask_many(&calls, read).await?;
        found.ok_or_else(|| CallError::Missing("no receipt".into()))
    }

    async fn included(
        &self,
        transaction: &SignedTransaction,
        receipt: Receipt,
    ) -> Result<TransactionStatus, AdapterError> {
        let header = match self.headers.header(receipt.block).await {
            Ok(header) => header,
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unproven) => {
                return Ok(TransactionStatus::Pending);
            }
            Err(error) => return Err(error),
        };
        if header.hash != receipt.block_hash {
            let message = format!(
                "receipt of {} names block {} with hash {}, the chain's is {}",
                transaction.hash, receipt.block, receipt.block_hash, header.hash
            );
            return Err(self.error(ErrorKind::Lied, message));
        }
        let unsigned = Unsigned::decode(&transaction.raw);
        let input = unsigned.as_ref().map(|u| u.input.clone()).unwrap_or_default();
        let price = receipt.price.or(unsigned.as_ref().map(|u| u.price.most())).unwrap_or_default();
        let outcomes = if receipt.success {
            logs::outcomes(&receipt.logs, self.config.contracts.router, &clients_of(&input))
        } else {
            Vec::new()
        };
        let reason = match (receipt.success, receipt.reason.clone(), unsigned) {
            (true, ..) => None,
            (false, Some(reason), _) => Some(reason),
            (false, None, Some(unsigned)) => {
                Some(self.reason(self.address(&transaction.account)?, &unsigned, &input, &receipt).await)
            }
            (false, None, None) => Some("failed".into()),
        };
        Ok(TransactionStatus::Included(Included {
            height: Height(receipt.block),
            success: receipt.success,
            gas_used: receipt.gas_used,
            fee_paid: price.saturating_mul(u128::from(receipt.gas_used)),
            outcomes,
            reason,
        }))
    }

    async fn reason(&self, from: Address, unsigned: &Unsigned, input: &Bytes, receipt: &Receipt) -> String {
        let before = receipt.block.saturating_sub(1);
        if let Some(reason) = self.failure_reason(from, unsigned.to, input, unsigned.gas_limit, before).await {
            return reason;
        }
        // The state before the block did not refuse it: what came earlier in the same block did.
        if let Some(reason) = self.failure_reason(from, unsigned.to, input, unsigned.gas_limit, receipt.block).await {
            return reason;
        }
        if receipt.gas_used >= unsigned.gas_limit / 64 * 63 {
            return format!("ran out of gas: {} used of {}", receipt.gas_used, unsigned.gas_limit);
        }
        "failed in its place in the block, but not when run again".into()
    }

    fn address(&self, account: &AccountId) -> Result<Address, AdapterError> {
        account.0.parse().map_err(|_| self.error(ErrorKind::Misconfigured, format!("{account} is no address")))
    }
}

/// Gives a signed transaction to every endpoint that is up; one that takes it is enough.
pub(crate) async fn send(endpoints: &crate::endpoints::Endpoints, hash: B256, raw: &[u8]) -> Result<(), AdapterError> {
    let params = json!([Bytes::copy_from_slice(raw)]);
    let read = |v: Value| {
        let given = crate::json::data(&v, "hash").map_err(|e| Bad::Lied(e.to_string()))?;
        if given.as_ref() == hash.as_slice() { Ok(()) } else { Err(Bad::Lied(format!("took {given} for {hash}"))) }
    };
    let mut worst: Option<AdapterError> = None;
    for (_, answer) in endpoints.ask_all("eth_sendRawTransaction", params, read).await {
        let error = match answer {
            Ok(()) => return Ok(()),
            Err(CallError::Node(error)) => match refusal(&error) {
                None => return Ok(()),
                Some(kind) => AdapterError::new(endpoints.chain(), kind, crate::errors::explain(&error)),
            },
            Err(error) => error.into_adapter(endpoints.chain()),
        };
        if worst.as_ref().is_none_or(|w| weight(w.kind) < weight(error.kind)) {
            worst = Some(error);
        }
    }
    Err(worst.unwrap_or_else(|| AdapterError::new(endpoints.chain(), ErrorKind::Unavailable, "no endpoint answered")))
}

/// The first nonce that no included or pending transaction uses, as the best informed endpoint says.
pub(crate) async fn next_nonce(endpoints: &crate::endpoints::Endpoints, address: Address) -> Result<u64, AdapterError> {
    let read = |v: Value| number(&v, "nonce").map_err(|e| Bad::Lied(e.to_string()));
    let answers = endpoints.ask_all("eth_getTransactionCount", json!([address, "pending"]), read).await;
    let mut failure = CallError::Unavailable("no endpoint answered".into());
    let mut best = None;
    for (_, answer) in answers {
        match answer {
            Ok(nonce) => best = best.max(Some(nonce)),
            Err(error) => failure = error,
        }
    }
    best.ok_or_else(|| failure.into_adapter(endpoints.chain()))
}

/// The balance of an account at the newest block, in wei.
pub(crate) async fn balance(endpoints: &crate::endpoints::Endpoints, address: Address) -> Result<u128, CallError> {
    let read = |v: Value| {
        let wei = crate::json::quantity(&v, "balance").map_err(|e| Bad::Lied(e.to_string()))?;
        Ok(u128::try_from(wei).unwrap_or(u128::MAX))
    };
    endpoints.ask("eth_getBalance", json!([address, "latest"]), read).await
}
