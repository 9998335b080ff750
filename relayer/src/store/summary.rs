//! Sums for metrics and for `lupu status`.

use super::{Lane, Store, StoreError, TransactionKind, rows, uint};
use crate::packet::State;
use serde::Serialize;
use sqlx::Row;

/// How many packets of a direction are in a state.
#[derive(Clone, Debug, Serialize)]
pub struct LaneCount {
    /// The direction.
    pub lane: Lane,
    /// The state.
    pub state: State,
    /// How many.
    pub packets: u64,
    /// When the oldest of them was first heard of, milliseconds since 1970; for open states only.
    pub oldest: Option<i64>,
}

/// Transactions of one kind and end on a chain.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionTotals {
    /// The chain.
    pub chain: String,
    /// Why they were made.
    pub kind: String,
    /// Where they are.
    pub state: String,
    /// How many.
    pub transactions: u64,
    /// Gas used by those included.
    pub gas: u64,
    /// Fees paid by those included, smallest unit; as a floating number, for metrics.
    pub fees: f64,
}

impl Store {
    /// Packets by direction and state.
    pub async fn counts(&self) -> Result<Vec<LaneCount>, StoreError> {
        let found = sqlx::query(
            "SELECT l.id AS lane_id, l.source_chain, l.source_client, l.destination_chain, l.destination_client, \
             p.state, p.packets FROM (SELECT lane, state, COUNT(*) AS packets FROM packets GROUP BY lane, state) p \
             JOIN lanes l ON l.id = p.lane ORDER BY l.id, p.state",
        )
        .fetch_all(self.read())
        .await?;
        let mut counts = Vec::with_capacity(found.len());
        for row in &found {
            let (lane, state) = (rows::lane(row)?, rows::state(row.try_get::<&str, _>("state")?)?);
            let oldest = if state.is_final() { None } else { self.oldest(&lane, state).await? };
            counts.push(LaneCount { lane, state, packets: uint("count", row.try_get("packets")?)?, oldest });
        }
        Ok(counts)
    }

    async fn oldest(&self, lane: &Lane, state: State) -> Result<Option<i64>, StoreError> {
        let oldest: Option<i64> =
            sqlx::query_scalar("SELECT MIN(first_seen_at) FROM packets WHERE lane = ? AND state = ?")
                .bind(lane.id)
                .bind(state.name())
                .fetch_one(self.read())
                .await?;
        Ok(oldest)
    }

    /// Transactions by chain, kind and state.
    pub async fn transaction_totals(&self) -> Result<Vec<TransactionTotals>, StoreError> {
        let found = sqlx::query(
            "SELECT chain, kind, state, COUNT(*) AS transactions, COALESCE(SUM(gas), 0) AS gas, \
             COALESCE(SUM(CAST(fee AS REAL)), 0.0) AS fees FROM transactions GROUP BY chain, kind, state ORDER BY chain, kind, state",
        )
        .fetch_all(self.read())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(TransactionTotals {
                    chain: row.try_get("chain")?,
                    kind: row.try_get("kind")?,
                    state: row.try_get("state")?,
                    transactions: uint("count", row.try_get("transactions")?)?,
                    gas: uint("gas", row.try_get("gas")?)?,
                    fees: row.try_get("fees")?,
                })
            })
            .collect()
    }

    /// Transactions of a kind that reached a finalized block on a chain.
    pub async fn included_count(&self, chain: &str, kind: TransactionKind) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM transactions WHERE chain = ? AND kind = ? AND state = 'included'")
                .bind(chain)
                .bind(kind.name())
                .fetch_one(self.read())
                .await?;
        uint("count", count)
    }
}
