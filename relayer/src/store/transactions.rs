//! The journal of signed transactions: written before broadcast, closed when their end is final.

use super::{
    Ended, JournalTransaction, Lane, NewProof, NewTransaction, PacketChange, Store, StoreError, TransactionRow, Write,
    int,
    journal::{journal_row, transaction_row},
    now_ms,
    outcomes::{assign, carried, record_outcome, verdict},
    packets::{advance, head, lane_of, set_back},
    proofs::{self, RECEIPT},
    uint,
};
use crate::{
    engine::Backoff,
    failpoints::Effect,
    packet::{Event, Step, next},
};
use alloy_primitives::B256;
use lupu_adapter::{AccountId, Included, SignedTransaction};
use lupu_standard::{ChainId, Height};
use sqlx::Row;

impl Store {
    /// Writes a signed transaction down, moves its packets on and keeps its proofs, in one database
    /// transaction. Only then may it be broadcast.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when an event moved one of the packets on meanwhile: nothing is written,
    /// and the transaction must be thrown away.
    pub async fn journal(&self, new: NewTransaction<'_>) -> Result<Vec<PacketChange>, StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Journal).await?;
            let root = new.signed.hash;
            let proof_bytes: usize = new.proofs.iter().filter(|p| p.kind != RECEIPT).map(|p| p.proof.len()).sum();
            insert(&mut write, &new, root, proof_bytes).await?;
            let mut changes = Vec::with_capacity(new.packets.len());
            for (id, step) in new.packets {
                let Some(packet) = head(&mut write, *id).await? else {
                    return Err(StoreError::data("packet number", id));
                };
                let state = advance(&mut write, &packet, Event::Submit(*step), None).await?;
                let sql = match step {
                    Step::Receive => "UPDATE packets SET receiving_at = ?, receive_proof_bytes = ? WHERE id = ?",
                    _ => "UPDATE packets SET settling_at = ?, settle_proof_bytes = ? WHERE id = ?",
                };
                sqlx::query(sql)
                    .bind(now_ms())
                    .bind(proof_share(new.proofs, *id, *step))
                    .bind(id)
                    .execute(&mut *write.tx)
                    .await?;
                sqlx::query("INSERT OR REPLACE INTO transaction_packets (root, packet, step) VALUES (?, ?, ?)")
                    .bind(root.to_vec())
                    .bind(id)
                    .bind(step.name())
                    .execute(&mut *write.tx)
                    .await?;
                let lane = lane_of(&mut write, *id).await?;
                changes.push(PacketChange { id: *id, lane, sequence: packet.sequence, state, reason: None });
            }
            for proof in new.proofs {
                proofs::keep(&mut write, root, new.chain, new.client, proof).await?;
            }
            write.commit().await?;
            Ok(changes)
        })
        .await
    }

    /// Writes down a replacement, same nonce, of an open transaction, before it is sent.
    pub async fn journal_replacement(
        &self,
        chain: &ChainId,
        old: &JournalTransaction,
        signed: &SignedTransaction,
    ) -> Result<JournalTransaction, StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::JournalReplacement).await?;
            let row = sqlx::query("SELECT summary, proof_bytes FROM transactions WHERE hash = ?")
                .bind(old.signed.hash.to_vec())
                .fetch_one(&mut *write.tx)
                .await?;
            let proof_bytes: i64 = row.try_get("proof_bytes")?;
            let new = NewTransaction {
                chain,
                client: &old.client,
                kind: old.kind,
                signed,
                summary: row.try_get("summary")?,
                update_height: old.update_height,
                packets: &[],
                proofs: &[],
            };
            insert(&mut write, &new, old.root, usize::try_from(proof_bytes).unwrap_or_default()).await?;
            sqlx::query("UPDATE transactions SET replaced_by = ? WHERE hash = ?")
                .bind(signed.hash.to_vec())
                .bind(old.signed.hash.to_vec())
                .execute(&mut *write.tx)
                .await?;
            write.commit().await?;
            Ok(JournalTransaction { signed: signed.clone(), created_at: now_ms(), ..old.clone() })
        })
        .await
    }

    /// Writes down that a transaction was sent.
    pub async fn mark_broadcast(&self, hash: B256) -> Result<(), StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::MarkBroadcast).await?;
            sqlx::query("UPDATE transactions SET state = 'broadcast', broadcast_at = COALESCE(broadcast_at, ?) WHERE hash = ? AND state = 'signed'")
                .bind(now_ms())
                .bind(hash.to_vec())
                .execute(&mut *write.tx)
                .await?;
            write.commit().await
        })
        .await
    }

    /// Writes down the end of a transaction in a finalized block: what it cost, and what became of
    /// each packet. Packets that it moved wait for their event; the others go back or aside.
    pub async fn included(
        &self,
        root: B256,
        hash: B256,
        included: &Included,
        backoff: &Backoff,
    ) -> Result<Ended, StoreError> {
        self.run(async {
            let mut write = self.begin(Effect::Include).await?;
            close_others(&mut write, root, hash, "another of its replacements was included").await?;
            sqlx::query(
                "UPDATE transactions SET state = 'included', included_at = ?, height = ?, success = ?, gas = ?, fee = ?, \
                 reason = ? WHERE hash = ?",
            )
            .bind(now_ms())
            .bind(int("height", included.height.0)?)
            .bind(included.success)
            .bind(int("gas", included.gas_used)?)
            .bind(included.fee_paid.to_string())
            .bind(included.reason.as_deref())
            .bind(hash.to_vec())
            .execute(&mut *write.tx)
            .await?;
            let carried = carried(&mut write, root).await?;
            let share = int("gas", included.gas_used / u64::try_from(carried.len().max(1)).unwrap_or(1))?;
            let mut ended = Ended { changes: Vec::new(), packets: carried.len() };
            let outcomes = assign(&carried, included);
            for (packet, outcome) in carried.iter().zip(outcomes) {
                record_outcome(&mut write, root, packet, outcome, share).await?;
                let event = match (included.success, outcome) {
                    (true, outcome) => outcome.and_then(|o| verdict(packet.step, o)),
                    (false, _) => Some((
                        Event::Return(packet.step),
                        format!("the transaction failed: {}", included.reason.as_deref().unwrap_or("no reason given")),
                    )),
                };
                let Some((event, reason)) = event else { continue };
                let Some(head) = head(&mut write, packet.id).await? else { continue };
                if next(head.state, event).is_ok() {
                    let state = set_back(&mut write, &head, event, &reason, backoff).await?;
                    let lane = lane_of(&mut write, packet.id).await?;
                    ended.changes.push(PacketChange { id: packet.id, lane, sequence: head.sequence, state, reason: Some(reason) });
                }
            }
            write.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// Writes down that a transaction and its replacements can never be included, and takes their packets back.
    pub async fn superseded(&self, root: B256, reason: &str, backoff: &Backoff) -> Result<Ended, StoreError> {
        self.run(async {
            let write = self.begin(Effect::Supersede).await?;
            give_up(write, root, "superseded", reason, backoff).await
        })
        .await
    }

    /// Writes down that a node refused a transaction, and takes its packets back.
    pub async fn rejected(&self, root: B256, reason: &str, backoff: &Backoff) -> Result<Ended, StoreError> {
        self.run(async {
            let write = self.begin(Effect::Reject).await?;
            give_up(write, root, "rejected", reason, backoff).await
        })
        .await
    }

    /// The transactions of a chain whose end is not known, oldest first. Replacements of one
    /// transaction share their root.
    pub async fn open_transactions(&self, chain: &ChainId) -> Result<Vec<JournalTransaction>, StoreError> {
        let found = sqlx::query(
            "SELECT hash, root, client, kind, account, nonce, raw, update_height, created_at FROM transactions \
             WHERE chain = ? AND state IN ('signed', 'broadcast') ORDER BY nonce, created_at, rowid",
        )
        .bind(chain.as_str())
        .fetch_all(self.read())
        .await?;
        found.iter().map(journal_row).collect()
    }

    /// The first nonce of an account that this journal has not used.
    pub async fn next_nonce(&self, chain: &ChainId, account: &AccountId) -> Result<u64, StoreError> {
        let highest: Option<i64> = sqlx::query_scalar(
            "SELECT nonce FROM transactions WHERE chain = ? AND account = ? \
             AND state IN ('signed', 'broadcast', 'included') ORDER BY nonce DESC LIMIT 1",
        )
        .bind(chain.as_str())
        .bind(&account.0)
        .fetch_optional(self.read())
        .await?;
        highest.map_or(Ok(0), |n| Ok(uint("nonce", n)?.saturating_add(1)))
    }

    /// Packets whose transaction was included up to `height`, and which no event has moved since:
    /// a node left an event out, or another relayer was first. With the height of the transaction.
    pub async fn unconfirmed(
        &self,
        lane: &Lane,
        step: Step,
        height: Height,
        limit: u32,
    ) -> Result<Vec<(i64, Step, Height)>, StoreError> {
        let found = sqlx::query(
            "SELECT p.id, MAX(t.height) AS height FROM packets p \
             JOIN transaction_packets tp ON tp.packet = p.id AND tp.step = ? \
             JOIN transactions t ON t.root = tp.root AND t.state = 'included' \
             WHERE p.lane = ? AND p.state = ? AND NOT EXISTS ( \
                 SELECT 1 FROM transaction_packets op JOIN transactions o ON o.root = op.root \
                 WHERE op.packet = p.id AND o.state IN ('signed', 'broadcast')) \
             GROUP BY p.id HAVING MAX(t.height) <= ? LIMIT ?",
        )
        .bind(step.name())
        .bind(lane.id)
        .bind(step.under_way().name())
        .bind(int("height", height.0)?)
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        found
            .iter()
            .map(|row| Ok((row.try_get("id")?, step, Height(uint("height", row.try_get("height")?)?))))
            .collect()
    }

    /// Transactions, newest first.
    pub async fn transactions(&self, limit: u32) -> Result<Vec<TransactionRow>, StoreError> {
        let found = sqlx::query("SELECT * FROM transactions ORDER BY created_at DESC, rowid DESC LIMIT ?")
            .bind(limit)
            .fetch_all(self.read())
            .await?;
        found.iter().map(transaction_row).collect()
    }

    /// The transactions that carried a packet, oldest first.
    pub async fn transactions_of(&self, packet: i64) -> Result<Vec<TransactionRow>, StoreError> {
        let found = sqlx::query(
            "SELECT t.* FROM transactions t JOIN transaction_packets tp ON tp.root = t.root \
             WHERE tp.packet = ? GROUP BY t.hash ORDER BY t.created_at, t.rowid",
        )
        .bind(packet)
        .fetch_all(self.read())
        .await?;
        found.iter().map(transaction_row).collect()
    }
}

async fn insert(write: &mut Write, new: &NewTransaction<'_>, root: B256, proof_bytes: usize) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO transactions (hash, root, chain, client, kind, account, nonce, raw, state, summary, update_height, \
         proof_bytes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'signed', ?, ?, ?, ?) \
         ON CONFLICT (hash) DO UPDATE SET state = 'signed', root = excluded.root, created_at = excluded.created_at, reason = NULL",
    )
    .bind(new.signed.hash.to_vec())
    .bind(root.to_vec())
    .bind(new.chain.as_str())
    .bind(new.client.as_str())
    .bind(new.kind.name())
    .bind(&new.signed.account.0)
    .bind(int("nonce", new.signed.nonce)?)
    .bind(new.signed.raw.as_slice())
    .bind(new.summary)
    .bind(new.update_height.map(|h| int("height", h.0)).transpose()?)
    .bind(i64::try_from(proof_bytes).unwrap_or(i64::MAX))
    .bind(now_ms())
    .execute(&mut *write.tx)
    .await?;
    Ok(())
}

fn proof_share(all: &[NewProof], id: i64, step: Step) -> Option<i64> {
    let proof = all.iter().find(|p| p.kind == step.name() && p.packets.contains(&(id, step)))?;
    i64::try_from(proof.proof.len().div_ceil(proof.packets.len().max(1))).ok()
}
async fn close_others(write: &mut Write, root: B256, hash: B256, reason: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE transactions SET state = 'superseded', reason = ? WHERE root = ? AND hash <> ? AND state IN ('signed', 'broadcast')",
    )
    .bind(reason)
    .bind(root.to_vec())
    .bind(hash.to_vec())
    .execute(&mut *write.tx)
    .await?;
    Ok(())
}

async fn give_up(
    mut write: Write,
    root: B256,
    state: &'static str,
    reason: &str,
    backoff: &Backoff,
) -> Result<Ended, StoreError> {
    sqlx::query("UPDATE transactions SET state = ?, reason = ? WHERE root = ? AND state IN ('signed', 'broadcast')")
        .bind(state)
        .bind(reason)
        .bind(root.to_vec())
        .execute(&mut *write.tx)
        .await?;
    let carried = carried(&mut write, root).await?;
    let mut ended = Ended { changes: Vec::new(), packets: carried.len() };
    for packet in &carried {
        let Some(head) = head(&mut write, packet.id).await? else { continue };
        let event = Event::Return(packet.step);
        if next(head.state, event).is_ok() {
            let state = set_back(&mut write, &head, event, reason, backoff).await?;
            let lane = lane_of(&mut write, packet.id).await?;
            ended.changes.push(PacketChange {
                id: packet.id,
                lane,
                sequence: head.sequence,
                state,
                reason: Some(reason.into()),
            });
        }
    }
    write.commit().await?;
    Ok(ended)
}
