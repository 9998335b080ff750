//! Watching a transaction, and what replaced it, until the end is final.

use super::{Lease, broadcast};
use crate::{
    engine::{ChainContext, EngineEvent, Flight, Shared},
    store::{JournalTransaction, StoreError, now_ms},
};
use alloy_primitives::B256;
use lupu_adapter::{ErrorKind, Included, TransactionStatus};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How often a transaction is looked at when no new block says so.
const POLL: Duration = Duration::from_secs(2);

/// Watches a journalled transaction (all that replaced each other, oldest first) in a task.
pub(super) fn spawn(shared: &Arc<Shared>, ctx: &Arc<ChainContext>, family: Vec<JournalTransaction>, lease: Lease) {
    let Some(first) = family.first() else { return };
    let (root, update) = (first.root, family.iter().filter_map(|t| t.update_height).max());
    let flight = shared.flight(&ctx.id, &first.client);
    flight.add(root, update);
    let watcher = Watcher { shared: shared.clone(), ctx: ctx.clone(), family, root, lease, flight };
    shared.spawn(watcher.run());
}

/// Takes up the transactions that the journal left open at the last stop.
pub(crate) async fn adopt(shared: &Arc<Shared>, ctx: &Arc<ChainContext>) -> Result<(), StoreError> {
    let mut families: BTreeMap<B256, Vec<JournalTransaction>> = BTreeMap::new();
    for transaction in shared.store.open_transactions(&ctx.id).await? {
        families.entry(transaction.root).or_default().push(transaction);
    }
    for family in families.into_values() {
        let Some(first) = family.first() else { continue };
        tracing::info!(chain = %ctx.id, client = %first.client, hash = %first.signed.hash, nonce = first.signed.nonce, "taking up a journalled transaction");
        let lease = ctx.accounts.adopt(&first.signed.account);
        spawn(shared, ctx, family, lease);
    }
    Ok(())
}

struct Watcher {
    shared: Arc<Shared>,
    ctx: Arc<ChainContext>,
    family: Vec<JournalTransaction>,
    root: B256,
    lease: Lease,
    flight: Arc<Flight>,
}

/// What one look at a transaction and its replacements showed.
enum Look {
    Included(B256, Included),
    /// None of them can ever be included.
    Superseded,
    Waiting {
        unknown: bool,
    },
}

impl Watcher {
    async fn run(mut self) {
        let mut heads = self.ctx.head.subscribe();
        let mut failures = 0u32;
        let mut last_sent = now_ms();
        loop {
            let mut wait = POLL;
            match self.look().await {
                Ok(look) => {
                    failures = 0;
                    match self.act(look, &mut last_sent).await {
                        Ok(true) => break,
                        Ok(false) => {}
                        Err(error) => {
                            self.shared.warn(
                                Some(&self.ctx.id),
                                None,
                                format!("the end of transaction {} was not kept: {error}", self.root),
                            );
                            wait = self.shared.config.retry.max.min(Duration::from_secs(5));
                        }
                    }
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(chain = %self.ctx.id, hash = %self.root, %error, "looking at the transaction failed");
                    }
                    wait = self.shared.wait_after(&error, failures).max(POLL).min(Duration::from_secs(30));
                    failures = failures.saturating_add(1);
                }
            }
            tokio::select! {
                () = self.shared.token.cancelled() => return,
                changed = heads.changed(), if failures == 0 => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
        drop(self.lease);
        self.flight.remove(self.root);
    }

    async fn look(&self) -> Result<Look, lupu_adapter::AdapterError> {
        let (mut superseded, mut unknown) = (0, false);
        for transaction in self.family.iter().rev() {
            match self.ctx.chain.transaction(&transaction.signed).await? {
                TransactionStatus::Included(included) => return Ok(Look::Included(transaction.signed.hash, included)),
                TransactionStatus::Superseded => superseded += 1,
                TransactionStatus::Unknown => unknown = true,
                TransactionStatus::Pending => {}
            }
        }
        // A replacement that was included supersedes the others, whichever way the calls interleave:
        // only when all are gone is the nonce lost.
        if superseded == self.family.len() { Ok(Look::Superseded) } else { Ok(Look::Waiting { unknown }) }
    }

    /// Returns whether the transaction has ended.
    async fn act(&mut self, look: Look, last_sent: &mut i64) -> Result<bool, StoreError> {
        match look {
            Look::Included(hash, included) => self.ended(hash, included).await.map(|()| true),
            Look::Superseded => {
                // One more look: a replacement may have been included between two of the calls.
                if let Ok(Look::Included(hash, included)) = self.look().await {
                    return self.ended(hash, included).await.map(|()| true);
                }
                let Some(first) = self.family.first() else { return Ok(true) };
                let reason = format!(
                    "nonce {} of account {} was used by a transaction that is not ours: does another process sign with this key?",
                    first.signed.nonce, first.signed.account
                );
                let ended = self.shared.store.superseded(self.root, &reason, &self.shared.config.retry).await?;
                self.shared.warn(Some(&self.ctx.id), Some(&first.client), reason);
                self.shared.changed(ended.changes);
                Ok(true)
            }
            Look::Waiting { unknown } => {
                let waited = now_ms().saturating_sub(*last_sent);
                let stuck = i64::try_from(self.shared.config.stuck_after.as_millis()).unwrap_or(i64::MAX);
                if waited >= stuck {
                    *last_sent = now_ms();
                    self.replace().await?;
                } else if unknown {
                    self.send_again().await;
                }
                Ok(false)
            }
        }
    }

    async fn send_again(&self) {
        for transaction in &self.family {
            if let Err(error) = broadcast(&self.shared, &self.ctx, &transaction.signed).await
                && !matches!(error.kind, ErrorKind::NonceTaken | ErrorKind::Underpriced)
            {
                tracing::warn!(chain = %self.ctx.id, hash = %transaction.signed.hash, %error, "sending again failed");
            }
        }
    }

    async fn replace(&mut self) -> Result<(), StoreError> {
        let Some(newest) = self.family.last().cloned() else { return Ok(()) };
        let signed = match self.ctx.chain.replace(&newest.signed).await {
            Ok(signed) if signed.hash != newest.signed.hash => signed,
            Ok(_) => {
                self.send_again().await;
                return Ok(());
            }
            Err(error) => {
                self.shared.warn(
                    Some(&self.ctx.id),
                    Some(&newest.client),
                    format!("transaction {} is stuck and cannot be replaced: {error}", newest.signed.hash),
                );
                self.send_again().await;
                return Ok(());
            }
        };
        let replacement = self.shared.store.journal_replacement(&self.ctx.id, &newest, &signed).await?;
        self.shared.warn(
            Some(&self.ctx.id),
            Some(&newest.client),
            format!("transaction {} is stuck: replaced by {} with a higher fee", newest.signed.hash, signed.hash),
        );
        self.family.push(replacement);
        if let Err(error) = broadcast(&self.shared, &self.ctx, &signed).await {
            tracing::warn!(chain = %self.ctx.id, hash = %signed.hash, %error, "sending the replacement was not confirmed");
        }
        Ok(())
    }

    async fn ended(&self, hash: B256, included: Included) -> Result<(), StoreError> {
        let Some(first) = self.family.first() else { return Ok(()) };
        let ended = self.shared.store.included(self.root, hash, &included, &self.shared.config.retry).await?;
        self.ctx.accounts.worked(&first.signed.account);
        tracing::info!(chain = %self.ctx.id, client = %first.client, %hash, height = included.height.0, success = included.success, gas = included.gas_used, packets = ended.packets, "transaction final");
        if !included.success {
            let reason = included.reason.as_deref().unwrap_or("no reason given");
            self.shared.warn(Some(&self.ctx.id), Some(&first.client), format!("transaction {hash} failed: {reason}"));
        }
        self.shared.emit(EngineEvent::TransactionIncluded {
            chain: self.ctx.id.clone(),
            client: first.client.clone(),
            hash,
            kind: first.kind,
            height: included.height,
            success: included.success,
            packets: ended.packets,
            gas_used: included.gas_used,
            fee_paid: included.fee_paid,
        });
        if let Some(height) = first.update_height.filter(|_| included.success) {
            self.shared.emit(EngineEvent::ClientUpdated {
                chain: self.ctx.id.clone(),
                client: first.client.clone(),
                height,
            });
        }
        self.shared.changed(ended.changes);
        Ok(())
    }
}
