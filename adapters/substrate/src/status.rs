//! Sending transactions, and where they are.

use crate::{
    chain::SubstrateChain,
    endpoints::{Bad, CallError, Endpoints},
    events::{self, Happened},
    follower::PALLET,
    json::{bytes_list, hash, number, to_hex},
    keys::account_bytes,
    proofs,
    runtime::Runtime,
    simulation::callback_weight,
    source::RawHeader,
    transactions::{self, Terms, refusal},
    wire::Relay,
};
use alloy_primitives::B256;
use codec::Decode;
use lupu_adapter::{AccountId, AdapterError, ErrorKind, Included, Message, SignedTransaction, TransactionStatus};
use lupu_rpc::ErrorObject;
use lupu_standard::Height;
use lupu_substrate_state::{blake2_256, twox128};
use serde_json::{Value, json};
use std::sync::Arc;
use subxt::tx::dynamic;

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

/// The storage key of an account: `System.Account`, hashed with the account behind.
pub(crate) fn account_key(account: &[u8; 32]) -> Vec<u8> {
    use blake2::{Blake2b, Digest, digest::consts::U16};
    let hashed = Blake2b::<U16>::digest(account);
    [&twox128(b"System")[..], &twox128(b"Account"), &hashed, account].concat()
}

impl SubstrateChain {
    /// What a transaction is signed for now: mortal, from the newest final block.
    pub(crate) async fn terms(&self, nonce: u64, tip: u128, mortality: u64) -> Result<Terms, AdapterError> {
        let head = self.headers.advance().await?;
        Ok(Terms { nonce, tip, mortality, from: (head.height(), head.hash) })
    }

    pub(crate) async fn signed(
        &self,
        account: &AccountId,
        nonce: u64,
        gas_limit: u64,
        messages: &[Message],
    ) -> Result<SignedTransaction, AdapterError> {
        let key = self.key(account)?;
        let runtime = self.runtime().await?;
        let relay = Relay::new(messages, callback_weight(gas_limit));
        let terms = self.terms(nonce, self.config.tip, self.config.tuning.mortality).await?;
        let payload = dynamic(PALLET, "relay", relay);
        let (hash, raw) = transactions::sign(&runtime, &payload, &terms, key).map_err(|e| self.codec(e))?;
        Ok(SignedTransaction { hash, account: account.clone(), nonce, raw })
    }

    /// The same call with the same nonce, valid from now on, with a higher tip. So a transaction
    /// whose blocks have passed, or that was signed for a runtime before an upgrade, lives again.
    pub(crate) async fn replacement(&self, transaction: &SignedTransaction) -> Result<SignedTransaction, AdapterError> {
        let key = self.key(&transaction.account)?;
        let runtime = self.runtime().await?;
        let read = transactions::read(&runtime, &transaction.raw).map_err(|e| {
            self.error(ErrorKind::Rejected, format!("the journalled transaction cannot be read any more: {e}"))
        })?;
        let mortality = read.mortality.unwrap_or(self.config.tuning.mortality);
        let terms = self.terms(transaction.nonce, transactions::raised(read.tip), mortality).await?;
        let (hash, raw) = transactions::sign(&runtime, &read.payload, &terms, key).map_err(|e| self.codec(e))?;
        Ok(SignedTransaction { hash, raw, account: transaction.account.clone(), nonce: transaction.nonce })
    }

    /// An account's nonce in the state of a final block, proven.
    pub(crate) async fn proven_nonce(&self, account: &AccountId, header: &RawHeader) -> Result<u64, AdapterError> {
        let account = account_bytes(&account.0).map_err(|e| self.error(ErrorKind::Misconfigured, e.to_string()))?;
        let key = account_key(&account);
        let value = proofs::value(&self.endpoints, header, &key).await.map_err(|e| self.fail(e))?;
        let Some(value) = value else { return Ok(0) };
        // Every runtime's account begins with the nonce, 32 bits.
        let nonce = u32::decode(&mut value.as_slice());
        nonce.map(u64::from).map_err(|e| self.error(ErrorKind::Misconfigured, format!("System.Account: {e}")))
    }

    pub(crate) async fn status_of(&self, transaction: &SignedTransaction) -> Result<TransactionStatus, AdapterError> {
        let head = self.headers.advance().await?;
        if self.proven_nonce(&transaction.account, &head).await? > transaction.nonce {
            return match self.block_with_nonce(transaction, head).await? {
                Some(header) => self.in_block(transaction, &header).await,
                // Used, in a block whose state nobody shows any more: whatever it was, it cannot be
                // included again, and what it did shows in the packets.
                None => Ok(TransactionStatus::Superseded),
            };
        }
        let hash = transaction.hash;
        let read = |v: Value| {
            let pool = bytes_list(&v, "pool").map_err(|e| Bad::Lied(e.to_string()))?;
            match pool.iter().any(|raw| blake2_256(raw) == hash) {
                true => Ok(()),
                false => Err(Bad::Missing("not in the pool".into())),
            }
        };
        for (_, answer) in self.endpoints.ask_all("author_pendingExtrinsics", json!([]), read).await {
            if answer.is_ok() {
                return Ok(TransactionStatus::Pending);
            }
        }
        // In a block that is not final yet it is in no pool; there its nonce is used.
        if self.nonce_at_best(&transaction.account).await? > transaction.nonce {
            return Ok(TransactionStatus::Pending);
        }
        Ok(TransactionStatus::Unknown)
    }

    /// The final block that used the transaction's nonce, by halving over proven nonces. `None`
    /// where the states needed are gone.
    async fn block_with_nonce(
        &self,
        transaction: &SignedTransaction,
        head: Arc<RawHeader>,
    ) -> Result<Option<Arc<RawHeader>>, AdapterError> {
        let lowest = self.headers.anchor().height();
        let (mut used, mut step) = (head, 1u64);
        let mut free = None;
        while free.is_none() {
            if used.height() <= lowest {
                return Ok(None);
            }
            let below = self.headers.header(used.height().saturating_sub(step).max(lowest)).await?;
            match self.proven_nonce(&transaction.account, &below).await {
                Ok(nonce) if nonce > transaction.nonce => used = below,
                Ok(_) => free = Some(below.height()),
                Err(error) if error.kind == ErrorKind::Pruned && step > 1 => {
                    step = 1;
                    continue;
                }
                Err(error) if error.kind == ErrorKind::Pruned => return Ok(None),
                Err(error) => return Err(error),
            }
            step = step.saturating_mul(2);
        }
        let mut free = free.unwrap_or_default();
        while used.height().saturating_sub(free) > 1 {
            let middle = self.headers.header(free + (used.height() - free) / 2).await?;
            match self.proven_nonce(&transaction.account, &middle).await? > transaction.nonce {
                true => used = middle,
                false => free = middle.height(),
            }
        }
        Ok(Some(used))
    }

    /// What became of a transaction in the block that used its nonce.
    async fn in_block(
        &self,
        transaction: &SignedTransaction,
        header: &RawHeader,
    ) -> Result<TransactionStatus, AdapterError> {
        let extrinsics = self.extrinsics(header).await?;
        let found = extrinsics.iter().position(|raw| blake2_256(raw) == transaction.hash);
        let Some(index) = found.and_then(|i| u32::try_from(i).ok()) else { return Ok(TransactionStatus::Superseded) };
        let runtime = self.runtime_after(header.header.parent_hash).await?;
        self.included(header, index, &runtime).await.map(TransactionStatus::Included)
    }

    /// What an extrinsic of a final block did.
    pub(crate) async fn included(
        &self,
        header: &RawHeader,
        index: u32,
        runtime: &Runtime,
    ) -> Result<Included, AdapterError> {
        let mut all = self.block_events(header, runtime).await?;
        all.retain(|e| e.extrinsic == Some(index));
        let mut end = None;
        let mut fee_paid = 0;
        for event in &all {
            match &event.happened {
                Happened::Succeeded(weight) => end = Some((weight.ref_time, None)),
                Happened::Failed(weight, reason) => end = Some((weight.ref_time, Some(reason.clone()))),
                Happened::FeePaid(fee) => fee_paid = *fee,
                _ => {}
            }
        }
        let (gas_used, reason) = end.ok_or_else(|| self.missing_in(header, &format!("end of extrinsic {index}")))?;
        Ok(Included {
            height: Height(header.height()),
            success: reason.is_none(),
            gas_used,
            fee_paid,
            outcomes: if reason.is_none() { events::outcomes(&all) } else { Vec::new() },
            reason,
        })
    }

    /// The judgement of the runtime on a signed extrinsic, as a pool asks for it, without sending
    /// it: `None` where it is valid.
    pub async fn validity(&self, raw: &[u8]) -> Result<Option<Invalid>, AdapterError> {
        let head = self.headers.advance().await?;
        // Source 2: external. Then the extrinsic, then the block it is judged at.
        let mut input = vec![2];
        input.extend_from_slice(raw);
        input.extend(head.hash);
        let method = "TaggedTransactionQueue_validate_transaction";
        let params = json!([method, to_hex(&input), to_hex(head.hash.as_slice())]);
        let read = |v: Value| {
            let answer = crate::json::bytes(&v, "validity").map_err(|e| Bad::Lied(e.to_string()))?;
            Ok(match answer.as_slice() {
                [0, ..] => None,
                [1, 0, code, ..] => Some(Invalid(*code)),
                _ => Some(Invalid(u8::MAX)),
            })
        };
        self.endpoints.ask("state_call", params, read).await.map_err(|e| self.fail(e))
    }

    async fn nonce_at_best(&self, account: &AccountId) -> Result<u64, AdapterError> {
        let public = account_bytes(&account.0).map_err(|e| self.error(ErrorKind::Misconfigured, e.to_string()))?;
        let key = account_key(&public);
        let read = |v: Value| {
            if v.is_null() {
                return Ok(0);
            }
            let value = crate::json::bytes(&v, "account").map_err(|e| Bad::Lied(e.to_string()))?;
            u32::decode(&mut value.as_slice()).map(u64::from).map_err(|e| Bad::Lied(e.to_string()))
        };
        self.endpoints.ask("state_getStorage", json!([to_hex(&key)]), read).await.map_err(|e| self.fail(e))
    }

    /// An account's free balance at the newest block, in the smallest unit.
    pub async fn free_balance(&self, account: &AccountId) -> Result<u128, AdapterError> {
        let public = account_bytes(&account.0).map_err(|e| self.error(ErrorKind::Misconfigured, e.to_string()))?;
        free_balance(&self.endpoints, &public).await
    }
}

/// Why a runtime would not take an extrinsic: a number of Substrate's `InvalidTransaction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(pub u8);

impl Invalid {
    /// Whether it is about the nonce, which other transactions move.
    pub fn is_nonce(self) -> bool {
        matches!(self.0, 2 | 3)
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            0 => "the call is not expected",
            1 => "the account cannot pay",
            2 => "the nonce is too high",
            3 => "the nonce is used",
            4 => "the signature is bad, or was made for another runtime",
            5 => "it was signed too many blocks ago",
            6 => "it does not fit a block",
            8 => "it is a mandatory call that failed",
            9 => "mandatory calls are not sent",
            10 => "its signer is not known",
            _ => "the runtime refuses it",
        })
    }
}

/// An account's free balance at the newest block, in the smallest unit.
pub(crate) async fn free_balance(endpoints: &Endpoints, account: &[u8; 32]) -> Result<u128, AdapterError> {
    let chain = endpoints.chain();
    let key = account_key(account);
    let read = |v: Value| {
        if v.is_null() {
            return Ok(0);
        }
        let value = crate::json::bytes(&v, "account").map_err(|e| Bad::Lied(e.to_string()))?;
        // Nonce and three reference counts, 32 bits each, then the free balance.
        let free = value.get(16..).ok_or_else(|| Bad::Lied("account: too short".into()))?;
        u128::decode(&mut &*free).map_err(|e| Bad::Lied(e.to_string()))
    };
    endpoints.ask("state_getStorage", json!([to_hex(&key)]), read).await.map_err(|e| e.into_adapter(chain))
}

/// Gives a signed extrinsic to every endpoint that is up; one that takes it is enough.
pub(crate) async fn send(endpoints: &Endpoints, wanted: B256, raw: &[u8]) -> Result<(), AdapterError> {
    let read = |v: Value| {
        let given = hash(&v, "hash").map_err(|e| Bad::Lied(e.to_string()))?;
        if given == wanted { Ok(()) } else { Err(Bad::Lied(format!("took {given} for {wanted}"))) }
    };
    let mut worst: Option<AdapterError> = None;
    for (_, answer) in endpoints.ask_all("author_submitExtrinsic", json!([to_hex(raw)]), read).await {
        let error = match answer {
            Ok(()) => return Ok(()),
            Err(CallError::Node(error)) => match refusal(&error) {
                None => return Ok(()),
                Some(kind) => AdapterError::new(endpoints.chain(), kind, error.text()),
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
pub(crate) async fn next_nonce(endpoints: &Endpoints, address: &str) -> Result<u64, AdapterError> {
    let read = |v: Value| number(&v, "nonce").map_err(|e| Bad::Lied(e.to_string()));
    let mut failure = CallError::Unavailable("no endpoint answered".into());
    let mut best = None;
    for (_, answer) in endpoints.ask_all("system_accountNextIndex", json!([address]), read).await {
        match answer {
            Ok(nonce) => best = best.max(Some(nonce)),
            Err(error) => failure = error,
        }
    }
    best.ok_or_else(|| failure.into_adapter(endpoints.chain()))
}
