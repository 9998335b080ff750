//! Sending transactions so that none is lost and none is sent twice with two nonces: an account is
//! leased, the transaction signed, written down with what it does, and only then broadcast. A task
//! watches it until its end is final. After a restart the journal's open transactions are taken up
//! where they were.

mod accounts;
mod watch;

pub use accounts::{Accounts, Lease};
pub(crate) use watch::adopt;

use crate::{
    engine::{ChainContext, EngineEvent, Shared},
    failpoint,
    failpoints::Effect,
    packet::Step,
    store::{JournalTransaction, NewProof, NewTransaction, StoreError, TransactionKind, now_ms},
};
use lupu_adapter::{AdapterError, ErrorKind, Message, SignedTransaction};
use lupu_standard::{ClientId, Height};
use std::sync::Arc;

/// A transaction ready to be signed: proven, verified and simulated.
pub(crate) struct Submission {
    pub(crate) client: ClientId,
    pub(crate) kind: TransactionKind,
    pub(crate) messages: Vec<Message>,
    pub(crate) packets: Vec<(i64, Step)>,
    pub(crate) proofs: Vec<NewProof>,
    pub(crate) gas_limit: u64,
    pub(crate) update_height: Option<Height>,
}

/// Why nothing is on its way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    /// A packet moved on: plan again.
    #[error("{0}")]
    Stale(StoreError),
    /// Without the journal nothing is sent.
    #[error("nothing is submitted while the store fails: {0}")]
    Store(String),
    /// The account cannot pay; it rests. The packets are back.
    #[error("account {account} rests: {error}")]
    Funds {
        /// The account.
        account: String,
        /// The node's words.
        error: AdapterError,
    },
    /// The node refused the transaction, or a call before it failed. The packets are back.
    #[error(transparent)]
    Chain(#[from] AdapterError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { .. } => Self::Stale(error),
            other => Self::Store(other.to_string()),
        }
    }
}

/// What a transaction carries, in one line.
pub(crate) fn summary(messages: &[Message]) -> String {
    let parts: Vec<String> = messages
        .iter()
        .map(|m| match m {
            Message::UpdateClient { .. } => "update".to_owned(),
            Message::Misbehaviour { .. } => "misbehaviour".to_owned(),
            Message::Receive { packets, .. } => format!("receive {}", packets.len()),
            Message::Acknowledge { packets, .. } => format!("acknowledge {}", packets.len()),
            Message::Timeout { packets, .. } => format!("time out {}", packets.len()),
        })
        .collect();
    parts.join(", ")
}

/// Signs, journals and broadcasts, and leaves a task that watches the transaction to its end.
///
/// On success the transaction is journalled and may be on its way, whatever the node said last.
pub(crate) async fn submit(
    shared: &Arc<Shared>,
    ctx: &Arc<ChainContext>,
    lease: Lease,
    submission: Submission,
) -> Result<(), SubmitError> {
    if let Some(outage) = shared.store.outage() {
        return Err(SubmitError::Store(outage));
    }
    let account = lease.account().clone();
    let known = shared.store.next_nonce(&ctx.id, &account).await?;
    let nonce = ctx.chain.next_nonce(&account).await?.max(known);
    let signed = ctx.chain.sign(&account, nonce, submission.gas_limit, &submission.messages).await?;
    let summary = summary(&submission.messages);
    let changes = shared
        .store
        .journal(NewTransaction {
            chain: &ctx.id,
            client: &submission.client,
            kind: submission.kind,
            signed: &signed,
            summary: &summary,
            update_height: submission.update_height,
            packets: &submission.packets,
            proofs: &submission.proofs,
        })
        .await?;
    shared.changed(changes);
    let journalled = JournalTransaction {
        root: signed.hash,
        client: submission.client.clone(),
        kind: submission.kind,
        signed,
        update_height: submission.update_height,
        created_at: now_ms(),
    };
    match broadcast(shared, ctx, &journalled.signed).await {
        Ok(()) => {
            ctx.accounts.worked(&account);
            tracing::info!(chain = %ctx.id, client = %submission.client, hash = %journalled.signed.hash, %account, nonce, %summary, "transaction sent");
            shared.emit(EngineEvent::TransactionSent {
                chain: ctx.id.clone(),
                client: submission.client.clone(),
                hash: journalled.signed.hash,
                summary,
                packets: submission.packets.len(),
            });
        }
        Err(error) if error.kind == ErrorKind::Funds => {
            take_back(shared, &journalled, &error).await?;
            let wait = ctx.accounts.pause(&account, &error.message);
            shared.warn(
                Some(&ctx.id),
                None,
                format!("account {account} cannot pay and rests for {} s: {}", wait.as_secs(), error.message),
            );
            return Err(SubmitError::Funds { account: account.0, error });
        }
        Err(error) if error.kind == ErrorKind::Rejected => {
            take_back(shared, &journalled, &error).await?;
            return Err(error.into());
        }
        Err(error) => {
            tracing::warn!(chain = %ctx.id, hash = %journalled.signed.hash, %error, "sending was not confirmed; the transaction is watched");
        }
    }
    watch::spawn(shared, ctx, vec![journalled], lease);
    Ok(())
}

async fn take_back(
    shared: &Arc<Shared>,
    transaction: &JournalTransaction,
    error: &AdapterError,
) -> Result<(), SubmitError> {
    let reason = format!("the node refused the transaction: {}", error.message);
    let ended = shared.store.rejected(transaction.root, &reason, &shared.config.retry).await?;
    shared.changed(ended.changes);
    Ok(())
}

/// Sends a journalled transaction and writes down that it was sent.
async fn broadcast(shared: &Shared, ctx: &ChainContext, signed: &SignedTransaction) -> Result<(), AdapterError> {
    failpoint!(Effect::Broadcast.name(), "before");
    ctx.chain.broadcast(signed).await?;
    failpoint!(Effect::Broadcast.name(), "after");
    if let Err(error) = shared.store.mark_broadcast(signed.hash).await {
        // The journal has it; that it was sent is seen again when it is watched.
        tracing::warn!(chain = %ctx.id, hash = %signed.hash, %error, "that the transaction was sent was not kept");
    }
    Ok(())
}
